"""Where a client connects to, and as whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from partnercentral_list.config import AioSessionLike, ClientConfig, Credentials

SERVICE = "partnercentral-selling"
HOME_REGION = "us-east-1"

CredentialsSource = Callable[[], Awaitable[Credentials]]


@dataclass(slots=True, eq=False, repr=False)
class ConnectionSettings:
    """The arguments of a client that its connections need."""

    profile_name: str | None = None
    region_name: str = HOME_REGION
    endpoint_url: str | None = None
    credentials: CredentialsSource | None = None
    session: AioSessionLike | None = None
    config: ClientConfig = field(default_factory=ClientConfig)
