"""sync_account: the sync of one account as a plain function, for engines on many machines."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final

from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.config import HOME_REGION, Credentials, check_kind
from partnercentral_list.models import CatalogName
from partnercentral_list.sync.postgres import PostgresStore
from partnercentral_list.sync.reports import SyncReport
from partnercentral_list.sync.sqlite import SQLiteStore
from partnercentral_list.sync.sync import OpportunitySync

_ROLE_SESSION_NAME: Final = "partnercentral_list"


@dataclass(frozen=True, slots=True)
class PartnerAccount:
    """An account as plain values, which can be pickled or written as JSON; it has no secret.

    `make_client` is what a `SyncFleet` takes: ``{account.name: account.make_client}``.
    """

    name: str
    """The name of the replica in the store: printable characters."""
    catalog: CatalogName = "AWS"
    """The catalog to read."""
    profile_name: str | None = None
    """A profile of the AWS configuration files, where the account is synced."""
    role_arn: str | None = None
    """A role to assume, with the credentials of the profile or of AWS's own chain."""
    external_id: str | None = field(default=None, repr=False)
    """The external id that the role's trust policy asks for."""
    endpoint_url: str | None = field(default=None, repr=False)
    """Where to send requests instead, such as an emulator's URL."""

    def make_client(self) -> PartnerCentralClient:
        """Return a new client of this account; nothing is sent yet.

        Raises:
            RequestValidationError: The catalog is not a known one.
            ConfigurationError: Another value cannot be used.
        """
        make = partial(PartnerCentralClient, self.catalog, endpoint_url=self.endpoint_url)
        if self.role_arn is None:
            return make(profile_name=self.profile_name)
        return make(credentials=partial(asyncio.to_thread, self._assume_role))

    def _assume_role(self) -> Credentials:
        # botocore's own client: aiobotocore's would follow a redirect, with a session token.
        from botocore.session import Session

        session: Any = Session(profile=self.profile_name)
        sts = session.create_client("sts", region_name=HOME_REGION)
        names = {"RoleArn": self.role_arn, "RoleSessionName": _ROLE_SESSION_NAME}
        if self.external_id is not None:
            names["ExternalId"] = self.external_id
        try:
            found = sts.assume_role(**names)["Credentials"]
        finally:
            sts.close()
        return Credentials(
            found["AccessKeyId"],
            found["SecretAccessKey"],
            token=found["SessionToken"],
            expiry=found["Expiration"],
        )


def sync_account(
    account: PartnerAccount, store_dsn: str, *, lease_wait: timedelta = timedelta(0)
) -> SyncReport:
    """Sync one account in an event loop of its own, as a task of any engine.

    It can be pickled, as its arguments, its report and its errors can. It is idempotent: run again,
    also after it was killed, it resumes where the last commit was. Two at once do no harm: the
    second one waits, or fails with a `StoreError` that is ``retryable``.

    Args:
        account: The account.
        store_dsn: ``postgresql://user@host:5432/database`` of a database that `PostgresStore.setup`
            has set up; anything else is the path of an SQLite file, for one machine.
        lease_wait: As with `OpportunitySync`. 6 minutes are enough to take over from a worker on
            another machine that was killed, whose lease lasts 5 minutes.

    Raises:
        ConfigurationError: An argument is of the wrong type or cannot be used.
        PartnerCentralError: As with `OpportunitySync.run`.
    """
    check_kind("account", account, PartnerAccount)
    check_kind("store_dsn", store_dsn, str)
    return asyncio.run(_sync_account(account, store_dsn, lease_wait))


async def _sync_account(
    account: PartnerAccount, store_dsn: str, lease_wait: timedelta
) -> SyncReport:
    is_postgres = re.match(r"postgres(ql)?://", store_dsn) is not None
    open_store = PostgresStore.from_conn_string if is_postgres else SQLiteStore
    async with (
        open_store(store_dsn, account=account.name) as store,
        account.make_client() as client,
    ):
        return await OpportunitySync(client, store, lease_wait=lease_wait).run()
