"""Workers are killed at random moments: nothing is lost, and no account is synced twice at once."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.postgres.fleet_kills import ACCOUNTS, Outcome, kill_workers, overlaps
from tests.postgres.server import PostgresServer

KILLS = 12


@pytest.fixture
def dsn(server: PostgresServer, schema: str) -> str:
    with psycopg.connect(server.conn_string, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {schema}".encode())
    return server.conn_string.replace("/postgres?", f"/{schema}?")


def check(outcome: Outcome, kills: int) -> None:
    assert outcome.counts["x"] >= kills
    # Most of them in the middle of an account.
    assert outcome.killed_with_a_lease > kills / 2
    assert not outcome.errors
    assert not outcome.overlaps
    assert not outcome.too_long
    assert len(outcome.report.reports) == ACCOUNTS, str(outcome.report)
    assert not outcome.leases_left
    assert not outcome.differing


async def test_killed_workers_lose_nothing(dsn: str, tmp_path: Path) -> None:
    check(await kill_workers(dsn, tmp_path, KILLS, seed=1), KILLS)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["+ a h/1/x", "- a h/1/x", "+ a h/2/x"], []),
        (["+ a h/1/x", "+ b h/2/x", "- a h/1/x"], []),
        (["+ a h/1/x", "+ a h/2/x"], ["a"]),
        (["+ a h/1/x", "x 1", "+ a h/2/x"], []),
        (["+ a h/1/x", "x 3", "+ a h/2/x"], ["a"]),
        (["+ a h/1/x", "- a h/2/x", "+ a h/2/y"], ["a"]),
    ],
)
def test_an_overlap_is_noticed(lines: list[str], found: list[str]) -> None:
    assert overlaps(line.split(" ") for line in lines) == found
