"""Opportunities by identifier."""

from __future__ import annotations

from typing import Any

import pytest

from partnercentral_list import (
    InvalidOpportunityError,
    OpportunitiesNotFoundError,
    PartnerCentralClient,
    RequestValidationError,
    ThrottlingException,
)
from partnercentral_list.emulator import Behavior, Fault, PartnerCentralEmulator
from tests.conftest import ONCE, MakeClient


@pytest.fixture
def identifiers(emulator: PartnerCentralEmulator) -> list[str]:
    return [record["Id"] for record in emulator.opportunities]


@pytest.mark.parametrize("amount", [0, 1, 19, 20, 21, 40, 41, 250])
async def test_any_number_is_read_in_the_order_given(
    client: PartnerCentralClient,
    emulator: PartnerCentralEmulator,
    identifiers: list[str],
    amount: int,
) -> None:
    wanted = identifiers[:amount][::-1]
    read = [item.id async for item in client.iter_opportunities_by_id(wanted)]
    assert read == wanted
    assert [len(request.body["Identifier"]) for request in emulator.requests] == [
        min(20, amount - start) for start in range(0, amount, 20)
    ]


async def test_one_given_twice_is_read_once(
    client: PartnerCentralClient, identifiers: list[str]
) -> None:
    wanted = identifiers[:3] + identifiers[:3]
    assert [item.id async for item in client.iter_opportunities_by_id(wanted)] == identifiers[:3]


async def test_the_missing_ones_are_raised_together_at_the_end(
    client: PartnerCentralClient, identifiers: list[str]
) -> None:
    wanted = ["O9999999991", *identifiers[:25], "O9999999992"]
    read: list[str] = []
    with pytest.raises(OpportunitiesNotFoundError, match="O9999999991") as caught:
        async for item in client.iter_opportunities_by_id(wanted):
            read.append(item.id)
    assert read == identifiers[:25]
    assert caught.value.identifiers == ("O9999999991", "O9999999992")


async def test_the_missing_ones_go_to_the_callable(
    client: PartnerCentralClient, identifiers: list[str]
) -> None:
    missing: list[str] = []
    wanted = {identifiers[0], "O9999999991"}
    read = client.iter_opportunities_by_id(wanted, on_missing=missing.append)
    assert [item.id async for item in read] == identifiers[:1]
    assert missing == ["O9999999991"]


@pytest.mark.parametrize(
    "wrong", ["O1", b"O1", ["o1"], ["O1", "O" + 20 * "1"], [7], [["O1"]], {"O1": 1}, 5]
)
async def test_what_are_no_identifiers_is_refused_before_anything_is_sent(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, wrong: object
) -> None:
    with pytest.raises(RequestValidationError, match="identifiers"):
        client.iter_opportunities_by_id(wrong)
    assert emulator.requests == []


async def test_a_malformed_identifier_is_named_by_its_place(client: PartnerCentralClient) -> None:
    wanted = ["O0", *[f"O{number}" for number in range(29)], "X1"]
    with pytest.raises(RequestValidationError) as caught:
        client.iter_opportunities_by_id(wanted)
    assert [problem["field"] for problem in caught.value.errors()] == ["identifiers[30]"]


async def test_an_error_has_no_resume_token_of_a_batch(
    make_client: MakeClient, emulator: PartnerCentralEmulator, identifiers: list[str]
) -> None:
    emulator.fail("ThrottlingException", at=2)
    read = make_client(emulator, retry=ONCE).iter_opportunities_by_id(identifiers[:30])
    with pytest.raises(ThrottlingException) as caught:
        async for _ in read:
            pass
    assert caught.value.resume_token is None


async def test_an_edit_between_two_pages_makes_none_missing(make_client: MakeClient) -> None:
    short = Behavior(short_pages=1.0, edits_per_request=3)
    with PartnerCentralEmulator(opportunities=40, behavior=short) as emulator:
        wanted = [record["Id"] for record in emulator.opportunities]
        read = make_client(emulator).iter_opportunities_by_id(wanted)
        assert [item.id async for item in read] == wanted
        assert len(emulator.requests) > 4


async def test_an_unchanged_one_is_found_whatever_a_sort_by_date_leaves_out(
    make_client: MakeClient,
) -> None:
    without = Behavior(null_order={"LastModifiedDate": "filtered_out"})
    with PartnerCentralEmulator([{"Id": "O1", "Catalog": "AWS"}], behavior=without) as emulator:
        read = make_client(emulator).iter_opportunities_by_id(["O1"])
        assert [item.id async for item in read] == ["O1"]


async def test_an_invalid_record_is_raised_in_its_place(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, identifiers: list[str]
) -> None:
    def spoil(response: dict[str, Any]) -> dict[str, Any]:
        for record in response["OpportunitySummaries"]:
            if record["Id"] == identifiers[3]:
                record["LifeCycle"] = "no structure"
        return response

    emulator.fail(Fault.edit_page(spoil))
    read: list[str] = []
    with pytest.raises(InvalidOpportunityError) as caught:
        async for item in client.iter_opportunities_by_id(identifiers[:10]):
            read.append(item.id)
    assert read == identifiers[:3]
    assert caught.value.invalid.id == identifiers[3]
    assert caught.value.resume_token is caught.value.resume_token_after is None
    assert caught.value.attempts == 1
    assert caught.value.request_id


async def test_one_without_a_valid_identifier_is_not_missed_in_silence(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, identifiers: list[str]
) -> None:
    def spoil(response: dict[str, Any]) -> dict[str, Any]:
        response["OpportunitySummaries"][0]["Id"] = None
        return response

    emulator.fail(Fault.edit_page(spoil))
    with pytest.raises(InvalidOpportunityError):
        _ = [item async for item in client.iter_opportunities_by_id(identifiers[:10])]


async def test_an_async_callable_for_missing_ones_is_waited_for(
    client: PartnerCentralClient,
) -> None:
    missing: list[str] = []

    async def collect(identifier: str) -> None:
        missing.append(identifier)

    read = client.iter_opportunities_by_id(["O9999999991"], on_missing=collect)
    assert [item async for item in read] == []
    assert missing == ["O9999999991"]


@pytest.mark.parametrize(
    ("stray", "is_an_error"),
    [({"Id": "O77"}, False), ({"Id": "O77", "LifeCycle": 5}, False), ({"LifeCycle": 5}, True)],
    ids=["readable", "invalid", "nameless"],
)
async def test_a_record_that_was_not_requested_costs_none_that_was(
    client: PartnerCentralClient,
    emulator: PartnerCentralEmulator,
    identifiers: list[str],
    stray: dict[str, Any],
    is_an_error: bool,
) -> None:
    def add(response: dict[str, Any]) -> dict[str, Any]:
        response["OpportunitySummaries"].append({"Catalog": "AWS", **stray})
        return response

    emulator.fail(Fault.edit_page(add))
    read: list[str] = []
    failed = False
    try:
        async for item in client.iter_opportunities_by_id(identifiers[:2]):
            read.append(item.id)
    except InvalidOpportunityError:
        failed = True
    assert read == identifiers[:2]
    assert failed is is_an_error
