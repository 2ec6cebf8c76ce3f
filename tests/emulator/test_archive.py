"""The archive: a pipeline of a million is listed as if all of it had been generated."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from partnercentral_list.emulator import Behavior, PartnerCentralEmulator
from tests.emulator.calls import Caller, calling

TOTAL = 60
YOUNG = 20
#: Of these tests only: what other emulators generate of a seed is kept, and has other dates.
SEED = 7_070_707
DATES = ("LastModifiedDate", "CreatedDate")
ORDERS = ("ASCENDING", "DESCENDING")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the archive behind twenty opportunities, so that both kinds of pages are quick."""
    for module in ("_dataset", "_store"):
        # private: an emulator with 20,000 young opportunities would take seconds for each test.
        monkeypatch.setattr(f"partnercentral_list.emulator.{module}.FIRST_ARCHIVED", YOUNG)


def generated(number: int) -> Sequence[dict[str, Any]]:
    """Return what an emulator that stores its records has generated, latest last."""
    return PartnerCentralEmulator(number, seed=SEED).opportunities


class Pair:
    """An emulator that generates on demand, and one that stores the same records."""

    def __init__(self, lazy: PartnerCentralEmulator, full: PartnerCentralEmulator) -> None:
        self.lazy, self.full = lazy, full
        self.callers: list[Caller] = []

    def agree(self, size: int = 7, **parameters: Any) -> list[str]:
        found = [caller.all_ids(MaxResults=size, **parameters) for caller in self.callers]
        assert found[0] == found[1]
        return found[0]

    def change(self, name: str, *arguments: Any) -> None:
        for emulator in (self.lazy, self.full):
            getattr(emulator, name)(*arguments)


@pytest.fixture(params=["offset", "keyset", "snapshot"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    behavior = Behavior(tokens=request.param)
    records = generated(TOTAL)
    lazy = PartnerCentralEmulator(TOTAL, seed=SEED, behavior=behavior)
    full = PartnerCentralEmulator(records, behavior=behavior)
    with lazy, full, calling(lazy) as first, calling(full) as second:
        pair = Pair(lazy, full)
        pair.callers = [first, second]
        yield pair


def sorting(by: str, order: str) -> dict[str, Any]:
    return {"Sort": {"SortBy": by, "SortOrder": order}}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("by", [*DATES, "Identifier", "CustomerCompanyName", "TargetCloseDate"])
def test_every_sort_is_the_same(pair: Pair, by: str, order: str) -> None:
    assert len(pair.agree(**sorting(by, order))) == TOTAL


@pytest.mark.parametrize(
    "parameters",
    [
        {"LifeCycleStage": ["Qualified", "Launched"]},
        {"LastModifiedDate": {"AfterLastModifiedDate": "2023-01-02T00:00:00Z"}},
        {"LastModifiedDate": {"AfterLastModifiedDate": "2023-01-01T23:50:00Z"}},
        {"CreatedDate": {"AfterCreatedDate": "2024-01-01T00:00:00Z"}},
        {"CreatedDate": {"BeforeCreatedDate": "2023-01-01T23:55:00Z"}},
        {"catalog": "Sandbox"},
    ],
    ids=str,
)
def test_every_filter_is_the_same(pair: Pair, parameters: dict[str, Any]) -> None:
    pair.agree(**parameters)


def test_identifiers_are_found_wherever_they_are(pair: Pair) -> None:
    ids = [record["Id"] for record in pair.full.opportunities][::4]
    assert sorted(pair.agree(Identifier=[*ids, "O1"])) == sorted(ids)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("by", DATES)
def test_changes_are_the_same(pair: Pair, by: str, order: str) -> None:
    ids = [record["Id"] for record in pair.full.opportunities]
    pair.agree(**sorting(by, order))
    for number in (59, 20, 40, 41, 3):
        pair.change("update", ids[number], {"LifeCycle": {"Stage": "Launched"}})
        pair.agree(**sorting(by, order))
    for number in (58, 21, 40, 5):
        pair.change("remove", ids[number])
        pair.agree(**sorting(by, order))
    pair.change("add", {"Id": "O1", "CreatedDate": "2000-01-01T00:00:00Z"})
    assert len(pair.agree(**sorting(by, order))) == TOTAL - 3
    pair.change("add", {"Id": ids[40]})
    pair.change("touch_all")
    pair.agree(**sorting(by, order))
    assert pair.lazy.opportunities == pair.full.opportunities


def test_an_id_in_the_archive_is_taken(pair: Pair) -> None:
    identifier = pair.full.opportunities[50]["Id"]
    for emulator in (pair.lazy, pair.full):
        with pytest.raises(ValueError, match=identifier):
            emulator.add({"Id": identifier})
        with pytest.raises(KeyError):
            emulator.remove("O1")


def test_a_change_that_fails_changes_nothing(pair: Pair) -> None:
    identifier = pair.full.opportunities[50]["Id"]
    for emulator in (pair.lazy, pair.full):
        with pytest.raises(TypeError):
            emulator.update(identifier, {"Arn": object()})
    assert identifier in pair.agree()


def test_a_token_is_repeatable(pair: Pair) -> None:
    caller = pair.callers[0]
    responses = [caller.fetch(MaxResults=30).token for _ in range(2)]
    responses += [caller.fetch(MaxResults=10, NextToken=responses[0]).token for _ in range(2)]
    assert responses[0] == responses[1]
    assert responses[2] == responses[3]


@pytest.mark.parametrize("behavior", [Behavior(late_requests=1), Behavior(edits_per_request=1)])
def test_what_is_edited_or_late_is_all_there(behavior: Behavior) -> None:
    emulator = PartnerCentralEmulator(TOTAL, seed=SEED, behavior=behavior)
    with emulator, calling(emulator) as caller:
        assert len(caller.fetch(MaxResults=100).ids) == TOTAL


@pytest.mark.parametrize(
    "identifier", ["", "O1", "O12345", "Oabcdefg", "O99999990", "O" + "\u0661" * 7]
)
def test_another_id_is_no_opportunity(pair: Pair, identifier: str) -> None:
    for emulator in (pair.lazy, pair.full):
        with pytest.raises(KeyError):
            emulator.remove(identifier)


def test_an_id_is_found_at_any_distance() -> None:
    emulator = PartnerCentralEmulator(1_000_000, seed=SEED)
    with emulator, calling(emulator) as caller:
        for order in ORDERS:
            ids = caller.fetch(MaxResults=20, **sorting("CreatedDate", order)).ids
            assert set(caller.fetch(Identifier=ids).ids) == set(ids)


def test_both_dates_go_down_in_the_archive() -> None:
    for name in DATES:
        stamps = sorted(record[name][:19] for record in generated(YOUNG + 300))[:300]
        assert all(older < younger for older, younger in pairwise(stamps))
        assert stamps[-1] < "2023-01-02"


def test_the_archive_is_older_than_what_the_clock_shows() -> None:
    day = datetime(2031, 5, 6, tzinfo=UTC)
    number = 300
    lazy, full = (PartnerCentralEmulator(number, seed=SEED, clock=day.timestamp) for _ in range(2))
    records = full.opportunities
    first_day = (day - timedelta(days=1_276)).isoformat()
    archived = {record["Id"] for record in records if record["CreatedDate"] < first_day}
    assert len(archived) == number - YOUNG
    with lazy, calling(lazy) as caller:
        for name in DATES:
            latest = sorted(records, key=lambda record: str(record[name]), reverse=True)
            listed = caller.all_ids(MaxResults=100, **sorting(name, "DESCENDING"))
            assert listed[YOUNG:] == [record["Id"] for record in latest[YOUNG:]]
            after = {name: {f"After{name}": first_day.replace("+00:00", "Z")}}
            assert set(caller.all_ids(**after)) == {record["Id"] for record in records} - archived


def test_of_a_million_only_a_page_is_generated() -> None:
    tracemalloc.start()
    try:
        emulator = PartnerCentralEmulator(1_000_000, seed=SEED)
        with emulator, calling(emulator) as caller:
            first = caller.fetch(MaxResults=100)
            assert len(first.ids) == 100
            caller.fetch(MaxResults=100, NextToken=first.token)
            last = caller.fetch(MaxResults=100, **sorting("CreatedDate", "ASCENDING"))
            assert caller.fetch(Identifier=last.ids[:20]).status == 200
            emulator.update(last.ids[0], {})
            assert caller.fetch(MaxResults=100).ids[0] == last.ids[0]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A million opportunities take gigabytes, and a thousand several of these megabytes.
    assert peak < 8e6
