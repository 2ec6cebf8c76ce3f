"""The replica is exact in the end, whatever the service does; each safeguard is needed."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partnercentral_list import Catalog, OpportunitySummary, PaginationError
from partnercentral_list.sync import InvalidRecord
from tests.service import (
    CursorPage,
    DateCursor,
    SortKey,
    SourcePage,
    SourceQuery,
    SourceRow,
    valid_row,
)
from tests.sync.simulated_service import START, Traits, drive
from tests.sync.simulation import (
    HOSTILE,
    LATE,
    OURS,
    RECONCILED,
    UNSTABLE,
    CrashingStore,
    Outcome,
    Safeguards,
    WithoutIdentifiers,
    simulate,
    simulate_reconciling,
)
from tests.tied_records import weakened

SIMULATIONS = int(os.environ.get("PARTNERCENTRAL_SYNC_SIMULATIONS", "40"))
"""Simulations of each kind of service; each is nine runs."""


@pytest.mark.parametrize("name", HOSTILE)
def test_after_a_quiet_run_the_replica_is_exact(name: str) -> None:
    seeds = [f"{name}:{seed}" for seed in range(SIMULATIONS)]
    assert [seed for seed in seeds if not simulate(HOSTILE[name], seed).is_exact] == []


class Naive(DateCursor):
    """What everybody writes first: follow the tokens, remember the largest date."""

    async def next_page(self) -> CursorPage | None:
        if self._state is None:
            return None
        # private: it replaces the cursor's own paging, so it needs the source that this one has.
        page = await self._source.fetch(self._query)
        self._query = replace(self._query, token=page.token)
        if page.token is None:
            self._state = None
        return CursorPage(page.rows, max(page.dates(self._query.key), default=None))


class WithoutCap(DateCursor):
    async def fetch_newest(self) -> datetime | None:
        await super().fetch_newest()
        self._end = None
        return datetime.max.replace(tzinfo=UTC)


class WithoutBoundaryCheck(DateCursor):
    def _includes_position(self, page: SourcePage) -> bool:
        return True


class WithoutOrderCheck(DateCursor):
    def _checked(self, page: SourcePage, query: SourceQuery) -> SourcePage:
        return page


class PageWithoutClock(SourcePage):
    def watermark(self, key: SortKey) -> datetime | None:
        return max(self.valid_dates(key), default=None)


class PageWithInvalidDates(PageWithoutClock):
    def valid_dates(self, key: SortKey) -> list[datetime]:
        return self.dates(key)


class WithInvalidDates(DateCursor):
    def _checked(self, page: SourcePage, query: SourceQuery) -> SourcePage:
        return PageWithInvalidDates(page.rows, page.token)


class WithoutClock(DateCursor):
    def _checked(self, page: SourcePage, query: SourceQuery) -> SourcePage:
        page = super()._checked(page, query)
        return PageWithoutClock(page.rows, page.token)


class WatermarkFirst(CrashingStore):
    watermark_first = True


NOTHING = timedelta(0)
BROKEN = {
    "naive": (Safeguards(Naive, lookback=NOTHING), Traits(edits=1.5)),
    "naive, late changes": (Safeguards(Naive, lookback=NOTHING), Traits(late=LATE, edits=0.5)),
    "tokens with lookback": (Safeguards(Naive), Traits(edits=2, mass=0.1)),
    "no lookback": (Safeguards(lookback=NOTHING), Traits(late=LATE, edits=1)),
    "half the lookback": (
        Safeguards(lookback=timedelta(milliseconds=LATE // 2)),
        Traits(late=LATE, edits=1),
    ),
    "no cap": (Safeguards(WithoutCap), Traits(late=LATE, edits=1.5, latency=2000)),
    "no check of the boundary": (
        Safeguards(WithoutBoundaryCheck),
        HOSTILE["exclusive to the second"],
    ),
    "no order check": (Safeguards(WithoutOrderCheck), Traits(disorder=0.2, edits=0.3)),
    "dates of invalid records": (
        Safeguards(WithInvalidDates),
        HOSTILE["invalid records"],
    ),
    "dates ahead of the clock": (
        Safeguards(WithoutClock),
        HOSTILE["dates ahead of the clock"],
    ),
    "watermark before records": (Safeguards(store=WatermarkFirst), Traits(edits=0.3)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_without_one_safeguard_records_are_lost(name: str) -> None:
    safeguards, traits = BROKEN[name]
    seeds = [f"{name}:{seed}" for seed in range(400)]
    lost = next((seed for seed in seeds if not simulate(traits, seed, safeguards).is_exact), None)
    assert lost is not None
    assert simulate(traits, lost, OURS).is_exact


@pytest.mark.parametrize("name", RECONCILED)
def test_a_reconciled_replica_is_exact_or_the_report_says_otherwise(name: str) -> None:
    seeds = [f"{name}:{seed}" for seed in range(SIMULATIONS // 2)]
    outcomes = {seed: simulate_reconciling(RECONCILED[name], seed) for seed in seeds}
    assert [s for s, outcome in outcomes.items() if outcome.is_refused] == []
    wrong = [s for s, outcome in outcomes.items() if not outcome.is_exact]
    assert [seed for seed in wrong if outcomes[seed].claims_equality] == []
    assert len(wrong) <= len(seeds) // 4


def test_without_the_listing_by_identifier_a_report_is_wrong() -> None:
    traits = RECONCILED["records without a date"]
    outcomes = [simulate_reconciling(traits, str(seed), WithoutIdentifiers) for seed in range(5)]
    assert any(outcome.claims_equality and not outcome.is_exact for outcome in outcomes)


@pytest.mark.parametrize("name", UNSTABLE)
def test_an_order_that_does_not_last_is_an_error_or_the_copy_is_exact(name: str) -> None:
    outcomes = [simulate(UNSTABLE[name], f"{name}:{seed}") for seed in range(4 * SIMULATIONS)]
    assert all(outcome.is_exact or outcome.is_refused for outcome in outcomes)
    assert any(outcome.is_exact for outcome in outcomes)


TIED = {
    "one pass": Traits(imports=0.02, edits=0.7),
    "repeats ignored": UNSTABLE["ties in another order each time"],
}


@pytest.mark.parametrize("name", TIED)
def test_with_less_proof_of_tied_records_some_are_lost(name: str) -> None:
    seeds = [f"{name}:{seed}" for seed in range(400)]
    with weakened(name):
        lost = next((s for s in seeds if is_lost(simulate(TIED[name], s))), None)
    assert lost is not None
    assert not is_lost(simulate(TIED[name], lost))


def is_lost(outcome: Outcome) -> bool:
    return not (outcome.is_exact or outcome.is_refused)


CLOCK = START + timedelta(days=1)


class Pages:
    """Twenty changes, a second apart, four to a page; of those in the middle none can be read."""

    catalog = Catalog.AWS

    def __init__(self, nonsense: datetime) -> None:
        self.requests = 0
        self._rows = [
            _row(number, nonsense if 5 <= number <= 16 else None) for number in range(1, 21)
        ]

    async def fetch(self, query: SourceQuery) -> SourcePage:
        self.requests += 1
        assert self.requests < 100
        dates = [START + timedelta(seconds=number) for number in range(1, 21)]
        first = next((n for n, at in enumerate(dates) if at >= (query.after or START)), 20)
        rows = self._rows[first:]
        if query.descending:
            rows = rows[::-1]
        begin = int(query.token or 0)
        token = str(begin + 4) if begin + 4 < len(rows) else None
        return SourcePage(tuple(rows[begin : begin + 4]), token, CLOCK)


def _row(number: int, nonsense: datetime | None) -> SourceRow:
    row = valid_row(
        OpportunitySummary(
            id=f"O{number}",
            catalog=Catalog.AWS,
            last_modified_date=START + timedelta(seconds=number),
        )
    )
    if nonsense is None:
        return row
    return replace(row, modified=nonsense, record=InvalidRecord(f"O{number}", None, "", ""))


@pytest.mark.parametrize("nonsense", [datetime(9999, 1, 1, tzinfo=UTC), START - timedelta(days=1)])
def test_a_page_of_invalid_records_hides_no_page_behind_it(
    nonsense: datetime,
) -> None:
    async def read() -> set[str]:
        cursor = DateCursor(Pages(nonsense), None)
        found: set[str] = set()
        while (step := await cursor.next_page()) is not None:
            found |= {row.id for row in step.rows if row.id is not None}
        return found

    assert drive(read()) == {f"O{number}" for number in range(1, 21)}


class Circle:
    """Three records to a page; its tokens lead in a circle."""

    catalog = Catalog.AWS

    def __init__(self, modified: datetime | None) -> None:
        self.requests = 0
        self._modified = modified

    async def fetch(self, query: SourceQuery) -> SourcePage:
        self.requests += 1
        assert self.requests < 100
        place = int(query.token or 0)
        names = [f"O{number}" for number in range(3 * place, 3 * place + 3)]
        rows = [
            valid_row(
                OpportunitySummary(id=name, catalog=Catalog.AWS, last_modified_date=self._modified)
            )
            for name in names
        ]
        return SourcePage(tuple(rows), str(place % 3 + 1), CLOCK)


@pytest.mark.parametrize("modified", [START, None])
def test_tokens_in_a_circle_are_an_error_and_no_endless_run(
    modified: datetime | None,
) -> None:
    async def read() -> None:
        cursor = DateCursor(Circle(modified), None)
        while await cursor.next_page() is not None:
            pass

    with pytest.raises(PaginationError):
        drive(read())
