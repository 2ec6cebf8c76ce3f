"""The pager over real HTTP: what it yields, when it stops, and what it leaves behind."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from typing import Any

import pytest

from partnercentral_list import (
    InvalidOpportunity,
    InvalidOpportunityError,
    ListOpportunitiesRequest,
    PaginationError,
    PartnerCentralClient,
    TokenExpiredError,
    ValidationException,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient
from tests.service import resume_token


async def test_a_listing_is_everything_in_awss_default_order(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    expected = sorted(emulator.opportunities, key=lambda r: r["Id"])
    listed = await client.iter_opportunities().collect()
    assert sorted(item.id for item in listed) == [record["Id"] for record in expected]
    dates = [item.last_modified_date for item in listed if item.last_modified_date]
    assert dates == sorted(dates, reverse=True)


async def test_pages_of_a_hundred_are_requested(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    await client.iter_opportunities().collect()
    assert [request.body["MaxResults"] for request in emulator.requests] == [100, 100, 100]


async def test_the_size_of_a_page_can_be_left_to_aws(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    pages = client.iter_opportunities(page_size="aws", max_items=30, prefetch=0).pages()
    assert [len(page.opportunity_summaries) async for page in pages] == [20, 10]
    assert all("MaxResults" not in request.body for request in emulator.requests)


async def test_every_parameter_is_repeated_beside_the_token(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    await client.iter_opportunities(
        life_cycle_stage=["Qualified", "Committed"], page_size=7
    ).collect()
    bodies = [dict(request.body) for request in emulator.requests]
    assert len(bodies) > 2
    assert all(body.pop("NextToken", None) for body in bodies[1:])
    assert all(body == bodies[0] for body in bodies)


async def test_max_items_of_0_sends_nothing_and_keeps_the_position(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    listing = client.iter_opportunities(max_items=0)
    assert await listing.collect() == []
    assert emulator.requests == []
    assert listing.resume_token == resume_token(None)


async def test_an_empty_page_with_a_token_is_not_the_end(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    for at in (1, 3, 5):
        emulator.fail(Fault.empty_page(), at=at)
    assert len(await client.iter_opportunities().collect()) == 250
    assert len(emulator.requests) == 6


async def test_the_first_opportunity_takes_one_request(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    everything = await client.iter_opportunities().collect()
    before = len(emulator.requests)
    assert await client.iter_opportunities().first() == everything[0]
    assert len(emulator.requests) == before + 1


async def test_the_first_of_nothing_is_none(client: PartnerCentralClient) -> None:
    assert (
        await client.iter_opportunities(customer_company_name=["nobody of that name"]).first()
        is None
    )


async def test_a_page_has_metadata_of_its_response(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail("InternalServerException")
    async with aclosing(client.iter_opportunities().pages()) as pages:
        metadata = (await anext(pages)).response_metadata
    assert (metadata.http_status, metadata.attempts) == (200, 2)
    assert metadata.request_id
    assert metadata.elapsed > 0


async def test_a_request_brings_its_own_catalog_and_page_size(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    request = ListOpportunitiesRequest(catalog="Sandbox", max_results=9)
    await client.iter_opportunities(request).collect()
    assert emulator.requests[0].body == {"Catalog": "Sandbox", "MaxResults": 9}


@pytest.mark.parametrize(
    "fault", [Fault.repeat_token(), Fault.cycle_token()], ids=["once", "cycle"]
)
@pytest.mark.parametrize("prefetch", [0, 2])
async def test_a_repeated_token_is_an_error_after_its_page(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, fault: Fault, prefetch: int
) -> None:
    emulator.fail(fault, at=3)
    everything: list[str] = []
    with pytest.raises(PaginationError) as caught:
        async for item in client.iter_opportunities(page_size=50, prefetch=prefetch):
            everything.append(item.id)
    assert len(set(everything)) == 150
    token = caught.value.resume_token
    rest = client.iter_opportunities(page_size=50, starting_token=token)
    everything += [item.id for item in await rest.collect()]
    assert len(everything) == len(set(everything)) == 250


async def test_a_repeated_token_does_not_matter_when_enough_was_read(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.repeat_token(), at=2)
    assert len(await client.iter_opportunities(page_size=50, max_items=100).collect()) == 100


async def test_a_token_refused_in_the_middle_of_a_listing_has_expired(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.error("ValidationException", "something is wrong"), at=2)
    listing = client.iter_opportunities()
    with pytest.raises(TokenExpiredError, match="List again") as caught:
        await listing.collect()
    assert caught.value.resume_token == listing.resume_token
    assert isinstance(caught.value.__cause__, ValidationException)


async def test_a_starting_token_that_aws_names_has_expired(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    cut = client.iter_opportunities(max_items=100)
    await cut.collect()
    emulator.fail(Fault.expired_token())
    with pytest.raises(TokenExpiredError):
        await client.iter_opportunities(starting_token=cut.resume_token).collect()


async def test_a_starting_token_with_other_filters_is_refused(client: PartnerCentralClient) -> None:
    cut = client.iter_opportunities(max_items=100)
    await cut.collect()
    other = client.iter_opportunities(
        starting_token=cut.resume_token, life_cycle_stage=["Qualified"]
    )
    with pytest.raises(TokenExpiredError):
        await other.collect()


async def test_a_request_that_aws_refuses_at_once_is_no_expired_token(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    cut = client.iter_opportunities(max_items=100)
    await cut.collect()
    emulator.fail(Fault.error("ValidationException", "the catalog is closed today"))
    with pytest.raises(ValidationException):
        await client.iter_opportunities(starting_token=cut.resume_token).collect()


def spoil(*indices: int) -> Fault:
    def spoiled(page: dict[str, Any]) -> dict[str, Any]:
        for index in indices:
            page["OpportunitySummaries"][index]["LifeCycle"] = "no structure"
        return page

    return Fault.edit_page(spoiled)


async def test_an_invalid_record_is_an_error_in_its_place(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    everything = [item.id for item in await client.iter_opportunities().collect()]
    emulator.fail(spoil(7), at=2)
    seen: list[str] = []
    with pytest.raises(InvalidOpportunityError) as caught:
        async for item in client.iter_opportunities():
            seen.append(item.id)
    error = caught.value
    assert seen == everything[:107]
    assert (error.invalid.id, error.invalid.page, error.invalid.index) == (everything[107], 2, 7)
    assert error.invalid.problems[0].startswith("LifeCycle: ")
    at_it = client.iter_opportunities(starting_token=error.resume_token)
    assert [item.id for item in await at_it.collect()] == everything[107:]
    behind = client.iter_opportunities(starting_token=error.resume_token_after)
    assert [item.id for item in await behind.collect()] == everything[108:]


async def test_pages_before_an_invalid_record_are_not_lost(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(spoil(7), at=2)
    sizes: list[int] = []
    with pytest.raises(InvalidOpportunityError):
        async for page in client.iter_opportunities().pages():
            sizes.append(len(page.opportunity_summaries))
    assert sizes == [100, 7]


async def test_invalid_records_are_passed_to_the_callable(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(spoil(0, 99), at=1)
    invalid: list[InvalidOpportunity] = []
    listing = client.iter_opportunities(on_invalid=invalid.append)
    assert len(await listing.collect()) == 248
    assert [(item.page, item.index) for item in invalid] == [(1, 0), (1, 99)]


async def test_a_single_page_with_an_invalid_record_is_an_error(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(spoil(3))
    with pytest.raises(InvalidOpportunityError) as caught:
        await client.list_opportunities(max_results=5)
    behind = client.iter_opportunities(starting_token=caught.value.resume_token_after)
    assert len(await behind.collect()) == 246


def leftovers() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]


@pytest.mark.parametrize("prefetch", [0, 1, 3])
async def test_breaking_out_leaves_no_task(client: PartnerCentralClient, prefetch: int) -> None:
    async for _ in client.iter_opportunities(page_size=10, prefetch=prefetch):
        break
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)
    assert leftovers() == []


@pytest.mark.parametrize("prefetch", [0, 1, 3])
async def test_an_error_of_the_consumer_leaves_no_task(
    client: PartnerCentralClient, prefetch: int
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with aclosing(aiter(client.iter_opportunities(prefetch=prefetch))) as items:
            async for _ in items:
                raise ZeroDivisionError
    assert leftovers() == []


@pytest.mark.parametrize("prefetch", [0, 1])
async def test_a_cancelled_listing_leaves_no_task(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, prefetch: int
) -> None:
    emulator.fail(Fault.hang(), at=2)
    reached = asyncio.Event()

    async def consume() -> None:
        async for _ in client.iter_opportunities(page_size=10, prefetch=prefetch):
            reached.set()

    consumer = asyncio.create_task(consume())
    await reached.wait()
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert leftovers() == []


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("keep", [False, True], ids=["dropped", "kept"])
def test_a_loop_may_end_right_after_breaking_out(
    emulator: PartnerCentralEmulator, caplog: pytest.LogCaptureFixture, keep: bool
) -> None:
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url)
    kept: list[object] = []

    async def main() -> str:
        opportunities = aiter(client.iter_opportunities(page_size=10, prefetch=2))
        if keep:
            kept.append(opportunities)
        async for item in opportunities:
            return item.id
        raise AssertionError

    assert asyncio.run(main()) == asyncio.run(main())
    gc.collect()
    assert caplog.records == []


async def test_two_listings_at_once_do_not_disturb_each_other(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(opportunities=120) as emulator:
        listing = make_client(emulator).iter_opportunities(page_size=10)
        one, two = await asyncio.gather(listing.collect(), listing.collect())
    assert len(one) == 120
    assert one == two


async def test_records_behind_max_items_do_not_matter(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    invalid: list[InvalidOpportunity] = []
    for on_invalid in ("raise", invalid.append):
        emulator.fail(spoil(5))
        listing = client.iter_opportunities(page_size=6, max_items=5, on_invalid=on_invalid)
        assert len(await listing.collect()) == 5
        rest = client.iter_opportunities(page_size=6, starting_token=listing.resume_token)
        assert len(await rest.collect()) == 245
    assert invalid == []


async def test_an_async_callable_for_invalid_records_is_waited_for(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    invalid: list[str | None] = []

    async def collect(record: InvalidOpportunity) -> None:
        await asyncio.sleep(0)
        invalid.append(record.id)

    emulator.fail(spoil(1, 2))
    assert len(await client.iter_opportunities(on_invalid=collect).collect()) == 248
    assert len(invalid) == 2


async def test_an_impossible_timestamp_makes_a_record_invalid(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    def change(page: dict[str, Any]) -> dict[str, Any]:
        for index, text in enumerate(("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00")):
            page["OpportunitySummaries"][index]["LastModifiedDate"] = text
        return page

    emulator.fail(Fault.edit_page(change))
    invalid: list[InvalidOpportunity] = []
    assert len(await client.iter_opportunities(on_invalid=invalid.append).collect()) == 248
    assert [item.index for item in invalid] == [0, 1]


@pytest.mark.parametrize("enabled", [True, False])
async def test_the_garbage_collector_is_left_as_it_was(
    client: PartnerCentralClient, enabled: bool
) -> None:
    was_enabled = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        await client.iter_opportunities().collect()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
