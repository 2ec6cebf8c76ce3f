"""Requests that the emulator refuses, and the errors that it sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import Loader

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.emulator.calls import TARGET, Caller, calling, newer_model


@pytest.mark.parametrize(
    ("parameters", "field", "code"),
    [
        ({"Catalog": None}, "Catalog", "REQUIRED_FIELD_MISSING"),
        ({"Catalog": "A B"}, "Catalog", "INVALID_STRING_FORMAT"),
        ({"Catalog": "AWS\n"}, "Catalog", "INVALID_STRING_FORMAT"),
        ({"Catalog": 1}, "Catalog", "INVALID_VALUE"),
        ({"MaxResults": 0}, "MaxResults", "VALUE_OUT_OF_RANGE"),
        ({"MaxResults": 101}, "MaxResults", "VALUE_OUT_OF_RANGE"),
        ({"MaxResults": "20"}, "MaxResults", "INVALID_VALUE"),
        ({"MaxResults": True}, "MaxResults", "INVALID_VALUE"),
        ({"MaxResults": 2.5}, "MaxResults", "INVALID_VALUE"),
        ({"NextToken": 1}, "NextToken", "INVALID_VALUE"),
        ({"Identifier": ["X1"]}, "Identifier[0]", "INVALID_STRING_FORMAT"),
        ({"Identifier": ["O1", "O" + "1" * 20]}, "Identifier[1]", "INVALID_STRING_FORMAT"),
        ({"Identifier": ["O1", None]}, "Identifier[1]", "INVALID_VALUE"),
        ({"Identifier": "O1"}, "Identifier", "INVALID_VALUE"),
        ({"Identifier": ["O1"] * 21}, "Identifier", "TOO_MANY_VALUES"),
        ({"LifeCycleStage": ["Closed Won"]}, "LifeCycleStage[0]", "INVALID_ENUM_VALUE"),
        ({"LifeCycleStage": ["Launched"] * 11}, "LifeCycleStage", "TOO_MANY_VALUES"),
        (
            {"LifeCycleReviewStatus": ["In Review"]},
            "LifeCycleReviewStatus[0]",
            "INVALID_ENUM_VALUE",
        ),
        (
            {"LifeCycleReviewStatus": ["Approved"] * 11},
            "LifeCycleReviewStatus",
            "TOO_MANY_VALUES",
        ),
        ({"CustomerCompanyName": ["x"] * 11}, "CustomerCompanyName", "TOO_MANY_VALUES"),
        ({"Sort": {"SortBy": "Identifier"}}, "Sort.SortOrder", "REQUIRED_FIELD_MISSING"),
        ({"Sort": {"SortOrder": "ASCENDING"}}, "Sort.SortBy", "REQUIRED_FIELD_MISSING"),
        (
            {"Sort": {"SortBy": "Title", "SortOrder": "ASCENDING"}},
            "Sort.SortBy",
            "INVALID_ENUM_VALUE",
        ),
        ({"Sort": "Identifier"}, "Sort", "INVALID_VALUE"),
        (
            {"LastModifiedDate": {"AfterLastModifiedDate": "2025-06-01"}},
            "LastModifiedDate.AfterLastModifiedDate",
            "INVALID_STRING_FORMAT",
        ),
        (
            {"LastModifiedDate": {"AfterLastModifiedDate": "2025-06-01T00:00:00"}},
            "LastModifiedDate.AfterLastModifiedDate",
            "INVALID_STRING_FORMAT",
        ),
        (
            {"CreatedDate": {"BeforeCreatedDate": "2025-02-30T00:00:00Z"}},
            "CreatedDate.BeforeCreatedDate",
            "INVALID_STRING_FORMAT",
        ),
        (
            {"CreatedDate": {"BeforeCreatedDate": True}},
            "CreatedDate.BeforeCreatedDate",
            "INVALID_VALUE",
        ),
        (
            {"CreatedDate": {"BeforeCreatedDate": float("inf")}},
            "CreatedDate.BeforeCreatedDate",
            "INVALID_VALUE",
        ),
        (
            {"TargetCloseDate": {"AfterTargetCloseDate": "01/06/2025"}},
            "TargetCloseDate.AfterTargetCloseDate",
            "INVALID_STRING_FORMAT",
        ),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else None,
)
def test_an_invalid_member_is_named_with_its_code(
    caller: Caller, parameters: dict[str, Any], field: str, code: str
) -> None:
    response = caller.send(json.dumps({"Catalog": "AWS"} | parameters).encode())
    assert (response.status, response.code) == (400, "ValidationException")
    assert response.json["Reason"] == "REQUEST_VALIDATION_FAILED"
    assert response.problems == [(field, code)]
    assert field in response.json["Message"]


def test_all_that_is_wrong_is_named_at_once(caller: Caller) -> None:
    response = caller.fetch(MaxResults=0, LifeCycleStage=["Won", "Lost"])
    assert {field for field, _ in response.problems} == {
        "MaxResults",
        "LifeCycleStage[0]",
        "LifeCycleStage[1]",
    }


@pytest.mark.parametrize("size", [1, 100])
def test_the_bounds_of_the_page_size_are_allowed(caller: Caller, size: int) -> None:
    assert len(caller.fetch(MaxResults=size).ids) == size


def test_twenty_identifiers_are_allowed(caller: Caller) -> None:
    ids = caller.fetch().ids
    assert caller.fetch(Identifier=ids).ids == ids


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"AWS"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_serialization_exception(
    caller: Caller, body: bytes
) -> None:
    response = caller.send(body)
    assert (response.status, response.code) == (400, "SerializationException")


@pytest.mark.parametrize(
    "target",
    [
        "",
        "ListOpportunities",
        TARGET + "s",
        "DynamoDB_20120810.ListOpportunities",
        "AWSPartnerCentralSelling.GetOpportunity",
    ],
)
def test_another_operation_is_unknown(caller: Caller, target: str) -> None:
    response = caller.send(b"{}", headers={"X-Amz-Target": target})
    assert (response.status, response.code) == (400, "UnknownOperationException")


def test_a_request_without_a_target_is_unknown(caller: Caller) -> None:
    assert caller.send(b"{}", headers={}).code == "UnknownOperationException"


def test_another_path_is_not_found(caller: Caller) -> None:
    assert caller.send(b"{}", path="/opportunities").status == 404


def test_the_path_of_the_operation_is_found(caller: Caller) -> None:
    # capo-partnercentral-selling posts to it, botocore to "/".
    assert caller.send(b'{"Catalog": "AWS"}', path="/ListOpportunities").status == 200


def test_another_method_is_not_allowed(caller: Caller) -> None:
    response = caller.send(b"", method="GET")
    assert (response.status, response.headers["allow"]) == (405, "POST")


# What no request has today, but a newer model may bring.
ALL_KINDS: dict[str, dict[str, Any]] = {
    "Flag": {"type": "boolean"},
    "Count": {"type": "long", "min": 2},
    "Name": {"type": "string", "min": 2, "max": 3},
    "Names": {"type": "list", "min": 1, "member": {"shape": "String"}},
    "Document": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "String"}},
}


def add_all_kinds(shapes: dict[str, Any]) -> None:
    for name, shape in ALL_KINDS.items():
        shapes[f"New{name}"] = shape
        shapes["ListOpportunitiesRequest"]["members"][name] = {"shape": f"New{name}"}


@pytest.fixture
def newer() -> Iterator[Caller]:
    """Calls an emulator with a service model that has these kinds of members too."""
    with (
        newer_model(add_all_kinds),
        PartnerCentralEmulator(1) as emulator,
        calling(emulator) as caller,
    ):
        yield caller


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("Flag", 1, "INVALID_VALUE"),
        ("Flag", "yes", "INVALID_VALUE"),
        ("Count", 1, "VALUE_OUT_OF_RANGE"),
        ("Count", "2", "INVALID_VALUE"),
        ("Name", "x", "VALUE_OUT_OF_RANGE"),
        ("Name", "long", "VALUE_OUT_OF_RANGE"),
        ("Names", [], "NOT_ENOUGH_VALUES"),
    ],
)
def test_members_of_a_newer_model_are_checked_too(
    member: str, value: object, code: str, newer: Caller
) -> None:
    response = newer.fetch(**{member: value})
    assert response.problems == [(member, code)]
    assert "does not know" not in response.json["Message"]
    shapes = Loader().load_service_model("partnercentral-selling", "service-2")["shapes"]
    assert code in shapes["ValidationExceptionErrorCode"]["enum"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("Flag", True),
        ("Count", 2),
        ("Name", "ab"),
        ("Names", ["x"]),
        ("Document", {"any": 1}),
    ],
)
def test_what_a_newer_model_allows_passes(member: str, value: object, newer: Caller) -> None:
    message = newer.fetch(**{member: value}).json["Message"]
    assert f"the emulator does not know the filter {member}" in message


def add_to_the_request(shapes: dict[str, Any]) -> None:
    shapes["NewFilter"] = {"type": "list", "member": {"shape": "String"}}
    shapes["ListOpportunitiesRequest"]["members"]["NewFilter"] = {"shape": "NewFilter"}
    shapes["OpportunitySortName"]["enum"].append("NewSort")
    shapes["CreatedDateFilter"]["members"]["OnCreatedDate"] = {"shape": "DateTime"}


@pytest.mark.parametrize(
    ("parameters", "parameter", "unknown"),
    [
        ({"NewFilter": ["x"]}, "NewFilter", "filter NewFilter"),
        (
            {"Sort": {"SortBy": "NewSort", "SortOrder": "ASCENDING"}},
            "Sort.SortBy",
            "sort NewSort",
        ),
        (
            {"CreatedDate": {"OnCreatedDate": "2025-06-01T00:00:00Z"}},
            "CreatedDate.OnCreatedDate",
            "bound OnCreatedDate",
        ),
    ],
    ids=["filter", "sort", "bound"],
)
def test_what_the_emulator_does_not_know_is_refused_with_the_place_to_add(
    parameters: dict[str, Any], parameter: str, unknown: str
) -> None:
    with (
        newer_model(add_to_the_request),
        PartnerCentralEmulator(1) as emulator,
        calling(emulator) as caller,
    ):
        response = caller.fetch(**parameters)
    assert (response.status, response.code) == (400, "ValidationException")
    assert response.problems == [(parameter, "INVALID_VALUE")]
    assert f"the emulator does not know the {unknown}: add it in" in response.json["Message"]
    assert "emulator/_matching.py" in response.json["Message"]
