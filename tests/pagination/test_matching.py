"""Any dataset, filters, sort, page size and cut, over real HTTP: exactly what matches, in order.

What matches is computed here by a naive reading of the filters, which shares no code with the
emulator or the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnercentral_list import (
    ClientConfig,
    CreatedDateFilter,
    LastModifiedDateFilter,
    OpportunityFilters,
    OpportunitySort,
    OpportunitySortName,
    PartnerCentralClient,
    ReviewStatus,
    SortOrder,
    Stage,
    TargetCloseDateFilter,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator

EPOCH = datetime(2023, 1, 1, tzinfo=UTC)
moments = st.integers(0, 4 * 365 * 24).map(lambda hours: EPOCH + timedelta(hours=hours))
days = st.integers(0, 6 * 365).map(lambda number: date(2023, 1, 1) + timedelta(days=number))


def ranges(kind: Any, after: str, before: str, values: Any) -> Any:
    pairs = st.tuples(st.none() | values, st.none() | values)
    ordered = pairs.filter(lambda p: None in p or p[0] <= p[1])
    return ordered.map(lambda p: kind(**{after: p[0], before: p[1]}))


filters = st.fixed_dictionaries(
    {},
    optional={
        "life_cycle_stage": st.lists(st.sampled_from(list(Stage)), min_size=1, max_size=7),
        "life_cycle_review_status": st.lists(
            st.sampled_from(list(ReviewStatus)), min_size=1, max_size=6
        ),
        "last_modified_date": ranges(
            LastModifiedDateFilter, "after_last_modified_date", "before_last_modified_date", moments
        ),
        "created_date": ranges(
            CreatedDateFilter, "after_created_date", "before_created_date", moments
        ),
        "target_close_date": ranges(
            TargetCloseDateFilter, "after_target_close_date", "before_target_close_date", days
        ),
        "sort": st.builds(
            OpportunitySort,
            sort_by=st.sampled_from(list(OpportunitySortName)),
            sort_order=st.sampled_from(list(SortOrder)),
        ),
    },
)


def reach(record: dict[str, Any], *path: str) -> Any:
    value: Any = record
    for name in path:
        value = (value or {}).get(name)
    return value


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def within(value: Any, low: Any, high: Any) -> bool:
    if low is None and high is None:
        return True
    if value is None:
        return False
    return (low is None or low <= value) and (high is None or value <= high)


def matches(record: dict[str, Any], wanted: OpportunityFilters) -> bool:
    stages, statuses = wanted.get("life_cycle_stage"), wanted.get("life_cycle_review_status")
    modified, created = wanted.get("last_modified_date"), wanted.get("created_date")
    closing = wanted.get("target_close_date")
    closes = reach(record, "LifeCycle", "TargetCloseDate")
    return (
        (not stages or reach(record, "LifeCycle", "Stage") in stages)
        and (
            not statuses or reach(record, "LifeCycle", "ReviewStatus") in [str(s) for s in statuses]
        )
        and (
            not modified
            or within(
                moment(record.get("LastModifiedDate")),
                modified.after_last_modified_date,
                modified.before_last_modified_date,
            )
        )
        and (
            not created
            or within(
                moment(record.get("CreatedDate")),
                created.after_created_date,
                created.before_created_date,
            )
        )
        and (
            not closing
            or within(
                date.fromisoformat(closes) if closes else None,
                closing.after_target_close_date,
                closing.before_target_close_date,
            )
        )
    )


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
        made = [Bench(seed, runner) for seed in range(3)]
        yield made
        for bench in made:
            bench.close()


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2),
    wanted=filters,
    page_size=st.integers(1, 100),
    cut=st.integers(0, 80),
    empty_pages=st.sets(st.integers(1, 6), max_size=2),
    prefetch=st.integers(0, 2),
)
def test_a_listing_cut_anywhere_and_resumed_is_exactly_what_matches(
    benches: list[Bench],
    seed: int,
    wanted: Any,
    page_size: int,
    cut: int,
    empty_pages: set[int],
    prefetch: int,
) -> None:
    bench = benches[seed]
    expected = {record["Id"] for record in bench.records if matches(record, wanted)}

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
    assert len(whole) == len(expected)
    assert set(whole) == expected
    assert resumed == whole


@pytest.mark.parametrize("order", list(SortOrder))
@pytest.mark.parametrize("by", list(OpportunitySortName))
def test_the_order_is_the_one_asked_for(
    benches: list[Bench], by: OpportunitySortName, order: SortOrder
) -> None:
    bench = benches[0]
    keys = {
        "LastModifiedDate": lambda r: moment(r.get("LastModifiedDate")),
        "CreatedDate": lambda r: moment(r.get("CreatedDate")),
        "TargetCloseDate": lambda r: reach(r, "LifeCycle", "TargetCloseDate"),
        "CustomerCompanyName": lambda r: reach(r, "Customer", "Account", "CompanyName"),
    }
    by_id = {record["Id"]: record for record in bench.records}
    sort = OpportunitySort(sort_by=by, sort_order=order)
    listed = bench.runner.run(bench.client.iter_opportunities(sort=sort, page_size=9).collect())
    if by in keys:
        values = [keys[by](by_id[item.id]) for item in listed]
        known = [value for value in values if value is not None]
        key = str.casefold if by == "CustomerCompanyName" else None
        assert known == sorted(known, key=key, reverse=order == "DESCENDING")
    assert len({item.id for item in listed}) == len(bench.records)
