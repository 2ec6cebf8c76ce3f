"""The copy is exact in the end, whatever the service does; and the test is known to bite."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partnercentral_list import Catalog, OpportunitySummary, PaginationError
from partnercentral_list.sync import InvalidRecord
from partnercentral_list.sync._source import Key, Query, Row, SourcePage, valid_row
from partnercentral_list.sync._walk import Step, Walk
from tests.sync.exactness import (
    HOSTILE,
    LATE,
    OURS,
    UNSTABLE,
    CrashingStore,
    Outcome,
    Safeguards,
    live,
)
from tests.sync.service import START, Traits, drive
from tests.tied_records import weakened

LIVES = int(os.environ.get("PARTNERCENTRAL_SYNC_LIVES", "40"))
"""Lives of a copy for each kind of service; each is nine runs."""


@pytest.mark.parametrize("name", HOSTILE)
def test_after_a_quiet_run_the_copy_is_what_the_service_has(name: str) -> None:
    wrong = [seed for seed in range(LIVES) if not live(HOSTILE[name], f"{name}:{seed}").is_right]
    assert not wrong


class Naive(Walk):
    """What everybody writes first: follow the tokens, remember the largest date."""

    async def next(self) -> Step | None:
        if self._turn is None:
            return None
        page = await self._source.fetch(self._query)
        self._query = replace(self._query, token=page.token)
        if page.token is None:
            self._turn = None
        return Step(page.rows, max(page.dates(self._query.key), default=None))


class WithoutCap(Walk):
    def _capped(self, last: datetime | None) -> datetime | None:
        return last

    def _is_behind(self, last: datetime) -> bool:
        return False


class WithoutAnchor(Walk):
    def _is_anchored(self, page: SourcePage) -> bool:
        return True


class WithoutOrderCheck(Walk):
    def _checked(self, page: SourcePage, query: Query) -> SourcePage:
        return page


class Believed(SourcePage):
    def watermark(self, key: Key) -> datetime | None:
        return self.proven(key)

    def proven(self, key: Key) -> datetime | None:
        return max(self.dates(key), default=None)


class WithoutDoubt(Walk):
    def _checked(self, page: SourcePage, query: Query) -> SourcePage:
        return Believed(page.rows, page.token, page.clock)


class Timeless(SourcePage):
    def watermark(self, key: Key) -> datetime | None:
        return self.proven(key)


class WithoutClock(Walk):
    def _checked(self, page: SourcePage, query: Query) -> SourcePage:
        page = super()._checked(page, query)
        return Timeless(page.rows, page.token)


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
    "no anchor rule": (Safeguards(WithoutAnchor), HOSTILE["exclusive to the second"]),
    "no order check": (Safeguards(WithoutOrderCheck), Traits(disorder=0.2, edits=0.3)),
    "dates of records that cannot be read": (
        Safeguards(WithoutDoubt),
        HOSTILE["records that cannot be read"],
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
    lost = next((seed for seed in seeds if not live(traits, seed, safeguards).is_right), None)
    assert lost is not None
    assert live(traits, lost, OURS).is_right


@pytest.mark.parametrize("name", UNSTABLE)
def test_an_order_that_does_not_last_is_an_error_or_the_copy_is_right(name: str) -> None:
    lives = [live(UNSTABLE[name], f"{name}:{seed}") for seed in range(4 * LIVES)]
    assert all(life.is_right or life.is_refused for life in lives)
    assert any(life.is_right for life in lives)


TIED = {
    "one pass": Traits(imports=0.02, edits=0.7),
    "repeats ignored": UNSTABLE["ties in another order each time"],
}


@pytest.mark.parametrize("name", TIED)
def test_with_less_proof_of_tied_records_some_are_lost(name: str) -> None:
    seeds = [f"{name}:{seed}" for seed in range(400)]
    with weakened(name):
        lost = next((s for s in seeds if is_lost(live(TIED[name], s))), None)
    assert lost is not None
    assert not is_lost(live(TIED[name], lost))


def is_lost(life: Outcome) -> bool:
    return not (life.is_right or life.is_refused)


CLOCK = START + timedelta(days=1)


class Pages:
    """Twenty changes, a second apart, four to a page; of those in the middle none can be read."""

    catalog = Catalog.AWS

    def __init__(self, nonsense: datetime) -> None:
        self.requests = 0
        self._rows = [
            _row(number, nonsense if 5 <= number <= 16 else None) for number in range(1, 21)
        ]

    async def fetch(self, query: Query) -> SourcePage:
        self.requests += 1
        assert self.requests < 100
        moments = [START + timedelta(seconds=number) for number in range(1, 21)]
        first = next((n for n, at in enumerate(moments) if at >= (query.after or START)), 20)
        rows = self._rows[first:]
        if query.descending:
            rows = rows[::-1]
        begin = int(query.token or 0)
        token = str(begin + 4) if begin + 4 < len(rows) else None
        return SourcePage(tuple(rows[begin : begin + 4]), token, CLOCK)


def _row(number: int, nonsense: datetime | None) -> Row:
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
def test_a_page_of_nothing_but_nonsense_hides_none_of_the_pages_behind_it(
    nonsense: datetime,
) -> None:
    async def read() -> set[str]:
        walk = Walk(Pages(nonsense), None)
        found: set[str] = set()
        while (step := await walk.next()) is not None:
            found |= {row.id for row in step.rows if row.id is not None}
        return found

    assert drive(read()) == {f"O{number}" for number in range(1, 21)}


class Circle:
    """Three records to a page; its tokens lead in a circle."""

    catalog = Catalog.AWS

    def __init__(self, modified: datetime | None) -> None:
        self.requests = 0
        self._modified = modified

    async def fetch(self, query: Query) -> SourcePage:
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
def test_tokens_that_lead_in_a_circle_are_an_error_and_no_endless_run(
    modified: datetime | None,
) -> None:
    async def read() -> None:
        walk = Walk(Circle(modified), None)
        while await walk.next() is not None:
            pass

    with pytest.raises(PaginationError):
        drive(read())
