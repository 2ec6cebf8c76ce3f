"""A seeded simulation: syncs with a hostile service and crashes, then one when all is quiet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, TypeAlias

from partnercentral_list import ListOpportunitiesResponse, PartnerCentralClient, PartnerCentralError
from partnercentral_list.sync import MemoryStore, OpportunitySync, SyncBatch, SyncStore
from tests.edited_service import EditedService, edited
from tests.expected import Rules
from tests.service import DirectClient

LATE = 30_000

MakeService: TypeAlias = Callable[..., EditedService]
#: Bounds exclude what is equal to them, and are compared to the second.
COARSE = Rules(exclusive=True, precision="second")
#: Tied records come in another order in each response.
SHUFFLED: Mapping[str, Any] = {"rules": Rules(ties="as given"), "is_shuffled": True}
LAGGING: Mapping[str, Any] = {"late": LATE // 2, "replica_lag": LATE // 2, "edits": 1}

HOSTILE: Mapping[str, MakeService] = {
    "calm": edited(),
    "edits": edited(edits=1.5),
    "keyset tokens": edited(tokens="keyset", edits=1.5),
    "snapshot tokens": edited(tokens="snapshot", edits=1.5),
    "exclusive": edited(rules=Rules(exclusive=True), edits=0.5),
    "exclusive to the second": edited(rules=COARSE, is_shown_to_the_second=True, edits=0.5),
    "exclusive, filtered to the second, shown to the millisecond": edited(rules=COARSE, edits=0.5),
    "inclusive, shown to the second": edited(is_shown_to_the_second=True, edits=1),
    "late": edited(late=LATE, edits=1),
    "late, mass edits": edited(late=LATE, edits=2, mass_edits=0.2, latency=0.9),
    "a replica that lags": edited(**LAGGING),
    "imports": edited(imports=0.03, edits=0.3),
    "faults": edited(faults=0.1, edits=1, late=LATE),
    "empty and short pages": edited(
        empty_pages=0.2, short_pages=0.4, has_token_at_end=True, edits=1
    ),
    "tokens that expire": edited(kept_tokens=8, imports=0.02, edits=0.3, empty_pages=0.1),
    "pages out of order": edited(disorder=0.1, edits=0.5),
    "invalid records": edited(invalid=0.1, edits=0.5),
    "dates ahead of the clock": edited(ahead=0.05, edits=1, late=LATE),
    "dates ahead, keyset tokens, mass edits": edited(
        ahead=0.1, tokens="keyset", edits=0.5, mass_edits=0.05, short_pages=0.2
    ),
    "a service without a clock": edited(has_clock=False, edits=0.5, late=LATE),
    "all of it": edited(
        rules=COARSE,
        late=LATE,
        edits=1,
        mass_edits=0.1,
        imports=0.02,
        empty_pages=0.05,
        short_pages=0.2,
        faults=0.03,
        has_token_at_end=True,
    ),
}


#: Where no sync can be exact; it must raise.
UNSTABLE: Mapping[str, MakeService] = {
    "ties in another order each time": edited(**SHUFFLED, imports=0.02, edits=0.3, page_size=2),
    "ties in another order each time, and mass edits": edited(
        **SHUFFLED, mass_edits=0.3, edits=0.5
    ),
}


class Endless(BaseException):
    """One run has sent so many requests that it will hardly end."""


class Crash(BaseException):
    """The process ends here; the library does not catch it."""


class CrashingClient(DirectClient):
    """A client in a process that may end before and after each response."""

    def __init__(self, service: EditedService, crash: float = 0.0) -> None:
        super().__init__(service)
        self._random = service.random
        self._crash = crash
        self._requests = 0

    async def list_opportunities(  # type: ignore[override] # as syncs call it
        self, **options: Any
    ) -> ListOpportunitiesResponse:
        may_crash(self._random, self._crash)
        self._requests += 1
        if self._requests > 400:
            raise Endless
        response = await super().list_opportunities(**options)
        may_crash(self._random, self._crash)
        return response


def may_crash(random: Random, frequency: float) -> None:
    if random.random() < frequency:
        raise Crash


class CrashingStore(MemoryStore):
    """Commits in parts, like a database without transactions, and may end between them."""

    watermark_first = False

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.crash = 0.0
        self._random = random

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        # As `SyncBatch` guarantees.
        assert batch.add_pending.isdisjoint(batch.remove_pending)
        assert batch.remove_invalid.isdisjoint(record.key for record in batch.invalid)
        records, watermark = replace(batch, watermark=None), SyncBatch(watermark=batch.watermark)
        parts = [watermark, records] if self.watermark_first else [records, watermark]
        for part in parts:
            may_crash(self._random, self.crash)
            await super().commit(owner, part, lease)
        may_crash(self._random, self.crash)

    async def get(self, identifiers: Any) -> Any:
        may_crash(self._random, self.crash)
        return await super().get(identifiers)


class WithoutIdentifiers(CrashingClient):
    """Lists nothing by identifier."""

    async def list_opportunities(  # type: ignore[override] # as syncs call it
        self, **options: Any
    ) -> ListOpportunitiesResponse:
        response = await super().list_opportunities(**options)
        if options["sort"].sort_by != "Identifier" or options["identifier"] is not None:
            return response
        return response.model_copy(update={"opportunity_summaries": (), "next_token": None})


@dataclass(frozen=True)
class Safeguards:
    """The library's own safeguards, or mutants without one."""

    cursor: Any = None
    store: type[CrashingStore] = CrashingStore
    lookback: timedelta = timedelta(milliseconds=LATE + 1000)


@dataclass(frozen=True)
class Outcome:
    is_exact: bool
    is_refused: bool = False
    """Whether the last run, in which nothing was edited, raised."""


OURS = Safeguards()


def new_sync(
    client: PartnerCentralClient, store: SyncStore, safeguards: Safeguards = OURS
) -> OpportunitySync:
    sync = OpportunitySync(client, store, lookback=safeguards.lookback)
    if safeguards.cursor is not None:
        # private: a client and a store cannot weaken the cursor.
        sync._cursor = safeguards.cursor
    return sync


def simulate(
    make_service: MakeService, seed: str, safeguards: Safeguards = OURS, runs: int = 8
) -> Outcome:
    """Sync again and again while records are edited; then once more when all is quiet."""
    random = Random(seed)
    service = make_service(random=random, size=random.choice([0, 3, 10, 30]))
    store = safeguards.store(random)
    crash = random.choice([0.0, 0.02, 0.05])

    def sync(crash: float) -> OpportunitySync:
        store.crash = crash
        return new_sync(CrashingClient(service, crash), store, safeguards)

    for number in range(runs):
        try:
            with suppress(Crash, PartnerCentralError):
                drive(consume(sync(crash), random) if number % 3 == 2 else sync(crash).run())
        except Endless:
            return Outcome(False)
        for _ in range(random.choice([0, 1, 5])):
            service.advance(random.choice([10, 1000, 20_000]))
    service.end_edits()
    is_refused = False
    try:
        drive(sync(0.0).run())
    except PartnerCentralError:
        is_refused = True
    unknown = service.invalid_ids()
    replica = {name: record for name, record in store.records.items() if name not in unknown}
    return Outcome(replica == service.expected(), is_refused)


#: What no run can see, and reconciling must.
RECONCILED: Mapping[str, MakeService] = {
    "silent changes": edited(silent_edits=0.2, edits=0.5),
    "deletions": edited(deletions=0.1, edits=0.5),
    "records without a date": edited(undated=0.3, edits=0.5, imports=0.01),
    "records without a date, and deletions": edited(
        undated=0.3, deletions=0.05, edits=0.5, tokens="keyset"
    ),
    "dates a little ahead of the clock": edited(
        ahead=0.1, ahead_by=(500, 2_000, 60_000), edits=0.5, late=LATE
    ),
    "invalid records": edited(invalid=0.1, edits=0.5, silent_edits=0.1),
    "a replica that lags": edited(**LAGGING, silent_edits=0.1),
    "all of it": edited(
        silent_edits=0.1,
        deletions=0.03,
        undated=0.2,
        ahead=0.05,
        ahead_by=(500, 60_000, 10**12),
        edits=0.7,
        late=LATE,
        short_pages=0.2,
        faults=0.02,
    ),
}


@dataclass(frozen=True)
class Reconciled:
    is_exact: bool
    claims_equality: bool
    is_refused: bool = False


def simulate_reconciling(
    make_service: MakeService, seed: str, client: type[CrashingClient] = CrashingClient
) -> Reconciled:
    """Sync and reconcile while records are edited, then reconcile when all is quiet."""
    random = Random(seed)
    service = make_service(random=random, size=random.choice([3, 10, 30]))
    store = CrashingStore(random)
    for _ in range(6):
        sync = new_sync(client(service), store)
        with suppress(PartnerCentralError, Endless):
            drive(sync.reconcile() if random.random() < 0.2 else sync.run())
        service.advance(random.choice([10, 1000, 20_000, 200_000]))
    service.end_edits()
    try:
        drive(new_sync(client(service), store).reconcile())
        report = drive(new_sync(client(service), store).reconcile())
    except PartnerCentralError:
        return Reconciled(is_exact=False, claims_equality=False, is_refused=True)
    unknown = service.invalid_ids() | service.deleted
    replica = {name: record for name, record in store.records.items() if name not in unknown}
    claims = "the copy is what AWS lists" in str(report) or set(report.gone) == (
        unknown & store.records.keys()
    )
    claims = claims and not report.unverified
    return Reconciled(replica == service.expected(), claims)


async def consume(sync: OpportunitySync, random: Random) -> None:
    changes = sync.changes()
    try:
        async for _ in changes:
            if random.random() < 0.02:
                return
    finally:
        await changes.aclose()


def drive(coroutine: Any) -> Any:
    """Run a coroutine that never waits, without an event loop, which would be slow."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")
