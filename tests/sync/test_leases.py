"""Leases: a foreign clock blocks nobody, and a refusal says who is at work."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from partnercentral_list import StoreError
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.eventbridge import parse_events
from partnercentral_list.sync import MemoryStore, OpportunitySync, SQLiteStore, SyncBatch
from tests.conftest import MakeClient

LEASE = timedelta(minutes=5)
YEAR = 365 * 86_400.0
FOREIGN = "another-machine/1/x"


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def stores(path: Path, *, ahead: float) -> tuple[SQLiteStore, Clock, Clock]:
    """Return a store of a machine whose clock is ahead, that clock, and the one that is right."""
    theirs, ours = Clock(1e9 + ahead), Clock(1e9)
    return SQLiteStore(path, clock=theirs), theirs, ours


async def take(path: Path, clock: Clock) -> None:
    # Each time as a process that has just been started: it remembers nothing.
    async with SQLiteStore(path, clock=clock) as store:
        await store.acquire_lease("mine", "AWS", LEASE)


async def test_a_lease_of_a_clock_that_is_ahead_ends_its_term_after_it_was_seen(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pipeline.db"
    foreign, _, ours = stores(path, ahead=YEAR)
    async with foreign:
        await foreign.acquire_lease(FOREIGN, "AWS", LEASE)
        for seconds in (0, 100, 199):
            ours.now = 1e9 + seconds
            with pytest.raises(StoreError, match="Another program") as caught:
                await take(path, ours)
            assert caught.value.retryable
        ours.now = 1e9 + 301
        await take(path, ours)
        with pytest.raises(StoreError, match="Another run has acquired"):
            await foreign.commit(FOREIGN, SyncBatch(add_pending=frozenset({"O1"})), LEASE)


async def test_a_lease_of_a_clock_that_is_ahead_is_kept_while_it_is_renewed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pipeline.db"
    foreign, theirs, ours = stores(path, ahead=YEAR)
    async with foreign:
        await foreign.acquire_lease(FOREIGN, "AWS", LEASE)
        for page in range(1, 6):
            with pytest.raises(StoreError, match="Another program"):
                await take(path, ours)
            ours.now += 250
            theirs.now += 250
            batch = SyncBatch(add_pending=frozenset({f"O{page}"}))
            await foreign.commit(FOREIGN, batch, LEASE)
        with pytest.raises(StoreError, match="Another program"):
            await take(path, ours)
        ours.now += 301
        await take(path, ours)


async def test_a_lease_of_a_clock_that_is_right_ends_when_it_says(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.db"
    foreign, _, ours = stores(path, ahead=0)
    async with foreign:
        await foreign.acquire_lease(FOREIGN, "AWS", LEASE)
        ours.now += 299
        with pytest.raises(StoreError, match="Another program"):
            await take(path, ours)
        ours.now += 2
        await take(path, ours)


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_two_calls_of_one_program_are_not_called_another_program(
    kind: str, make_client: MakeClient, tmp_path: Path
) -> None:
    store = MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / "pipeline.db")
    with PartnerCentralEmulator(20) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        emulator.add()
        changes = sync.changes()
        await anext(changes)
        with pytest.raises(StoreError, match="Another call in this program") as caught:
            await sync.apply(parse_events(emulator.take_events()))
        assert caught.value.retryable
        assert "nother program" not in str(caught.value)
        await changes.aclose()
    if isinstance(store, SQLiteStore):
        await store.aclose()


async def test_a_lease_of_another_process_is_another_programs(tmp_path: Path) -> None:
    async with SQLiteStore(tmp_path / "pipeline.db") as store:
        await store.acquire_lease(f"{socket.gethostname()}/1/x", "AWS", LEASE)
        with pytest.raises(StoreError, match="Another program"):
            await store.acquire_lease("mine", "AWS", LEASE)
