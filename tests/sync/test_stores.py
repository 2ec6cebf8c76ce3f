"""The stores pass the conformance suite, and SQLite's failures are errors of the library."""

from __future__ import annotations

import asyncio
import inspect
import os
import pydoc
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from partnercentral_list import ConfigurationError, OpportunitySummary, StoreError
from partnercentral_list.sync import (
    InvalidRecord,
    MemoryStore,
    SQLiteStore,
    SyncBatch,
    SyncState,
    SyncStore,
    conformance,
)
from partnercentral_list.sync.conformance import (
    CHECKS,
    Check,
    OpenStore,
    a_commit_that_fails_writes_nothing,
    check_store,
)

# private: what a file of an older release becomes is seen only with more migrations than there are.
from partnercentral_list.sync.sqlite._schema import MIGRATIONS, migrate

LEASE = timedelta(minutes=5)


def memory(make: Callable[[], MemoryStore] = MemoryStore) -> OpenStore:
    kept: dict[str, MemoryStore] = {}

    @asynccontextmanager
    async def open_store(name: str) -> AsyncIterator[SyncStore]:
        yield kept.setdefault(name, make())

    return open_store


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_memory_store_conforms(check: Check) -> None:
    await check(memory())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_sqlite_store_conforms_a_file_each(check: Check, tmp_path: Path) -> None:
    def open_store(name: str) -> AbstractAsyncContextManager[SyncStore]:
        return SQLiteStore(tmp_path / name)

    await check(open_store)


async def test_the_sqlite_store_conforms_with_all_accounts_in_one_file(tmp_path: Path) -> None:
    await check_store(lambda name: SQLiteStore(tmp_path / "one.db", account=name))


class Forgetful(MemoryStore):
    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(owner, SyncBatch(batch.records, watermark=batch.watermark), lease)


class Noting(MemoryStore):
    """Knows who holds the lease, and until when."""

    holder: str | None = None
    until = 0.0

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        state = await super().acquire_lease(owner, catalog, lease)
        self.holder, self.until = owner, time.monotonic() + lease.total_seconds()
        return state

    async def release_lease(self, owner: str) -> None:
        await super().release_lease(owner)
        self.holder = None if self.holder == owner else self.holder

    def rest(self) -> timedelta:
        return timedelta(seconds=self.until - time.monotonic())


class Unfenced(Noting):
    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(self.holder or "", batch, lease)


class Open(Noting):
    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        await self.release_lease(self.holder or "")
        return await super().acquire_lease(owner, catalog, lease)


class Rounding(MemoryStore):
    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        at = batch.watermark and batch.watermark.replace(microsecond=0)
        await super().commit(owner, SyncBatch(batch.records, watermark=at), lease)


class Unrenewed(Noting):
    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(owner, batch, self.rest())


class Hopeless(MemoryStore):
    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> Any:
        try:
            return await super().acquire_lease(owner, catalog, lease)
        except StoreError as error:
            raise StoreError(str(error)) from None


class Hoarding(MemoryStore):
    """Keeps invalid records that became valid."""

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(owner, replace(batch, remove_invalid=frozenset()), lease)


class Careless(MemoryStore):
    """Drops invalid records with the commits that have none."""

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(owner, replace(batch, remove_invalid=frozenset(self.invalid)), lease)


class Climbing(MemoryStore):
    """Lets the watermark go forward only."""

    highest: datetime | None = None

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        known = [self.highest, batch.watermark]
        self.highest = max((date for date in known if date), default=None)
        await super().commit(owner, replace(batch, watermark=self.highest), lease)


class Limited(MemoryStore):
    async def get(self, identifiers: Sequence[str]) -> Any:
        return await super().get(identifiers[:999])


class InParts(MemoryStore):
    """Has no transaction: what was written before a failure stays."""

    fails_at: int | None = None

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        for number, part in enumerate(self.parts(batch)):
            text = f"{[*part.records]} {part.invalid} {part.add_pending}"
            if number == self.fails_at or "\\ud800" in text:
                raise StoreError("The disk is full.")
            await super().commit(owner, part, lease)

    def parts(self, batch: SyncBatch) -> list[SyncBatch]:
        return [
            *(SyncBatch([record]) for record in batch.records),
            *(SyncBatch(invalid=[record]) for record in batch.invalid),
            SyncBatch(remove_invalid=batch.remove_invalid),
            SyncBatch(gone=batch.gone),
            SyncBatch(add_pending=batch.add_pending),
            SyncBatch(remove_pending=batch.remove_pending),
            SyncBatch(watermark=batch.watermark),
        ]


class WatermarkFirst(InParts):
    def parts(self, batch: SyncBatch) -> list[SyncBatch]:
        return super().parts(batch)[::-1]


class Raw(MemoryStore):
    """Raises its driver's own error, which has the text in it."""

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        for record in batch.records:
            (record.partner_opportunity_identifier or "").encode()
        await super().commit(owner, batch, lease)


class Lossy(MemoryStore):
    """Leaves out in silence what it cannot store."""

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        pending = frozenset(name for name in batch.add_pending if name.isprintable())
        await super().commit(owner, replace(batch, add_pending=pending), lease)


class KeepsItsTerm(Noting):
    """Does not renew the lease when its owner acquires it again."""

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        term = self.rest() if self.holder == owner else lease
        return await super().acquire_lease(owner, catalog, term)


class KeepsTheirTerm(Noting):
    """Does not renew the lease when another owner takes it over."""

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        term = self.rest() if self.holder not in (None, owner) else lease
        return await super().acquire_lease(owner, catalog, term)


class FinalLoss(Noting):
    """Raises an error that is not retryable for a lost lease."""

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        if self.holder != owner:
            raise StoreError("lost")
        await super().commit(owner, batch, lease)


class Expanding(MemoryStore):
    """Reads a batch wrongly, as `expand` says."""

    def expand(self, batch: SyncBatch) -> SyncBatch:
        raise NotImplementedError

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(owner, self.expand(batch), lease)


class RecordEndsInvalid(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        stored = frozenset(record.id for record in batch.records)
        return replace(batch, remove_invalid=batch.remove_invalid | stored)


class RecordEndsPending(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        stored = frozenset(record.id for record in batch.records)
        return replace(batch, remove_pending=batch.remove_pending | stored)


class InvalidEndsPending(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        return replace(batch, remove_pending=batch.remove_pending | batch.remove_invalid)


class PendingEndsInvalid(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        return replace(batch, remove_invalid=batch.remove_invalid | batch.remove_pending)


class ReplacesPending(Expanding):
    pending: frozenset[str] = frozenset()

    def expand(self, batch: SyncBatch) -> SyncBatch:
        gone = self.pending - batch.add_pending if batch.add_pending else frozenset[str]()
        gone |= batch.remove_pending
        self.pending = (self.pending | batch.add_pending) - gone
        return replace(batch, remove_pending=gone)


class IgnoresCaseOfPending(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        return replace(batch, remove_pending=frozenset(map(str.upper, batch.remove_pending)))


class IgnoresCaseOfInvalid(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        return replace(batch, remove_invalid=frozenset(map(str.upper, batch.remove_invalid)))


class Deleting(MemoryStore):
    """Deletes opportunities with a batch, as `deleted` says."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: set[str] = set()

    def deleted(self, batch: SyncBatch) -> frozenset[str]:
        raise NotImplementedError

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(owner, batch, lease)
        self.gone -= {record.id for record in batch.records}
        self.gone |= self.deleted(batch)

    async def get(self, identifiers: Sequence[str]) -> Any:
        return await super().get([name for name in identifiers if name not in self.gone])

    async def identifiers(self) -> Sequence[str]:
        return [name for name in await super().identifiers() if name not in self.gone]


class InvalidDeletesRecords(Deleting):
    def deleted(self, batch: SyncBatch) -> frozenset[str]:
        return batch.remove_invalid | {record.key for record in batch.invalid}


class PendingDeletesRecords(Deleting):
    def deleted(self, batch: SyncBatch) -> frozenset[str]:
        return batch.remove_pending


class KeepsGone(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        return replace(batch, gone=frozenset())


class ForgetsGone(MemoryStore):
    """Deletes what is gone, and does not know it any more."""

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        return replace(await super().acquire_lease(owner, catalog, lease), gone=frozenset())


class GoneForEver(MemoryStore):
    """Still calls gone what came back."""

    ever: frozenset[str] = frozenset()

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        return replace(await super().acquire_lease(owner, catalog, lease), gone=self.ever)

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        await super().commit(owner, batch, lease)
        self.ever |= batch.gone


class GoneDeletesInvalid(Expanding):
    def expand(self, batch: SyncBatch) -> SyncBatch:
        return replace(batch, remove_invalid=batch.remove_invalid | batch.gone)


class Generous(MemoryStore):
    async def get(self, identifiers: Sequence[str]) -> Any:
        return self.records


class GenerousForNothing(MemoryStore):
    """A condition without values is left out."""

    async def get(self, identifiers: Sequence[str]) -> Any:
        return await super().get(identifiers or list(self.records))


class IgnoresCase(MemoryStore):
    async def get(self, identifiers: Sequence[str]) -> Any:
        return await super().get([name.upper() for name in identifiers])


class IgnoresCaseOfResults(MemoryStore):
    async def get(self, identifiers: Sequence[str]) -> Any:
        found = {name: self.records.get(name.upper()) for name in identifiers}
        return {name: record for name, record in found.items() if record is not None}


BROKEN = [
    Forgetful,
    Unfenced,
    Open,
    Rounding,
    Unrenewed,
    Hopeless,
    Hoarding,
    Careless,
    Climbing,
    Limited,
    InParts,
    WatermarkFirst,
    Raw,
    Lossy,
    KeepsItsTerm,
    KeepsTheirTerm,
    FinalLoss,
    RecordEndsInvalid,
    RecordEndsPending,
    InvalidEndsPending,
    PendingEndsInvalid,
    ReplacesPending,
    IgnoresCaseOfPending,
    IgnoresCaseOfInvalid,
    InvalidDeletesRecords,
    PendingDeletesRecords,
    Generous,
    GenerousForNothing,
    KeepsGone,
    ForgetsGone,
    GoneForEver,
    GoneDeletesInvalid,
    IgnoresCase,
    IgnoresCaseOfResults,
]


@pytest.mark.parametrize("broken", BROKEN)
async def test_the_suite_finds_a_broken_store(broken: type[MemoryStore]) -> None:
    with pytest.raises(AssertionError):
        await check_store(memory(broken))


async def test_a_store_without_transactions_passes_all_other_checks() -> None:
    checks = [check for check in CHECKS if check is not a_commit_that_fails_writes_nothing]
    await check_store(memory(InParts), checks)
    with pytest.raises(AssertionError, match="moves the watermark"):
        await check_store(memory(WatermarkFirst), checks)


@pytest.mark.parametrize("part", range(1, 8))
async def test_a_commit_that_is_made_to_fail_must_leave_nothing(part: int) -> None:
    def break_commit(store: SyncStore) -> None:
        assert isinstance(store, InParts)
        store.fails_at = part

    with pytest.raises(AssertionError, match="after a commit that failed"):
        await check_store(memory(InParts), [], break_commit=break_commit)


async def test_a_commit_that_does_not_fail_as_arranged_is_reported() -> None:
    with pytest.raises(AssertionError, match="does not make the commit fail"):
        await check_store(memory(), [], break_commit=lambda store: None)


async def read_from_memory(store: SyncStore, key: str) -> InvalidRecord | None:
    assert isinstance(store, MemoryStore)
    return store.invalid.get(key)


@pytest.mark.parametrize("field", ["id", "reason", "raw"])
async def test_a_field_of_an_invalid_record_that_is_lost_is_found(field: str) -> None:
    class Losing(MemoryStore):
        async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
            lost: dict[str, Any] = {field: None}
            invalid = [replace(record, **lost) for record in batch.invalid]
            await super().commit(owner, replace(batch, invalid=invalid), lease)

    with pytest.raises(AssertionError, match="invalid record is not read back"):
        await check_store(memory(Losing), read_invalid=read_from_memory)


async def test_the_stores_of_the_library_keep_an_invalid_record_whole(tmp_path: Path) -> None:
    async def read_from_file(store: SyncStore, key: str) -> InvalidRecord | None:
        query = "SELECT key, id, reason, raw FROM invalid WHERE key = ?"
        connection = sqlite3.connect(tmp_path / "one.db")
        row = connection.execute(query, (key,)).fetchone()
        connection.close()
        return InvalidRecord(*row)

    await check_store(memory(), read_invalid=read_from_memory)
    await check_store(
        lambda name: SQLiteStore(tmp_path / "one.db"), [], read_invalid=read_from_file
    )


def test_help_of_the_suite_names_each_check() -> None:
    shown = pydoc.plaintext.document(conformance)
    assert [
        check.__name__ for check in CHECKS if f"\n    async {check.__name__}(" not in shown
    ] == []


@pytest.mark.parametrize("kind", [SyncBatch, SyncState, InvalidRecord])
def test_help_describes_each_field(kind: Any) -> None:
    attributes = (inspect.getdoc(kind) or "").partition("Attributes:")[2]
    assert [name for name in kind.__dataclass_fields__ if f"\n    {name}: " not in attributes] == []


# The file


def opportunity(number: int, **members: Any) -> OpportunitySummary:
    return OpportunitySummary.model_validate({"Catalog": "AWS", "Id": f"O{number}", **members})


async def commit(store: SQLiteStore, *records: OpportunitySummary) -> None:
    await store.acquire_lease("me", "AWS", LEASE)
    await store.commit("me", SyncBatch(records), LEASE)


def scalar_paths(model: type[BaseModel], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, field in model.model_fields.items():
        kinds = [
            kind for kind in getattr(field.annotation, "__args__", ()) if isinstance(kind, type)
        ]
        inner = [kind for kind in kinds if issubclass(kind, BaseModel)]
        if inner:
            found += scalar_paths(inner[0], f"{prefix}{name}_")
        elif "tuple" not in str(field.annotation):
            found.append(prefix + name)
    return found


async def test_each_scalar_member_has_a_column(tmp_path: Path) -> None:
    async with SQLiteStore(tmp_path / "pipeline.db"):
        connection = sqlite3.connect(tmp_path / "pipeline.db")
        rows = connection.execute("SELECT name FROM pragma_table_info('opportunities')").fetchall()
        connection.close()
    columns = {name for (name,) in rows} - {"account", "record"}
    assert sorted(columns) == sorted(scalar_paths(OpportunitySummary))


async def test_a_person_finds_everything_with_sql(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(
            store,
            opportunity(
                1,
                LastModifiedDate="2025-03-01T12:00:00+02:00",
                LifeCycle={"Stage": "Committed", "TargetCloseDate": "2026-01-31"},
                Customer={"Account": {"CompanyName": "Any Company", "Address": {"City": "Bonn"}}},
                Project={
                    "DeliveryModels": ["Other"],
                    "ExpectedCustomerSpend": [
                        {"Amount": "12.50", "CurrencyCode": "USD", "TargetCompany": "AWS"},
                        {"Amount": "7", "CurrencyCode": "EUR"},
                    ],
                },
            ),
        )
    connection = sqlite3.connect(path)
    row = connection.execute(
        "SELECT id, last_modified_date, life_cycle_stage, life_cycle_target_close_date, "
        "customer_account_company_name, customer_account_address_city, "
        "json_extract(record, '$.Project.DeliveryModels[0]') FROM opportunities"
    ).fetchone()
    at = "2025-03-01T10:00:00.000000Z"
    assert row == ("O1", at, "Committed", "2026-01-31", "Any Company", "Bonn", "Other")
    spend = "SELECT id, amount, currency_code, target_company FROM spend ORDER BY position"
    assert connection.execute(spend).fetchall() == [
        ("O1", "12.50", "USD", "AWS"),
        ("O1", "7", "EUR", None),
    ]
    connection.close()


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, opportunity(1))
        modes = modes_in(tmp_path)
    assert modes == dict.fromkeys(("pipeline.db", "pipeline.db-wal", "pipeline.db-shm"), 0o600)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections that stores open, for what SQLite cannot be made to do from outside."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def connect_and_collect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", connect_and_collect)
    return opened


async def test_a_full_disk_loses_nothing_and_is_an_error(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, opportunity(1))
        connections[0].execute("PRAGMA max_page_count = 1")
        big = [opportunity(n, Customer={"Account": {"CompanyName": "x" * 5000}}) for n in range(99)]
        with pytest.raises(StoreError, match=r"disk is full.*before is kept") as caught:
            await commit(store, *big)
        assert "xxxx" not in str(caught.value)
        connections[0].execute("PRAGMA max_page_count = 99999")
        assert list(await store.identifiers()) == ["O1"]
        await commit(store, *big)
        assert len(await store.identifiers()) == 99


async def test_a_read_only_file_is_an_error(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, opportunity(1))
        # The file's mode would not keep the superuser from writing.
        connections[0].execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="read-only"):
            await store.acquire_lease("me", "AWS", LEASE)


async def test_a_file_that_is_not_a_database_is_an_error_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database, however long it may be. " * 99)
    store = SQLiteStore(path)
    with pytest.raises(StoreError, match="not an SQLite database"):
        await store.acquire_lease("me", "AWS", LEASE)
    await store.aclose()
    assert path.read_text().startswith("Not a database")


async def test_another_programs_database_is_an_error_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    store = SQLiteStore(path)
    with pytest.raises(StoreError, match="another program"):
        await store.acquire_lease("me", "AWS", LEASE)
    await store.aclose()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]
    connection.close()


async def test_a_newer_version_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, opportunity(1))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = SQLiteStore(path)
    with pytest.raises(StoreError, match="newer release"):
        await store.identifiers()
    await store.aclose()


async def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "nowhere" / "pipeline.db")
    with pytest.raises(StoreError, match="No such file"):
        await store.identifiers()
    await store.aclose()


async def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, *(opportunity(number) for number in range(200)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    store = SQLiteStore(path)
    with pytest.raises(StoreError, match="damaged"):
        await store.identifiers()
    await store.aclose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE opportunities SET record = CAST(x'ff' || record AS TEXT)",
        "UPDATE opportunities SET record = replace(record, '\"O1\"', '1')",
        "UPDATE opportunities SET record = x'00ff'",
        "UPDATE accounts SET watermark = 'Any Company'",
    ],
)
async def test_a_value_of_another_program_is_an_error_without_the_value(
    statement: str, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, opportunity(1, Customer={"Account": {"CompanyName": "Any Company"}}))
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()
        with pytest.raises(StoreError, match="damaged") as caught:
            await store.acquire_lease("me", "AWS", LEASE)
            await store.get(["O1"])
        assert "Any C" not in str(caught.value)
        assert caught.value.__cause__ is None


async def test_a_file_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    path.write_bytes(b"no database" * 1000)
    before = set(threading.enumerate())
    store = SQLiteStore(path)
    with pytest.raises(StoreError, match="not an SQLite database"):
        async with store:
            pass
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


async def test_a_lock_of_another_program_is_an_error(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, opportunity(1))
        # So that the test does not wait.
        connections[0].execute("PRAGMA busy_timeout = 0")
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as caught:
            await commit(store, opportunity(2))
        connection.close()
        assert caught.value.retryable


async def test_a_commit_waits_for_the_one_of_another_program(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path) as store:
        await commit(store, opportunity(1))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO accounts (account, catalog) VALUES ('theirs', 'AWS')")
        waits = threading.Event()
        connections[0].set_trace_callback(lambda statement: waits.set())
        committed = asyncio.create_task(store.commit("me", SyncBatch([opportunity(2)]), LEASE))
        await asyncio.to_thread(waits.wait, 10)
        other.execute("COMMIT")
        other.close()
        await committed
        assert sorted(await store.identifiers()) == ["O1", "O2"]


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "pipeline.db")
    await store.aclose()
    await store.aclose()
    with pytest.raises(StoreError, match="closed"):
        await store.identifiers()


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_store_needs_a_file(path: str) -> None:
    with pytest.raises(ConfigurationError, match="MemoryStore"):
        SQLiteStore(path)


def test_a_migration_keeps_the_rows_and_fails_as_a_whole(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "pipeline.db", isolation_level=None)
    migrate(connection, MIGRATIONS)
    connection.execute("INSERT INTO accounts (account, catalog) VALUES ('a', 'AWS')")
    bad = ("ALTER TABLE accounts ADD COLUMN extra TEXT", "CREATE TABLE nonsense (")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [*MIGRATIONS, bad])
    assert "extra TEXT" not in str(connection.execute("SELECT sql FROM sqlite_schema").fetchall())
    migrate(connection, [*MIGRATIONS, bad[:1]])
    assert connection.execute("SELECT account, extra FROM accounts").fetchall() == [("a", None)]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
    connection.close()


def test_a_migration_that_sqlite_has_undone_says_why(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "pipeline.db", isolation_level=None)
    # As a full disk does: the transaction is over when the error arrives.
    full = ("ROLLBACK", "CREATE TABLE nonsense (")
    with pytest.raises(sqlite3.OperationalError, match="incomplete input"):
        migrate(connection, [full])
    connection.close()


def test_another_process_may_make_the_tables_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = WAL")

    class Interrupted(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            cursor = super().execute(sql, *parameters)
            if sql == "PRAGMA application_id":
                # What was read before says that the file is new.
                migrate(other)
            return cursor

    connection = sqlite3.connect(path, isolation_level=None, factory=Interrupted)
    migrate(connection)
    assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
    connection.close()
    other.close()


# Leases


async def is_lease_free(path: Path, holder: str) -> bool:
    """Return whether another run may take the lease that this owner holds."""
    async with SQLiteStore(path, account=holder) as store:
        await store.acquire_lease(holder, "AWS", LEASE)
        try:
            await store.acquire_lease("another", "AWS", LEASE)
        except StoreError as error:
            return "syncing into this store" not in str(error)
        return True


def process_that_ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_the_lease_of_a_process_that_is_gone_counts_no_more(tmp_path: Path) -> None:
    path, host = tmp_path / "pipeline.db", socket.gethostname()
    gone = await asyncio.to_thread(process_that_ended)
    assert await is_lease_free(path, f"{host}/{gone}/x")
    assert not await is_lease_free(path, f"{host}/{os.getppid()}/x")
    # A run of this process that nobody knows of is one that has ended.
    assert await is_lease_free(path, f"{host}/{os.getpid()}/x")
    assert not await is_lease_free(path, f"another-machine/{gone}/x")
    assert not await is_lease_free(path, "a name of somebody's own")


async def test_a_date_before_the_year_1000_sorts_as_text(tmp_path: Path) -> None:
    early = datetime(1, 1, 1, tzinfo=UTC)
    async with SQLiteStore(tmp_path / "pipeline.db") as store:
        await commit(store, opportunity(1, LastModifiedDate=early))
        assert (await store.get(["O1"]))["O1"].last_modified_date == early
    connection = sqlite3.connect(tmp_path / "pipeline.db")
    dates = connection.execute("SELECT last_modified_date FROM opportunities").fetchone()
    connection.close()
    assert dates == ("0001-01-01T00:00:00.000000Z",)
    assert date(1, 1, 1).isoformat() < dates[0]
