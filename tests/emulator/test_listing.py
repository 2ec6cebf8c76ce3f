"""Filters, orders and pages, compared with the oracle of tests/expected.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnercentral_list.emulator import PartnerCentralEmulator
from tests import expected
from tests.emulator.calls import Caller, calling

SORTS = ["LastModifiedDate", "Identifier", "CustomerCompanyName", "CreatedDate", "TargetCloseDate"]
SAMPLE = PartnerCentralEmulator(150, seed=3).opportunities


def expected_ids(request: dict[str, Any]) -> list[str]:
    return expected.expected_ids(SAMPLE, {"Catalog": "AWS"} | request)


def values(name: str) -> list[str]:
    found = (expected.value_of(record, name) for record in SAMPLE)
    return [value for value in found if value]


def dates(name: str, values: list[str]) -> st.SearchStrategy[dict[str, str]]:
    moment = st.sampled_from(values)
    return st.fixed_dictionaries({}, optional={f"After{name}": moment, f"Before{name}": moment})


def some(values: list[str], most: int = 10) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(set(values))), max_size=most)


COMPANIES = values("CustomerCompanyName")
REQUESTS = st.fixed_dictionaries(
    {"MaxResults": st.integers(1, 100)},
    optional={
        "Sort": st.fixed_dictionaries(
            {
                "SortBy": st.sampled_from(SORTS),
                "SortOrder": st.sampled_from(["ASCENDING", "DESCENDING"]),
            }
        ),
        "Identifier": some(values("Identifier"), 20),
        "LifeCycleStage": some(values("LifeCycleStage")),
        "LifeCycleReviewStatus": some(["Approved", "In review", "Rejected"]),
        "CustomerCompanyName": some([*COMPANIES, *(name.upper() for name in COMPANIES)]),
        "LastModifiedDate": dates("LastModifiedDate", values("LastModifiedDate")),
        "CreatedDate": dates("CreatedDate", values("CreatedDate")),
        "TargetCloseDate": dates("TargetCloseDate", values("TargetCloseDate")),
    },
)


@pytest.fixture(scope="module")
def sample_caller() -> Iterator[Caller]:
    with PartnerCentralEmulator(SAMPLE) as emulator, calling(emulator) as caller:
        yield caller


@settings(max_examples=150)
@given(request=REQUESTS)
def test_the_pages_of_any_request_are_what_matches_in_its_order(
    sample_caller: Caller, request: dict[str, Any]
) -> None:
    assert sample_caller.all_ids(**request) == expected_ids(request)


@pytest.mark.parametrize("sort_order", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("sort_by", SORTS)
def test_each_sort_orders_everything(sample_caller: Caller, sort_by: str, sort_order: str) -> None:
    request = {"Sort": {"SortBy": sort_by, "SortOrder": sort_order}, "MaxResults": 37}
    found = sample_caller.all_ids(**request)
    assert found == expected_ids(request)
    assert sorted(found) == sorted(record["Id"] for record in SAMPLE)


def test_without_a_sort_the_latest_change_comes_first(sample_caller: Caller) -> None:
    down = {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"}
    assert sample_caller.all_ids() == sample_caller.all_ids(Sort=down)


def test_a_page_has_twenty_records_by_default(sample_caller: Caller) -> None:
    assert len(sample_caller.fetch().ids) == 20


@pytest.mark.parametrize("sort_order", ["ASCENDING", "DESCENDING"])
def test_records_without_a_value_come_last_in_both_directions(
    sample_caller: Caller, sort_order: str
) -> None:
    sort = {"SortBy": "TargetCloseDate", "SortOrder": sort_order}
    dated = {record["Id"]: expected.value_of(record, "TargetCloseDate") for record in SAMPLE}
    without = {identifier for identifier, date in dated.items() if date is None}
    assert without
    assert set(sample_caller.all_ids(Sort=sort)[-len(without) :]) == without


@pytest.mark.parametrize(
    "parameters",
    [
        {"Identifier": [SAMPLE[5]["Id"], SAMPLE[9]["Id"], "O1"]},
        {"LifeCycleStage": ["Qualified", "Committed"]},
        {"LifeCycleReviewStatus": ["In review"]},
        {"CustomerCompanyName": [COMPANIES[0].upper(), COMPANIES[3]]},
        {"LastModifiedDate": {"AfterLastModifiedDate": SAMPLE[7]["LastModifiedDate"]}},
        {"LastModifiedDate": {"BeforeLastModifiedDate": SAMPLE[7]["LastModifiedDate"]}},
        {"CreatedDate": {"AfterCreatedDate": SAMPLE[7]["CreatedDate"]}},
        {"CreatedDate": {"BeforeCreatedDate": SAMPLE[7]["CreatedDate"]}},
        {"TargetCloseDate": {"AfterTargetCloseDate": "2025-06-01"}},
        {"TargetCloseDate": {"BeforeTargetCloseDate": "2025-06-01"}},
    ],
    ids=lambda parameters: "-".join(f"{k}.{next(iter(v))}" for k, v in parameters.items()),
)
def test_a_filter_keeps_some_and_drops_some(
    sample_caller: Caller, parameters: dict[str, Any]
) -> None:
    found = sample_caller.all_ids(**parameters)
    assert found == expected_ids(parameters)
    assert 0 < len(found) < len(SAMPLE)


@pytest.mark.parametrize("bound", ["After", "Before"])
@pytest.mark.parametrize("name", ["LastModifiedDate", "CreatedDate"])
def test_bounds_of_dates_are_inclusive(sample_caller: Caller, name: str, bound: str) -> None:
    record = SAMPLE[7]
    request: dict[str, Any] = {name: {bound + name: record[name]}, "Identifier": [record["Id"]]}
    assert sample_caller.fetch(**request).ids == [record["Id"]]


@pytest.mark.parametrize(
    ("bound", "is_found"),
    [
        ("2025-06-01T12:00:00.5Z", True),
        ("2025-06-01T14:00:00.500+02:00", True),
        ("2025-06-01T14:00:00.500+0200", True),
        ("2025-06-01T07:00:00.500000000-05:00", True),
        ("2025-06-01t12:00:00,4z", True),
        (1748779200.5, True),
        (1748779200, True),
        ("2025-06-01T12:00:00.500000001Z", False),
        (1748779201, False),
    ],
)
def test_dates_are_compared_as_points_in_time(bound: object, is_found: bool) -> None:
    record = {"Id": "O1", "LastModifiedDate": "2025-06-01T12:00:00.500Z"}
    with PartnerCentralEmulator([record]) as emulator, calling(emulator) as caller:
        found = caller.fetch(LastModifiedDate={"AfterLastModifiedDate": bound}).ids
    assert found == (["O1"] if is_found else [])


def test_a_record_that_is_null_in_a_member_matches_no_filter_on_it() -> None:
    record = {"Id": "O1", "Customer": None, "LifeCycle": {"Stage": None}, "LastModifiedDate": None}
    filters: list[dict[str, Any]] = [
        {"LifeCycleStage": ["Qualified"]},
        {"LifeCycleReviewStatus": ["Approved"]},
        {"CustomerCompanyName": [""]},
        {"LastModifiedDate": {"AfterLastModifiedDate": 0}},
        {"CreatedDate": {"BeforeCreatedDate": 9_999_999_999}},
        {"TargetCloseDate": {"BeforeTargetCloseDate": "9999-12-31"}},
    ]
    with PartnerCentralEmulator([record]) as emulator, calling(emulator) as caller:
        assert caller.fetch().ids == ["O1"]
        assert [caller.fetch(**parameters).ids for parameters in filters] == [[]] * 6


def test_company_names_match_whole_and_but_for_case() -> None:
    records = [
        {"Id": "O1", "Customer": {"Account": {"CompanyName": "Süßmeer AG"}}},
        {"Id": "O2", "Customer": {"Account": {"CompanyName": "Süßmeer AG Nord"}}},
    ]
    with PartnerCentralEmulator(records) as emulator, calling(emulator) as caller:
        assert caller.fetch(CustomerCompanyName=["SÜSSMEER ag"]).ids == ["O1"]


def test_ids_sort_as_text() -> None:
    records = [{"Id": identifier} for identifier in ("O10", "O9", "O2")]
    sort = {"SortBy": "Identifier", "SortOrder": "ASCENDING"}
    with PartnerCentralEmulator(records) as emulator, calling(emulator) as caller:
        assert caller.fetch(Sort=sort).ids == ["O10", "O2", "O9"]


def test_null_and_empty_parameters_are_no_filter(sample_caller: Caller) -> None:
    nothing: dict[str, Any] = {
        "Identifier": [],
        "LifeCycleStage": None,
        "LastModifiedDate": {"AfterLastModifiedDate": None},
        "NextToken": None,
        "MaxResults": None,
    }
    assert sample_caller.fetch(**nothing).raw == sample_caller.fetch().raw


def test_unknown_parameters_are_ignored(sample_caller: Caller) -> None:
    assert sample_caller.fetch(Nope={"x": 1}).raw == sample_caller.fetch().raw


def test_another_catalog_is_empty(caller: Caller) -> None:
    assert caller.fetch("Sandbox").json == {"OpportunitySummaries": [], "NextToken": None}


def test_the_emulators_own_catalog_is_the_one_that_is_not_empty() -> None:
    with PartnerCentralEmulator(3, catalog="Sandbox") as emulator, calling(emulator) as caller:
        assert caller.fetch().ids == []
        assert {r["Catalog"] for r in caller.fetch("Sandbox").json["OpportunitySummaries"]} == {
            "Sandbox"
        }


def test_the_last_page_has_an_explicit_null_token(caller: Caller) -> None:
    response = caller.fetch(MaxResults=100, LifeCycleStage=["Qualified"])
    assert response.raw.endswith(b'"NextToken":null}')


def test_concurrent_listings_stay_correct(sample_caller: Caller) -> None:
    for record in SAMPLE[:80]:
        assert sample_caller.fetch(Identifier=[record["Id"]]).ids == [record["Id"]]
    assert len(sample_caller.all_ids()) == len(SAMPLE)
