"""Which aiobotocore session a client is made on; a partner's own credentials stay apart."""

from __future__ import annotations

import asyncio
import copy
import threading
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import AioSession

from partnercentral_list._transport.faults import credentials_error
from partnercentral_list._transport.service_data import share_loader
from partnercentral_list._transport.settings import ConnectionSettings, CredentialsSource
from partnercentral_list.config import Credentials
from partnercentral_list.errors import ConfigurationError, PartnerCentralError

# Of credentials that a session holds, a copy for each event loop.
_copies: WeakKeyDictionary[Any, dict[asyncio.AbstractEventLoop, Any]] = WeakKeyDictionary()
_copying = threading.Lock()

FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)


def session_for(settings: ConnectionSettings) -> Any:
    """Give the session of these settings: a copy of the user's own, or a new one.

    With a credentials callable it has those, so that one partner's credentials never reach a
    client of another on the same session.
    """
    session: Any = settings.session
    if session is None:
        session = AioSession(profile=settings.profile_name)
        share_loader(session)
    elif settings.credentials is None:
        session = _for_any_loop(session)
    if settings.credentials is not None:
        session = _with_credentials(session, settings.credentials)
    return session


def _for_any_loop(shared: Any) -> Any:
    async def get_credentials() -> Any:
        return _of_this_loop(await shared.get_credentials())

    session = copy.copy(shared)
    session.get_credentials = get_credentials
    return session


def _of_this_loop(credentials: Any) -> Any:
    # Credentials that are refreshed have an asyncio lock, which two loops cannot share.
    if not hasattr(credentials, "_refresh_lock"):
        return credentials
    loop = asyncio.get_running_loop()
    with _copying:
        copies = _copies.setdefault(credentials, {})
        for gone in [known for known in copies if known.is_closed()]:
            del copies[gone]
        if loop not in copies:
            copies[loop] = copy.copy(credentials)
            copies[loop]._refresh_lock = type(credentials._refresh_lock)()
        return copies[loop]


def _with_credentials(shared: Any, source: CredentialsSource) -> Any:
    # Setting up a session takes botocore several milliseconds, most of them for the handlers of
    # other services; a program that reads many partners' accounts has it done once.
    session = copy.copy(shared)
    session.get_credentials = _Provider(source).get_credentials
    return session


class _Provider:
    """Stands in for botocore's chain of credential providers."""

    def __init__(self, source: CredentialsSource) -> None:
        self._source = source
        self._credentials: Any = None

    async def get_credentials(self) -> Any:
        """Give credentials that are asked for again before they expire."""
        if self._credentials is None:
            refreshable: Any = AioRefreshableCredentials
            self._credentials = refreshable.create_from_metadata(
                metadata=await self._fetch(),
                refresh_using=self._fetch,
                method="partnercentral_list",
            )
        return self._credentials

    async def _fetch(self) -> dict[str, str | None]:
        credentials = await self._checked()
        return {
            "access_key": credentials.access_key,
            "secret_key": credentials.secret_key,
            "token": credentials.token,
            "expiry_time": (credentials.expiry or FAR_FUTURE).isoformat(),
        }

    async def _checked(self) -> Credentials:
        try:
            credentials: Any = await self._source()
        except PartnerCentralError:
            raise
        except Exception as error:
            raise credentials_error(error) from error
        if not isinstance(credentials, Credentials):
            raise ConfigurationError(
                "The callable passed as credentials= must return Credentials, not "
                f"{type(credentials).__name__}."
            )
        if credentials.expiry is not None and credentials.expiry <= datetime.now(UTC):
            raise ConfigurationError(
                "The callable passed as credentials= returned some that have expired."
            )
        return credentials
