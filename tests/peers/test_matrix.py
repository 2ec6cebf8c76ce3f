"""Every request of the matrix, through every peer and this library: the same response."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.expected import expected_ids, expected_token
from tests.peers.compare import canonical, token_content
from tests.peers.matrix import ALONE, CASES, SORTS, Case, resumed
from tests.peers.records import records
from tests.peers.responses import NAMES, RESUMING, Responses, takes

REFUSED = "RequestValidationError"
RECORDS = {record["Id"]: canonical(record) for record in records()}
LISTINGS = [case for case in CASES if case.error is None]
ERRORS = [case for case in CASES if case.error is not None]


def parametrized(cases: list[Case]) -> list[object]:
    return [
        pytest.param(name, case, id=f"{name}-{case.name}")
        for case in cases
        for name in NAMES
        if takes(name, case)
    ]


def wanted(case: Case) -> list[str]:
    size = case.max_items if case.call == "items" else case.parameters.get("MaxResults", 20)
    return expected_ids(records(), case.parameters)[:size]


def test_the_matrix_is_large_and_names_every_filter_and_sort() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 150
    for name in ALONE:
        with_it = [case for case in LISTINGS if name in case.parameters]
        assert any(len(case.parameters) == 2 for case in with_it)
        assert any(len(case.parameters) > 2 for case in with_it)
    for sort in SORTS:
        with_it = [case for case in LISTINGS if case.parameters.get("Sort") == sort]
        assert any(len(case.parameters) == 2 for case in with_it)
        assert any(len(case.parameters) > 2 for case in with_it)


@pytest.mark.parametrize(("name", "case"), parametrized(LISTINGS))
def test_the_same_records_in_the_same_order(name: str, case: Case, responses: Responses) -> None:
    response = responses.of(name, case)
    if name in case.refused:
        assert response["error"] == REFUSED
        return
    assert response["error"] is None
    assert [record["Id"] for record in response["records"]] == wanted(case)
    assert canonical(response["records"]) == [RECORDS[id_] for id_ in wanted(case)]


# Without a page size, the library requests 100 at a time and the others leave it at AWS's 20: so a
# listing that stops early leaves another token, which is as good.
GRIDDED = [c for c in LISTINGS if c.call == "items" and (c.page_size or c.max_items is None)]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in GRIDDED])
def test_the_same_resume_token_byte_for_byte(case: Case, responses: Responses) -> None:
    tokens = {name: responses.of(name, case)["token"] for name in RESUMING}
    assert set(tokens.values()) == {tokens["library"]}
    total = len(expected_ids(records(), case.parameters))
    end = total if case.max_items is None else case.max_items
    content = expected_token(total, end, case.page_size or 20)
    assert token_content(tokens["library"]) == content


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name) for case in LISTINGS if case.call == "page"]
)
def test_the_same_token_of_the_service(case: Case, responses: Responses) -> None:
    tokens = {name: responses.of(name, case)["token"] for name in NAMES}
    assert set(tokens.values()) == {tokens["library"]}
    is_last = len(wanted(case)) == len(expected_ids(records(), case.parameters))
    assert (tokens["library"] is None) == is_last


@pytest.mark.parametrize(("name", "case"), parametrized(ERRORS))
def test_the_same_error_code(name: str, case: Case, responses: Responses) -> None:
    error = REFUSED if name in case.refused else case.error
    assert responses.of(name, case)["error"] == error


@pytest.mark.parametrize("consumer", RESUMING)
@pytest.mark.parametrize("producer", RESUMING)
@pytest.mark.parametrize(
    ("first", "rest"), [pytest.param(*pair, id=pair[1].name) for pair in resumed()]
)
def test_a_listing_resumes_in_another_client(
    first: Case, rest: Case, producer: str, consumer: str, responses: Responses
) -> None:
    begun = responses.of(producer, first)
    ended = responses.of(consumer, replace(rest, starting_token=begun["token"]))
    assert ended["error"] is None
    ids = [record["Id"] for record in begun["records"] + ended["records"]]
    total = expected_ids(records(), first.parameters)
    assert begun["records"]
    assert ended["records"]
    end = len(total) if rest.max_items is None else len(begun["records"]) + rest.max_items
    assert ids == total[:end]
    assert token_content(ended["token"]) == expected_token(len(total), end, first.page_size or 20)
