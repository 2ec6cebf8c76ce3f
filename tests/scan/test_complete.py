"""A scan yields each record that matches throughout exactly once, whatever the service does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list import (
    MalformedResponseError,
    PaginationError,
)
from tests.expected import Rules, matching
from tests.scan.data import (
    DAY,
    HOUR,
    START,
    concurrencies,
    dataset,
    ids,
    services,
    sizes,
    spans,
)
from tests.service import Record, Service, created, records, timestamp
from tests.virtual_time import run


@settings(max_examples=500)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, st.sampled_from([10, 100]), services)
@example(1000, 0, 0, 8, 100, {"rules": Rules(exclusive=True)})
@example(12, 2_500, 116, 2, 10, {})
@example(1000, 10_000, 0, 8, 10, {"rules": Rules(exclusive=True, precision="second")})
def test_every_record_comes_exactly_once(
    size: int, span: int, seed: int, concurrency: int, page_size: int, options: dict[str, Any]
) -> None:
    size = size // 5 if page_size == 10 else size
    service = Service(dataset(size, span, seed), random=Random(seed), **options)
    found = run(service.ids(concurrency=concurrency, MaxResults=page_size))
    assert sorted(found) == ids(service.records)
    assert service.most_in_flight <= concurrency


@settings(max_examples=100)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, services)
def test_a_filter_on_the_creation_date_narrows_the_scan(
    size: int, span: int, seed: int, concurrency: int, options: dict[str, Any]
) -> None:
    random = Random(seed)
    service = Service(dataset(size, span, seed), random=random, **options)
    bounds = sorted(START + random.randint(-HOUR, span + HOUR) for _ in range(2))
    names = random.choice([("After", "Before"), ("After",), ("Before",)])
    wanted = {
        f"{name}CreatedDate": timestamp(bound) for name, bound in zip(names, bounds, strict=False)
    }
    request = {"MaxResults": 100, "CreatedDate": wanted}
    listed = matching(service.records, {"Catalog": "AWS", **request}, service.rules)
    assert sorted(run(service.ids(concurrency=concurrency, **request))) == ids(listed)


@settings(max_examples=60)
@given(st.integers(300, 900), spans, st.integers(0, 10**6), concurrencies, services)
def test_edits_and_additions_hide_no_record_that_matches_throughout(
    size: int, span: int, seed: int, concurrency: int, options: dict[str, Any]
) -> None:
    """Records leave the filter, come back, or are new, while the scan runs."""
    random = Random(seed)
    service = Service(dataset(size, span, seed), random=random, **options)
    moved: set[str] = set()
    budget = iter(range(random.choice([5, 40])))

    def edit(edited: Service) -> None:
        if next(budget, None) is None:
            return
        for _ in range(random.randint(0, 4)):
            record = random.choice(edited.records)
            moved.add(record["Id"])
            record["LifeCycle"] = {"Stage": "Launched" if random.random() < 0.7 else "Qualified"}
        new = created(f"N{len(edited.records)}", START + random.randint(0, span))
        moved.add(new["Id"])
        edited.records.append(new)

    service.edit = edit
    try:
        found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
    except PaginationError as error:
        assert "in 5 passes" in str(error)  # noqa: PT017 # either is right
        return
    assert len(found) == len(set(found))
    assert set(ids(service.records)) - moved <= set(found)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_a_second_that_the_filter_ends_in_is_read_once(seed: int, concurrency: int) -> None:
    """Behind its end the filter's own bound gives the same records again, without an end."""
    service = Service(records([START] * 250), empty_pages=0.6, random=Random(seed))
    span = {f"{end}CreatedDate": "2023-11-14T22:13:20Z" for end in ("After", "Before")}
    found = run(service.ids(concurrency=concurrency, CreatedDate=span))
    assert sorted(found) == ids(service.records)
    first = [request for request in service.requests if "NextToken" not in request]
    assert len(first) <= 4


async def test_two_iterations_of_one_scan_do_not_disturb_each_other() -> None:
    service = Service(records(range(START, START + 500 * DAY, DAY)))
    scan = service.scan()
    first, second = await asyncio.gather(scan.collect(), scan.collect())
    assert {record.id for record in first} == {record.id for record in second}
    assert len(first) == len(second) == 500


async def test_a_slow_consumer_bounds_what_is_fetched_ahead() -> None:
    """The number of records that are fetched and not yet consumed is bounded by the concurrency."""
    service = Service(records(range(START, START + 5_000 * DAY, DAY)))
    taken = 0
    async for _ in service.scan(concurrency=3):
        taken += 1
        if taken % 100 == 0:
            for _ in range(20):
                await asyncio.sleep(0)
        # Three in flight, three that wait, and the one in hand.
        assert len(service.requests) <= taken / 100 + 7


class Disordered(Service):
    """Does not honor the sort."""

    def listed(self, parameters: Mapping[str, Any]) -> list[Record]:
        found = super().listed(parameters)
        Random(len(found)).shuffle(found)
        return found


async def test_a_page_that_is_not_sorted_is_an_error() -> None:
    service = Disordered(records(range(START, START + 500 * DAY, DAY)))
    with pytest.raises(MalformedResponseError, match="sorted by CreatedDate"):
        await service.ids()


class Reversed(Service):
    """Returns the other order than was requested."""

    def listed(self, parameters: Mapping[str, Any]) -> list[Record]:
        return super().listed(parameters)[::-1]


async def test_a_second_before_another_one_is_not_sorted_however_close() -> None:
    with pytest.raises(MalformedResponseError, match="sorted by CreatedDate"):
        await Reversed(records([START, START + 1_000])).ids()


async def test_an_order_within_a_second_need_not_be_seen() -> None:
    service = Reversed(records([START, START + 1, START + 999]))
    assert sorted(await service.ids()) == ids(service.records)
