from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from partnercentral_list import PartnerCentralClient, RequestValidationError
from partnercentral_list.models import (
    Catalog,
    CreatedDateFilter,
    LastModifiedDateFilter,
    ListOpportunitiesRequest,
    OpportunitySort,
    OpportunitySortName,
    ReviewStatus,
    SortOrder,
    Stage,
    TargetCloseDateFilter,
)

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
MORNING = NIGHT + timedelta(hours=5)

#: Every member, as it goes over the wire.
WIRE: dict[str, Any] = {
    "Catalog": "Sandbox",
    "MaxResults": 42,
    "NextToken": "dG9rZW4=",
    "Sort": {"SortBy": "CreatedDate", "SortOrder": "DESCENDING"},
    "LastModifiedDate": {
        "AfterLastModifiedDate": "2027-03-04T05:06:07.089000Z",
        "BeforeLastModifiedDate": "2027-03-05T00:00:00Z",
    },
    "Identifier": ["O7", "O1234567890123456789"],
    "LifeCycleStage": ["Technical Validation", "Closed Lost"],
    "LifeCycleReviewStatus": ["In review"],
    "CustomerCompanyName": ["Blue Heron Bakery"],
    "CreatedDate": {
        "AfterCreatedDate": "2026-12-31T23:59:59Z",
        "BeforeCreatedDate": "2027-02-01T00:00:00.000001Z",
    },
    "TargetCloseDate": {
        "AfterTargetCloseDate": "2027-06-01",
        "BeforeTargetCloseDate": "2027-06-30",
    },
}

#: The same in Python's terms.
REQUEST = ListOpportunitiesRequest(
    catalog="Sandbox",
    max_results=42,
    next_token="dG9rZW4=",
    sort=OpportunitySort(sort_by="CreatedDate", sort_order=SortOrder.DESCENDING),
    last_modified_date=LastModifiedDateFilter(
        after_last_modified_date=NIGHT.replace(microsecond=89_000),
        before_last_modified_date=datetime(2027, 3, 5, tzinfo=UTC),
    ),
    identifier=["O7", "O1234567890123456789"],
    life_cycle_stage=[Stage.TECHNICAL_VALIDATION, "Closed Lost"],
    life_cycle_review_status=["In review"],
    customer_company_name=["Blue Heron Bakery"],
    created_date=CreatedDateFilter(
        after_created_date=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        before_created_date=datetime(2027, 2, 1, 0, 0, 0, 1, tzinfo=UTC),
    ),
    target_close_date=TargetCloseDateFilter(
        after_target_close_date=date(2027, 6, 1), before_target_close_date=date(2027, 6, 30)
    ),
)


def parse(**members: Any) -> ListOpportunitiesRequest:
    return ListOpportunitiesRequest.model_validate({"catalog": "AWS", **members})


def wire(request: ListOpportunitiesRequest) -> dict[str, Any]:
    return request.model_dump(mode="json", by_alias=True, exclude_none=True)


# The wire form


def test_the_wire_form_of_every_member() -> None:
    assert wire(REQUEST) == WIRE


def test_the_wire_form_is_plain_json_types() -> None:
    assert json.loads(json.dumps(wire(REQUEST))) == WIRE


def test_the_json_text_is_the_wire_form() -> None:
    assert json.loads(REQUEST.model_dump_json(by_alias=True, exclude_none=True)) == WIRE


def test_the_smallest_wire_form_is_the_catalog() -> None:
    assert wire(ListOpportunitiesRequest(catalog="AWS")) == {"Catalog": "AWS"}


def test_wire_names_parse() -> None:
    assert ListOpportunitiesRequest.model_validate(WIRE) == REQUEST


def test_wire_text_parses() -> None:
    assert ListOpportunitiesRequest.model_validate_json(json.dumps(WIRE)) == REQUEST


def test_python_names_parse() -> None:
    assert ListOpportunitiesRequest.model_validate(REQUEST.model_dump()) == REQUEST


def test_wire_names_and_python_names_mix() -> None:
    mixed = {"Catalog": "AWS", "sort": {"SortBy": "Identifier", "sort_order": "ASCENDING"}}
    assert wire(ListOpportunitiesRequest.model_validate(mixed)) == {
        "Catalog": "AWS",
        "Sort": {"SortBy": "Identifier", "SortOrder": "ASCENDING"},
    }


def test_the_cli_input_json_form_with_nulls_parses() -> None:
    text = """{
        "Catalog": "AWS", "MaxResults": 20, "NextToken": null,
        "Sort": {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"},
        "LastModifiedDate": {"AfterLastModifiedDate": null, "BeforeLastModifiedDate": null},
        "Identifier": null, "LifeCycleStage": null, "LifeCycleReviewStatus": null,
        "CustomerCompanyName": null, "CreatedDate": null, "TargetCloseDate": null
    }"""
    assert wire(ListOpportunitiesRequest.model_validate_json(text)) == {
        "Catalog": "AWS",
        "MaxResults": 20,
        "Sort": {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"},
    }


@pytest.mark.parametrize(
    "member", [name for name in ListOpportunitiesRequest.model_fields if name != "catalog"]
)
def test_none_is_the_same_as_leaving_it_out(member: str) -> None:
    assert parse(**{member: None}) == parse()


@pytest.mark.parametrize(
    "filters",
    [
        {"last_modified_date": LastModifiedDateFilter()},
        {"created_date": {}},
        {"target_close_date": {"AfterTargetCloseDate": None}},
    ],
    ids=["object", "empty", "null"],
)
def test_a_range_without_bounds_is_the_same_as_leaving_it_out(filters: dict[str, Any]) -> None:
    assert parse(**filters) == parse()


# Times and days


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        (datetime(2027, 7, 1, 0, 30, tzinfo=BERLIN), "2027-06-30T22:30:00Z"),
        (
            datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
            "2027-01-01T09:30:00Z",
        ),
        (datetime(2027, 1, 1, 0, 0, 0, 250, tzinfo=UTC), "2027-01-01T00:00:00.000250Z"),
        ("2027-01-01T00:00:00+05:30", "2026-12-31T18:30:00Z"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ],
    ids=["zone", "offset", "microseconds", "text with an offset", "text in UTC"],
)
def test_a_datetime_is_sent_in_utc(moment: Any, sent: str) -> None:
    request = parse(last_modified_date={"after_last_modified_date": moment})
    assert wire(request)["LastModifiedDate"] == {"AfterLastModifiedDate": sent}


def test_a_datetime_is_kept_in_utc() -> None:
    bound = CreatedDateFilter(after_created_date=datetime(2027, 7, 1, tzinfo=BERLIN))
    assert str(bound.after_created_date) == "2027-06-30 22:00:00+00:00"


def test_bounds_in_different_zones_are_compared_as_moments() -> None:
    earlier = datetime(2027, 1, 1, 8, tzinfo=ZoneInfo("Asia/Tokyo"))
    later = datetime(2027, 1, 1, 1, tzinfo=BERLIN)
    bounds = CreatedDateFilter(after_created_date=earlier, before_created_date=later)
    assert bounds.before_created_date == later


def test_both_bounds_may_be_the_same_day() -> None:
    day = date(2027, 1, 1)
    bounds = TargetCloseDateFilter(after_target_close_date=day, before_target_close_date=day)
    assert bounds.after_target_close_date == bounds.before_target_close_date


@pytest.mark.parametrize("day", ["1000-01-01", "2028-02-29", "9999-12-31"])
def test_a_day_is_sent_as_it_was_given(day: str) -> None:
    request = parse(target_close_date={"before_target_close_date": day})
    assert wire(request)["TargetCloseDate"] == {"BeforeTargetCloseDate": day}


# Bounds that are still allowed


@pytest.mark.parametrize("size", [1, 100])
def test_page_sizes_from_1_to_100_are_sent(size: int) -> None:
    assert wire(parse(max_results=size))["MaxResults"] == size


@pytest.mark.parametrize(
    ("member", "entries"),
    [
        ("identifier", [f"O{number}" for number in range(20)]),
        ("life_cycle_stage", ["Qualified"] * 10),
        ("life_cycle_review_status", ["Approved"] * 10),
        ("customer_company_name", [f"Bakery {number}" for number in range(10)]),
    ],
)
def test_the_longest_list_is_sent_whole(member: str, entries: list[str]) -> None:
    (sent,) = (
        value for name, value in wire(parse(**{member: entries})).items() if name != "Catalog"
    )
    assert sent == entries


@pytest.mark.parametrize(
    "stages",
    [
        ["Qualified"],
        ("Qualified",),
        {"Qualified"},
        iter(["Qualified"]),
        {"Qualified": 1}.keys(),
        [Stage.QUALIFIED],
    ],
    ids=["list", "tuple", "set", "iterator", "keys", "member"],
)
def test_any_collection_of_stages_will_do(stages: Any) -> None:
    assert parse(life_cycle_stage=stages).life_cycle_stage == (Stage.QUALIFIED,)


def test_an_unknown_stage_written_on_purpose_is_sent_as_it_is() -> None:
    request = parse(life_cycle_stage=[Stage.unknown("Something new")])
    assert wire(request)["LifeCycleStage"] == ["Something new"]


def test_an_unknown_catalog_written_on_purpose_is_sent_as_it_is() -> None:
    request = ListOpportunitiesRequest(catalog=Catalog.unknown("Preview"))
    assert wire(request) == {"Catalog": "Preview"}


# What is refused: the member, what is wrong with it, what is valid, and the likely intention

STAGES = "'Prospect', 'Qualified', 'Technical Validation', 'Business Validation', 'Committed', "
STATUSES = "'Pending Submission', 'Submitted', 'In review', 'Approved', 'Rejected', "
DATETIME = "a datetime with a time zone, such as datetime(2026, 1, 31, tzinfo=UTC)"
NAIVE = "a datetime without a time zone"
SIZE = "a whole number from 1 to 100"
MALFORMED = "O[0-9]{1,19} (such as O1111111)"

REFUSED: dict[str, tuple[dict[str, Any], tuple[str | int, ...], str, str]] = {
    # catalog
    "catalog in lower case": ({"catalog": "aws"}, ("catalog",), "'AWS'", "'AWS', 'Sandbox'"),
    "catalog by another name": (
        {"catalog": "production"},
        ("catalog",),
        "'production' is not a Catalog (perhaps 'AWS')",
        "'AWS', 'Sandbox'",
    ),
    "no catalog": ({"catalog": None}, ("catalog",), "not NoneType", "'AWS', 'Sandbox'"),
    # stages and review statuses
    "stage of AWS's prose": (
        {"life_cycle_stage": ["Closed Won"]},
        ("life_cycle_stage", 0),
        "'Closed Won' is not a Stage (perhaps 'Launched')",
        STAGES,
    ),
    "stage of AWS's prose, hyphenated": (
        {"life_cycle_stage": ["closed-won"]},
        ("life_cycle_stage", 0),
        "'closed-won' is not a Stage (perhaps 'Launched')",
        STAGES,
    ),
    "stage in capitals": (
        {"life_cycle_stage": ["QUALIFIED"]},
        ("life_cycle_stage", 0),
        "'QUALIFIED' is not a Stage (perhaps 'Qualified')",
        STAGES,
    ),
    "stage with hyphens": (
        {"life_cycle_stage": ["technical-validation"]},
        ("life_cycle_stage", 0),
        "(perhaps 'Technical Validation')",
        STAGES,
    ),
    "stage as a Python name": (
        {"life_cycle_stage": ["Committed", "CLOSED_LOST"]},
        ("life_cycle_stage", 1),
        "(perhaps 'Closed Lost')",
        STAGES,
    ),
    "misspelled stage": (
        {"life_cycle_stage": ["Qualifed"]},
        ("life_cycle_stage", 0),
        "'Qualifed' is not a Stage (perhaps 'Qualified')",
        STAGES,
    ),
    "stage that nobody knows": (
        {"life_cycle_stage": ["Zzyzx"]},
        ("life_cycle_stage", 0),
        "'Zzyzx' is not a Stage",
        STAGES,
    ),
    "review status of AWS's prose": (
        {"life_cycle_review_status": ["In Review"]},
        ("life_cycle_review_status", 0),
        "'In Review' is not a ReviewStatus (perhaps 'In review')",
        STATUSES,
    ),
    "review status of AWS's prose, hyphenated": (
        {"life_cycle_review_status": ["In-Review"]},
        ("life_cycle_review_status", 0),
        "(perhaps 'In review')",
        STATUSES,
    ),
    "member of another enumeration": (
        {"life_cycle_stage": [ReviewStatus.APPROVED]},
        ("life_cycle_stage", 0),
        "a Stage or its exact string is needed, not ReviewStatus",
        STAGES,
    ),
    "unknown member of another enumeration": (
        {"life_cycle_stage": [ReviewStatus.unknown("Qualified")]},
        ("life_cycle_stage", 0),
        "not ReviewStatus",
        STAGES,
    ),
    "number for a stage": (
        {"life_cycle_stage": [3]},
        ("life_cycle_stage", 0),
        "not int",
        STAGES,
    ),
    # lists
    "bare stage": (
        {"life_cycle_stage": "Qualified"},
        ("life_cycle_stage",),
        "a str where a list belongs",
        "a list with 1 to 10 entries",
    ),
    "bare member": (
        {"life_cycle_stage": Stage.QUALIFIED},
        ("life_cycle_stage",),
        "a Stage where a list belongs",
        "a list with 1 to 10 entries",
    ),
    "bare review status": (
        {"life_cycle_review_status": "Approved"},
        ("life_cycle_review_status",),
        "a str where a list belongs",
        "a list with 1 to 10 entries",
    ),
    "bare identifier": (
        {"identifier": "O1"},
        ("identifier",),
        "a str where a list belongs",
        "a list with 1 to 20 entries",
    ),
    "bare company": (
        {"customer_company_name": "Blue Heron Bakery"},
        ("customer_company_name",),
        "a str where a list belongs",
        "a list with 1 to 10 entries",
    ),
    "empty list of stages": (
        {"life_cycle_stage": []},
        ("life_cycle_stage",),
        "an empty list; to list everything, leave it out",
        "a list with 1 to 10 entries",
    ),
    "empty list of review statuses": (
        {"life_cycle_review_status": ()},
        ("life_cycle_review_status",),
        "an empty list",
        "a list with 1 to 10 entries",
    ),
    "empty list of identifiers": (
        {"identifier": []},
        ("identifier",),
        "an empty list",
        "a list with 1 to 20 entries",
    ),
    "empty list of companies": (
        {"customer_company_name": []},
        ("customer_company_name",),
        "an empty list",
        "a list with 1 to 10 entries",
    ),
    "21 identifiers": (
        {"identifier": [f"O{number}" for number in range(21)]},
        ("identifier",),
        "21 entries; iter_opportunities_by_id takes any number",
        "a list with 1 to 20 entries",
    ),
    "11 stages": (
        {"life_cycle_stage": ["Qualified"] * 11},
        ("life_cycle_stage",),
        "11 entries",
        "a list with 1 to 10 entries",
    ),
    "11 review statuses": (
        {"life_cycle_review_status": ["Approved"] * 11},
        ("life_cycle_review_status",),
        "11 entries",
        "a list with 1 to 10 entries",
    ),
    "11 companies": (
        {"customer_company_name": ["Blue Heron Bakery"] * 11},
        ("customer_company_name",),
        "11 entries",
        "a list with 1 to 10 entries",
    ),
    # identifiers
    "identifier in lower case": (
        {"identifier": ["O1", "o2"]},
        ("identifier", 1),
        "'o2' is malformed",
        MALFORMED,
    ),
    "identifier with 20 digits": (
        {"identifier": ["O" + "1" * 20]},
        ("identifier", 0),
        "is malformed",
        MALFORMED,
    ),
    "identifier without digits": ({"identifier": ["O"]}, ("identifier", 0), "'O'", MALFORMED),
    "identifier with a newline": (
        {"identifier": ["O1\n"]},
        ("identifier", 0),
        r"'O1\n' is malformed",
        MALFORMED,
    ),
    "identifier with full-width digits": (
        {"identifier": ["O\uff11\uff12"]},
        ("identifier", 0),
        "is malformed",
        MALFORMED,
    ),
    "identifier as a number": (
        {"identifier": [7]},
        ("identifier", 0),
        "an int where a string belongs",
        MALFORMED,
    ),
    # page size and token
    "page size 0": ({"max_results": 0}, ("max_results",), "0 is out of range", SIZE),
    "page size 101": ({"max_results": 101}, ("max_results",), "101 is out of range", SIZE),
    "negative page size": ({"max_results": -1}, ("max_results",), "-1 is out of range", SIZE),
    "page size True": ({"max_results": True}, ("max_results",), "a bool where", SIZE),
    "page size as text": ({"max_results": "5"}, ("max_results",), "a str where", SIZE),
    "page size as a float": ({"max_results": 5.0}, ("max_results",), "a float where", SIZE),
    "empty token": (
        {"next_token": ""},
        ("next_token",),
        "an empty string",
        "a string with at least one character",
    ),
    "empty company": (
        {"customer_company_name": [""]},
        ("customer_company_name", 0),
        "an empty string",
        "a string with at least one character",
    ),
    "company as a number": (
        {"customer_company_name": [7]},
        ("customer_company_name", 0),
        "an int where a string belongs",
        "a string",
    ),
    # times and days
    "naive datetime": (
        {"last_modified_date": {"after_last_modified_date": datetime(2027, 1, 1)}},
        ("last_modified_date", "after_last_modified_date"),
        NAIVE,
        DATETIME,
    ),
    "naive datetime for the creation": (
        {"created_date": {"before_created_date": datetime(2027, 1, 1)}},
        ("created_date", "before_created_date"),
        NAIVE,
        DATETIME,
    ),
    "naive text": (
        {"created_date": {"after_created_date": "2027-01-01T00:00:00"}},
        ("created_date", "after_created_date"),
        NAIVE,
        DATETIME,
    ),
    "date where a datetime belongs": (
        {"created_date": {"after_created_date": date(2027, 1, 1)}},
        ("created_date", "after_created_date"),
        "a date where a datetime belongs",
        DATETIME,
    ),
    "number where a datetime belongs": (
        {"created_date": {"after_created_date": 1_800_000_000}},
        ("created_date", "after_created_date"),
        "an int where a datetime belongs",
        DATETIME,
    ),
    "text that is no time": (
        {"created_date": {"after_created_date": "yesterday"}},
        ("created_date", "after_created_date"),
        "'yesterday' is not ISO 8601",
        DATETIME,
    ),
    "datetime beyond the year 9999 in UTC": (
        {
            "created_date": {
                "after_created_date": datetime(
                    9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))
                )
            }
        },
        ("created_date", "after_created_date"),
        "outside the years 1 to 9999",
        DATETIME,
    ),
    "datetime where a date belongs": (
        {"target_close_date": {"after_target_close_date": NIGHT}},
        ("target_close_date", "after_target_close_date"),
        "a datetime, of which the date depends on the time zone",
        "a date, such as date(2026, 1, 31)",
    ),
    "text with a time where a date belongs": (
        {"target_close_date": {"after_target_close_date": "2027-01-01T00:00:00Z"}},
        ("target_close_date", "after_target_close_date"),
        "'2027-01-01T00:00:00Z' is not a date",
        "YYYY-MM-DD",
    ),
    "date without its zeros": (
        {"target_close_date": {"before_target_close_date": "2027-1-1"}},
        ("target_close_date", "before_target_close_date"),
        "'2027-1-1' is not a date",
        "YYYY-MM-DD",
    ),
    "day that does not exist": (
        {"target_close_date": {"before_target_close_date": "2027-02-29"}},
        ("target_close_date", "before_target_close_date"),
        "'2027-02-29' is not ISO 8601",
        "a date, such as date(2026, 1, 31)",
    ),
    "day before the year 1000": (
        {"target_close_date": {"before_target_close_date": date(999, 12, 31)}},
        ("target_close_date", "before_target_close_date"),
        "the year 999",
        "from the year 1000 on",
    ),
    "changed after later than before": (
        {
            "last_modified_date": {
                "after_last_modified_date": MORNING,
                "before_last_modified_date": NIGHT,
            }
        },
        ("last_modified_date",),
        "after_last_modified_date (2027-03-04T10:06:07+00:00) is later than "
        "before_last_modified_date (2027-03-04T05:06:07+00:00)",
        "an earlier or the same one",
    ),
    "created after later than before": (
        {"created_date": {"after_created_date": MORNING, "before_created_date": NIGHT}},
        ("created_date",),
        "after_created_date (2027-03-04T10:06:07+00:00) is later than before_created_date",
        "an earlier or the same one",
    ),
    "closing after later than before": (
        {
            "target_close_date": {
                "after_target_close_date": date(2027, 6, 2),
                "before_target_close_date": date(2027, 6, 1),
            }
        },
        ("target_close_date",),
        "after_target_close_date (2027-06-02) is later than before_target_close_date",
        "an earlier or the same one",
    ),
    # sort
    "misspelled sort": (
        {"sort": {"sort_by": "LastModifedDate", "sort_order": "ASCENDING"}},
        ("sort", "sort_by"),
        "'LastModifedDate' is not an OpportunitySortName (perhaps 'LastModifiedDate')",
        "'LastModifiedDate', 'Identifier', 'CustomerCompanyName'",
    ),
    "sort by a Python name": (
        {"sort": {"sort_by": "created_date", "sort_order": "ASCENDING"}},
        ("sort", "sort_by"),
        "(perhaps 'CreatedDate')",
        "'LastModifiedDate', 'Identifier', 'CustomerCompanyName'",
    ),
    "sort order in short": (
        {"sort": {"sort_by": "Identifier", "sort_order": "desc"}},
        ("sort", "sort_order"),
        "'desc' is not a SortOrder (perhaps 'DESCENDING')",
        "'ASCENDING', 'DESCENDING'",
    ),
}


@pytest.mark.parametrize(
    ("members", "place", "problem", "valid"), REFUSED.values(), ids=REFUSED.keys()
)
def test_refuses(
    members: dict[str, Any], place: tuple[str | int, ...], problem: str, valid: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse(**members)
    assert [
        (error["loc"], problem in error["ctx"]["problem"], valid in error["ctx"]["valid"])
        for error in refusal.value.errors()
    ] == [(place, True, True)]


@pytest.mark.parametrize(
    ("members", "place", "problem", "valid"), REFUSED.values(), ids=REFUSED.keys()
)
def test_the_text_of_a_refusal_says(
    members: dict[str, Any], place: tuple[str | int, ...], problem: str, valid: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse(**members)
    place_in_text = re.escape(".".join(str(part) for part in place))
    said = f"{place_in_text}\n.*{re.escape(problem)}.* Valid: .*{re.escape(valid)}"
    assert re.search(said, str(refusal.value))


@pytest.mark.parametrize(
    ("half", "missing"),
    [({"sort_by": "Identifier"}, "sort_order"), ({"SortOrder": "ASCENDING"}, "sort_by")],
)
def test_half_a_sort_is_refused(half: dict[str, Any], missing: str) -> None:
    with pytest.raises(ValidationError, match=f"sort.{missing}\n +Field required"):
        parse(sort=half)


@pytest.mark.parametrize("half", ["sort_by", "sort_order"])
def test_a_sort_with_a_null_half_is_refused(half: str) -> None:
    sort = {"sort_by": "Identifier", "sort_order": "ASCENDING", half: None}
    with pytest.raises(ValidationError, match=f"sort.{half}\n.*not NoneType"):
        parse(sort=sort)


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"Title": "Bakery"}, "Title"),
        ({"limit": 5}, "limit"),
        ({"sort": {"sort_by": "Identifier", "sort_order": "ASCENDING", "nulls": 1}}, "sort.nulls"),
        ({"created_date": {"after": NIGHT}}, "created_date.after"),
        ({"last_modified_date": {"after_created_date": NIGHT}}, "created_date"),
    ],
    ids=["wire", "python", "sort", "range", "another range's"],
)
def test_an_unknown_member_is_refused(members: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError, match=f"{place}\n +Extra inputs are not permitted"):
        parse(**members)


def test_a_missing_catalog_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"catalog\n +Field required"):
        ListOpportunitiesRequest.model_validate({})


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        parse(max_results=0, identifier=["x", "y"], next_token="", Title="Bakery")
    assert [error["loc"] for error in refusal.value.errors()] == [
        ("max_results",),
        ("next_token",),
        ("identifier", 0),
        ("identifier", 1),
        ("Title",),
    ]


def test_a_validation_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="out of range"):
        parse(max_results=0)


# The same through the client, which has words of its own for two of them


@pytest.mark.parametrize(
    ("filters", "field", "problem", "valid"),
    [
        ({"limit": 5}, "limit", "no such argument", "page_size"),
        ({"life_cycle_stages": ["Qualified"]}, "life_cycle_stages", "no such", "life_cycle_stage"),
        (
            {"sort": {"sort_by": "Identifier"}},
            "sort.sort_order",
            "missing",
            "'ASCENDING', 'DESCENDING'",
        ),
        ({"created_date": {"after": NIGHT}}, "created_date.after", "no such field", ""),
        ({"page_size": 101}, "page_size", "101 is out of range", SIZE),
    ],
)
def test_the_client_refuses(filters: dict[str, Any], field: str, problem: str, valid: str) -> None:
    with pytest.raises(RequestValidationError) as refusal:
        PartnerCentralClient("AWS").iter_opportunities(**filters)
    assert [
        (found["field"], problem in found["problem"], valid in found["valid"])
        for found in refusal.value.errors()
    ] == [(field, True, True)]


# What is not shown

COMPANY = "Blue Heron Bakery"


@pytest.mark.parametrize(
    "members",
    [
        {"customer_company_name": COMPANY},
        {"customer_company_name": [COMPANY] * 11},
        {"customer_company_name": {COMPANY: 1}},
        {"customer_company_name": [[COMPANY]]},
        {"customer_company_name": [COMPANY, 7]},
        {"customer_company_name": [COMPANY.encode()]},
        {"customer_company_name": [COMPANY], "max_results": 0},
        {"customer_company_name": [COMPANY], "Title": "Bread"},
        {"customer_company_name": [COMPANY], "catalog": "aws"},
        {"customer_company_name": [COMPANY], "sort": COMPANY},
    ],
    ids=lambda members: repr(members)[:60],
)
def test_no_error_contains_a_company_name(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse(**members)
    assert COMPANY not in str(refusal.value) + repr(refusal.value)


def test_an_error_of_a_range_shows_no_token() -> None:
    with pytest.raises(ValidationError) as refusal:
        parse(next_token="dG9rZW4=", max_results=0)
    assert "dG9rZW4=" not in str(refusal.value)


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__])
def test_the_company_name_is_redacted(show: Callable[[object], str]) -> None:
    assert "customer_company_name=<redacted>" in show(REQUEST)


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__])
def test_no_text_of_a_request_contains_the_company_name(show: Callable[[object], str]) -> None:
    assert COMPANY not in show(REQUEST)


def test_an_absent_company_name_is_shown_as_none() -> None:
    assert "customer_company_name=None" in repr(parse())


# Values


@pytest.mark.parametrize(
    ("model", "member"),
    [
        (REQUEST, "max_results"),
        (REQUEST.sort, "sort_by"),
        (REQUEST.last_modified_date, "after_last_modified_date"),
        (REQUEST.created_date, "after_created_date"),
        (REQUEST.target_close_date, "after_target_close_date"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_is_frozen(model: object, member: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model, member, None)


def test_equal_requests_hash_equally() -> None:
    assert hash(ListOpportunitiesRequest.model_validate(WIRE)) == hash(REQUEST)


def test_a_list_given_is_not_kept() -> None:
    identifiers = ["O1"]
    request = ListOpportunitiesRequest(catalog="AWS", identifier=identifiers)
    identifiers.append("O2")
    assert request.identifier == ("O1",)


# Any valid request


def ranges(name: str, moments: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    def in_order(bounds: tuple[str, str], halves: tuple[bool, bool]) -> dict[str, str]:
        named = zip((f"After{name}", f"Before{name}"), sorted(bounds), halves, strict=True)
        return {key: bound for key, bound, is_given in named if is_given}

    halves = st.sampled_from([(True, True), (True, False), (False, True)])
    return st.builds(in_order, st.tuples(moments, moments), halves)


def lists(
    entries: st.SearchStrategy[str], maximum: int, *, minimum: int = 1
) -> st.SearchStrategy[list[str]]:
    return st.lists(entries, min_size=minimum, max_size=maximum)


# Of one precision, so that texts are in the order of the moments.
MOMENTS = st.datetimes(min_value=datetime(1000, 1, 1)).map(
    lambda moment: f"{moment.replace(microsecond=moment.microsecond or 1).isoformat()}Z"
)
DAYS = st.dates(min_value=date(1000, 1, 1)).map(date.isoformat)
REQUESTS = st.fixed_dictionaries(
    {"Catalog": st.sampled_from([member.value for member in Catalog])},
    optional={
        "MaxResults": st.integers(1, 100),
        "NextToken": st.text(min_size=1),
        "Sort": st.fixed_dictionaries(
            {
                "SortBy": st.sampled_from([member.value for member in OpportunitySortName]),
                "SortOrder": st.sampled_from([member.value for member in SortOrder]),
            }
        ),
        "LastModifiedDate": ranges("LastModifiedDate", MOMENTS),
        "Identifier": lists(st.from_regex("O[0-9]{1,19}", fullmatch=True), 20),
        "LifeCycleStage": lists(st.sampled_from([member.value for member in Stage]), 10),
        "LifeCycleReviewStatus": lists(
            st.sampled_from([member.value for member in ReviewStatus]), 10
        ),
        "CustomerCompanyName": lists(st.text(min_size=1), 10),
        "CreatedDate": ranges("CreatedDate", MOMENTS),
        "TargetCloseDate": ranges("TargetCloseDate", DAYS),
    },
)


@given(REQUESTS)
def test_any_valid_request_survives_the_round_trip(members: dict[str, Any]) -> None:
    assert wire(ListOpportunitiesRequest.model_validate(members)) == members


@given(REQUESTS)
def test_any_valid_request_as_text_survives_the_round_trip(members: dict[str, Any]) -> None:
    parsed = ListOpportunitiesRequest.model_validate_json(json.dumps(members))
    assert wire(parsed) == members


@given(REQUESTS)
def test_any_valid_request_equals_its_copy_from_python_names(members: dict[str, Any]) -> None:
    request = ListOpportunitiesRequest.model_validate(members)
    assert ListOpportunitiesRequest.model_validate(request.model_dump()) == request
