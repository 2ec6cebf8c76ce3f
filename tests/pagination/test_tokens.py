"""Resume tokens are the AWS CLI's, byte for byte, and each accepts the other's."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import aclosing
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnercentral_list import PartnerCentralClient, RequestValidationError
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.conftest import MakeClient
from tests.service import resume_token

RECORDS = 23


def encoded(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


@given(st.none() | st.text(min_size=1), st.none() | st.integers(0, 100))
def test_botocores_token_of_any_place_is_read_and_made_again(
    page_token: str | None, skip: int | None
) -> None:
    token = resume_token(page_token, skip)
    listing = PartnerCentralClient("AWS").iter_opportunities(starting_token=token)
    assert listing.resume_token == token


@pytest.mark.parametrize(
    "token",
    [
        "",
        "garbage",
        "AAMA-a-bare-token-of-the-service",
        encoded([]),
        encoded("text"),
        encoded({}),
        encoded({"boto_truncate_amount": 3}),
        encoded({"NextToken": 5}),
        encoded({"NextToken": ""}),
        encoded({"NextToken": "t", "boto_truncate_amount": -1}),
        encoded({"NextToken": "t", "boto_truncate_amount": 101}),
        encoded({"NextToken": None, "boto_truncate_amount": 10**12}),
        encoded({"NextToken": "t", "boto_truncate_amount": True}),
        encoded({"NextToken": "t", "boto_truncate_amount": "3"}),
        encoded({"NextToken": "t", "Marker": "of another operation"}),
        base64.b64encode(b"\xff\xfe").decode(),
        "é",
        encoded({"NextToken": "t"}) + "!",
    ],
)
async def test_what_is_no_resume_token_is_refused_before_anything_is_sent(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, token: str
) -> None:
    with pytest.raises(RequestValidationError, match="starting_token"):
        client.iter_opportunities(starting_token=token)
    assert emulator.requests == []


async def test_a_bare_service_token_is_refused_with_advice(client: PartnerCentralClient) -> None:
    page = await client.list_opportunities(max_results=5)
    assert page.next_token is not None
    with pytest.raises(RequestValidationError, match="next_token="):
        client.iter_opportunities(starting_token=page.next_token)


@pytest.fixture
def small() -> Any:
    with PartnerCentralEmulator(opportunities=RECORDS) as running:
        yield running


def botocore_pages(emulator: PartnerCentralEmulator, **config: Any) -> tuple[list[str], str | None]:
    """Read with botocore's own paginator: the ids, and the token it gives."""
    session = botocore.session.Session()
    client = session.create_client(
        "partnercentral-selling",
        region_name="us-east-1",
        endpoint_url=emulator.url,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI",
    )
    pages = client.get_paginator("list_opportunities").paginate(
        Catalog="AWS", PaginationConfig=config
    )
    result = pages.build_full_result()
    client.close()
    return [record["Id"] for record in result["OpportunitySummaries"]], result.get("NextToken")


@pytest.mark.parametrize("cut", range(1, RECORDS))
async def test_this_library_and_botocore_make_and_take_the_same_tokens(
    small: PartnerCentralEmulator, make_client: MakeClient, cut: int
) -> None:
    client = make_client(small)
    everything = [item.id for item in await client.iter_opportunities().collect()]
    ours = client.iter_opportunities(page_size=5, max_items=cut)
    assert [item.id for item in await ours.collect()] == everything[:cut]

    def theirs(**config: Any) -> tuple[list[str], str | None]:
        return botocore_pages(small, PageSize=5, **config)

    ids, token = await asyncio.to_thread(theirs, MaxItems=cut)
    assert ids == everything[:cut]
    assert token == ours.resume_token
    rest = await client.iter_opportunities(page_size=5, starting_token=token).collect()
    assert [item.id for item in rest] == everything[cut:]
    ids, _ = await asyncio.to_thread(theirs, StartingToken=ours.resume_token)
    assert ids == everything[cut:]


async def test_a_listing_resumed_twice_gives_botocores_token_again(
    small: PartnerCentralEmulator, make_client: MakeClient
) -> None:
    client = make_client(small)
    _, first = await asyncio.to_thread(botocore_pages, small, PageSize=10, MaxItems=3)
    _, second = await asyncio.to_thread(
        lambda: botocore_pages(small, PageSize=10, MaxItems=4, StartingToken=first)
    )
    ours = client.iter_opportunities(page_size=10, max_items=4, starting_token=first)
    await ours.collect()
    assert ours.resume_token == second


async def test_a_resume_token_may_skip_a_whole_page(client: PartnerCentralClient) -> None:
    everything = [item.id for item in await client.iter_opportunities().collect()]
    token = encoded({"NextToken": None, "boto_truncate_amount": 100})
    rest = await client.iter_opportunities(starting_token=token).collect()
    assert [item.id for item in rest] == everything[100:]


async def test_a_skip_carried_to_smaller_pages_stays_resumable(
    client: PartnerCentralClient,
) -> None:
    everything = [item.id for item in await client.iter_opportunities().collect()]
    token: str | None = encoded({"NextToken": None, "boto_truncate_amount": 100})
    while token is not None:
        # Each resumes from the other's token after its first page, which holds none of its own.
        pager = client.iter_opportunities(page_size=7, starting_token=token)
        async with aclosing(pager.pages()) as pages:
            page = await anext(pages)
        token = pager.resume_token
        if page.opportunity_summaries:
            break
    assert [page.opportunity_summaries[0].id] == everything[100:101]


async def test_a_smaller_page_size_does_not_repeat_records(
    client: PartnerCentralClient,
) -> None:
    everything = [item.id for item in await client.iter_opportunities().collect()]
    cut = client.iter_opportunities(page_size=100, max_items=57)
    await cut.collect()
    rest = await client.iter_opportunities(page_size=10, starting_token=cut.resume_token).collect()
    assert [item.id for item in rest] == everything[57:]
