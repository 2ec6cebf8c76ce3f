"""Leases: a foreign clock blocks nobody, and a refusal says who is at work."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from partnercentral_list import ConfigurationError, PartnerCentralClient, StoreError
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.eventbridge import parse_events
from partnercentral_list.sync import (
    MemoryStore,
    OpportunitySync,
    SQLiteStore,
    SyncBatch,
    SyncState,
)
from tests import virtual_time
from tests.conftest import MakeClient
from tests.edited_service import EditedService
from tests.service import DirectClient

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


class CountingStore(MemoryStore):
    """Says which errors the next acquisitions meet, and counts them."""

    def __init__(self, *errors: StoreError) -> None:
        # Virtual, as the loop's.
        super().__init__(clock=lambda: asyncio.get_running_loop().time())
        self.errors = list(errors)
        self.tries = 0

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        return await super().acquire_lease(owner, catalog, lease)


async def run_after(
    store: MemoryStore, wait: timedelta, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> float:
    """Run a sync, and return the seconds that it took."""
    service = EditedService(random=Random(1), size=3)
    sync = OpportunitySync(DirectClient(service), store, lease_wait=wait)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    others = [asyncio.ensure_future(meanwhile())] if meanwhile else []
    try:
        assert (await sync.run()).created == 3
    finally:
        await asyncio.gather(*others)
    return loop.time() - begun


def test_a_run_waits_until_the_lease_is_released() -> None:
    async def main() -> None:
        store = CountingStore()
        await store.acquire_lease(FOREIGN, "AWS", LEASE)

        async def release() -> None:
            await asyncio.sleep(30.5)
            await store.release_lease(FOREIGN)

        assert await run_after(store, timedelta(seconds=40), release) == pytest.approx(31)
        assert store.tries < 40

    virtual_time.run(main())


def test_a_run_waits_until_the_lease_has_expired() -> None:
    async def main() -> None:
        store = CountingStore()
        await store.acquire_lease(FOREIGN, "AWS", LEASE)
        assert await run_after(store, timedelta(hours=1)) == pytest.approx(300)

    virtual_time.run(main())


@pytest.mark.parametrize("seconds", [0, 0.5, 1, 7.25])
def test_a_run_waits_no_longer_than_it_may(seconds: float) -> None:
    async def main() -> None:
        store = CountingStore()
        await store.acquire_lease(FOREIGN, "AWS", LEASE)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(StoreError, match="Another call") as caught:
            await run_after(store, timedelta(seconds=seconds))
        assert caught.value.retryable
        assert loop.time() - begun == pytest.approx(seconds)

    virtual_time.run(main())


def test_a_run_waits_for_a_store_that_cannot_be_reached() -> None:
    async def main() -> None:
        gone = [StoreError("The server was stopped.", retryable=True)] * 5
        assert await run_after(CountingStore(*gone), timedelta(minutes=1)) == pytest.approx(4)

    virtual_time.run(main())


def test_a_run_does_not_wait_for_a_store_that_must_be_repaired() -> None:
    async def main() -> None:
        busy = [StoreError("The server was stopped.", retryable=True)] * 3
        store = CountingStore(*busy, StoreError("The disk is full."))
        with pytest.raises(StoreError, match="disk is full"):
            await run_after(store, timedelta(hours=1))
        assert store.tries == 4

    virtual_time.run(main())


async def test_a_wrong_lease_wait_is_refused(client: PartnerCentralClient) -> None:
    with pytest.raises(ConfigurationError, match="lease_wait must not be less than 0"):
        OpportunitySync(client, MemoryStore(), lease_wait=timedelta(seconds=-1))
    with pytest.raises(ConfigurationError, match="lease_wait"):
        OpportunitySync(client, MemoryStore(), lease_wait=30)  # type: ignore[arg-type] # the test
