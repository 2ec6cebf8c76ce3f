"""Any dataset, filters, sort, page size and cut, over real HTTP: exactly what matches, in order.

What matches, and in which order, is computed by the oracle of tests/expected.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_snake

from partnercentral_list import (
    ClientConfig,
    OpportunityFilters,
    OpportunitySort,
    OpportunitySortName,
    PartnerCentralClient,
    SortOrder,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.expected import FILTERS, expected_ids, value_of

SHAPES = Loader().load_service_model("partnercentral-selling", "service-2")["shapes"]
EPOCH = datetime(2023, 1, 1, tzinfo=UTC)
times = st.integers(0, 4 * 365 * 24).map(
    lambda hours: f"{EPOCH + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
)
days = st.integers(0, 6 * 365).map(lambda number: f"{EPOCH + timedelta(days=number):%Y-%m-%d}")


def between(name: str, values: st.SearchStrategy[str]) -> Any:
    ordered = st.lists(values, min_size=2, max_size=2).map(sorted)
    bounds = st.tuples(ordered, st.sets(st.sampled_from(["After", "Before"]), min_size=1))
    return bounds.map(
        lambda drawn: {
            f"{bound}{name}": drawn[0][0 if bound == "After" else 1] for bound in sorted(drawn[1])
        }
    )


SEEDS = range(3)
RECORDS = [
    record
    for seed in SEEDS
    for record in PartnerCentralEmulator(opportunities=70, seed=seed).opportunities
]


def some_of(name: str, at_most: int) -> st.SearchStrategy[list[str]]:
    values = {value_of(record, name) for record in RECORDS} - {None}
    return st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=at_most)


def filter_values(name: str) -> st.SearchStrategy[Any]:
    if name.endswith("Date"):
        return between(name, days if name == "TargetCloseDate" else times)
    return some_of(
        name, SHAPES[SHAPES["ListOpportunitiesRequest"]["members"][name]["shape"]]["max"]
    )


# In wire form, which the client takes too, so that nothing but the oracle reads it here.
GENERATED: dict[str, st.SearchStrategy[Any]] = {
    **{name: filter_values(name) for name in FILTERS},
    "Sort": st.fixed_dictionaries(
        {
            "SortBy": st.sampled_from(list(OpportunitySortName)),
            "SortOrder": st.sampled_from(list(SortOrder)),
        }
    ),
}
requests = st.fixed_dictionaries({}, optional=GENERATED)


def not_generated(filters: Iterable[str]) -> str:
    """Say which of a request's filters the generated requests never have, and where to add them."""
    generated = {to_snake(name) for name in GENERATED}
    missing = sorted(set(filters) - generated)
    return f"add {', '.join(missing)} to FILTERS in {expected_ids.__module__}" if missing else ""


def test_every_filter_is_generated() -> None:
    problem = not_generated(OpportunityFilters.__annotations__)
    assert not problem, problem


def test_a_filter_that_is_not_generated_is_noticed() -> None:
    problem = not_generated([*OpportunityFilters.__annotations__, "no_such_filter"])
    assert problem == "add no_such_filter to FILTERS in tests.expected"


def keywords(request: Mapping[str, Any]) -> Any:
    return {to_snake(name): value for name, value in request.items()}


class Bench:
    """One emulator and one client for many examples: opening them each time would be the test."""

    def __init__(self, seed: int, runner: asyncio.Runner) -> None:
        self.emulator = PartnerCentralEmulator(opportunities=70, seed=seed)
        self.emulator.start()
        self.records = self.emulator.opportunities
        self.client = PartnerCentralClient(
            "AWS",
            endpoint_url=self.emulator.url,
            config=ClientConfig(sign_requests=False),
            rate_limit=None,
        )
        self.runner = runner

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.emulator.stop()


@pytest.fixture(scope="module")
def benches() -> Iterator[list[Bench]]:
    with asyncio.Runner() as runner:
        made = [Bench(seed, runner) for seed in SEEDS]
        yield made
        for bench in made:
            bench.close()


@settings(max_examples=150)
@given(
    seed=st.sampled_from(SEEDS),
    request=requests,
    page_size=st.integers(1, 100),
    cut=st.integers(0, 80),
    empty_pages=st.sets(st.integers(1, 6), max_size=2),
    prefetch=st.integers(0, 2),
)
def test_a_listing_cut_anywhere_and_resumed_is_exactly_what_matches(
    benches: list[Bench],
    seed: int,
    request: Mapping[str, Any],
    page_size: int,
    cut: int,
    empty_pages: set[int],
    prefetch: int,
) -> None:
    bench = benches[seed]
    wanted = keywords(request)

    async def read() -> tuple[list[str], list[str]]:
        whole = await bench.client.iter_opportunities(**wanted).collect()
        for at in empty_pages:
            bench.emulator.fail(Fault.empty_page(), at=at)
        part = bench.client.iter_opportunities(
            page_size=page_size, max_items=cut, prefetch=prefetch, **wanted
        )
        resumed = [item.id for item in await part.collect()]
        bench.emulator.clear_faults()
        if part.resume_token is not None:
            rest = bench.client.iter_opportunities(
                page_size=max(1, page_size // 2), starting_token=part.resume_token, **wanted
            )
            resumed += [item.id for item in await rest.collect()]
        return [item.id for item in whole], resumed

    whole, resumed = bench.runner.run(read())
    assert whole == expected_ids(bench.records, {"Catalog": "AWS"} | request)
    assert resumed == whole


@pytest.mark.parametrize("order", list(SortOrder))
@pytest.mark.parametrize("by", list(OpportunitySortName))
def test_a_listing_has_the_order_of_its_sort(
    benches: list[Bench], by: OpportunitySortName, order: SortOrder
) -> None:
    bench = benches[0]
    sort = OpportunitySort(sort_by=by, sort_order=order)
    listed = bench.runner.run(bench.client.iter_opportunities(sort=sort, page_size=9).collect())
    wire = {"Catalog": "AWS", "Sort": {"SortBy": by, "SortOrder": order}}
    assert [item.id for item in listed] == expected_ids(bench.records, wire)
