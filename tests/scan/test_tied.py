"""Records that no date divides: created in one second, or without a creation date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnercentral_list import (
    PaginationError,
)
from tests.scan.data import (
    DAY,
    START,
    YEAR,
    concurrencies,
    dataset,
    ids,
    services,
    sizes,
    spans,
)
from tests.service import Record, Service, records, run
from tests.tied_records import weakened


@settings(max_examples=40)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, services, st.integers(0, 250))
def test_undated_records_that_come_first_in_a_direction_are_included(
    size: int, span: int, seed: int, concurrency: int, options: dict[str, Any], undated: int
) -> None:
    for nulls in ("first", "low", "high"):
        random = Random(seed)
        listed = dataset(size, span, seed) + [Record(f"N{n}", None) for n in range(undated)]
        service = Service(listed, nulls=nulls, random=random, **options)  # type: ignore[arg-type]
        assert sorted(run(service.ids(concurrency=concurrency))) == ids(listed)
        (finished,) = service.finished
        assert finished.opportunities == len(listed)
        assert finished.may_lack_undated == (not undated)


def test_a_scan_says_when_it_cannot_reach_undated_records() -> None:
    dated = records(range(START, START + 1_000 * DAY, DAY))
    undated = [Record(f"N{number}", None) for number in range(300)]
    beside = Service(dated[:50] + undated, nulls="last")
    assert sorted(run(beside.ids())) == ids(beside.records)
    beyond = Service(dated + undated, nulls="last")
    assert sorted(run(beyond.ids())) == ids(dated)
    assert [end.may_lack_undated for end in beside.finished + beyond.finished] == [False, True]


@settings(max_examples=60)
@given(st.sampled_from([0, 30, 350]), st.integers(101, 350), st.integers(0, 10**6), concurrencies)
def test_undated_records_that_leave_hide_none_of_those_that_stay(
    size: int, undated: int, seed: int, concurrency: int
) -> None:
    for nulls in ("first", "low", "high", "last"):
        random = Random(seed)
        listed = [Record(f"N{number}", None) for number in range(undated)]
        # Those that are last in both directions are promised where nothing stands before them.
        listed += dataset(0 if nulls == "last" else size, YEAR, seed)
        service = Service(listed, nulls=nulls, random=random)  # type: ignore[arg-type]
        moved: set[str] = set()
        budget = random.choice([1, 3, 60])

        def edit(edited: Service, budget: int = budget, moved: set[str] = moved) -> None:
            staying = [record for record in edited.records if record.stage == "Qualified"]
            if len(moved) < budget and staying:
                record = staying[0]
                record.stage = "Launched"
                moved.add(record.id)

        service.edit = edit
        try:
            found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
        except PaginationError as error:
            assert "no creation date" in str(error)  # noqa: PT017 # either is right
            continue
        assert len(found) == len(set(found))
        assert {record.id for record in listed} - moved <= set(found)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_undated_records_are_read_twice_where_some_could_leave(
    concurrency: int,
) -> None:
    dated = records(range(START, START + 900 * DAY, DAY))
    service = Service([Record(f"N{n}", None) for n in range(250)] + dated, nulls="first")
    found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
    assert sorted(found) == ids(service.records)
    # Twice three pages of those, from both ends, and the others as ever.
    assert len(service.asked) <= 12 + 14


@pytest.mark.parametrize("concurrency", [1, 2])
def test_passes_over_a_second_reach_as_far_as_the_next_request(concurrency: int) -> None:
    """The next request begins after the second behind it, and AWS may exclude that one."""
    instants = (
        [START] * 290 + [START + 1_000] * 20 + list(range(START + DAY, START + 600 * DAY, DAY))
    )
    service = Service(records(instants), inclusive=False, filters_to_the_second=True)

    def edit(edited: Service) -> None:
        if edited.asked[-1].get("NextToken") == "200/2":
            edited.records[0].stage = "Launched"

    service.edit = edit
    found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
    assert sorted(found) == ids(service.records)


def test_passes_over_a_second_may_go_the_other_way_than_its_boundary() -> None:
    beside = [START - 2_000, START, START + 2_000]
    instants = [*range(START - 600 * DAY, START - DAY, DAY), *beside * 5, *[START] * 250]
    service = Service(records(instants))
    assert sorted(run(service.ids(LifeCycleStage=["Qualified"]))) == ids(service.records)


@pytest.mark.parametrize("instant", [START])
def test_an_instant_that_keeps_losing_records_is_an_error(instant: int) -> None:
    service = Service(records([instant] * 1_000))

    def edit(edited: Service) -> None:
        next(record for record in edited.records if record.stage == "Qualified").stage = "Launched"

    service.edit = edit
    with pytest.raises(PaginationError, match="may have been missed"):
        run(service.ids(LifeCycleStage=["Qualified"]))


@pytest.mark.parametrize("instant", [START, None])
def test_a_record_that_leaves_and_returns_in_each_pass_hides_none(instant: int | None) -> None:
    """Each pass over them has the same, and each one lacks the record that moved up."""
    service = Service(records([instant] * 250))
    moves = iter(range(1, 9))
    first = service.records[0]
    as_it_was = first.data

    def edit(edited: Service) -> None:
        asked = edited.asked[-1]
        is_pass = ("CreatedDate" in asked) == (instant is not None)
        is_ascending = asked["Sort"]["SortOrder"] == "ASCENDING"
        is_leaving = is_ascending and is_pass and "NextToken" not in asked
        if (is_leaving or first.stage == "Launched") and (number := next(moves, None)):
            first.stage = "Launched" if is_leaving else first.stage
            if asked.get("NextToken", "").startswith("200"):
                first.stage = "Qualified"
            modified = b',"LastModifiedDate":"2024-01-01T00:00:%02dZ"}' % number
            first.data = as_it_was[:-1] + modified

    service.edit = edit
    found = run(service.ids(concurrency=1, LifeCycleStage=["Qualified"]))
    assert len(found) == len(set(found))
    assert {record.id for record in service.records[1:]} <= set(found)


@pytest.mark.parametrize("instant", [START, None])
def test_tied_records_ordered_anew_for_each_page_are_an_error(
    instant: int | None,
) -> None:
    """Two at a page's end change places once: then the walk is repeated. All the time: an error."""

    class Reordered(Service):
        def page(self, parameters: Mapping[str, Any]) -> bytes:
            if "NextToken" in parameters and next(turns, None) is not None:
                first, second = self.records[50], self.records[150]
                first.created, second.created = second.created, first.created
                first.id, second.id = second.id, first.id
                first.data, second.data = second.data, first.data
            return super().page(parameters)

        def _matching(self, parameters: Mapping[str, Any]) -> list[Record]:
            return list(self.records)

    turns = iter(range(1))
    once = Reordered(records([instant] * 250))
    assert sorted(run(once.ids(concurrency=1))) == ids(once.records)
    turns = iter(range(1_000))
    with pytest.raises(PaginationError, match="returned them in another order"):
        run(Reordered(records([instant] * 250)).ids(concurrency=1))


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("one pass", test_an_instant_that_keeps_losing_records_is_an_error),
        (
            "records and not their versions",
            test_a_record_that_leaves_and_returns_in_each_pass_hides_none,
        ),
        (
            "repeats ignored",
            test_tied_records_ordered_anew_for_each_page_are_an_error,
        ),
    ],
)
def test_with_less_proof_of_tied_records_a_scan_is_incomplete(
    name: str, law: Callable[[int], None]
) -> None:
    with weakened(name), pytest.raises((AssertionError, pytest.fail.Exception)):
        law(START)


async def test_an_instant_is_read_once_where_nothing_can_leave() -> None:
    service = Service(records([START] * 1_000))
    assert len(await service.ids()) == 1_000
    assert len(service.asked) <= 12
