"""The command syncs into PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.conftest import Run, logging_restored, run
from tests.cli.running import where
from tests.postgres.server import PostgresServer

__all__ = ["logging_restored", "run"]


@pytest.fixture
def database(server: PostgresServer, schema: str) -> str:
    """A database of its own, because the command uses the default schema."""
    with psycopg.connect(server.conn_string, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {schema}".encode())
    return server.conn_string.replace("/postgres?", f"/{schema}?")


def test_the_command_syncs_into_a_database_once_it_is_set_up(
    run: Run, emulator: PartnerCentralEmulator, database: str
) -> None:
    words = ("sync", *where(emulator), "--store", database, "--account", "emea")
    refused = run(*words)
    assert (refused.code, refused.out) == (253, "")
    assert "The schema is not set up, or was changed. Run once with --setup" in refused.err
    first = run(*words, "--setup", "--history", "30")
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("250 created")
    assert run(*words, "--reconcile").out.startswith("250 listed")
    with psycopg.connect(database) as connection:
        for table in ("opportunities", "changes"):
            query = f"SELECT account, count(*) FROM partner_central.{table} GROUP BY account"
            assert connection.execute(query.encode()).fetchall() == [("emea", 250)]


def test_a_database_that_cannot_be_used_is_named(
    run: Run, emulator: PartnerCentralEmulator, server: PostgresServer
) -> None:
    words = ("sync", *where(emulator), "--store")
    nowhere = run(*words, server.conn_string.replace("/socket", "/nowhere"))
    assert nowhere.code == 75
    assert "The server cannot be used: " in nowhere.err
    missing = run(*words, server.conn_string.replace("/postgres?", "/nothing?"))
    assert missing.code == 253
    assert 'database "nothing" does not exist' in missing.err
    bad = run(*words, "postgresql://user:secret@[host")
    assert bad.code == 253
    assert "--store must be a path, or a connection string of PostgreSQL" in bad.err
    assert "secret" not in bad.err
