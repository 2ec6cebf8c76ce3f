"""The pytest plugin: fixtures with an emulator for each test, module or session.

pytest loads this module whenever the package is installed, so it imports next to nothing.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

    from partnercentral_list.emulator import PartnerCentralEmulator

_SERVICE = "partnercentral-selling."
# Where an AWS SDK would find other credentials, or a reason to ignore the endpoint.
_REMOVED_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
# With one of them aiohttp resolves names without Python's socket module.
_OTHER_RESOLVERS = ("aiodns", "uvloop")
_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    # Nothing listens there: a request before there is an emulator fails, and does not reach AWS.
    "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING": "http://127.0.0.1:9",
}


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "partner_central(opportunities=250, **options): the arguments of the fixture"
        " partner_central; see partnercentral_list.emulator.PartnerCentralEmulator",
    )


@pytest.fixture
def partner_central_factory(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., PartnerCentralEmulator]]:
    """Start any number of emulators, which are stopped after the test.

    It takes what ``PartnerCentralEmulator`` takes. The first one made is the test's Partner
    Central: its ``environment``, with placeholders for credentials unless it has some, leads every
    AWS SDK to it; the others are reached by their ``url``.
    """
    # The test's own monkeypatch, so that what both of them set is undone in the right order.
    yield from _lead_to_emulators(monkeypatch)


@pytest.fixture(scope="module")
def module_partner_central_factory() -> Iterator[Callable[..., PartnerCentralEmulator]]:
    """Start any number of emulators, which are stopped after the module's last test.

    Like ``partner_central_factory``, for every test of the process until then.
    """
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from _lead_to_emulators(monkeypatch)


@pytest.fixture(scope="session")
def session_partner_central_factory() -> Iterator[Callable[..., PartnerCentralEmulator]]:
    """Start any number of emulators, which are stopped after the last test of all.

    Like ``partner_central_factory``, for every test of the process until then.
    """
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from _lead_to_emulators(monkeypatch)


@pytest.fixture
def partner_central(
    request: pytest.FixtureRequest, partner_central_factory: Callable[..., PartnerCentralEmulator]
) -> PartnerCentralEmulator:
    """A running ``PartnerCentralEmulator`` that every AWS SDK in this process is led to.

    It has 250 opportunities, and what the marker ``partner_central(...)`` says otherwise.
    """
    return _make_as_marked(request, partner_central_factory)


@pytest.fixture(scope="module")
def module_partner_central(
    request: pytest.FixtureRequest,
    module_partner_central_factory: Callable[..., PartnerCentralEmulator],
) -> PartnerCentralEmulator:
    """One ``partner_central`` for all tests of a module, which see each other's changes.

    The module's ``pytestmark`` may have the marker ``partner_central(...)``.
    """
    return _make_as_marked(request, module_partner_central_factory)


@pytest.fixture(scope="session")
def session_partner_central(
    session_partner_central_factory: Callable[..., PartnerCentralEmulator],
) -> PartnerCentralEmulator:
    """One ``partner_central`` for all tests of a session, which see each other's changes.

    It has 250 opportunities; ``session_partner_central_factory`` makes another one.
    """
    return session_partner_central_factory()


def _make_as_marked(
    request: pytest.FixtureRequest, make: Callable[..., PartnerCentralEmulator]
) -> PartnerCentralEmulator:
    marker = request.node.get_closest_marker("partner_central")
    return make() if marker is None else make(*marker.args, **marker.kwargs)


def _lead_to_emulators(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., PartnerCentralEmulator]]:
    for name in _REMOVED_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in _VARIABLES.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        exempt = os.environ.get(name)
        monkeypatch.setenv(name, f"{exempt},127.0.0.1" if exempt else "127.0.0.1")
    _keep_from_aws(monkeypatch)
    with ExitStack() as running:
        made: list[PartnerCentralEmulator] = []

        def make(opportunities: Any = 250, **options: Any) -> PartnerCentralEmulator:
            from partnercentral_list.emulator import PartnerCentralEmulator

            emulator = running.enter_context(PartnerCentralEmulator(opportunities, **options))
            if not made:
                for name, value in emulator.environment.items():
                    monkeypatch.setenv(name, value)
            made.append(emulator)
            return emulator

        yield make


def _keep_from_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    # A client with an endpoint of its own ignores the variable.
    resolve = socket.getaddrinfo

    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse_aws(host)
        return resolve(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)
    if any(map(find_spec, _OTHER_RESOLVERS)):
        _keep_aiohttp_from_aws(monkeypatch)


def _keep_aiohttp_from_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    import aiohttp

    def guard(resolver: type[AbstractResolver]) -> None:
        resolve = resolver.resolve

        async def guarded(self: Any, host: str, *arguments: Any, **options: Any) -> Any:
            _refuse_aws(host)
            return await resolve(self, host, *arguments, **options)

        monkeypatch.setattr(resolver, "resolve", guarded)

    guard(aiohttp.AsyncResolver)
    guard(aiohttp.ThreadedResolver)


def _refuse_aws(host: object) -> None:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name.lower().startswith(_SERVICE):
        raise socket.gaierror(
            socket.EAI_NONAME,
            f"the fixture partner_central keeps a test from reaching {name}",
        )
