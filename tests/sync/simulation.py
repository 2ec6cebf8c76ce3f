"""A seeded simulation: syncs with a hostile service and crashes, then one when all is quiet."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from partnercentral_list import PartnerCentralClient, PartnerCentralError
from partnercentral_list.sync import MemoryStore, OpportunitySync, SyncBatch, SyncStore
from tests.service import DateCursor, SourcePage, SourceQuery
from tests.sync.simulated_service import SimulatedService, Traits, drive

LATE = 30_000

HOSTILE: Mapping[str, Traits] = {
    "calm": Traits(),
    "edits": Traits(edits=1.5),
    "keyset tokens": Traits(tokens="keyset", edits=1.5),
    "snapshot tokens": Traits(tokens="snapshot", edits=1.5),
    "exclusive": Traits(exclusive=True, edits=0.5),
    "exclusive to the second": Traits(exclusive=True, filter_unit=1000, shown_unit=1000, edits=0.5),
    "exclusive, filtered to the second, shown to the millisecond": Traits(
        exclusive=True, filter_unit=1000, edits=0.5
    ),
    "inclusive, shown to the second": Traits(shown_unit=1000, edits=1),
    "late": Traits(late=LATE, edits=1),
    "late, mass edits": Traits(late=LATE, edits=2, mass=0.2, latency=900),
    "a replica that lags": Traits(late=LATE // 2, replica_lag=LATE // 2, edits=1),
    "imports": Traits(imports=0.03, edits=0.3),
    "faults": Traits(faults=0.1, edits=1, late=LATE),
    "empty and short pages": Traits(empty=0.2, short=0.4, token_at_end=True, edits=1),
    "tokens that expire": Traits(life=8, imports=0.02, edits=0.3, empty=0.1),
    "pages out of order": Traits(disorder=0.1, edits=0.5),
    "invalid records": Traits(invalid=0.1, edits=0.5),
    "dates ahead of the clock": Traits(ahead=0.05, edits=1, late=LATE),
    "dates ahead, keyset tokens, mass edits": Traits(
        ahead=0.1, tokens="keyset", edits=0.5, mass=0.05, short=0.2
    ),
    "a service that does not tell the time": Traits(tells_time=False, edits=0.5, late=LATE),
    "all of it": Traits(
        exclusive=True,
        filter_unit=1000,
        late=LATE,
        edits=1,
        mass=0.1,
        imports=0.02,
        empty=0.05,
        short=0.2,
        faults=0.03,
        token_at_end=True,
    ),
}


#: Where no sync can be exact; it must raise.
UNSTABLE: Mapping[str, Traits] = {
    "ties in another order each time": Traits(random_ties=True, imports=0.02, edits=0.3, page=2),
    "ties in another order each time, and mass edits": Traits(
        random_ties=True, mass=0.3, edits=0.5
    ),
}


class Endless(BaseException):
    """One run has sent so many requests that it will hardly end."""


class Crash(BaseException):
    """The process ends here; the library does not catch it."""


class CrashingSource:
    """The service, in a process that may end before and after each response."""

    def __init__(self, service: SimulatedService, crash: float) -> None:
        self._service = service
        self._crash = crash
        self.catalog = service.catalog
        self.requests = 0

    async def fetch(self, query: SourceQuery) -> SourcePage:
        if self._service.rng.random() < self._crash:
            raise Crash
        self.requests += 1
        if self.requests > 400:
            raise Endless
        page = await self._service.fetch(query)
        if self._service.rng.random() < self._crash:
            raise Crash
        return page


class CrashingStore(MemoryStore):
    """Commits in parts, like a database without transactions, and may end between them."""

    watermark_first = False

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self.crash = 0.0
        self._rng = rng

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        # As `SyncBatch` promises.
        assert batch.add_pending.isdisjoint(batch.remove_pending)
        assert batch.remove_invalid.isdisjoint(record.key for record in batch.invalid)
        records, watermark = replace(batch, watermark=None), SyncBatch(watermark=batch.watermark)
        parts = [watermark, records] if self.watermark_first else [records, watermark]
        for part in parts:
            self._may_crash()
            await super().commit(owner, part, lease)
        self._may_crash()

    async def get(self, identifiers: Any) -> Any:
        self._may_crash()
        return await super().get(identifiers)

    def _may_crash(self) -> None:
        if self._rng.random() < self.crash:
            raise Crash


class WithoutIdentifiers(CrashingSource):
    """Lists nothing by identifier."""

    async def fetch(self, query: SourceQuery) -> SourcePage:
        page = await super().fetch(query)
        is_listing = query.key == "Identifier" and query.identifiers is None
        return SourcePage((), None, page.clock) if is_listing else page


#: Sends nothing: what a simulated sync reads comes from its source.
CLIENT = PartnerCentralClient("AWS")


class SimulatedSync(OpportunitySync):
    """Syncs what a source fetches, without the client."""

    def __init__(
        self,
        source: CrashingSource,
        store: SyncStore,
        lookback: timedelta,
        cursor: Any = DateCursor,
    ) -> None:
        super().__init__(CLIENT, store)
        self._source = source
        self._lookback = lookback  # Some are shorter than the library allows.
        self._cursor = cursor

    def _new_source(self) -> CrashingSource:
        return self._source


@dataclass(frozen=True)
class Safeguards:
    """The library's own safeguards, or mutants without one."""

    cursor: type[DateCursor] = DateCursor
    store: type[CrashingStore] = CrashingStore
    lookback: timedelta = timedelta(milliseconds=LATE + 1000)


@dataclass(frozen=True)
class Outcome:
    is_exact: bool
    runs: int
    errors: int
    is_refused: bool = False
    """Whether the last run, in which nothing was edited, raised."""


OURS = Safeguards()


def simulate(traits: Traits, seed: str, safeguards: Safeguards = OURS, runs: int = 8) -> Outcome:
    """Sync again and again while records are edited; then once more when all is quiet."""
    rng = Random(seed)
    service = SimulatedService(traits, rng, size=rng.choice([0, 3, 10, 30]))
    store = safeguards.store(rng)
    crash = rng.choice([0.0, 0.02, 0.05])
    errors = 0

    def sync(crash: float) -> SimulatedSync:
        store.crash = crash
        return SimulatedSync(
            CrashingSource(service, crash), store, safeguards.lookback, safeguards.cursor
        )

    for number in range(runs):
        try:
            if number % 3 == 2:
                drive(consume(sync(crash), rng))
            else:
                drive(sync(crash).run())
        except (Crash, PartnerCentralError):
            errors += 1
        except Endless:
            return Outcome(False, number, errors)
        for _ in range(rng.choice([0, 1, 5])):
            service.advance(rng.choice([10, 1000, 20_000]))
    service.quiet()
    is_refused = False
    try:
        drive(sync(0.0).run())
    except PartnerCentralError:
        is_refused = True
    unknown = service.invalid()
    copy = {name: record for name, record in store.records.items() if name not in unknown}
    return Outcome(copy == service.truth(), runs + 1, errors, is_refused)


#: What no run can see, and reconciling must.
RECONCILED: Mapping[str, Traits] = {
    "silent changes": Traits(silent=0.2, edits=0.5),
    "deletions": Traits(deleted=0.1, edits=0.5),
    "records without a date": Traits(undated=0.3, edits=0.5, imports=0.01),
    "records without a date, and deletions": Traits(
        undated=0.3, deleted=0.05, edits=0.5, tokens="keyset"
    ),
    "dates a little ahead of the clock": Traits(
        ahead=0.1, ahead_by=(500, 2_000, 60_000), edits=0.5, late=LATE
    ),
    "invalid records": Traits(invalid=0.1, edits=0.5, silent=0.1),
    "a replica that lags": Traits(late=LATE // 2, replica_lag=LATE // 2, edits=1, silent=0.1),
    "all of it": Traits(
        silent=0.1,
        deleted=0.03,
        undated=0.2,
        ahead=0.05,
        ahead_by=(500, 60_000, 10**12),
        edits=0.7,
        late=LATE,
        short=0.2,
        faults=0.02,
    ),
}


@dataclass(frozen=True)
class Reconciled:
    is_exact: bool
    claims_equality: bool
    is_refused: bool = False


def simulate_reconciling(
    traits: Traits, seed: str, source: type[CrashingSource] = CrashingSource
) -> Reconciled:
    """Sync and reconcile while records are edited, then reconcile when all is quiet."""
    rng = Random(seed)
    service = SimulatedService(traits, rng, size=rng.choice([3, 10, 30]))
    store = CrashingStore(rng)

    def sync() -> SimulatedSync:
        return SimulatedSync(source(service, 0.0), store, OURS.lookback)

    for _ in range(6):
        with suppress(PartnerCentralError, Endless):
            drive(sync().reconcile() if rng.random() < 0.2 else sync().run())
        service.advance(rng.choice([10, 1000, 20_000, 200_000]))
    service.quiet()
    try:
        drive(sync().reconcile())
        report = drive(sync().reconcile())
    except PartnerCentralError:
        return Reconciled(is_exact=False, claims_equality=False, is_refused=True)
    unknown = service.invalid() | {f"O{identifier}" for identifier in service.gone}
    copy = {name: record for name, record in store.records.items() if name not in unknown}
    claims = "the copy is what AWS lists" in str(report) or set(report.gone) == (
        unknown & store.records.keys()
    )
    claims = claims and not report.unverified
    return Reconciled(copy == service.truth(), claims)


async def consume(sync: SimulatedSync, rng: Random) -> None:
    changes = sync.changes()
    try:
        async for _ in changes:
            if rng.random() < 0.02:
                return
    finally:
        await changes.aclose()
