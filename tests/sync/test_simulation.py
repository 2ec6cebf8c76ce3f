"""The replica is exact in the end, whatever the service does; each safeguard is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partnercentral_list import PaginationError
from partnercentral_list.sync import MemoryStore, OpportunitySync

# private: each of the cursor's safeguards is taken away once to show that it is needed.
from partnercentral_list.sync._cursor import CursorPage, DateCursor

# private: what such a cursor reads, and what it would believe of a page.
from partnercentral_list.sync._source import SortKey, SourcePage, SourceQuery
from tests.edited_service import edited
from tests.service import EPOCH, DirectClient, Page, Record, Service, record, timestamp
from tests.sync.simulation import (
    HOSTILE,
    LATE,
    OURS,
    RECONCILED,
    UNSTABLE,
    CrashingStore,
    MakeService,
    Outcome,
    Safeguards,
    WithoutIdentifiers,
    drive,
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
    """The sync that everybody writes first: follow the tokens, remember the largest date."""

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
        # private: this part of the cursor is replaced, to see that it is needed.
        page = super()._checked(page, query)
        return PageWithoutClock(page.rows, page.token)


class WatermarkFirst(CrashingStore):
    watermark_first = True


SHORTEST = timedelta(seconds=1)
BROKEN: Mapping[str, tuple[Safeguards, MakeService]] = {
    "naive": (Safeguards(Naive, lookback=SHORTEST), edited(edits=1.5)),
    "naive, late changes": (Safeguards(Naive, lookback=SHORTEST), edited(late=LATE, edits=0.5)),
    "tokens with lookback": (Safeguards(Naive), edited(edits=2, mass_edits=0.1)),
    "the shortest lookback": (Safeguards(lookback=SHORTEST), edited(late=LATE, edits=1)),
    "half the lookback": (
        Safeguards(lookback=timedelta(milliseconds=LATE // 2)),
        edited(late=LATE, edits=1),
    ),
    "no cap": (Safeguards(WithoutCap), edited(late=LATE, edits=1.5, latency=2)),
    "no check of the boundary": (
        Safeguards(WithoutBoundaryCheck),
        HOSTILE["exclusive to the second"],
    ),
    "no order check": (Safeguards(WithoutOrderCheck), edited(disorder=0.2, edits=0.3)),
    "dates of invalid records": (Safeguards(WithInvalidDates), HOSTILE["invalid records"]),
    "dates ahead of the clock": (Safeguards(WithoutClock), HOSTILE["dates ahead of the clock"]),
    "watermark before records": (Safeguards(store=WatermarkFirst), edited(edits=0.3)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_without_one_safeguard_records_are_lost(name: str) -> None:
    safeguards, service = BROKEN[name]
    seeds = [f"{name}:{seed}" for seed in range(400)]
    lost = next((seed for seed in seeds if not simulate(service, seed, safeguards).is_exact), None)
    assert lost is not None
    assert simulate(service, lost, OURS).is_exact


@pytest.mark.parametrize("name", RECONCILED)
def test_a_reconciled_replica_is_exact_or_the_report_says_otherwise(name: str) -> None:
    seeds = [f"{name}:{seed}" for seed in range(SIMULATIONS // 2)]
    outcomes = {seed: simulate_reconciling(RECONCILED[name], seed) for seed in seeds}
    assert [s for s, outcome in outcomes.items() if outcome.is_refused] == []
    wrong = [s for s, outcome in outcomes.items() if not outcome.is_exact]
    assert [seed for seed in wrong if outcomes[seed].claims_equality] == []
    assert len(wrong) <= len(seeds) // 4


def test_without_the_listing_by_identifier_a_report_is_wrong() -> None:
    service = RECONCILED["records without a date"]
    outcomes = [simulate_reconciling(service, str(seed), WithoutIdentifiers) for seed in range(5)]
    assert any(outcome.claims_equality and not outcome.is_exact for outcome in outcomes)


@pytest.mark.parametrize("name", UNSTABLE)
def test_an_order_that_does_not_last_is_an_error_or_the_copy_is_exact(name: str) -> None:
    outcomes = [simulate(UNSTABLE[name], f"{name}:{seed}") for seed in range(4 * SIMULATIONS)]
    assert all(outcome.is_exact or outcome.is_refused for outcome in outcomes)
    assert any(outcome.is_exact for outcome in outcomes)


TIED: Mapping[str, MakeService] = {
    "one pass": edited(imports=0.02, edits=0.7),
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


START = 1_735_689_600_000
"""The first time of these records, in milliseconds since 1970: 2025."""


def changed(number: int) -> Record:
    """Return a record that changed in that second."""
    return record(number, LastModifiedDate=timestamp(START + 1000 * number))


class ClockService(Service):
    """Has a clock a day after its records."""

    def clock(self) -> datetime:
        return EPOCH + timedelta(milliseconds=START, days=1)


@pytest.mark.parametrize("nonsense", ["9999-01-01T00:00:00Z", "2024-12-31T00:00:00Z"])
def test_a_page_of_invalid_records_hides_no_page_behind_it(nonsense: str) -> None:
    listed = [changed(number) for number in range(1, 21)]
    for wrong in listed[4:16]:
        wrong.shows = {"LastModifiedDate": nonsense, "LifeCycle": "a structure belongs here"}
    store = MemoryStore()
    sync = OpportunitySync(DirectClient(ClockService(listed, page_size=4)), store)
    drive(sync.run())
    assert store.records.keys() == {one["Id"] for one in listed[:4] + listed[16:]}
    assert store.invalid.keys() == {one["Id"] for one in listed[4:16]}


class Circle(ClockService):
    """Three records to a page; its tokens lead in a circle."""

    def page(self, parameters: Mapping[str, Any]) -> Page:
        self.requests.append(parameters)
        assert len(self.requests) < 100
        place = int(parameters.get("NextToken", 0))
        return self.records[3 * place : 3 * place + 3], str(place % 3 + 1)


@pytest.mark.parametrize("has_dates", [True, False])
def test_tokens_in_a_circle_are_an_error_and_no_endless_run(has_dates: bool) -> None:
    modified = timestamp(START) if has_dates else None
    service = Circle([record(number, LastModifiedDate=modified) for number in range(12)])
    with pytest.raises(PaginationError):
        drive(OpportunitySync(DirectClient(service), MemoryStore()).run())
