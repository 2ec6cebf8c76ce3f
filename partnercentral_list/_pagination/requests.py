"""A call's arguments become a checked request, or one error that names everything wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from partnercentral_list._pagination.filters import FILTER_NAMES
from partnercentral_list._pagination.parts import Listing, OnInvalid
from partnercentral_list._pagination.problems import (
    check_choice,
    check_number,
    from_context,
    from_pydantic,
    intended,
    problem_of,
    shown,
)
from partnercentral_list._pagination.tokens import START, decode
from partnercentral_list.errors import RequestProblem, RequestValidationError
from partnercentral_list.models import Catalog, ListOpportunitiesRequest
from partnercentral_list.models.request import IDENTIFIER, IDENTIFIERS_PER_REQUEST

if TYPE_CHECKING:
    from partnercentral_list._pagination.scan.scan import ScanRequest

DEFAULT_PAGE_SIZE = 100
UNKNOWN = "no such argument"


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
    on_invalid: OnInvalid = "raise",
) -> dict[str, object]:
    """Make the wire form of a request for one page.

    Args:
        catalog: The client's catalog, for a request made of filters.
        request: A whole request, which allows for no filters.
        paging: ``max_results`` and ``next_token``, None where they are not given.
        filters: The filters and the sort.
        on_invalid: What to do with an invalid record, which is checked too.

    Raises:
        RequestValidationError: Something is wrong; names every bad field.
    """
    problems = _conflicts(request, paging, filters)
    check_choice("on_invalid", on_invalid, problems)
    given = {name: value for name, value in paging.items() if value is not None}
    known = {name: value for name, value in filters.items() if name in FILTER_NAMES}
    members = {"catalog": catalog, **known, **given}
    if isinstance(request, ListOpportunitiesRequest):
        members = _members(request) | given
    checked = _checked(members, problems)
    if checked is None or problems:
        raise RequestValidationError(problems)
    return checked.model_dump(mode="json", by_alias=True, exclude_none=True)


def listing_request(
    catalog: Catalog,
    request: ListOpportunitiesRequest | None,
    *,
    page_size: int | Literal["aws"] | None,
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
            problem_of(
                "next_token",
                "a listing starts at the first page, or at a resume token",
                "starting_token=..., or list_opportunities for a single page",
            )
        )
    check_number("max_items", max_items, problems, optional=True)
    check_number("prefetch", prefetch, problems)
    check_choice("on_invalid", on_invalid, problems)
    start = START
    if starting_token is not None:
        try:
            start = decode(starting_token)
        except (ValueError, AttributeError) as error:
            wrong = str(error) if isinstance(error, ValueError) else shown(starting_token)
            problems.append(
                problem_of(
                    "starting_token", wrong, "pager.resume_token, or the AWS CLI's NextToken"
                )
            )
    size, defaults = page_size, {"MaxResults": DEFAULT_PAGE_SIZE}
    if page_size == "aws":
        # Beside a request that has a size it is refused, as a number is.
        size, defaults = getattr(request, "max_results", None), {}
    parameters: dict[str, object] = {}
    try:
        parameters = page_request(catalog, request, {"max_results": size}, filters)
    except RequestValidationError as error:
        for problem in error.errors():
            if problem["field"] == "max_results" and problem["problem"] != UNKNOWN:
                problem["field"] = "page_size"
            problems.append(problem)
    if problems:
        raise RequestValidationError(problems)
    return Listing(
        parameters={**defaults, **parameters},
        max_items=max_items,
        start=start,
        prefetch=prefetch,
        on_invalid=on_invalid,
    )


def scan_request(
    catalog: Catalog,
    request: ListOpportunitiesRequest | None,
    *,
    concurrency: int,
    on_invalid: OnInvalid,
    filters: Mapping[str, object],
) -> ScanRequest:
    """Make a scan of a call's arguments.

    Raises:
        RequestValidationError: Something is wrong; names every bad field.
    """
    problems: list[RequestProblem] = []
    check_number("concurrency", concurrency, problems, least=1)
    given = {name: value for name, value in filters.items() if name != "sort" or value is not None}
    sort = given.pop("sort", getattr(request, "sort", None))
    if sort is not None:
        problems.append(problem_of("sort", "a scan has no order", "iter_opportunities(sort=...)"))
    try:
        listing = listing_request(
            catalog,
            request,
            page_size=None,
            max_items=None,
            starting_token=None,
            prefetch=0,
            on_invalid=on_invalid,
            filters=given,
        )
    except RequestValidationError as error:
        raise RequestValidationError([*problems, *error.errors()]) from None
    if problems:
        raise RequestValidationError(problems)
    from partnercentral_list._pagination.scan.query import ScanQuery
    from partnercentral_list._pagination.scan.scan import ScanRequest

    return ScanRequest(ScanQuery(listing.parameters), concurrency, on_invalid)


def identifier_batches(identifiers: object, on_missing: object) -> list[list[str]]:
    """Check any number of identifiers, and put them in groups that fit a request, each once.

    Raises:
        RequestValidationError: One is malformed, or they are a bare string.
    """
    problems: list[RequestProblem] = []
    check_choice("on_missing", on_missing, problems)
    if isinstance(identifiers, str | bytes | Mapping) or not isinstance(identifiers, Iterable):
        problems.append(
            problem_of("identifiers", shown(cast("Any", identifiers)), "a list of identifiers")
        )
        raise RequestValidationError(problems)
    wanted = list(cast("Iterable[str]", identifiers))
    for place, value in enumerate(wanted):
        try:
            IDENTIFIER.check(value)
        except PydanticCustomError as error:
            problems.append(from_context(f"identifiers[{place}]", error.context or {}))
    if problems:
        raise RequestValidationError(problems)
    once = list(dict.fromkeys(wanted))
    return [
        once[start : start + IDENTIFIERS_PER_REQUEST]
        for start in range(0, len(once), IDENTIFIERS_PER_REQUEST)
    ]


def _conflicts(
    request: object, paging: Mapping[str, object], filters: Mapping[str, object]
) -> list[RequestProblem]:
    problems: list[RequestProblem] = []
    for name in filters:
        if name not in FILTER_NAMES:
            problems.append(problem_of(name, UNKNOWN, intended(name)))
    if request is None:
        return problems
    if not isinstance(request, ListOpportunitiesRequest):
        advice = "a ListOpportunitiesRequest, such as ListOpportunitiesRequest.model_validate gives"
        problems.append(problem_of("request", shown(request), advice))
        return problems
    problems += [
        problem_of(name, "a filter beside a whole request", "one or the other")
        for name in filters
        if name in FILTER_NAMES
    ]
    problems += [
        problem_of(name, "given here and in the request too", "one or the other")
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
    problems += [from_pydantic(detail) for detail in details]
    return None


def _members(request: ListOpportunitiesRequest) -> dict[str, object]:
    return {name: value for name, value in request if value is not None}
