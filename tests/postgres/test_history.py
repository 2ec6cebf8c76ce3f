"""PostgresStore keeps the same history as SQLiteStore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from hypothesis import given, settings

from partnercentral_list.sync import PostgresStore, SyncBatch
from tests.postgres.server import PostgresServer
from tests.sync.history import LEASE, PAGES, changes_since, check_history, commit_pages, version

START = datetime(2026, 1, 1, tzinfo=UTC)
HISTORY = timedelta(days=2)


@settings(max_examples=40)
@given(pages=PAGES)
async def test_the_history_leads_to_what_is_stored(pages: Any, server: PostgresServer) -> None:
    with psycopg.connect(server.conn_string) as connection:
        connection.execute("DROP SCHEMA IF EXISTS any_history CASCADE")
    store = PostgresStore.from_conn_string(
        server.conn_string, schema="any_history", history=HISTORY
    )
    async with store:
        await store.setup()
        await check_history(store, pages, START)


async def test_a_history_is_exact_and_pruned(server: PostgresServer, schema: str) -> None:
    records = [version(f"O{number}\0", 1) for number in range(600)]
    records[0] = type(records[0]).model_validate({"Id": "O0", "Catalog": "AWS", "New": 1e300})
    records = [record.model_copy(update={"id": record.id.strip("\0")}) for record in records]
    records[1] = records[1].model_copy(update={"arn": "a\0b"})
    store = PostgresStore.from_conn_string(server.conn_string, schema=schema, history=HISTORY)
    async with store:
        await store.setup()
        await store.acquire_lease("one", "AWS", LEASE)
        await store.commit("one", SyncBatch(records), LEASE)
        # Written twice, as after a lost connection, it is one change.
        await store.commit("one", SyncBatch(records), LEASE)
        assert [change.after for change in await changes_since(store, START)] == records
        await store.commit("one", SyncBatch(gone=frozenset(["O0", "O1"])), LEASE)
        found = await changes_since(store, START)
        assert {change.id: change.before for change in found[600:]} == {
            "O0": records[0],
            "O1": records[1],
        }
        with psycopg.connect(server.conn_string) as connection:
            connection.execute(
                f"UPDATE {schema}.changes SET seen_at = seen_at - interval '3 days' "
                "WHERE kind = 'created'".encode()
            )
        await store.acquire_lease("one", "AWS", LEASE)
        assert await changes_since(store, START) == found[600:]


async def test_what_is_gone_leaves_the_tables_and_comes_back(
    server: PostgresServer, schema: str
) -> None:
    store = PostgresStore.from_conn_string(server.conn_string, schema=schema)
    async with store:
        await store.setup()
        await commit_pages(store, [{"O1": 1, "O2": 1}, {"O1": None}])
        assert (await store.acquire_lease("one", "AWS", LEASE)).gone == {"O1"}
        with psycopg.connect(server.conn_string) as connection:
            found = connection.execute(f"SELECT id FROM {schema}.opportunities".encode())
            assert found.fetchall() == [("O2",)]
            kept = connection.execute(f"SELECT record FROM {schema}.gone".encode()).fetchall()
            assert kept == [({"Id": "O1", "Arn": "version 1", "Catalog": "AWS"},)]
        await store.commit("one", SyncBatch([version("O1", 1)]), LEASE)
        assert (await store.acquire_lease("one", "AWS", LEASE)).gone == frozenset()
        assert await changes_since(store, START) == []
