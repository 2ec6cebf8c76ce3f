"""Opening a client on aiobotocore: session, credentials, data files, configuration, hooks."""

from __future__ import annotations

import asyncio
import copy
import functools
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from botocore import UNSIGNED

from partnercentral_list._transport import botocore_hooks
from partnercentral_list._transport.errors import (
    chained,
    configuration_error,
    credentials_error,
    from_exception,
)
from partnercentral_list._transport.http_session import HttpSession, load_certificates
from partnercentral_list.config import (
    HOME_REGION,
    SERVICE,
    ClientConfig,
    ConnectionSettings,
    Credentials,
    CredentialsSource,
    check_address,
)
from partnercentral_list.errors import ConfigurationError, PartnerCentralError
from partnercentral_list.models import ListOpportunitiesResponse

FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)

MakeClient = Callable[[], Any]


def prepare(settings: ConnectionSettings) -> MakeClient:
    """Read the data files of a client in this thread; return a context manager that opens it."""
    ListOpportunitiesResponse.model_rebuild()
    config = settings.config
    merged = _aio_config(config)
    try:
        session = _session_for(settings)
        _read_service_data(session.get_component("data_loader"))
        verify: Any = config.verify
        if verify is True:
            # As botocore finds it, where nothing nearer names a bundle.
            elsewhere = os.environ.get("REQUESTS_CA_BUNDLE") or True
            verify = session.get_config_variable("ca_bundle") or elsewhere
        _check_bundle(verify, is_needed=not (settings.endpoint_url or "").startswith("http:"))
    except Exception as error:
        problem = chained(from_exception(error), error)
    else:
        return functools.partial(
            session.create_client,
            SERVICE,
            region_name=settings.region_name,
            endpoint_url=settings.endpoint_url,
            verify=None if config.verify is True else config.verify,
            config=merged,
        )
    # Outside the handler: an address with a password may be in the text of what was caught.
    raise problem


class Connection:
    """An open aiobotocore client: the connections of one event loop to AWS."""

    def __init__(self, client: Any, context: Any) -> None:
        self.client = client
        self._context = context

    @classmethod
    async def open(cls, make_client: MakeClient, settings: ConnectionSettings) -> Connection:
        """Open a client."""
        context = make_client()
        try:
            connection = cls(await context.__aenter__(), context)
        except Exception as error:
            problem = chained(from_exception(error), error)
        else:
            try:
                # That of the client's argument was checked before; others are configured.
                check_address(
                    "The endpoint of the AWS configuration", connection.client.meta.endpoint_url
                )
                _check_region(connection.client, settings)
                botocore_hooks.install(connection.client, settings.config.integration)
            except BaseException:
                await connection.aclose()
                raise
            return connection
        raise problem

    async def aclose(self) -> None:
        """Close the client."""
        await self._context.__aexit__(None, None, None)


def _check_bundle(verify: bool | str, *, is_needed: bool) -> None:
    where = "check ClientConfig.verify, AWS_CA_BUNDLE and the profile's ca_bundle."
    if isinstance(verify, str) and not os.path.exists(verify):
        raise ConfigurationError(f"There is no CA bundle {verify!r}: {where}")
    try:
        if is_needed:
            # Now, in this thread, so that the first request need not.
            load_certificates(verify)
    except OSError as error:
        bundle = verify if isinstance(verify, str) else "of botocore"
        raise ConfigurationError(
            f"The CA bundle {bundle!r} cannot be used ({error}): {where}"
        ) from error


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


# Configuration


def _aio_config(config: ClientConfig) -> Any:
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


# Session and credentials


def _session_for(settings: ConnectionSettings) -> Any:
    """Return a copy of the session that was passed, or a new one.

    With a credentials callable the copy has those, so that one partner's credentials never reach
    a client of another on the same session.
    """
    session: Any = settings.session
    if session is None:
        session = AioSession(profile=settings.profile_name)
        _share_loader(session)
        # Of the clients that fetch credentials (STS, single sign-on), too, no redirect is followed.
        session.set_default_client_config(
            AioConfig(
                http_session_cls=functools.partial(
                    HttpSession,
                    max_response_bytes=settings.config.max_response_bytes,
                    is_for_credentials=True,
                )
            )
        )
    if settings.credentials is not None:
        get_credentials = _CallableCredentials(settings.credentials).get_credentials
    elif settings.session is not None:
        get_credentials = functools.partial(_credentials_of_this_loop, session)
    else:
        return session
    # Setting up a session takes botocore several milliseconds, most of them for the handlers of
    # other services; a program that reads many partners' accounts has it done once.
    session = copy.copy(session)
    session.get_credentials = get_credentials
    return session


def isolated_session() -> Any:
    """Return a session that reads no variable and no configuration file, and uses no proxy."""
    make_session: Any = AioSession
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in make_session.SESSION_VARIABLES.items()
    }
    session: Any = make_session(session_vars=variables | files)
    _share_loader(session)
    session.set_default_client_config(AioConfig(proxies={}))
    return session


# Of credentials that a session holds, a copy for each event loop.
_copies: WeakKeyDictionary[Any, dict[asyncio.AbstractEventLoop, Any]] = WeakKeyDictionary()
_copies_lock = threading.Lock()


async def _credentials_of_this_loop(session: Any) -> Any:
    credentials = await session.get_credentials()
    # Credentials that are refreshed have an asyncio lock, which two loops cannot share.
    if not hasattr(credentials, "_refresh_lock"):
        return credentials
    loop = asyncio.get_running_loop()
    with _copies_lock:
        copies = _copies.setdefault(credentials, {})
        for closed in [known for known in copies if known.is_closed()]:
            del copies[closed]
        if loop not in copies:
            copies[loop] = copy.copy(credentials)
            copies[loop]._refresh_lock = type(credentials._refresh_lock)()
        return copies[loop]


class _CallableCredentials:
    """Credentials of a callable of the user's, in place of botocore's chain of providers."""

    def __init__(self, source: CredentialsSource) -> None:
        self._source = source
        self._credentials: Any = None

    async def get_credentials(self) -> Any:
        """Return credentials that botocore has fetched again before they expire."""
        if self._credentials is None:
            refreshable: Any = AioRefreshableCredentials
            self._credentials = refreshable.create_from_metadata(
                metadata=await self._fetch(),
                refresh_using=self._fetch,
                method="partnercentral_list",
            )
        return self._credentials

    async def _fetch(self) -> dict[str, str | None]:
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
                "The callable passed as credentials= returned credentials that have expired."
            )
        return {
            "access_key": credentials.access_key,
            "secret_key": credentials.secret_key,
            "token": credentials.token,
            "expiry_time": (credentials.expiry or FAR_FUTURE).isoformat(),
        }


# botocore's data files

# One loader for each folder of data files: what it has read serves the whole process.
_loaders: dict[str | None, Any] = {}


def _share_loader(session: Any) -> None:
    data_path = session.get_config_variable("data_path")
    loader = _loaders.setdefault(data_path, session.get_component("data_loader"))
    session.register_component("data_loader", loader)


def _read_service_data(loader: Any) -> None:
    # In this thread, so that the event loop does not wait for it. Session.warm_up_loader_caches
    # reads more: paginators, waiters and examples.
    for name in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data_with_path(name)
    for kind in ("service-2", "endpoint-rule-set-1"):
        # As aiobotocore's client calls it: the cache goes by how the arguments are written.
        loader.load_service_model(SERVICE, kind, api_version=None)
