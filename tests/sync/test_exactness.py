"""The copy is exact in the end, whatever the service does; and the test is known to bite."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from partnercentral_list.sync._source import Key, Query, SourcePage
from partnercentral_list.sync._walk import Step, Walk
from tests.sync.exactness import HOSTILE, LATE, OURS, CrashingStore, Safeguards, live
from tests.sync.service import Traits

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


class WithOneTiePass(Walk):
    def _is_settled(self, tie: object) -> bool:
        return True


class WithoutOrderCheck(Walk):
    def _checked(self, page: SourcePage, query: Query) -> SourcePage:
        return page


class Believed(SourcePage):
    def proven(self, key: Key) -> datetime | None:
        return max(self.dates(key), default=None)


class WithoutDoubt(Walk):
    def _checked(self, page: SourcePage, query: Query) -> SourcePage:
        return Believed(page.rows, page.token)


class WatermarkFirst(CrashingStore):
    watermark_first = True


NOTHING = timedelta(0)
BROKEN = {
    "naive": (Safeguards(Naive, overlap=NOTHING), Traits(edits=1.5)),
    "naive, late changes": (Safeguards(Naive, overlap=NOTHING), Traits(late=LATE, edits=0.5)),
    "tokens with overlap": (Safeguards(Naive), Traits(edits=2, mass=0.1)),
    "no overlap": (Safeguards(overlap=NOTHING), Traits(late=LATE, edits=1)),
    "half the overlap": (
        Safeguards(overlap=timedelta(milliseconds=LATE // 2)),
        Traits(late=LATE, edits=1),
    ),
    "no cap": (Safeguards(WithoutCap), Traits(late=LATE, edits=1.5, latency=2000)),
    "no anchor rule": (Safeguards(WithoutAnchor), HOSTILE["exclusive to the second"]),
    "one pass over a tie": (Safeguards(WithOneTiePass), Traits(imports=0.02, edits=0.7)),
    "no order check": (Safeguards(WithoutOrderCheck), Traits(disorder=0.2, edits=0.3)),
    "dates of records that cannot be read": (
        Safeguards(WithoutDoubt),
        HOSTILE["records that cannot be read"],
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
