"""Damage to a file, also by another program, is a StoreError."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from partnercentral_list import OpportunitySummary, StoreError
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import (
    InvalidRecord,
    MemoryStore,
    OpportunitySync,
    SQLiteStore,
    SyncBatch,
)
from tests.conftest import MakeClient

LEASE = timedelta(minutes=5)
NAME = "Example Corporation"
BATCH = SyncBatch(
    [
        OpportunitySummary.model_validate(
            {"Id": f"O{number}", "Catalog": "AWS", "Customer": {"Account": {"CompanyName": NAME}}}
        )
        for number in range(3)
    ],
    [InvalidRecord("O9", "O9", "Id: not a string", "{}")],
    datetime(2025, 1, 1, tzinfo=UTC),
    frozenset({"O7", "O8"}),
)


async def use(store: SQLiteStore) -> None:
    """Call every method; a result has to be of its kind."""
    state = await store.acquire_lease("two", "AWS", LEASE)
    assert isinstance(state.catalog, str)
    assert state.watermark is None or state.watermark.tzinfo is not None
    assert all(isinstance(name, str) for name in state.pending | state.invalid)
    names = await store.identifiers()
    assert all(isinstance(name, str) for name in names)
    found = await store.get([*names, "O0", "O1", "O2"])
    assert all(record.id == name for name, record in found.items())
    await store.commit("two", BATCH, LEASE)
    await store.release_lease("two")


@pytest.fixture
async def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.db"
    async with SQLiteStore(path) as store:
        await store.acquire_lease("elsewhere/1/x", "AWS", LEASE)
        await store.commit("elsewhere/1/x", BATCH, timedelta(0))
    return path


async def refusal_of(path: Path) -> StoreError | None:
    """Use a store; a StoreError is fine, and every other exception is the test's failure."""
    store = SQLiteStore(path)
    try:
        await use(store)
    except StoreError as error:
        return error
    finally:
        await store.aclose()
    return None


def write_anew(path: Path, content: bytes) -> None:
    """Write a database file without what SQLite left beside the one before."""
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()
    path.write_bytes(content)


def is_silent(error: StoreError) -> bool:
    """Return whether an error and its causes show no value of a record."""
    shown: BaseException | None = error
    while shown is not None:
        if NAME in f"{shown} {shown!r} {vars(shown)}":
            return False
        shown = shown.__cause__ or shown.__context__
    return True


@pytest.fixture
def memory_path(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: each file is synced to the disk otherwise."""
    memory = Path("/dev/shm")  # noqa: S108 # a directory of our own is made in it
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


async def test_a_damaged_byte_of_the_first_page_is_a_store_error(
    sound: Path, memory_path: Path
) -> None:
    content = await asyncio.to_thread(sound.read_bytes)
    path = memory_path / "damaged.db"
    refused = 0
    for position in range(int.from_bytes(content[16:18])):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        write_anew(path, bytes(damaged))
        error = await refusal_of(path)
        refused += error is not None
        assert error is None or is_silent(error)
    assert refused > 1000


def columns(path: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    found = [
        (table, column[1])
        for (table,) in tables
        for column in connection.execute(f"PRAGMA table_info({table})")
    ]
    connection.close()
    return found


VALUES: dict[str, Any] = {
    "null": None,
    "integer": 7,
    "real": 1.5,
    "infinity": 1e999,
    "blob": b"\x00\xff",
    "text": "Example Corporation \x00",
}


@pytest.mark.parametrize("value", VALUES)
async def test_a_damaged_value_of_any_column_is_a_store_error(
    value: str, sound: Path, memory_path: Path
) -> None:
    content = await asyncio.to_thread(sound.read_bytes)
    path = memory_path / "damaged.db"
    refused: set[str] = set()
    for table, column in columns(sound):
        write_anew(path, content)
        connection = sqlite3.connect(path)
        # Damage does not respect a constraint.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE name = ?", (table,)
        )
        connection.commit()
        connection.close()
        connection = sqlite3.connect(path)
        query = f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT min(rowid) FROM {table})"  # noqa: S608 # names of ours
        connection.execute(query, (VALUES[value],))
        connection.commit()
        connection.close()
        error = await refusal_of(path)
        if error is not None:
            assert is_silent(error)
            assert "damaged" in str(error) or error.retryable
            refused.add(f"{table}.{column}")
    if value == "blob":
        assert {
            "accounts.catalog",
            "accounts.watermark",
            "accounts.lease_owner",
            "opportunities.id",
            "opportunities.record",
            "invalid.key",
            "pending.id",
        } <= refused


async def test_a_lease_without_an_end_is_a_store_error(sound: Path) -> None:
    connection = sqlite3.connect(sound)
    connection.execute("UPDATE accounts SET lease_until = 'tomorrow'")
    connection.commit()
    connection.close()
    error = await refusal_of(sound)
    assert error is not None
    assert "damaged" in str(error)


async def test_half_a_surrogate_pair_is_a_store_error(tmp_path: Path) -> None:
    async with SQLiteStore(tmp_path / "pipeline.db") as store:
        with pytest.raises(StoreError, match="surrogate"):
            await store.get(["\ud800"])
        with pytest.raises(StoreError, match="surrogate"):
            await store.acquire_lease("\ud800", "AWS", LEASE)
        await asyncio.wait_for(use(store), 10)


async def test_a_pending_identifier_that_is_damaged_is_an_error_of_the_store(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    store = MemoryStore()
    lease = timedelta(minutes=5)
    await store.acquire_lease("me", "AWS", lease)
    await store.commit("me", SyncBatch(add_pending=frozenset({"O1", "\x00O2"})), lease)
    await store.release_lease("me")
    with pytest.raises(StoreError, match="damaged"):
        await OpportunitySync(make_client(emulator), store).run()
