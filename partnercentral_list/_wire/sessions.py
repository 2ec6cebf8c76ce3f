"""Which aiobotocore session a client is made on; a partner's own credentials stay apart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import AioSession

from partnercentral_list._wire.connection import ConnectionSettings, CredentialsSource
from partnercentral_list.config import Credentials
from partnercentral_list.errors import ConfigurationError, PartnerCentralError

# What a loader has read, 60 ms of it, serves every session of the process; by where it reads.
_loaders: dict[str | None, Any] = {}

FAR_FUTURE = datetime(9999, 1, 1, tzinfo=UTC)


def session_for(settings: ConnectionSettings) -> Any:
    """Give the session of these settings: the user's own, or a new one.

    With a credentials callable it is always a new one, that shares the user's loader, so that
    one partner's credentials never reach a client of another on the same session.
    """
    shared: Any = settings.session
    if shared is not None and settings.credentials is None:
        return shared
    session: Any = AioSession(profile=settings.profile_name)
    loader = (shared or session).get_component("data_loader")
    if shared is None:
        loader = _loaders.setdefault(session.get_config_variable("data_path"), loader)
    session.register_component("data_loader", loader)
    if settings.credentials is not None:
        session.register_component("credential_provider", _Provider(settings.credentials))
    return session


class _Provider:
    """Stands in for botocore's chain of credential providers."""

    def __init__(self, source: CredentialsSource) -> None:
        self._source = source

    async def load_credentials(self) -> Any:
        refreshable: Any = AioRefreshableCredentials
        return refreshable.create_from_metadata(
            metadata=await self._fetch(),
            refresh_using=self._fetch,
            method="partnercentral_list",
        )

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
            raise ConfigurationError(
                f"The callable passed as credentials= failed with {type(error).__name__}."
            ) from error
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
