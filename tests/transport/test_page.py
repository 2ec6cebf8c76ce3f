"""What an answer means: a page, or an error; never half a page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from partnercentral_list._transport.page import InvalidEntry, read_page, read_parsed
from partnercentral_list.errors import MalformedResponseError
from partnercentral_list.models import ResponseMetadata

METADATA = ResponseMetadata(request_id="request-1", http_status=200, attempts=1, elapsed=0.1)
RECORD: dict[str, Any] = {
    "Catalog": "AWS",
    "Id": "O1",
    "Customer": {"Account": {"CompanyName": "Canary Ltd"}},
    "LastModifiedDate": "2026-01-01T00:00:00.5Z",
}


def body(*records: object, **members: object) -> bytes:
    return json.dumps({"OpportunitySummaries": records, **members}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b" ",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b"<html><body>502 Bad Gateway</body></html>",
        body(RECORD)[:-20],
        body(RECORD)[:-1],
        b"\xff\xfe" + body(RECORD),
        body(RECORD).replace(b"Canary", b"\xff\xff"),
        b'{"OpportunitySummaries": null}',
        b'{"OpportunitySummaries": {}}',
        b'{"OpportunitySummaries": "none"}',
        b'{"OpportunitySummaries": [], "NextToken": 5}',
        b'{"opportunity_summaries": []}',
        b"[" * 100_000,
        b'{"OpportunitySummaries": ' + b"[" * 100_000,
    ],
    ids=range(18),
)
def test_what_is_no_page_is_an_error_that_may_be_retried(answer: bytes) -> None:
    with pytest.raises(MalformedResponseError, match=f"{len(answer)} bytes") as caught:
        read_page(answer, METADATA)
    assert caught.value.retryable
    assert caught.value.request_id == "request-1"
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_empty_page_is_a_page() -> None:
    page = read_page(body(NextToken=None), METADATA)
    assert page.records == ()
    assert page.next_token is None


def test_an_empty_token_is_the_end() -> None:
    assert read_page(body(NextToken=""), METADATA).next_token is None


def test_a_page_knows_how_it_was_fetched() -> None:
    assert read_page(body(RECORD), METADATA).response.response_metadata == METADATA


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({**RECORD, "Id": None}, "Id"),
        ({"Catalog": "AWS"}, "Id"),
        ({"Id": "O1"}, "Catalog"),
        ({**RECORD, "LastModifiedDate": "yesterday"}, "LastModifiedDate"),
        ({**RECORD, "LifeCycle": []}, "LifeCycle"),
        ({**RECORD, "LifeCycle": {"TargetCloseDate": "soon"}}, "LifeCycle.TargetCloseDate"),
        (
            {**RECORD, "Project": {"ExpectedCustomerSpend": [{}, {"Amount": "Canary"}]}},
            "Project.ExpectedCustomerSpend.1.Amount",
        ),
        ("Canary", "the record"),
        (None, "the record"),
    ],
)
def test_a_record_that_cannot_be_read_keeps_its_place_and_its_values_out_of_the_words(
    record: object, problem: str
) -> None:
    page = read_page(body(RECORD, record, RECORD), METADATA)
    wrong = page.records[1]
    assert isinstance(wrong, InvalidEntry)
    assert wrong.raw == record
    assert wrong.problems[0].startswith(f"{problem}: ")
    assert "canary" not in " ".join(wrong.problems).lower()
    assert [item.id for item in page.response.opportunity_summaries] == ["O1", "O1"]
    assert page.response.response_metadata == METADATA


def test_half_a_surrogate_pair_spoils_its_record_and_not_the_page() -> None:
    half = body(RECORD, {**RECORD, "LifeCycle": {"NextSteps": "torn \ud83d"}})
    whole, torn = read_page(half, METADATA).records
    assert isinstance(torn, InvalidEntry)
    assert not isinstance(whole, InvalidEntry)


def test_the_identifier_of_a_record_that_cannot_be_read_is_kept() -> None:
    (wrong,) = read_page(body({**RECORD, "LifeCycle": 5}), METADATA).records
    assert isinstance(wrong, InvalidEntry)
    assert wrong.id == "O1"


def test_unknown_members_of_a_page_with_an_invalid_record_are_kept() -> None:
    page = read_page(body(RECORD, 5, New="member"), METADATA)
    assert page.response.model_extra == {"New": "member"}


def test_what_botocore_parsed_is_the_same_page() -> None:
    from datetime import UTC, datetime

    raw = read_page(body(RECORD, NextToken="t"), METADATA)
    parsed = {
        "OpportunitySummaries": [
            {**RECORD, "LastModifiedDate": datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC)}
        ],
        "NextToken": "t",
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }
    assert read_parsed(parsed, METADATA).response == raw.response
