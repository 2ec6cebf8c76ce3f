"""The servers of this session, and a schema of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.postgres.server import PostgresServer, installations, running_server

_NUMBERS = itertools.count()


@pytest.fixture(scope="session", params=installations().items(), ids=lambda found: str(found[0]))
def each_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """Every PostgreSQL of this machine."""
    with running_server(request.param[1]) as running:
        yield running


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """The PostgreSQL that is installed with the tests."""
    with running_server(installations()["wheel"]) as running:
        yield running


@pytest.fixture
def schema() -> str:
    return f"test_{next(_NUMBERS)}"
