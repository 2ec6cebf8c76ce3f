"""The records of a page as AWS sent them."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnercentral_list import (
    InvalidOpportunity,
    ListOpportunitiesResponse,
    OpportunitySummary,
    PartnerCentralClient,
    RequestValidationError,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from partnercentral_list.models import Catalog
from tests.service import PagedService, Service, invalid, record, resume_token
from tests.virtual_time import run

EXACT: list[dict[str, Any]] = [
    record(1, Arn=None, LastModifiedDate="2026-01-01T00:00:00.5Z", Score=Decimal("1.10")),
    record(2, Big=10**30, Huge=Decimal("1E+999")),
    invalid(3),
]


def body(token: str | None = None) -> bytes:
    text = json.dumps(
        {"OpportunitySummaries": EXACT, "NextToken": token}, default=lambda n: f"<{n}>"
    )
    return text.replace('"<', "").replace('>"', "").encode()


class BodyService(Service):
    """Responds with a body as it is."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._body = body

    async def list_opportunities(self, parameters: Mapping[str, Any]) -> bytes:
        return self._body


def parsed(body: bytes) -> ListOpportunitiesResponse:
    return run(BodyService(body).client().list_opportunities(on_invalid=repr))


def page() -> ListOpportunitiesResponse:
    return parsed(body("t"))


def same(raw: object) -> str:
    """Decimals that are equal may be written differently."""
    return repr(raw)


def test_the_raw_records_are_what_aws_sent() -> None:
    assert same(page().raw_opportunities) == same(tuple(EXACT))
    # 1E+999 fits no float: that record is invalid as well.
    assert [item.id for item in page().opportunity_summaries] == ["O1"]


def test_the_raw_records_of_a_valid_page_are_what_aws_sent() -> None:
    sent = b'{"OpportunitySummaries":[{"Id":"O1","Catalog":"AWS","N":null,"X":1.10}]}'
    (raw,) = parsed(sent).raw_opportunities
    assert list(raw.items()) == [
        ("Id", "O1"),
        ("Catalog", "AWS"),
        ("N", None),
        ("X", Decimal("1.10")),
    ]
    assert str(raw["X"]) == "1.10"


@pytest.mark.parametrize(
    "duplicate", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy]
)
def test_a_copied_page_keeps_its_raw_records(duplicate: Callable[[Any], Any]) -> None:
    assert same(duplicate(page()).raw_opportunities) == same(tuple(EXACT))


def test_the_raw_records_are_in_no_repr_dump_or_comparison() -> None:
    other = ListOpportunitiesResponse(
        opportunity_summaries=page().opportunity_summaries, next_token="t"
    )
    assert page() == other
    assert repr(page()) == repr(other)
    assert page().model_dump() == other.model_dump()


def test_the_raw_records_of_a_page_that_was_not_fetched_are_its_wire_form() -> None:
    made = ListOpportunitiesResponse(
        opportunity_summaries=(OpportunitySummary(id="O1", catalog=Catalog.AWS),)
    )
    assert made.raw_opportunities == ({"Catalog": "AWS", "Id": "O1"},)


pages_of_records = st.lists(st.lists(st.booleans(), max_size=5), min_size=1, max_size=5)


@given(pages_of_records, st.integers(0, 4), st.none() | st.integers(1, 12))
async def test_the_raw_records_of_pages_are_those_of_the_listing(
    pages: list[list[bool]], skip: int, max_items: int | None
) -> None:
    numbers = iter(range(100))
    sent = [
        [record(next(numbers)) if valid else invalid(next(numbers)) for valid in page]
        for page in pages
    ]
    seen: list[InvalidOpportunity] = []
    token = None
    if skip <= len(sent[0]):
        token = resume_token(None, skip)
    listing = PagedService(sent).pager(
        max_items=max_items, starting_token=token, on_invalid=seen.append
    )
    raw: list[Any] = []
    ids: list[str] = []
    async with aclosing(listing.pages()) as read:
        async for part in read:
            raw += part.raw_opportunities
            ids += [item.id for item in part.opportunity_summaries]
    everything = [one for page in sent for one in page][0 if token is None else skip :]
    assert raw == everything[: len(raw)]
    assert [one["Id"] for one in raw if "LifeCycle" not in one] == ids
    assert [one["Id"] for one in raw if "LifeCycle" in one] == [one.id for one in seen]
    assert max_items is None or len(ids) <= max_items


async def test_a_single_page_gives_invalid_records_to_a_callable(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.invalid_record(1))
    seen: list[InvalidOpportunity] = []

    async def collect(record: InvalidOpportunity) -> None:
        seen.append(record)

    page = await client.list_opportunities(max_results=5, on_invalid=collect)
    assert [(one.page, one.index) for one in seen] == [(1, 1)]
    assert len(page.opportunity_summaries) == 4
    assert len(page.raw_opportunities) == 5
    assert page.raw_opportunities[1] == seen[0].raw


async def test_a_single_page_refuses_what_is_neither_raise_nor_a_callable(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    with pytest.raises(RequestValidationError, match="on_invalid"):
        await client.list_opportunities(on_invalid="skip")
    assert emulator.requests == []


async def test_the_pages_of_a_scan_have_each_record_once(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    raw: list[Any] = []
    valid: list[str] = []
    async with aclosing(client.scan_opportunities().pages()) as pages:
        async for page in pages:
            assert [one["Id"] for one in page.raw_opportunities] == [
                item.id for item in page.opportunity_summaries
            ]
            raw += page.raw_opportunities
            valid += [item.id for item in page.opportunity_summaries]
    assert sorted(valid) == sorted(record["Id"] for record in emulator.opportunities)


async def test_the_pages_of_a_scan_have_invalid_records_too(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.invalid_record(0), times=None)
    seen: list[InvalidOpportunity] = []
    async with aclosing(client.scan_opportunities(on_invalid=seen.append).pages()) as pages:
        raw = [one async for page in pages for one in page.raw_opportunities]
    assert seen
    assert [one.raw for one in seen] == [one for one in raw if not isinstance(one["Id"], str)]
