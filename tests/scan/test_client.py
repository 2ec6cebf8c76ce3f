"""Scans through a client, over real HTTP."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partnercentral_list import (
    AccessDeniedException,
    ClientClosedError,
    CreatedDateFilter,
    DailyLimitError,
    InvalidOpportunity,
    InvalidOpportunityError,
    ListOpportunitiesRequest,
    OpportunitySort,
    PageReceived,
    PartnerCentralClient,
    RateLimit,
    RequestEvent,
    RequestSent,
    RequestValidationError,
    ScanFinished,
    Stage,
)
from partnercentral_list.emulator import Behavior, PartnerCentralEmulator
from tests.conftest import MakeClient

NO_DATES = {"CreatedDate": None, "LastModifiedDate": None}
BY_DATE = OpportunitySort(sort_by="CreatedDate", sort_order="ASCENDING")


def ids_of(emulator: PartnerCentralEmulator) -> list[str]:
    return sorted(record["Id"] for record in emulator.opportunities)


async def ids(client: PartnerCentralClient, **options: object) -> list[str]:
    return sorted([item.id async for item in client.scan_opportunities(**options)])


async def test_a_scan_is_the_whole_pipeline_each_once(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(opportunities=1_200) as emulator:
        assert await ids(make_client(emulator)) == ids_of(emulator)
        assert len(emulator.requests) <= 20


async def test_small_pages_and_one_at_a_time_change_nothing(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    request = ListOpportunitiesRequest(catalog="AWS", max_results=7)
    for concurrency in (1, 16):
        scan = client.scan_opportunities(request, concurrency=concurrency)
        assert sorted(item.id for item in await scan.collect()) == ids_of(emulator)


async def test_a_scan_has_what_a_listing_with_the_same_filters_has(
    client: PartnerCentralClient,
) -> None:
    created = CreatedDateFilter(
        after_created_date=datetime(2023, 6, 1, tzinfo=UTC),
        before_created_date=datetime(2025, 6, 1, 12, 30, 15, 250_000, tzinfo=UTC),
    )
    stages = [Stage.QUALIFIED, Stage.COMMITTED, Stage.LAUNCHED, Stage.PROSPECT]
    listed = [
        item.id
        async for item in client.iter_opportunities(
            created_date=created, life_cycle_stage=stages, sort=BY_DATE
        )
    ]
    assert await ids(client, created_date=created, life_cycle_stage=stages) == sorted(listed)
    assert listed


async def test_edits_while_it_runs_hide_nothing(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(opportunities=900) as emulator:
        client = make_client(emulator)
        known = ids_of(emulator)
        found: list[str] = []
        async for item in client.scan_opportunities(concurrency=3):
            found.append(item.id)
            if len(found) % 50 == 1:
                edited = known[len(found) % len(known)]
                emulator.update(edited, {"LifeCycle": {"Stage": "Launched"}})
                emulator.add()
        assert len(found) == len(set(found))
        assert set(known) <= set(found)


@pytest.mark.parametrize("order", ["first", "last", "always_first", "always_last", "filtered_out"])
@pytest.mark.parametrize("size", [0, 20, 300])
async def test_an_undated_opportunity_is_found_or_the_scan_says_so(
    make_client: MakeClient, size: int, order: Any
) -> None:
    behavior = Behavior(null_order={"CreatedDate": order, "LastModifiedDate": order})
    events: list[RequestEvent] = []
    with PartnerCentralEmulator(size, behavior=behavior) as emulator:
        emulator.add({"Id": "O999", "LifeCycle": {"Stage": "Prospect"}, **NO_DATES})
        found = await ids(make_client(emulator, on_event=events.append))
        (finished,) = [event for event in events if isinstance(event, ScanFinished)]
        assert finished.opportunities == len(found)
        assert finished.may_lack_undated == (found != ids_of(emulator))
        assert finished.may_lack_undated == (
            order == "filtered_out" or (order == "always_last" and size == 300)
        )


@pytest.mark.parametrize("tokens", ["offset", "keyset", "snapshot"])
async def test_a_hundred_tied_records_are_read_in_whatever_order_they_come(
    make_client: MakeClient, tokens: Any
) -> None:
    request = ListOpportunitiesRequest(catalog="AWS", max_results=7)
    tied = [{"Id": f"O{n}", "CreatedDate": "2025-01-01T00:00:00Z"} for n in range(1, 31)]
    behavior = Behavior(tie_order="random", tokens=tokens)
    for seed in range(10):
        with PartnerCentralEmulator(tied, behavior=behavior, seed=seed) as emulator:
            scan = make_client(emulator).scan_opportunities(request)
            assert sorted([item.id async for item in scan]) == ids_of(emulator)


@pytest.mark.parametrize("request_has_it", [True, False])
async def test_a_sort_is_refused(client: PartnerCentralClient, request_has_it: bool) -> None:
    with pytest.raises(RequestValidationError) as caught:
        if request_has_it:
            client.scan_opportunities(ListOpportunitiesRequest(catalog="AWS", sort=BY_DATE))
        else:
            client.scan_opportunities(sort=BY_DATE)
    (problem,) = caught.value.errors()
    assert problem["field"] == "sort"
    assert "no order" in problem["problem"]


async def test_everything_wrong_is_named_at_once_and_nothing_is_sent(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        client.scan_opportunities(
            concurrency=0,
            on_invalid="ignore",
            life_cycle_stage=["Closed Won"],
            limit=3,
        )
    fields = {problem["field"].partition("[")[0] for problem in caught.value.errors()}
    assert fields == {"concurrency", "on_invalid", "life_cycle_stage", "limit"}
    assert not emulator.requests


async def test_a_sort_of_none_is_no_sort(client: PartnerCentralClient) -> None:
    assert len(await ids(client, sort=None)) == 250


async def test_a_request_with_a_token_is_refused(client: PartnerCentralClient) -> None:
    with pytest.raises(RequestValidationError, match="next_token"):
        client.scan_opportunities(ListOpportunitiesRequest(catalog="AWS", next_token="x"))


async def test_nothing_is_sent_before_it_is_iterated_over(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    scan = client.scan_opportunities()
    assert not emulator.requests
    assert len(await scan.collect()) == len(await scan.collect()) == 250


async def test_a_refusal_is_one_error_and_ends_everything(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(opportunities=2_000) as emulator:
        emulator.fail("AccessDeniedException", at=6)
        events: list[object] = []
        client = make_client(emulator, on_event=events.append)
        with pytest.raises(AccessDeniedException) as caught:
            await client.scan_opportunities().collect()
        assert caught.value.request_id
        # What was sent before may reach the emulator later; nothing more is sent.
        sent = [event for event in events if isinstance(event, RequestSent)]
        await asyncio.sleep(0)
        assert [event for event in events if isinstance(event, RequestSent)] == sent
        assert asyncio.all_tasks() == {asyncio.current_task()}
        # The client still works.
        assert len(await ids(client)) == 2_000


async def test_throttling_and_broken_responses_are_retried(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(opportunities=1_000) as emulator:
        emulator.fail("ThrottlingException", at=2)
        emulator.fail("InternalServerException", at=5, times=2)
        assert await ids(make_client(emulator)) == ids_of(emulator)


async def test_breaking_out_leaves_no_task_and_the_client_usable(
    client: PartnerCentralClient,
) -> None:
    async with aclosing(aiter(client.scan_opportunities())) as found:
        await anext(found)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(await ids(client)) == 250


async def test_cancelling_leaves_no_task(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(opportunities=500, latency=0.05) as emulator:
        client = make_client(emulator)
        started = asyncio.Event()
        scan = client.scan_opportunities()

        async def consume() -> None:
            async for _ in scan:
                started.set()

        consuming = asyncio.create_task(consume())
        await started.wait()
        consuming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await consuming
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_an_invalid_record_is_an_error_or_goes_to_the_callable(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    broken = ids_of(emulator)[100]
    emulator.update(broken, {"Project": "a structure belongs here"})
    with pytest.raises(InvalidOpportunityError, match=broken):
        await client.scan_opportunities().collect()
    reported: list[InvalidOpportunity] = []

    async def report(invalid: InvalidOpportunity) -> None:
        reported.append(invalid)

    found = await client.scan_opportunities(on_invalid=report).collect()
    assert [invalid.id for invalid in reported] == [broken]
    assert len(found) == 249


async def test_the_days_last_request_ends_it(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    client = make_client(emulator, rate_limit=RateLimit(per_second=10_000, per_day=2))
    with pytest.raises(DailyLimitError):
        await client.scan_opportunities(
            ListOpportunitiesRequest(catalog="AWS", max_results=20)
        ).collect()
    assert len(emulator.requests) == 2


async def test_a_closed_client_does_not_scan(client: PartnerCentralClient) -> None:
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await client.scan_opportunities().collect()


async def test_every_page_emits_an_event(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    events: list[RequestEvent] = []
    await make_client(emulator, on_event=events.append).scan_opportunities().collect()
    pages = [event for event in events if isinstance(event, PageReceived)]
    assert len(pages) <= len(emulator.requests)
    assert len({page.request_id for page in pages}) == len(pages)
    assert sum(page.opportunities for page in pages) >= 250


async def test_an_import_of_hundreds_in_one_second(make_client: MakeClient) -> None:
    moment = datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)
    dates = [moment] * 350 + [moment + timedelta(hours=hour) for hour in range(300)]
    records = [
        {"Id": f"O{number}", "CreatedDate": f"{date:%Y-%m-%dT%H:%M:%SZ}"}
        for number, date in enumerate(dates, start=1)
    ]
    with PartnerCentralEmulator(opportunities=records) as emulator:
        assert await ids(make_client(emulator)) == ids_of(emulator)
