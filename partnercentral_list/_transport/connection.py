"""How a client is opened on aiobotocore, off the event loop, and set up for raw bodies."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from partnercentral_list._transport import hooks
from partnercentral_list._transport.collector import collector_paused
from partnercentral_list._transport.settings import HOME_REGION, SERVICE, ConnectionSettings
from partnercentral_list.config import ClientConfig, check_address
from partnercentral_list.errors import ConfigurationError, PartnerCentralError
from partnercentral_list.models import ListOpportunitiesResponse


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
            connection = cls(await opening.__aenter__(), opening)
        except Exception as error:
            problem = _cannot_open(error)
        else:
            try:
                _set_up(connection.client, settings)
            except BaseException:
                await connection.aclose()
                raise
            return connection
        raise problem

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
    from partnercentral_list._transport.http_session import load_certificates
    from partnercentral_list._transport.service_data import read_all
    from partnercentral_list._transport.sessions import session_for

    importlib.import_module("partnercentral_list._transport.paced_body")
    ListOpportunitiesResponse.model_rebuild()
    config = settings.config
    merged = _merged(config)
    try:
        session = session_for(settings)
        read_all(session.get_component("data_loader"))
        verify: Any = config.verify
        if verify is True:
            # As botocore finds it, where nothing nearer names a bundle.
            elsewhere = os.environ.get("REQUESTS_CA_BUNDLE") or True
            verify = session.get_config_variable("ca_bundle") or elsewhere
        _check_bundle(verify)
        if not (settings.endpoint_url or "").startswith("http:"):
            load_certificates(verify)
    except Exception as error:
        problem = _cannot_open(error)
    else:
        return functools.partial(
            session.create_client,
            SERVICE,
            region_name=settings.region_name,
            endpoint_url=settings.endpoint_url,
            verify=None if config.verify is True else config.verify,
            config=merged,
        )
    raise problem


def _merged(config: ClientConfig) -> Any:
    from aiobotocore.config import AioConfig
    from aiobotocore.httpsession import AIOHTTPSession
    from botocore import UNSIGNED

    from partnercentral_list._transport.faults import configuration_error
    from partnercentral_list._transport.http_session import HttpSession

    ours = AioConfig(
        connect_timeout=config.connect_timeout or None,
        read_timeout=config.read_timeout or None,
        max_pool_connections=config.max_connections,
        http_session_cls=functools.partial(
            HttpSession, max_response_bytes=config.max_response_bytes
        ),
        # The request model has validated already, and `retry` is the only retry layer.
        # A new dict each time: botocore changes it.
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": 1},
        **({} if config.sign_requests else {"signature_version": UNSIGNED}),
    )
    theirs: Any = config.aio_config
    if theirs is None:
        return ours
    if getattr(theirs, "http_session_cls", AIOHTTPSession) is not AIOHTTPSession:
        raise ConfigurationError(
            "ClientConfig.aio_config must not set http_session_cls: this library has an HTTP "
            "session of its own, which refuses redirects and bounds responses."
        )
    try:
        # What was passed may be botocore's own Config, which does not know all that ours has.
        blank: Any = AioConfig()
        return blank.merge(theirs).merge(ours)
    except Exception as error:
        problem = configuration_error("ClientConfig.aio_config cannot be used", error)
    raise problem


def _set_up(client: Any, settings: ConnectionSettings) -> None:
    # One of the environment or of a profile: that of the client's argument was checked before.
    check_address("The endpoint of the AWS configuration", client.meta.endpoint_url)
    _check_region(client, settings)
    hooks.install(client, settings.config.integration)


def _cannot_open(error: Exception) -> PartnerCentralError:
    from partnercentral_list._transport.faults import chained, from_exception

    return chained(from_exception(error), error)


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
