"""A call's arguments become a checked request, or one error that names everything wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from partnercentral_list._listing.parts import Listing, OnInvalid
from partnercentral_list._listing.tokens import START, decode
from partnercentral_list.errors import RequestProblem, RequestValidationError
from partnercentral_list.models import (
    Catalog,
    CreatedDateFilter,
    LastModifiedDateFilter,
    ListOpportunitiesRequest,
    OpportunitySort,
    OpportunitySortName,
    ReviewStatus,
    ReviewStatusName,
    SortOrder,
    Stage,
    StageName,
    TargetCloseDateFilter,
)
from partnercentral_list.models._checks import NotAString, shown_number
from partnercentral_list.models._enum import OpenStrEnum
from partnercentral_list.models.request import IDENTIFIERS_PER_REQUEST

DEFAULT_PAGE_SIZE = 100


class OpportunityFilters(TypedDict, total=False):
    """The filters and the sort of a listing, as keyword arguments.

    Values in one list are alternatives; different filters all apply. None means no filter.
    """

    identifier: NotAString[str] | None
    """Only these opportunities, at most 20, each ``O`` and 1 to 19 digits."""
    life_cycle_stage: Sequence[Stage | StageName] | None
    """Only those in one of these stages, at most 10."""
    life_cycle_review_status: Sequence[ReviewStatus | ReviewStatusName] | None
    """Only those with one of these review statuses, at most 10."""
    customer_company_name: NotAString[str] | None
    """Only those of one of these customers, at most 10 names."""
    last_modified_date: LastModifiedDateFilter | None
    """Only those changed within a span of time."""
    created_date: CreatedDateFilter | None
    """Only those created within a span of time."""
    target_close_date: TargetCloseDateFilter | None
    """Only those expected to close within a span of days."""
    sort: OpportunitySort | None
    """The order; AWS's default is LastModifiedDate, DESCENDING."""


FILTER_NAMES = tuple(OpportunityFilters.__annotations__)

#: What may stand where AWS requires a value.
REQUIRED: Mapping[str, Iterable[OpenStrEnum]] = {
    "catalog": Catalog,
    "sort_by": OpportunitySortName,
    "sort_order": SortOrder,
}

#: What other SDKs call things.
HABITS = {
    "catalog": "the client's own catalog, or a whole request",
    "limit": "page_size (opportunities in a page) or max_items (in all)",
    "stage": "life_cycle_stage",
    "review_status": "life_cycle_review_status",
    "status": "life_cycle_review_status",
    "company_name": "customer_company_name",
    "ids": "identifier",
    "identifiers": "identifier",
    "next_token": "starting_token, or list_opportunities for a single page",
    "max_results": "page_size",
    "page_size": "max_results",
}


def checked_catalog(catalog: object) -> Catalog:
    """Give the catalog as a member.

    Raises:
        RequestValidationError: It is none.
    """
    problems: list[RequestProblem] = []
    checked = _checked({"catalog": catalog}, problems)
    if checked is None:
        raise RequestValidationError(problems)
    return checked.catalog


def page_request(
    catalog: Catalog,
    request: ListOpportunitiesRequest | None,
    paging: Mapping[str, object],
    filters: Mapping[str, object],
) -> dict[str, object]:
    """Make the wire form of a request for one page.

    Args:
        catalog: The client's catalog, for a request made of filters.
        request: A whole request, which allows for no filters.
        paging: ``max_results`` and ``next_token``, None where they are not given.
        filters: The filters and the sort.

    Raises:
        RequestValidationError: Something is wrong; names every bad field.
    """
    problems = _conflicts(request, paging, filters)
    given = {name: value for name, value in paging.items() if value is not None}
    members = {"catalog": catalog, **filters, **given}
    if isinstance(request, ListOpportunitiesRequest):
        members = _members(request) | given
    named = {problem["field"] for problem in problems} - {"catalog"}
    known = {name: value for name, value in members.items() if name not in named}
    checked = _checked(known | ({} if request else {"catalog": catalog}), problems)
    if checked is None or problems:
        raise RequestValidationError(problems)
    return checked.model_dump(mode="json", by_alias=True, exclude_none=True)


def listing_request(
    catalog: Catalog,
    request: ListOpportunitiesRequest | None,
    *,
    page_size: int | None,
    max_items: int | None,
    starting_token: str | None,
    prefetch: int,
    on_invalid: OnInvalid,
    filters: Mapping[str, object],
) -> Listing:
    """Make a listing of a call's arguments.

    Raises:
        RequestValidationError: Something is wrong; names every bad field.
    """
    problems: list[RequestProblem] = []
    if isinstance(request, ListOpportunitiesRequest) and request.next_token is not None:
        problems.append(
            _problem(
                "next_token",
                "a listing starts at the first page, or at a resume token",
                "starting_token=..., or list_opportunities for a single page",
            )
        )
    _check_number("max_items", max_items, problems, optional=True)
    _check_number("prefetch", prefetch, problems)
    _check_choice("on_invalid", on_invalid, problems)
    start = START
    if starting_token is not None:
        try:
            start = decode(starting_token)
        except (ValueError, AttributeError) as error:
            wrong = str(error) if isinstance(error, ValueError) else _shown(starting_token)
            problems.append(
                _problem("starting_token", wrong, "pager.resume_token, or the AWS CLI's NextToken")
            )
    parameters: dict[str, object] = {}
    try:
        parameters = page_request(catalog, request, {"max_results": page_size}, filters)
    except RequestValidationError as error:
        for problem in error.errors():
            if problem["field"] == "max_results":
                problem["field"] = "page_size"
            problems.append(problem)
    if problems:
        raise RequestValidationError(problems)
    return Listing(
        parameters={"MaxResults": DEFAULT_PAGE_SIZE, **parameters},
        max_items=max_items,
        start=start,
        prefetch=prefetch,
        on_invalid=on_invalid,
    )


def identifier_batches(identifiers: object, on_missing: object) -> list[list[str]]:
    """Check any number of identifiers, and put them in groups that fit a request, each once.

    Raises:
        RequestValidationError: One is malformed, or they are a bare string.
    """
    problems: list[RequestProblem] = []
    _check_choice("on_missing", on_missing, problems)
    if isinstance(identifiers, str | bytes | Mapping) or not isinstance(identifiers, Iterable):
        problems.append(
            _problem("identifiers", _shown(cast("Any", identifiers)), "a list of identifiers")
        )
        raise RequestValidationError(problems)
    given = list(cast("Iterable[object]", identifiers))
    problems += [
        _problem(f"identifiers[{place}]", _shown(value), "O[0-9]{1,19} (such as O1111111)")
        for place, value in enumerate(given)
        if not isinstance(value, str)
    ]
    wanted = list(dict.fromkeys(value for value in given if isinstance(value, str)))
    batches = [
        wanted[start : start + IDENTIFIERS_PER_REQUEST]
        for start in range(0, len(wanted), IDENTIFIERS_PER_REQUEST)
    ]
    for number, batch in enumerate(batches):
        found: list[RequestProblem] = []
        _checked({"catalog": Catalog.AWS, "identifier": batch}, found)
        for problem in found:
            index = int(problem["field"].partition("[")[2].rstrip("]"))
            place = number * IDENTIFIERS_PER_REQUEST + index
            problems.append({**problem, "field": f"identifiers[{place}]"})
    if problems:
        raise RequestValidationError(problems)
    return batches


def _conflicts(
    request: object, paging: Mapping[str, object], filters: Mapping[str, object]
) -> list[RequestProblem]:
    problems: list[RequestProblem] = []
    for name in filters:
        if name not in FILTER_NAMES:
            problems.append(_problem(name, "no such argument", _intended(name)))
    if request is None:
        return problems
    if not isinstance(request, ListOpportunitiesRequest):
        advice = "a ListOpportunitiesRequest, such as ListOpportunitiesRequest.model_validate gives"
        problems.append(_problem("request", _shown(request), advice))
        return problems
    problems += [
        _problem(name, "a filter beside a whole request", "one or the other")
        for name in filters
        if name in FILTER_NAMES
    ]
    problems += [
        _problem(name, "given here and in the request too", "one or the other")
        for name, value in paging.items()
        if value is not None and getattr(request, name) is not None
    ]
    return problems


def _checked(
    members: Mapping[str, Any], problems: list[RequestProblem]
) -> ListOpportunitiesRequest | None:
    try:
        return ListOpportunitiesRequest.model_validate(members)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # Not raised here, and not in the handler: pydantic's error holds the values.
    problems += [_from_pydantic(detail) for detail in details]
    return None


def _from_pydantic(detail: ErrorDetails) -> RequestProblem:
    field = ""
    for part in detail["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{_snake_case(part)}"
    field = field.lstrip(".") or "request"
    context = detail.get("ctx", {})
    if "problem" in context:
        return _problem(field, str(context["problem"]), str(context["valid"]))
    if detail["type"] == "missing":
        choices = REQUIRED.get(field.rpartition(".")[2], ())
        return _problem(field, "missing", ", ".join(repr(choice.value) for choice in choices))
    if detail["type"] == "extra_forbidden":
        return _problem(field, "no such member", _intended(field))
    if "class_name" in context:
        return _problem(field, _shown(detail["input"]), f"a {context['class_name']}")
    return _problem(field, detail["msg"], "")


def _snake_case(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def _members(request: ListOpportunitiesRequest) -> dict[str, object]:
    return {name: value for name, value in request if value is not None}


def _check_number(
    name: str, value: object, problems: list[RequestProblem], *, optional: bool = False
) -> None:
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        problems.append(_problem(name, _shown(value), "a whole number, 0 or more"))


def _check_choice(name: str, value: object, problems: list[RequestProblem]) -> None:
    if value != "raise" and not callable(value):
        problems.append(_problem(name, _shown(value), '"raise" or a callable'))


def _shown(value: object) -> str:
    if isinstance(value, int):
        return f"{shown_number(value)} is not valid"
    return f"a value of type {type(value).__name__}"


def _intended(name: str) -> str:
    if name in HABITS:
        return f"perhaps {HABITS[name]}"
    close = difflib.get_close_matches(name, FILTER_NAMES, n=1)
    return f"perhaps {close[0]}" if close else ", ".join(FILTER_NAMES)


def _problem(field: str, problem: str, valid: str) -> RequestProblem:
    return cast("RequestProblem", {"field": field, "problem": problem, "valid": valid})
