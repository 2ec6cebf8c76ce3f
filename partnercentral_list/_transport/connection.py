"""How a client is opened on aiobotocore, off the event loop, and set up for raw bodies."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from partnercentral_list._transport import hooks
from partnercentral_list._transport.collector import collector_paused
from partnercentral_list.config import AioSessionLike, ClientConfig, Credentials
from partnercentral_list.errors import ConfigurationError, PartnerCentralError
from partnercentral_list.models import ListOpportunitiesResponse

SERVICE = "partnercentral-selling"
HOME_REGION = "us-east-1"

CredentialsSource = Callable[[], Awaitable[Credentials]]


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Where a client connects to, and as whom."""

    profile_name: str | None = None
    region_name: str = HOME_REGION
    endpoint_url: str | None = None
    credentials: CredentialsSource | None = None
    session: AioSessionLike | None = None
    config: ClientConfig = field(default_factory=ClientConfig)


class Connection:
    """An open aiobotocore client: one event loop's connections to AWS."""

    def __init__(self, client: Any, opening: Any) -> None:
        self.client = client
        self._opening = opening

    @classmethod
    async def open(cls, settings: ConnectionSettings) -> Connection:
        """Open a client.

        Raises:
            ConfigurationError: The profile, the region or another setting cannot be used.
        """
        import asyncio

        # Importing aiobotocore takes 200 ms, reading its data files 50: not on the event loop.
        make = await asyncio.to_thread(prepare, settings)
        opening = make()
        try:
            client = await opening.__aenter__()
        except Exception as error:
            raise _cannot_open(error) from error
        connection = cls(client, opening)
        try:
            _set_up(client, settings)
        except BaseException:
            await connection.aclose()
            raise
        return connection

    async def aclose(self) -> None:
        """Close it."""
        await self._opening.__aexit__(None, None, None)


# Hundreds of modules and a megabyte of data files: hardly any of it is ever garbage.
@collector_paused(settles=True)
def prepare(settings: ConnectionSettings) -> Callable[[], Any]:
    """Import and read what opening a client and its first call need; gives what makes one.

    Raises:
        ConfigurationError: The profile, the region or another setting cannot be used.
    """
    from aiobotocore.config import AioConfig
    from botocore import UNSIGNED

    from partnercentral_list._transport.service_data import read_all
    from partnercentral_list._transport.sessions import session_for

    importlib.import_module("partnercentral_list._transport.faults")
    ListOpportunitiesResponse.model_rebuild()

    config = settings.config
    ours = AioConfig(
        connect_timeout=config.connect_timeout or None,
        read_timeout=config.read_timeout or None,
        max_pool_connections=config.max_connections,
        # The request model has validated already, and `retry` is the only retry layer.
        # A new dict each time: botocore changes it.
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": 1},
        **({} if config.sign_requests else {"signature_version": UNSIGNED}),
    )
    merged = config.aio_config.merge(ours) if config.aio_config is not None else ours
    try:
        session = session_for(settings)
        read_all(session.get_component("data_loader"))
        _check_bundle(
            session.get_config_variable("ca_bundle") if config.verify is True else config.verify
        )
    except Exception as error:
        raise _cannot_open(error) from error
    return functools.partial(
        session.create_client,
        SERVICE,
        region_name=settings.region_name,
        endpoint_url=settings.endpoint_url,
        verify=None if config.verify is True else config.verify,
        config=merged,
    )


def _set_up(client: Any, settings: ConnectionSettings) -> None:
    _check_region(client, settings)
    hooks.install(client, settings.config.integration)


def _cannot_open(error: Exception) -> PartnerCentralError:
    from partnercentral_list._transport.faults import from_exception

    return from_exception(error)


def _check_bundle(bundle: object) -> None:
    if isinstance(bundle, str) and not os.path.exists(bundle):
        raise ConfigurationError(
            f"There is no CA bundle {bundle!r}: check ClientConfig.verify, AWS_CA_BUNDLE and the "
            "profile's ca_bundle."
        )


def _check_region(client: Any, settings: ConnectionSettings) -> None:
    # botocore builds a host for any region, but the service exists in one: only an endpoint of
    # the user's own, or another partition, makes another region meaningful.
    region = settings.region_name
    host = urlsplit(str(client.meta.endpoint_url)).hostname or ""
    is_built = (
        settings.endpoint_url is None
        and host.startswith(SERVICE)
        and host.endswith((".amazonaws.com", ".api.aws"))
    )
    if region != HOME_REGION and is_built and client.meta.partition == "aws":
        raise ConfigurationError(
            f"AWS Partner Central is in {HOME_REGION} only, not in {region}. Leave region_name out "
            f"(AWS_REGION is not looked at), or pass endpoint_url=... as well."
        )
