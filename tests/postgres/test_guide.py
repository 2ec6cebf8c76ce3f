"""The programs and statements of docs/postgres.md run, and those of fleet.md on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres.server import PostgresServer
from tests.test_documents import DOCUMENTS, blocks, run_program

(FLEET,) = (document for document in DOCUMENTS if document.name == "fleet.md")
(GUIDE,) = (document for document in DOCUMENTS if document.name == "postgres.md")


@pytest.fixture
def database(server: PostgresServer, schema: str) -> Iterator[str]:
    """A database of its own, because the page uses the default schema."""
    with psycopg.connect(server.conn_string, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {schema}".encode())
        yield server.conn_string.replace("/postgres?", f"/{schema}?")


PROGRAMS = [
    *blocks(GUIDE, "python"),
    *(block for block in blocks(FLEET, "python") if "psycopg" in block),
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_the_guide_runs(
    program: str, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    run_program(program, monkeypatch)
    assert "40 created" in capsys.readouterr().out


def test_the_statements_of_the_guide_run(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    run_program(blocks(GUIDE, "python")[0], monkeypatch)
    select, grants = blocks(GUIDE, "sql")
    with psycopg.connect(database) as connection:
        assert connection.execute(select.encode()).fetchall()
        connection.execute("CREATE ROLE sync_role")
        for grant in grants.split(";")[:-1]:
            connection.execute(grant.encode())
        connection.rollback()
