"""Parsing a response: the result is a page or an error, never half a page."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

# private: any bytes, ten thousand times, and the two ways that one body may be parsed.
from partnercentral_list._transport.response import (
    InvalidEntry,
    parse_page,
    parse_parsed,
    parse_record_by_record,
)
from partnercentral_list.errors import MalformedResponseError
from partnercentral_list.models import OpportunitySummary, ResponseMetadata
from tests.models import records

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
    "response",
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
        b'{"OpportunitySummaries":[],"NextToken":null,"\\ud800":1}',
        b'{"OpportunitySummaries":[],"NextToken":"\\ud800"}',
        b'{"OpportunitySummaries":[],"New":"\\udfff"}',
        b'{"OpportunitySummaries":[],"New":1e999}',
        b'{"OpportunitySummaries":[],"New":NaN}',
        b'{"OpportunitySummaries":[{"Catalog":"AWS","Id":"O1","New":NaN}]}',
        body(RECORD)[:-1] + b', "OpportunitySummaries": []}',
        body(RECORD)[:-1] + b', "\\u004fpportunitySummaries": []}',
        body(NextToken="t")[:-1] + b', "NextToken": null}',
        body(NextToken="t")[:-1] + b', "Next\\u0054oken": null}',
        body(New=1)[:-1] + b', "New": 2, "NextToken": "x\\u0041"}',
        body(*[RECORD] * 101),
        body(*[{}] * 101),
    ],
    ids=range(31),
)
def test_what_is_no_page_is_an_error_that_may_be_retried(response: bytes) -> None:
    with pytest.raises(MalformedResponseError, match=f"{len(response)} bytes") as caught:
        parse_page(response, METADATA)
    assert caught.value.retryable
    assert caught.value.request_id == "request-1"
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_an_empty_page_is_a_page() -> None:
    page = parse_page(body(NextToken=None), METADATA)
    assert page.records == ()
    assert page.response.next_token is None


def test_an_empty_token_is_the_end() -> None:
    assert parse_page(body(NextToken=""), METADATA).response.next_token is None


def test_a_page_knows_how_it_was_fetched() -> None:
    assert parse_page(body(RECORD), METADATA).response.response_metadata == METADATA


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
def test_an_invalid_record_keeps_its_place_and_shows_no_values(
    record: object, problem: str
) -> None:
    page = parse_page(body(RECORD, record, RECORD), METADATA)
    wrong = page.records[1]
    assert isinstance(wrong, InvalidEntry)
    assert wrong.raw == record
    assert wrong.problems[0].startswith(f"{problem}: ")
    assert "canary" not in " ".join(wrong.problems).lower()
    assert [item.id for item in page.response.opportunity_summaries] == ["O1", "O1"]
    assert page.response.response_metadata == METADATA


def test_half_a_surrogate_pair_spoils_its_record_and_not_the_page() -> None:
    half = body(RECORD, {**RECORD, "LifeCycle": {"NextSteps": "torn \ud83d"}})
    whole, torn = parse_page(half, METADATA).records
    assert isinstance(torn, InvalidEntry)
    assert not isinstance(whole, InvalidEntry)


def test_the_identifier_of_an_invalid_record_is_kept() -> None:
    (wrong,) = parse_page(body({**RECORD, "LifeCycle": 5}), METADATA).records
    assert isinstance(wrong, InvalidEntry)
    assert wrong.id == "O1"


def test_unknown_members_of_a_page_with_an_invalid_record_are_kept() -> None:
    page = parse_page(body(RECORD, 5, New="member"), METADATA)
    assert page.response.model_extra == {"New": "member"}


def test_what_botocore_parsed_is_the_same_page() -> None:
    from datetime import UTC, datetime

    raw = parse_page(body(RECORD, NextToken="t"), METADATA)
    parsed = {
        "OpportunitySummaries": [
            {**RECORD, "LastModifiedDate": datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC)}
        ],
        "NextToken": "t",
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }
    assert parse_parsed(parsed, METADATA).response == raw.response


# Numbers that Python does not hold


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5_000, '[0, {"a": 1e999}]'])
def test_a_number_out_of_range_spoils_its_record_and_not_the_page(number: str) -> None:
    text = body({**RECORD, "New": "number"}, RECORD).decode().replace('"number"', number)
    wrong, valid = parse_page(text.encode(), METADATA).records
    assert isinstance(wrong, InvalidEntry)
    assert "number out of range" in wrong.problems[0]
    assert "New" not in wrong.problems[0]
    assert not isinstance(valid, InvalidEntry)


@pytest.mark.parametrize(
    ("number", "held"),
    [("1.5", 1.5), ("7", 7), ("1e999", "1e999"), ("-1E999", "-1E999"), ("9" * 5_000, "9" * 5_000)],
    ids=["fraction", "integer", "large", "small", "long"],
)
def test_the_raw_form_of_an_invalid_record_can_be_stored(number: str, held: object) -> None:
    text = body({"New": "number"}).decode().replace('"number"', number)
    (wrong,) = parse_page(text.encode(), METADATA).records
    assert isinstance(wrong, InvalidEntry)
    assert wrong.raw == {"New": held}
    assert json.loads(json.dumps(wrong.raw, allow_nan=False)) == wrong.raw


@pytest.mark.parametrize("number", ["0", "1.5", "-3", "9" * 4_000, "1e300"])
def test_a_number_in_range_survives_the_round_trip(number: str) -> None:
    text = body({**RECORD, "New": "number"}).decode().replace('"number"', number)
    (record,) = parse_page(text.encode(), METADATA).response.opportunity_summaries
    again = OpportunitySummary.model_validate_json(record.model_dump_json(by_alias=True))
    assert again == record
    assert again.model_extra == {"New": json.loads(number)}


# Nesting that Python does not hold


@pytest.mark.parametrize("depth", [130, 500, 5_000, 100_000])
def test_deep_nesting_spoils_its_record_and_not_the_page(depth: int) -> None:
    deep = '{"Id":"O2","New":' + '[{"a]":' * depth + '"}"' + "}]" * depth + "}"
    text = body(RECORD, "deep", RECORD, NextToken="t").decode().replace('"deep"', deep)
    page = parse_page(text.encode(), METADATA)
    assert page.response.next_token == "t"
    first, wrong, last = page.records
    assert isinstance(first, OpportunitySummary)
    assert first == last
    assert isinstance(wrong, InvalidEntry)
    assert wrong.raw == deep
    assert "recursion limit" in wrong.problems[0]
    assert page.response.raw_opportunities == (RECORD, deep, RECORD)


@pytest.mark.parametrize("depth", [190, 210, 250, 251])
def test_a_record_is_read_or_invalid_at_any_depth(depth: int) -> None:
    deep = '{"Catalog":"AWS","Id":"O2","New":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"
    page = parse_page(f'{{"OpportunitySummaries":[{deep}]}}'.encode(), METADATA)
    (record,) = page.records
    assert isinstance(record, OpportunitySummary) is (depth < 200)
    raw = deep if depth > 250 else json.loads(deep)
    assert page.response.raw_opportunities == (raw,)


@pytest.mark.parametrize("end", ["", "]" * 4_999, "]" * 4_999 + "}", "]" * 5_001])
def test_deep_nesting_that_does_not_end_is_no_page(end: str) -> None:
    text = body("deep").decode().replace('"deep"', "[" * 5_000 + end)
    with pytest.raises(MalformedResponseError, match="not JSON"):
        parse_page(text.encode(), METADATA)


# Bounds

LIST_ENTRIES = [
    ("ExpectedCustomerSpend", "5"),
    ("ExpectedCustomerSpend", '{"Amount":"1"}'),
    ("DeliveryModels", '"SaaS or PaaS"'),
    ("DeliveryModels", "{}"),
]


@pytest.mark.parametrize(("member", "entry"), LIST_ENTRIES)
def test_a_list_that_is_too_long_spoils_its_record_and_not_the_page(
    member: str, entry: str
) -> None:
    entries = ",".join([entry] * 1_001)
    text = body({**RECORD, "Project": {member: "entries"}}, RECORD).decode()
    page = parse_page(text.replace('"entries"', f"[{entries}]").encode(), METADATA)
    wrong, valid = page.records
    assert isinstance(wrong, InvalidEntry)
    assert len(wrong.problems) == 1
    assert wrong.problems[0].startswith(f"Project.{member}")
    assert isinstance(valid, OpportunitySummary)


def test_a_list_of_a_thousand_entries_is_read() -> None:
    spends = [{"Amount": "1"}] * 1_000
    (record,) = parse_page(
        body({**RECORD, "Project": {"ExpectedCustomerSpend": spends}}), METADATA
    ).records
    assert isinstance(record, OpportunitySummary)
    assert record.project is not None
    assert len(record.project.expected_customer_spend or ()) == 1_000


def test_a_page_of_the_size_requested_is_a_page() -> None:
    assert len(parse_page(body(*[RECORD] * 5), METADATA, 5).records) == 5


@pytest.mark.parametrize("record", [RECORD, {}, 1], ids=["valid", "invalid", "number"])
def test_a_page_with_more_records_than_requested_is_refused(record: object) -> None:
    with pytest.raises(MalformedResponseError, match="more than the 5 records"):
        parse_page(body(*[record] * 6), METADATA, 5)


@pytest.mark.parametrize(
    "record", ['{"Catalog":"AWS","Id":"O1"}', "{}", "0"], ids=["valid", "invalid", "number"]
)
def test_a_million_records_are_refused_before_they_are_built(record: str) -> None:
    million = f'{{"OpportunitySummaries":[{",".join([record] * 1_000_000)}]}}'.encode()
    tracemalloc.start()
    try:
        with pytest.raises(MalformedResponseError, match="more than the 100 records"):
            parse_page(million, METADATA)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The text that the body becomes, and a page of records: a list of a million takes eight.
    assert peak < len(million) + 3e6


def test_a_valid_page_larger_than_usual_is_a_page() -> None:
    large = {**RECORD, "LifeCycle": {"NextSteps": "x" * 2_000_000}}
    page = parse_page(body(large, NextToken="t"), METADATA)
    assert page.response.next_token == "t"
    assert page.records == page.response.opportunity_summaries


# Any bytes

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["OpportunitySummaries", "NextToken", "Id", "Catalog"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
json_bodies = json_values.map(lambda value: json.dumps(value).encode())


def is_a_page_or_an_error(data: bytes) -> None:
    try:
        page = parse_page(data, METADATA)
    except MalformedResponseError:
        return
    assert len(page.records) >= len(page.response.opportunity_summaries)
    page.response.model_dump_json(by_alias=True)


@given(st.binary() | json_bodies)
@example(b'{"OpportunitySummaries":[],"NextToken":null,"\\ud800":1}')
def test_any_bytes_are_a_page_or_an_error(data: bytes) -> None:
    is_a_page_or_an_error(data)


@given(st.data())
def test_any_damage_to_a_page_leaves_a_page_or_an_error(data: st.DataObject) -> None:
    whole = body(RECORD, {**RECORD, "New": [1.5, "\ud83d\ude00"]}, NextToken="t", Other={"a": 1})
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 20)))
    pieces = st.sampled_from(
        [b"\\ud800", b"1e999", b"9" * 5_000, b"NaN", b'"', b"{", b"}", b"[", b"]", b",", b"null"]
    )
    is_a_page_or_an_error(whole[:start] + data.draw(pieces | st.binary()) + whole[end:])


@given(st.lists(records.records("OpportunitySummary"), max_size=3), st.none() | st.text(min_size=1))
def test_a_page_is_the_same_however_it_is_parsed(
    pairs: list[records.Pair], token: str | None
) -> None:
    sent = [pair[0] for pair in pairs]
    whole = json.dumps({"OpportunitySummaries": sent, "NextToken": token}).encode()
    at_once = parse_page(whole, METADATA)
    one_by_one = parse_record_by_record(whole, METADATA, 100)
    assert one_by_one == at_once
