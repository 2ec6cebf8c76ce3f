"""A store with a history says what changed, and what AWS no longer has."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from partnercentral_list import ConfigurationError
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import MemoryStore, OpportunitySync, SQLiteStore, SyncBatch
from tests.conftest import MakeClient
from tests.sync.history import LEASE, PAGES, changes_since, check_history, commit_pages, version

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """Moves on by a second with each look at it."""

    def __init__(self) -> None:
        self.now = START.timestamp()

    def __call__(self) -> float:
        self.now += 1
        return self.now


@settings(max_examples=60)
@given(pages=PAGES)
async def test_the_history_leads_to_what_is_stored(pages: Any, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    path.unlink(missing_ok=True)
    async with SQLiteStore(path, history=timedelta(days=9), clock=Clock()) as store:
        await check_history(store, pages, START)


async def test_changes_are_those_since_a_moment(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path, history=timedelta(days=9), clock=clock) as store:
        await commit_pages(store, [{"O1": 1}, {"O2": 1}, {"O1": 2, "O2": None}])
        everything = await changes_since(store, START)
        kinds = [(change.id, change.kind) for change in everything]
        assert kinds == [("O1", "created"), ("O2", "created"), ("O1", "updated"), ("O2", "gone")]
        assert await changes_since(store, everything[1].seen_at) == everything[1:]
        assert await changes_since(store, everything[-1].seen_at + timedelta(seconds=1)) == []
    async with SQLiteStore(path, account="another") as other:
        assert await changes_since(other, START) == []
    # Without a history a store reads what others recorded.
    async with SQLiteStore(path) as reader:
        assert await changes_since(reader, START) == everything


async def test_a_history_of_many_changes_is_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path, history=timedelta(days=9)) as store:
        await store.acquire_lease("one", "AWS", LEASE)
        records = [version(f"O{number}", 1) for number in range(1200)]
        await store.commit("one", SyncBatch(records), LEASE)
        found = await changes_since(store, START)
        assert [change.after for change in found] == records


async def test_old_changes_are_pruned_when_a_run_begins(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "pipeline.db"
    async with SQLiteStore(path, history=timedelta(days=2), clock=clock) as store:
        await commit_pages(store, [{"O1": 1}])
        clock.now += 86_400
        await store.commit("one", SyncBatch([version("O2", 1)]), LEASE)
        clock.now += 86_400
        assert len(await changes_since(store, START)) == 2
        await store.acquire_lease("one", "AWS", LEASE)
        assert [change.id for change in await changes_since(store, START)] == ["O2"]
        assert sorted(await store.identifiers()) == ["O1", "O2"]


async def test_without_a_history_nothing_is_recorded(tmp_path: Path) -> None:
    async with SQLiteStore(tmp_path / "pipeline.db") as store:
        await commit_pages(store, [{"O1": 1}, {"O1": None}])
        assert await changes_since(store, START) == []


async def test_what_is_gone_leaves_every_total_and_comes_back(
    emulator: PartnerCentralEmulator, make_client: MakeClient, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.db"
    record = emulator.opportunities[3]
    client = make_client(emulator)

    def rows(table: str) -> list[Any]:
        connection = sqlite3.connect(path)
        found = connection.execute(f"SELECT id FROM {table} WHERE id = ?", (record["Id"],))  # noqa: S608 # the tables below
        identifiers = found.fetchall()
        connection.close()
        return identifiers

    async with SQLiteStore(path, history=timedelta(days=9)) as store:
        sync = OpportunitySync(client, store)
        await sync.run()
        before = rows("spend")
        emulator.remove(record["Id"])
        report = await sync.reconcile()
        assert report.gone == (record["Id"],)
        assert (rows("opportunities"), rows("spend")) == ([], [])
        assert len(rows("gone")) == 1
        # It is reported once.
        assert (await sync.reconcile()).gone == ()
        assert "the copy is what AWS lists" in str(await sync.reconcile())
        emulator.add(record)
        report = await sync.reconcile()
        assert (report.silent, report.missed) == ((record["Id"],), ())
        assert (len(rows("opportunities")), rows("spend"), rows("gone")) == (1, before, [])
        kinds = [c.kind for c in await changes_since(store, START) if c.id == record["Id"]]
        assert kinds == ["created", "gone", "created"]


async def test_a_report_names_what_changed(
    emulator: PartnerCentralEmulator, make_client: MakeClient
) -> None:
    sync = OpportunitySync(make_client(emulator), MemoryStore())
    first = await sync.run()
    assert set(first.changed_ids) == {record["Id"] for record in emulator.opportunities}
    changed = emulator.opportunities[7]["Id"]
    emulator.update(changed, {"LifeCycle": {"Stage": "Launched"}})
    assert (await sync.run()).changed_ids == (changed,)
    assert (await sync.run()).changed_ids == ()


@pytest.mark.parametrize("history", [timedelta(0), timedelta(days=-1), 5])
def test_a_bad_history_is_an_error(history: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="history"):
        SQLiteStore(tmp_path / "pipeline.db", history=history)


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), "2026-01-01"])  # deliberately wrong
async def test_a_moment_needs_a_time_zone(moment: Any, tmp_path: Path) -> None:
    async with SQLiteStore(tmp_path / "pipeline.db") as store:
        with pytest.raises(ConfigurationError, match="moment"):
            await changes_since(store, moment)
