"""Fixtures of every test: no AWS settings of the machine, no network but loopback, no waits."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from partnercentral_list import PartnerCentralClient, RetryPolicy
from partnercentral_list.emulator import PartnerCentralEmulator

settings.register_profile(
    "tests",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("tests")

TESTS = Path(__file__).parent

# Modules that try every point: each await, each byte, each moment of a kill, thousands of simulated
# scans and syncs. `-m "not exhaustive"` leaves them out.
EXHAUSTIVE = {
    "faults/test_cancellation.py",
    "pagination/test_matching.py",
    "postgres/test_fleet_engines.py",
    "postgres/test_fleet_kills.py",
    "scan/test_complete.py",
    "scan/test_policy.py",
    "scan/test_tied.py",
    "sync/test_damage.py",
    "sync/test_kills.py",
    "sync/test_simulation.py",
    "transport/test_arrivals.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        is_ours = item.path.is_relative_to(TESTS)
        if is_ours and item.path.relative_to(TESTS).as_posix() in EXHAUSTIVE:
            item.add_marker("exhaustive")


MakeClient = Callable[..., PartnerCentralClient]


async def no_wait(seconds: float) -> None:
    """Stands in for asyncio.sleep between attempts."""


PATIENT = RetryPolicy(sleep=no_wait)
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(host: object) -> None:
        if host not in ("127.0.0.1", "::1", "localhost", None):
            raise AssertionError(f"a test reached for {host!r}")

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX:
                check(address[0])
            return original(self, address)

        return connect

    getaddrinfo = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        check(host)
        return getaddrinfo(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", resolve)


#: What keeps any AWS SDK from a client: a proxy or settings that cannot be used.
UNUSABLE_SETTINGS = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "AWS_PROFILE": "nonexistent",
    "AWS_CA_BUNDLE": "/nonexistent",
    "REQUESTS_CA_BUNDLE": "/nonexistent",
    "AWS_CONFIG_FILE": "malformed",
    "AWS_SHARED_CREDENTIALS_FILE": "malformed",
}


@pytest.fixture(params=UNUSABLE_SETTINGS)
def unusable_setting(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Set each in turn."""
    name, value = request.param, UNUSABLE_SETTINGS[request.param]
    if value == "malformed":
        (tmp_path / value).write_text("[[[\n=\n")
        value = str(tmp_path / value)
    monkeypatch.setenv(name, value)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")


@pytest.fixture
def emulator() -> Iterator[PartnerCentralEmulator]:
    with PartnerCentralEmulator(opportunities=250) as running:
        yield running


@pytest.fixture
async def make_client(credentials: None) -> AsyncIterator[MakeClient]:
    """Makes clients of an emulator (or an URL), which never wait and are closed after the test."""
    made: list[PartnerCentralClient] = []

    def make(target: PartnerCentralEmulator | str, **options: Any) -> PartnerCentralClient:
        url = target if isinstance(target, str) else target.url
        defaults: dict[str, Any] = {"retry": PATIENT, "rate_limit": None}
        client = PartnerCentralClient("AWS", endpoint_url=url, **(defaults | options))
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
def client(emulator: PartnerCentralEmulator, make_client: MakeClient) -> PartnerCentralClient:
    return make_client(emulator)
