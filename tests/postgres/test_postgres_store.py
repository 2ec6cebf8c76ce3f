"""PostgresStore on real servers: it conforms, and each failure is an error of the library."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import psycopg_pool
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnercentral_list import Catalog, ConfigurationError, OpportunitySummary, StoreError
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.models import columns
from partnercentral_list.sync import (
    InvalidRecord,
    MemoryStore,
    OpportunitySync,
    PartnerAccount,
    PostgresStore,
    SQLiteStore,
    SyncBatch,
    SyncStore,
    sync_account,
)
from partnercentral_list.sync.conformance import CHECKS, Check, check_store
from tests.conftest import MakeClient
from tests.models.records import marked_record, records
from tests.postgres.pgbouncer import PROGRAM, pooled
from tests.postgres.server import PostgresServer, installations, running_server

LEASE = timedelta(minutes=5)
EVERYTHING = marked_record()
BARE = {"Id": "O1", "Catalog": "AWS"}


def mount(folder: str | Path) -> bool:
    """Mount a disk of 16 MB; return whether that is possible, which a container may forbid."""
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def unmount(folder: str | Path) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        if mount(folder):
            unmount(folder)
            return True
        return False


# A trigger raises the same error everywhere.
SMALL_DISKS = ["tmpfs"] if can_mount() else []


def parsed(record: Any) -> OpportunitySummary:
    return OpportunitySummary.model_validate_json(json.dumps(record))


def opportunity(number: int, **members: Any) -> OpportunitySummary:
    return parsed({"Id": f"O{number}", "Catalog": "AWS", **members})


NAMED = opportunity(1, Customer={"Account": {"CompanyName": "Any Company"}})


@asynccontextmanager
async def ready(
    server: PostgresServer, schema: str, **options: Any
) -> AsyncIterator[PostgresStore]:
    """A store whose schema is set up."""
    store = PostgresStore.from_conn_string(server.conn_string, schema=schema, **options)
    async with store:
        await store.setup()
        yield store


async def execute(server: PostgresServer, statement: str, *values: Any) -> list[Any]:
    connection = await psycopg.AsyncConnection.connect(server.conn_string, autocommit=True)
    async with connection, connection.cursor() as cursor:
        await cursor.execute(statement, values or None)  # type: ignore[arg-type] # tests' own text
        return await cursor.fetchall() if cursor.description else []


async def commit(store: SyncStore, *records: OpportunitySummary) -> None:
    await store.acquire_lease("me", "AWS", LEASE)
    await store.commit("me", SyncBatch(records), LEASE)


# It is a store like the others


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_store_conforms(check: Check, each_server: PostgresServer, schema: str) -> None:
    async with ready(each_server, schema):
        conn_string = each_server.conn_string
        await check(
            lambda name: PostgresStore.from_conn_string(conn_string, account=name, schema=schema)
        )


async def test_accounts_that_share_a_pool_conform(each_server: PostgresServer, schema: str) -> None:
    names: dict[SyncStore, str] = {}

    def open_store(name: str) -> PostgresStore:
        store = PostgresStore(pool, account=name, schema=schema)
        names[store] = name
        return store

    async def read_invalid(store: SyncStore, key: str) -> InvalidRecord | None:
        query = f"SELECT key, id, reason, raw FROM {schema}.invalid WHERE account = %s AND key = %s"
        rows = await execute(each_server, query, names[store], key)
        return InvalidRecord(*rows[0]) if rows else None

    conn_string = each_server.conn_string
    pool = psycopg_pool.AsyncConnectionPool(conn_string, min_size=1, max_size=3, open=False)
    async with ready(each_server, schema), pool:
        await check_store(open_store, read_invalid=read_invalid)
        # It stays open: the program closes it.
        assert not pool.closed


async def test_a_sync_stores_what_a_memory_store_has(
    server: PostgresServer, schema: str, emulator: PartnerCentralEmulator, make_client: MakeClient
) -> None:
    client, memory = make_client(emulator), MemoryStore()
    await OpportunitySync(client, memory).run()
    async with ready(server, schema) as store:
        first = await OpportunitySync(client, store).run()
        assert (first.created, first.updated) == (250, 0)
        assert await store.get(await store.identifiers()) == memory.records
        second = await OpportunitySync(client, store).run()
        assert (second.created, second.updated, second.requests) == (0, 0, 1)
        assert (await OpportunitySync(client, store).reconcile()).gone == ()


@pytest.mark.parametrize("program", [PROGRAM] if PROGRAM else [])
async def test_accounts_behind_pgbouncer_conform(
    program: str, server: PostgresServer, schema: str
) -> None:
    with pooled(server) as conn_string:
        async with PostgresStore.from_conn_string(conn_string, schema=schema) as store:
            await asyncio.gather(store.setup(), store.setup())
        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(
                    check_store(
                        lambda name: PostgresStore.from_conn_string(
                            conn_string, account=name, schema=schema
                        )
                    )
                )


# What is stored


@settings(max_examples=60)
@given(sent=st.lists(records("OpportunitySummary").map(lambda pair: pair[0]), max_size=5))
async def test_any_record_comes_back_equal(sent: list[Any], server: PostgresServer) -> None:
    found = [parsed({**record, "Id": f"O{number}"}) for number, record in enumerate(sent)]
    async with ready(server, "any_record") as store:
        await commit(store, *found)
        assert await store.get([record.id for record in found]) == {
            record.id: record for record in found
        }
        await execute(server, "DELETE FROM any_record.opportunities")


@pytest.mark.parametrize(
    "record",
    [
        EVERYTHING,
        BARE,
        BARE | {"CreatedDate": "0001-01-01T00:00:00Z"},
        BARE | {"LastModifiedDate": "9999-12-31T23:59:59.999999Z"},
        BARE | {"LifeCycle": {"TargetCloseDate": "0001-01-01", "Stage": "Postponed"}},
        BARE | {"New": [1.5, 1e300, 5e-324, -0.25, 10**40, {"deep": [-1e22, None, True]}]},
        BARE | {"New": 1e300},
        BARE | {"New\0": "a\0b\\\0\\\\u0000", "Arn": "x\0y", "LifeCycle": {"NextSteps": "\\u0000"}},
    ],
    ids=["everything", "bare", "first", "last", "date", "numbers", "number", "nul"],
)
async def test_a_record_comes_back_equal(
    record: Any, each_server: PostgresServer, schema: str
) -> None:
    found = parsed(record)
    async with ready(each_server, schema) as store:
        await commit(store, found)
        assert await store.get([found.id]) == {found.id: found}


async def test_columns_are_typed(server: PostgresServer, schema: str) -> None:
    found = parsed(EVERYTHING)
    async with ready(server, schema) as store:
        await commit(store, found)
    named = await execute(
        server,
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = 'opportunities' ORDER BY ordinal_position",
        schema,
    )
    types = dict(named)
    kinds = {
        "text": "text",
        "enum": "text",
        "date": "date",
        "timestamp": "timestamp with time zone",
    }
    for column in columns.COLUMNS:
        assert types.pop(column.name) == kinds[column.kind]
    assert types == {"account": "text", "record": "jsonb", "record_text": "text"}
    row = await execute(
        server,
        "SELECT created_date, life_cycle_target_close_date, customer_account_company_name, "
        f"record_text FROM {schema}.opportunities",
    )
    assert row == [
        (
            datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC),
            date(2027, 6, 1),
            "marked.Customer.Account.CompanyName",
            None,
        )
    ]


async def test_tables_have_the_names_of_sqlite(
    server: PostgresServer, schema: str, tmp_path: Any
) -> None:
    async with ready(server, schema), SQLiteStore(tmp_path / "a.db") as other:
        await other.identifiers()
    rows = await execute(
        server,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s",
        schema,
    )
    connection = sqlite3.connect(tmp_path / "a.db")
    theirs = connection.execute(
        "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c "
        "WHERE m.type IN ('table', 'view')"
    ).fetchall()
    connection.close()
    assert set(rows) - set(theirs) == {
        ("opportunities", "record_text"),
        ("partnercentral_list", "version"),
    }
    assert set(theirs) - set(rows) == set()


async def test_the_view_has_a_row_for_each_spend(server: PostgresServer, schema: str) -> None:
    largest = "9" * 31 + ".99"
    entries = [
        {"Amount": largest, "CurrencyCode": "USD", "Frequency": "Monthly", "TargetCompany": "AWS"},
        {"Amount": "", "CurrencyCode": "JPY", "EstimationUrl": "https://a.example"},
    ]
    async with ready(server, schema) as store:
        bare = (opportunity(2), opportunity(3, Project={}))
        spending = opportunity(1, Project={"ExpectedCustomerSpend": entries})
        await commit(store, spending, *bare, opportunity(4, Project={"ExpectedCustomerSpend": []}))
    assert await execute(server, f"SELECT * FROM {schema}.spend ORDER BY position") == [
        ("default", "O1", 0, Decimal(largest), "USD", "Monthly", "AWS", None),
        ("default", "O1", 1, None, "JPY", None, None, "https://a.example"),
    ]


async def test_an_amount_that_is_too_large_hides_no_other(
    server: PostgresServer, schema: str
) -> None:
    amounts = ["1e200000", "1e-20000", "-12.50", "1E+5", "0.10"]
    entries = [{"Amount": amount, "CurrencyCode": "USD"} for amount in amounts]
    async with ready(server, schema) as store:
        spending = opportunity(1, Project={"ExpectedCustomerSpend": entries})
        await commit(store, spending)
        assert (await store.get(["O1"]))["O1"] == spending
    found = await execute(server, f"SELECT amount FROM {schema}.spend ORDER BY position")
    assert [amount for (amount,) in found] == [
        *(None, None, Decimal("-12.50"), Decimal("100000"), Decimal("0.10"))
    ]


@pytest.mark.parametrize("option", ["connect_timeout=0", "client_encoding=sql_ascii"])
async def test_an_option_of_the_conn_string_does_no_harm(
    option: str, server: PostgresServer, schema: str
) -> None:
    conn_string = f"{server.conn_string}&{option}"
    async with PostgresStore.from_conn_string(conn_string, schema=schema) as store:
        await store.setup()
        named = opportunity(1, Customer={"Account": {"CompanyName": "株式会社"}})
        await commit(store, named)
        assert await store.get(["O1"]) == {"O1": named}


async def test_half_a_surrogate_pair_is_an_error(server: PostgresServer, schema: str) -> None:
    async with ready(server, schema) as store:
        with pytest.raises(StoreError, match="surrogate") as caught:
            await commit(
                store, NAMED, OpportunitySummary(id="O2", catalog=Catalog.AWS, arn="\ud800")
            )
        assert not caught.value.retryable
        assert caught.value.__cause__ is None
        assert await store.identifiers() == []


# Setting up


async def test_many_programs_may_set_up_at_once(server: PostgresServer, schema: str) -> None:
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(
                PostgresStore.from_conn_string(server.conn_string, schema=schema)
            )
            for _ in range(8)
        ]
        await asyncio.gather(*(store.setup() for store in stores))
        await commit(stores[0], NAMED)
        await stores[1].setup()
        assert await stores[2].identifiers() == ["O1"]


async def test_a_store_that_is_not_set_up_says_so(server: PostgresServer, schema: str) -> None:
    async with PostgresStore.from_conn_string(server.conn_string, schema=schema) as store:
        for call in (
            store.acquire_lease("me", "AWS", LEASE),
            store.get(["O1"]),
            store.identifiers(),
            store.commit("me", SyncBatch([NAMED]), LEASE),
            store.release_lease("me"),
        ):
            with pytest.raises(StoreError, match=r"await store\.setup\(\)") as caught:
                await call
            assert not caught.value.retryable
    assert not await execute(server, "SELECT 1 FROM pg_namespace WHERE nspname = %s", schema)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE {}.partnercentral_list SET version = 99", "newer release"),
        ("UPDATE {}.partnercentral_list SET version = 0", "older release"),
        ("DROP TABLE {}.pending", "not set up, or was changed"),
        ("ALTER TABLE {}.accounts DROP COLUMN lease_until", "not set up, or was changed"),
    ],
)
async def test_a_schema_of_another_version_is_not_used(
    change: str, message: str, server: PostgresServer, schema: str
) -> None:
    async with ready(server, schema) as store:
        await execute(server, change.format(schema))
        with pytest.raises(StoreError, match=message):
            await store.acquire_lease("me", "AWS", LEASE)


async def test_setup_refuses_a_newer_release(server: PostgresServer, schema: str) -> None:
    async with ready(server, schema) as store:
        await execute(server, f"UPDATE {schema}.partnercentral_list SET version = 99")
        with pytest.raises(StoreError, match="newer release"):
            await store.setup()


async def test_setup_refuses_a_schema_of_another_program(
    server: PostgresServer, schema: str
) -> None:
    await execute(server, f"CREATE SCHEMA {schema}")
    await execute(server, f"CREATE TABLE {schema}.theirs (id text)")
    store = PostgresStore.from_conn_string(server.conn_string, schema=schema)
    async with store:
        with pytest.raises(StoreError, match="another program"):
            await store.setup()
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
    assert await execute(server, tables, schema) == [("theirs",)]


async def test_setup_takes_an_empty_schema(server: PostgresServer, schema: str) -> None:
    await execute(server, f"CREATE SCHEMA {schema}")
    async with ready(server, schema) as store:
        await commit(store, NAMED)


async def test_setup_refuses_an_encoding_without_all_scripts(
    server: PostgresServer, schema: str
) -> None:
    name = f"latin_{schema}"
    await execute(server, f"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0")
    conn_string = server.conn_string.replace("/postgres?", f"/{name}?")
    async with PostgresStore.from_conn_string(conn_string, schema=schema) as store:
        with pytest.raises(StoreError, match="UTF8"):
            await store.setup()


# Rights


def as_role(server: PostgresServer, role: str) -> str:
    return server.conn_string.replace("postgres@", f"{role}@")


@pytest.fixture
async def role(server: PostgresServer, schema: str) -> str:
    await execute(server, f"CREATE ROLE role_of_{schema} LOGIN")
    return f"role_of_{schema}"


async def test_the_documented_rights_suffice(
    server: PostgresServer, schema: str, role: str
) -> None:
    async with ready(server, schema):
        for grant in (
            f"GRANT USAGE ON SCHEMA {schema} TO {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        ):
            await execute(server, grant)
    conn_string = as_role(server, role)
    await check_store(
        lambda name: PostgresStore.from_conn_string(conn_string, account=name, schema=schema)
    )
    async with PostgresStore.from_conn_string(conn_string, schema=schema) as store:
        # At each start: there is nothing to change, so no right is needed for it.
        await store.setup()


@pytest.mark.parametrize("missing", ["USAGE", "SELECT", "INSERT", "UPDATE", "DELETE"])
async def test_a_missing_right_is_an_error(
    missing: str, server: PostgresServer, schema: str, role: str
) -> None:
    rights = ", ".join({"SELECT", "INSERT", "UPDATE", "DELETE"} - {missing})
    async with ready(server, schema) as owner:
        await commit(owner, NAMED)
        await owner.commit("me", SyncBatch(add_pending=frozenset(["O2"])), LEASE)
        await owner.release_lease("me")
    if missing != "USAGE":
        await execute(server, f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    await execute(server, f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {role}")
    async with PostgresStore.from_conn_string(as_role(server, role), schema=schema) as store:
        with pytest.raises(StoreError, match="lacks a right") as caught:
            await commit(store, NAMED)
            await store.commit("me", SyncBatch(remove_pending=frozenset(["O2"])), LEASE)
        assert not caught.value.retryable


async def test_setup_without_the_right_is_an_error(
    server: PostgresServer, schema: str, role: str
) -> None:
    async with PostgresStore.from_conn_string(as_role(server, role), schema=schema) as store:
        with pytest.raises(StoreError, match="setup\\(\\) needs the right to create"):
            await store.setup()


async def test_a_read_only_session_is_an_error(server: PostgresServer, schema: str) -> None:
    async with ready(server, schema) as store:
        await commit(store, NAMED)
    conn_string = f"{server.conn_string}&options=-c%20default_transaction_read_only%3Don"
    async with PostgresStore.from_conn_string(conn_string, schema=schema) as store:
        with pytest.raises(StoreError, match="read-only"):
            await commit(store, NAMED)


# Leases


async def test_one_of_many_gets_the_lease(server: PostgresServer, schema: str) -> None:
    pool = psycopg_pool.AsyncConnectionPool(server.conn_string, min_size=1, max_size=8, open=False)
    async with ready(server, schema), pool:
        stores = [PostgresStore(pool, schema=schema) for _ in range(12)]
        results = await asyncio.gather(
            *(store.acquire_lease(f"{n}", "AWS", LEASE) for n, store in enumerate(stores)),
            return_exceptions=True,
        )
    errors = [result for result in results if isinstance(result, BaseException)]
    assert len(errors) == 11
    assert all(isinstance(error, StoreError) and error.retryable for error in errors)


async def test_a_lease_expires_by_the_clock_of_the_server(
    server: PostgresServer, schema: str
) -> None:
    async with ready(server, schema) as store:
        await store.acquire_lease("one", "AWS", LEASE)
        with pytest.raises(StoreError, match="Another program"):
            await store.acquire_lease("two", "AWS", LEASE)
        await execute(
            server, f"UPDATE {schema}.accounts SET lease_until = now() - interval '1 second'"
        )
        await store.acquire_lease("two", "AWS", LEASE)
        with pytest.raises(StoreError, match="expired"):
            await store.commit("one", SyncBatch([NAMED]), LEASE)
        assert await store.identifiers() == []


def process_that_ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_the_lease_of_a_process_that_is_gone_is_taken(
    server: PostgresServer, schema: str
) -> None:
    gone = await asyncio.to_thread(process_that_ended)
    async with ready(server, schema) as store:
        await store.acquire_lease(f"{socket.gethostname()}/{gone}/x", "AWS", LEASE)
        await store.acquire_lease(f"{socket.gethostname()}/{os.getppid()}/x", "AWS", LEASE)
        with pytest.raises(StoreError, match="Another program"):
            await store.acquire_lease("me", "AWS", LEASE)
        with pytest.raises(StoreError):
            await store.commit(f"{socket.gethostname()}/{gone}/x", SyncBatch([NAMED]), LEASE)


async def test_acquiring_sees_what_the_run_before_committed_last(
    server: PostgresServer, schema: str
) -> None:
    async with ready(server, schema) as store:
        await store.acquire_lease("one", "AWS", LEASE)
        # The last commit of "one", which ends with releasing the lease.
        connection = await psycopg.AsyncConnection.connect(server.conn_string)
        async with connection:
            for statement in (
                f"UPDATE {schema}.accounts SET lease_owner = NULL",
                f"INSERT INTO {schema}.pending VALUES ('default', 'O9')",
            ):
                await connection.execute(statement)  # type: ignore[arg-type] # the test's own text
            acquiring = asyncio.create_task(store.acquire_lease("two", "AWS", LEASE))
            await until_blocked(server, schema)
            await connection.commit()
            assert (await acquiring).pending == {"O9"}


async def until_blocked(server: PostgresServer, schema: str) -> None:
    """Return when a statement of the store waits for a lock."""
    while not await execute(
        server,
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s",
        f"%{schema}%",
    ):
        pass


# Failures


async def blocked(server: PostgresServer, schema: str) -> psycopg.AsyncConnection:
    """A transaction that keeps each write to the opportunities waiting."""
    connection = await psycopg.AsyncConnection.connect(server.conn_string)
    await connection.execute(f"LOCK {schema}.opportunities IN SHARE MODE")  # type: ignore[arg-type] # the test's own text
    return connection


async def sessions(server: PostgresServer) -> set[str]:
    """The states of the store's connections."""
    rows = await execute(
        server,
        "SELECT state FROM pg_stat_activity WHERE application_name = 'partnercentral_list'",
    )
    return {state for (state,) in rows}


async def test_a_cancelled_commit_writes_nothing(server: PostgresServer, schema: str) -> None:
    async with ready(server, schema) as store, await blocked(server, schema):
        await store.acquire_lease("me", "AWS", LEASE)
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        batch = SyncBatch([NAMED], watermark=moment, add_pending=frozenset(["O2"]))
        committing = asyncio.create_task(store.commit("me", batch, LEASE))
        await until_blocked(server, schema)
        committing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await committing
        assert await sessions(server) == {"idle"}
        assert await store.identifiers() == []
        state = await store.acquire_lease("me", "AWS", LEASE)
        assert (state.watermark, state.pending) == (None, frozenset())


async def test_a_timeout_of_the_server_writes_nothing(server: PostgresServer, schema: str) -> None:
    conn_string = f"{server.conn_string}&options=-c%20statement_timeout%3D100"
    async with ready(server, schema) as owner, await blocked(server, schema):
        await owner.acquire_lease("me", "AWS", LEASE)
        async with PostgresStore.from_conn_string(conn_string, schema=schema) as store:
            with pytest.raises(StoreError, match="timeout") as caught:
                await store.commit("me", SyncBatch([NAMED]), LEASE)
            assert caught.value.retryable
            assert await sessions(server) == {"idle"}
            assert await store.identifiers() == []


async def test_a_lock_of_another_program_is_waited_for_until_the_timeout(
    server: PostgresServer, schema: str
) -> None:
    timeout = timedelta(seconds=0.5)
    async with ready(server, schema) as owner, await blocked(server, schema):
        await owner.acquire_lease("me", "AWS", LEASE)
        options: dict[str, Any] = {"schema": schema, "timeout": timeout}
        async with PostgresStore.from_conn_string(server.conn_string, **options) as store:
            with pytest.raises(StoreError, match="did not finish in time") as caught:
                await store.commit("me", SyncBatch([NAMED]), LEASE)
            assert caught.value.retryable
            assert await owner.identifiers() == []


async def test_a_server_that_hangs_is_left_after_the_timeout(
    own_server: PostgresServer, schema: str
) -> None:
    conn_string = f"{own_server.conn_string}&connect_timeout=2&application_name=hanging"
    timeout = timedelta(seconds=0.5)
    async with (
        ready(own_server, schema) as owner,
        PostgresStore.from_conn_string(conn_string, schema=schema, timeout=timeout) as store,
    ):
        await store.acquire_lease("me", "AWS", LEASE)
        ((backend,),) = await execute(
            own_server,
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'hanging'",
        )
        with own_server.paused(backend):
            # The second one if the pool was looking at the connection just then.
            with pytest.raises(StoreError, match=r"in time|no connection") as caught:
                await store.commit("me", SyncBatch([NAMED]), LEASE)
            assert caught.value.retryable
        assert await owner.identifiers() == []
        await store.commit("me", SyncBatch([NAMED]), LEASE)


async def test_an_error_shows_no_value(server: PostgresServer, schema: str) -> None:
    async with ready(server, schema) as store:
        await execute(
            server,
            f"ALTER TABLE {schema}.opportunities ADD CHECK (customer_account_company_name IS NULL)",
        )
        with pytest.raises(StoreError, match="CheckViolation") as caught:
            await commit(store, NAMED)
        assert "Any Company" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {}.opportunities SET record = '{{}}'",
        "UPDATE {}.opportunities SET record_text = 'Any Company'",
        "UPDATE {}.opportunities SET id = 'O2'",
    ],
)
async def test_a_row_of_another_program_is_an_error(
    change: str, server: PostgresServer, schema: str
) -> None:
    async with ready(server, schema) as store:
        await commit(store, NAMED)
        await execute(server, change.format(schema))
        with pytest.raises(StoreError, match="damaged") as caught:
            await store.get(["O1", "O2"])
        assert "Any Company" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that may be stopped."""
    with running_server(installations()["wheel"]) as running:
        yield running


async def test_a_restarted_server_is_used_again(own_server: PostgresServer, schema: str) -> None:
    pool = psycopg_pool.AsyncConnectionPool(own_server.conn_string, min_size=3, open=False)
    async with ready(own_server, schema) as store, pool:
        shared = PostgresStore(pool, account="shared", schema=schema)
        await commit(store, NAMED)
        await commit(shared, NAMED)
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.start)
        for one in (store, shared):
            await one.commit("me", SyncBatch([opportunity(2)]), LEASE)
            assert sorted(await one.identifiers()) == ["O1", "O2"]


async def test_a_server_stopped_within_a_commit_writes_nothing(
    own_server: PostgresServer, schema: str
) -> None:
    options: dict[str, Any] = {"schema": schema}
    conn_string = f"{own_server.conn_string}&connect_timeout=2"
    async with ready(own_server, schema):
        blocker = await blocked(own_server, schema)
        async with PostgresStore.from_conn_string(conn_string, **options) as store:
            await store.acquire_lease("me", "AWS", LEASE)
            moment = datetime(2026, 1, 1, tzinfo=UTC)
            batch = SyncBatch([NAMED], watermark=moment)
            committing = asyncio.create_task(store.commit("me", batch, LEASE))
            await until_blocked(own_server, schema)
            await asyncio.to_thread(own_server.stop)
            with pytest.raises(StoreError, match="no connection") as caught:
                await committing
            assert caught.value.retryable
            await asyncio.to_thread(own_server.start)
            assert await store.identifiers() == []
            assert (await store.acquire_lease("me", "AWS", LEASE)).watermark is None
        await blocker.close()


async def test_a_full_disk_is_an_error(server: PostgresServer, schema: str) -> None:
    async with ready(server, schema) as store:
        await commit(store, NAMED)
        await make_disk_full(server, schema)
        with pytest.raises(StoreError, match="disk is full"):
            await store.commit("me", SyncBatch([opportunity(2)]), LEASE)
        assert await store.identifiers() == ["O1"]


@pytest.fixture
def small_disk(server: PostgresServer) -> Iterator[Path]:
    """A file system of 16 MB."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-disk-"))
    assert mount(folder)
    try:
        server.make_folder(folder)
        yield folder
    finally:
        unmount(folder)
        folder.rmdir()


@pytest.mark.parametrize("kind", SMALL_DISKS)
async def test_a_disk_that_fills_up_keeps_whole_pages(
    kind: str, small_disk: Path, server: PostgresServer, schema: str
) -> None:
    await execute(server, f"CREATE TABLESPACE {schema} LOCATION '{small_disk}'")
    await execute(server, f"CREATE DATABASE {schema} TABLESPACE {schema}")
    conn_string = server.conn_string.replace("/postgres?", f"/{schema}?")
    async with PostgresStore.from_conn_string(conn_string) as store:
        await store.setup()
        await store.acquire_lease("me", "AWS", LEASE)
        pages = 0
        with pytest.raises(StoreError, match="disk is full") as caught:
            for pages in range(1000):
                page = range(pages * 100, pages * 100 + 100)
                records = [opportunity(number, Arn="x" * 100) for number in page]
                moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=pages)
                await store.commit("me", SyncBatch(records, watermark=moment), LEASE)
        assert not caught.value.retryable
        assert pages
        assert len(await store.identifiers()) == pages * 100
    await execute(server, f"DROP DATABASE {schema} WITH (FORCE)")
    await execute(server, f"DROP TABLESPACE {schema}")


async def make_disk_full(server: PostgresServer, schema: str) -> None:
    """Make each write of an opportunity fail as on a full disk, for a test without a small disk."""
    await execute(
        server,
        f"""CREATE FUNCTION {schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$""",
    )
    await execute(
        server,
        f"CREATE TRIGGER fail AFTER INSERT ON {schema}.opportunities "
        f"FOR EACH ROW EXECUTE FUNCTION {schema}.fail()",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("/postgres?", "/nothing?", 'database "nothing" does not exist'),
        ("postgres@", "nobody_here@", 'role "nobody_here" does not exist'),
        ("/socket", "/nowhere", "No such file"),
        ("port=5432", "port=1", "No such file"),
    ],
)
async def test_a_server_that_lets_nobody_in_is_an_error(
    old: str, new: str, message: str, server: PostgresServer
) -> None:
    conn_string = server.conn_string.replace(old, new)
    with pytest.raises(StoreError, match=message) as caught:
        async with PostgresStore.from_conn_string(conn_string):
            pass
    assert caught.value.__cause__ is None
    assert caught.value.retryable == (message == "No such file")


async def test_an_exhausted_pool_is_an_error(server: PostgresServer, schema: str) -> None:
    pool = psycopg_pool.AsyncConnectionPool(
        server.conn_string, min_size=1, max_size=1, timeout=0.1, open=False
    )
    async with ready(server, schema), pool, pool.connection():
        with pytest.raises(StoreError, match="in use") as caught:
            await PostgresStore(pool, schema=schema).identifiers()
        assert caught.value.retryable


async def test_a_pool_that_is_not_open_is_an_error(server: PostgresServer) -> None:
    pool = psycopg_pool.AsyncConnectionPool(server.conn_string, open=False)
    with pytest.raises(StoreError, match="was not opened"):
        await PostgresStore(pool).identifiers()


async def test_a_closed_store_says_so(server: PostgresServer) -> None:
    store = PostgresStore.from_conn_string(server.conn_string)
    async with store:
        pass
    await store.aclose()
    with pytest.raises(StoreError, match="closed"):
        await store.identifiers()


def test_a_store_belongs_to_its_event_loop(server: PostgresServer, schema: str) -> None:
    store = PostgresStore.from_conn_string(server.conn_string, schema=schema)
    with asyncio.Runner() as first:
        first.run(store.setup())
        with asyncio.Runner() as second, pytest.raises(StoreError, match="event loop"):
            second.run(store.identifiers())
        first.run(store.aclose())


# Arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conn_string": "postgresql://user:secret@[host"}, "connection string"),
        ({"conn_string": "password=secret nonsense"}, "connection string"),
        ({"conn_string": "postgresql://user:not@secret@host/db"}, "percent-encode"),
        ({"conn_string": "postgresql://user:secret/not@host/db"}, "percent-encode"),
        ({"conn_string": "postgresql://user:1/secret@host/db"}, "percent-encode"),
        ({"conn_string": "postgresql://host/db?connect_timeout=soon"}, "connection string"),
        ({"conn_string": "postgresql://host/db?connect_timeout=-1"}, "connection string"),
        ({"conn_string": 5}, "conn_string must be"),
        ({"account": ""}, "account"),
        ({"account": "a\n"}, "account"),
        ({"schema": ""}, "schema"),
        ({"schema": 'a"; DROP'}, "schema"),
        ({"schema": "ä" * 40}, "schema"),
        ({"schema": "pg_catalog"}, "PostgreSQL's own"),
        ({"timeout": timedelta(0)}, "timeout"),
        ({"timeout": 5}, "timeout"),
    ],
)
def test_a_bad_argument_is_an_error(options: Any, message: str) -> None:
    arguments = {"conn_string": "postgresql://somewhere", **options}
    with pytest.raises(ConfigurationError, match=message) as caught:
        PostgresStore.from_conn_string(**arguments)
    assert "secret" not in f"{caught.value!r}{caught.value.__context__!r}"


def test_a_dsn_of_an_account_is_checked() -> None:
    with pytest.raises(ConfigurationError, match="conn_string must be a connection string"):
        sync_account(PartnerAccount("emea"), "postgresql://[")


def test_a_pool_must_be_one() -> None:
    with pytest.raises(ConfigurationError, match="pool"):
        PostgresStore("postgresql://somewhere")  # type: ignore[arg-type] # deliberately wrong


def test_a_store_does_not_show_its_password() -> None:
    store = PostgresStore.from_conn_string("postgresql://user:secret@host", account="one")
    assert repr(store) == "PostgresStore(account='one', schema='partner_central')"


def test_without_psycopg_the_error_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from partnercentral_list import ConfigurationError\n"
        "from partnercentral_list.sync import PostgresStore\n"
        "try: PostgresStore.from_conn_string('postgresql://somewhere')\n"
        "except ConfigurationError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "pip install 'partnercentral_list[postgres]'" in done.stdout
