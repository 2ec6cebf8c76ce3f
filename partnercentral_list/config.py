"""The settings of a client: connections, credentials, retries and the rate limit."""

from __future__ import annotations

import difflib
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, Final, Protocol

from partnercentral_list.errors import ConfigurationError

SERVICE = "partnercentral-selling"
OPERATION = "ListOpportunities"
HOME_REGION = "us-east-1"


async def _sleep(seconds: float) -> None:
    # Not imported with this module: a program that wants only the models need not pay for it.
    import asyncio

    await asyncio.sleep(seconds)


class AioConfigLike(Protocol):
    """An ``aiobotocore.config.AioConfig``."""

    def merge(self, other_config: Any) -> Any:
        """Return a configuration in which the settings of `other_config` win."""
        ...


class AioSessionLike(Protocol):
    """An ``aiobotocore.session.AioSession``."""

    def create_client(self, service_name: str, /) -> Any:
        """Return a context manager that opens a client."""
        ...

    def get_component(self, name: str) -> Any:
        """Return a component of the session, such as its data loader."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """AWS credentials, as a ``credentials=`` callable returns them.

    Args:
        access_key: The access key id.
        secret_key: The secret access key; never shown.
        token: The session token of temporary credentials; never shown.
        expiry: When they end, with a time zone; None if they do not. The callable is called
            again before.

    Raises:
        ConfigurationError: `expiry` has no time zone.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expiry: datetime | None = None

    def __post_init__(self) -> None:
        check_kind("Credentials.access_key", self.access_key, str)
        check_kind("Credentials.secret_key", self.secret_key, str)
        check_kind("Credentials.token", self.token, str, type(None))
        check_kind("Credentials.expiry", self.expiry, datetime, type(None))
        _require(
            self.expiry is None or self.expiry.tzinfo is not None,
            "Credentials.expiry needs a time zone",
        )


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Settings of a client's connections. Times are in seconds; 0 means no limit.

    Args:
        verify: False accepts any TLS certificate; a path names a CA bundle to check with.
        sign_requests: False sends requests unsigned, without looking for credentials.
        connect_timeout: Time to open a connection.
        read_timeout: Time between two pieces of a response.
        max_connections: Connections kept to AWS, for each event loop.
        max_response_bytes: Bytes of a response that are read at most; a page of 100
            opportunities has about 100,000. A longer one is a `MalformedResponseError`.
        integration: ``"Integrator|Product"``, sent as ``X-Amzn-User-Agent``, as AWS recommends for
            integrations that many partners use.
        aio_config: An ``aiobotocore.config.AioConfig`` for everything else (proxies, user
            agent). What this library sets wins: the timeouts above and a single retry layer.
            It must not set ``http_session_cls``: this library's refuses redirects.

    Raises:
        ConfigurationError: A value is out of bounds.
    """

    verify: bool | str = True
    sign_requests: bool = True
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    max_connections: int = 16
    max_response_bytes: int = 4 * 1024 * 1024
    integration: str | None = None
    aio_config: AioConfigLike | None = None

    def __post_init__(self) -> None:
        check_kind("ClientConfig.verify", self.verify, bool, str)
        check_kind("ClientConfig.sign_requests", self.sign_requests, bool)
        check_kind("ClientConfig.connect_timeout", self.connect_timeout, int, float)
        check_kind("ClientConfig.read_timeout", self.read_timeout, int, float)
        check_kind("ClientConfig.max_connections", self.max_connections, int)
        check_kind("ClientConfig.max_response_bytes", self.max_response_bytes, int)
        check_kind("ClientConfig.integration", self.integration, str, type(None))
        _require(
            self.aio_config is None or hasattr(self.aio_config, "merge"),
            "ClientConfig.aio_config must be an aiobotocore.config.AioConfig",
        )
        _require(self.connect_timeout >= 0, "ClientConfig.connect_timeout must not be negative")
        _require(self.read_timeout >= 0, "ClientConfig.read_timeout must not be negative")
        _require(self.max_connections >= 1, "ClientConfig.max_connections must be at least 1")
        _require(self.max_response_bytes >= 1, "ClientConfig.max_response_bytes must be at least 1")
        _require(
            self.integration is None or bool(_INTEGRATION.fullmatch(self.integration)),
            'ClientConfig.integration must look like "Integrator|Product", in printable ASCII',
        )


_INTEGRATION = re.compile(r"[!-{}~ ]*[!-{}~][!-{}~ ]*\|[!-{}~ ]*[!-{}~][!-{}~ ]*")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The rules by which a failed page is retried: AWS's retry standard of 2026, but patient.

    Before retry number ``n`` the client waits ``t = random() * min(base * 2**(n - 1),
    max_delay)`` seconds, where ``base`` is `throttling_base` after throttling and
    `transient_base` after any other failure. Where AWS says how long to wait, it is that, but
    at least ``t`` and at most ``t + 5``. Only failures that may pass are retried.

    Strategies of tenacity can replace and add to this::

        RetryPolicy(wait=wait_fixed(2) + wait_random(0, 1), stop=stop_after_delay(30))

    Args:
        max_attempts: Requests for one page, the first included; 1 never retries.
        max_elapsed: Seconds for one page: every attempt, and every wait before and between them,
            those for the rate limiter included. 0 means no limit.
        attempt_timeout: Seconds for one attempt, from waiting for a connection to the last
            byte. 0 means no limit.
        transient_base: See above, in seconds.
        throttling_base: See above, in seconds.
        max_delay: See above, in seconds.
        quota: Tokens that all retries of a client share, so that an outage is not met with
            a storm: a retry costs 14 (throttling: 5), a success after it returns that cost, and a
            success without a retry returns 1.
        wait: A wait strategy of tenacity, such as ``wait_fixed(2)``, which returns ``t`` in
            place of the formula above; AWS's hint counts too.
        stop: A stop strategy of tenacity, such as ``stop_after_delay(30)``, which ends the
            retries too, beside `max_attempts`, `max_elapsed` and `quota`.
        sleep: Waits for a number of seconds.
        clock: Returns seconds that only grow.
        random: Returns a number from 0 up to, not including, 1; unused with `wait`.

    Raises:
        ConfigurationError: A value is out of bounds.
    """

    max_attempts: int = 8
    max_elapsed: float = 120.0
    attempt_timeout: float = 60.0
    transient_base: float = 0.05
    throttling_base: float = 1.0
    max_delay: float = 20.0
    quota: int = 500
    wait: Callable[[Any], float] | None = None
    stop: Callable[[Any], bool] | None = None
    sleep: Callable[[float], Awaitable[None]] = field(default=_sleep, repr=False, compare=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)
    random: Callable[[], float] = field(default=random.random, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_kind("RetryPolicy.max_attempts", self.max_attempts, int)
        check_kind("RetryPolicy.quota", self.quota, int)
        for name in _DURATIONS:
            check_kind(f"RetryPolicy.{name}", getattr(self, name), int, float)
        for name, strategy, example in (
            ("wait", self.wait, "wait_fixed(2)"),
            ("stop", self.stop, "stop_after_delay(30)"),
        ):
            _require(
                strategy is None or callable(strategy),
                f"RetryPolicy.{name} must be a strategy of tenacity, such as {example}",
            )
        _require(self.max_attempts >= 1, "RetryPolicy.max_attempts must be at least 1")
        for name in _DURATIONS:
            _require(getattr(self, name) >= 0, f"RetryPolicy.{name} must not be negative")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit on the rate of requests: by default the account's quota, 10 reads per second.

    No window of one second holds more than `per_second` requests, also when they are up to 50 ms
    longer in transit than one another. While AWS throttles, other programs use the account
    too: the rate is then cut by a quarter at a time and grows again.

    Args:
        per_second: Requests per second; more than 0. A fraction above 1 allows what the whole
            number below it does; below 1 it is one request per ``1 / per_second`` seconds.
        per_day: Requests in any 24 hours, as far as this limiter has seen them; at least 1, None
            for any number. When they are spent a `DailyLimitError` is raised, without waiting.
        max_wait: Seconds that a request may wait for its permit, 0 or more; None for any number.
            A request that would wait longer raises a `RateLimitTimeoutError` at once.
        clock: Returns seconds that never decrease, the same in every thread.
        sleep: Waits for a number of seconds.

    Raises:
        ConfigurationError: A value is out of bounds.
    """

    per_second: float = 10.0
    per_day: int | None = None
    max_wait: float | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)
    sleep: Callable[[float], Awaitable[None]] = field(default=_sleep, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_kind("RateLimit.per_second", self.per_second, int, float)
        check_kind("RateLimit.per_day", self.per_day, int, type(None))
        check_kind("RateLimit.max_wait", self.max_wait, int, float, type(None))
        _require(0 < self.per_second < inf, "RateLimit.per_second must be more than 0 and finite")
        _require(
            self.per_day is None or self.per_day >= 1,
            "RateLimit.per_day must be at least 1, or None for no limit",
        )
        _require(
            self.max_wait is None or self.max_wait >= 0,
            "RateLimit.max_wait must not be negative; None for no limit",
        )


_DURATIONS = (
    "max_elapsed",
    "attempt_timeout",
    "transient_base",
    "throttling_base",
    "max_delay",
    "quota",
)


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


def check_kind(name: str, value: object, *kinds: type) -> None:
    """Refuse a setting of another kind than its type says.

    Raises:
        ConfigurationError: It is; a bool is not taken for a number.
    """
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds).replace("NoneType", "None")
        raise ConfigurationError(f"{name} must be {wanted}, not {type(value).__name__}.")


# What other SDKs call a client's arguments.
_ALIASES: Final = {
    "region": "region_name",
    "profile": "profile_name",
    "endpoint": "endpoint_url",
    "url": "endpoint_url",
    "retries": "retry",
    "max_attempts": "retry=RetryPolicy(max_attempts=...)",
    "timeout": "retry=RetryPolicy(attempt_timeout=...)",
    "rate": "rate_limit",
    "limiter": "rate_limit",
    "aws_access_key_id": "credentials",
    "aws_secret_access_key": "credentials",
    "aws_session_token": "credentials",
    "verify": "config=ClientConfig(verify=...)",
    "use_ssl": "config=ClientConfig(verify=...)",
    "stage": "iter_opportunities(life_cycle_stage=...)",
}


def unknown_arguments(unknown: Iterable[str], known: Sequence[str]) -> str:
    """Return what is wrong with a client's arguments that it does not know, and what was meant."""
    problems: list[str] = []
    for name in unknown:
        close = difflib.get_close_matches(name.lower(), known, n=1)
        meant = _ALIASES.get(name.lower()) or next(iter(close), None)
        advice = f"Perhaps {meant} was meant." if meant else f"Valid: {', '.join(known)}."
        problems.append(f"PartnerCentralClient has no argument {name!r}. {advice}")
    return "\n".join(problems)


def has_secret(text: str) -> bool:
    """Return whether a text may show an address that has a user name, password or query."""
    return bool(_SECRET_IN_ADDRESS.search(text))


_SECRET_IN_ADDRESS = re.compile(r"(://|Invalid endpoint: ).*[@?#]", re.DOTALL)


def secret_parts(address: str) -> str:
    """Name the parts of an address that an endpoint must not have; empty if there are none."""
    if "@" in address:
        return "a user name or password"
    return "a query or fragment (? or #)" if "?" in address or "#" in address else ""


def check_address(name: str, address: str | None) -> None:
    """Refuse an address with a user name, password, query or fragment, without showing it.

    Raises:
        ConfigurationError: It has one.
    """
    if address is not None and (parts := secret_parts(address)):
        raise ConfigurationError(
            f"{name} must not contain {parts}: requests are signed, or sent without credentials."
        )


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigurationError(f"{message}.")
