"""Validation of a call's arguments: a request, or one error that names everything wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from partnercentral_list._pagination.invalid import OnInvalid
from partnercentral_list._pagination.pager import Listing
from partnercentral_list._pagination.tokens import START, Position, decode
from partnercentral_list.errors import RequestProblem, RequestValidationError
from partnercentral_list.models import (
    Catalog,
    ListOpportunitiesRequest,
    OpportunitySortName,
    SortOrder,
)
from partnercentral_list.models.enums import OpenStrEnum
from partnercentral_list.models.fields import check_identifier, shown_number, with_article
from partnercentral_list.models.request import (
    FILTER_NAMES,
    IDENTIFIERS_PER_REQUEST,
    RequestModel,
    nested_model,
)

if TYPE_CHECKING:
    from partnercentral_list._pagination.scan.scan import ScanRequest

PAGE_SIZE_KEY: Final = "MaxResults"
DEFAULT_PAGE_SIZE: Final = 100
UNKNOWN: Final = "no such argument"

#: The values of a field that is missing although AWS requires it.
REQUIRED: Final[Mapping[str, Iterable[OpenStrEnum]]] = {
    "catalog": Catalog,
    "sort_by": OpportunitySortName,
    "sort_order": SortOrder,
}

#: What other SDKs call arguments.
ALIASES: Final = {
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


def validate_catalog(catalog: object) -> Catalog:
    """Return the catalog as a member of its enumeration.

    Raises:
        RequestValidationError: It is not a known catalog.
    """
    problems: list[RequestProblem] = []
    request = _validate({"catalog": catalog}, problems)
    if request is None:
        raise RequestValidationError(problems)
    return request.catalog


def page_request(
    catalog: Catalog,
    request: ListOpportunitiesRequest | None,
    paging: Mapping[str, object],
    filters: Mapping[str, object],
    on_invalid: OnInvalid = "raise",
) -> dict[str, object]:
    """Return the wire form of a request for one page.

    Args:
        catalog: The client's catalog, for a request made of filters.
        request: A whole request, which allows for no filters.
        paging: ``max_results`` and ``next_token``; None where they are not given.
        filters: The filters and the sort.
        on_invalid: What to do with an invalid record, which is validated too.

    Raises:
        RequestValidationError: Something is wrong; names every invalid argument.
    """
    problems = _conflicts(request, paging, filters)
    _check_choice("on_invalid", on_invalid, problems)
    given = {name: value for name, value in paging.items() if value is not None}
    known = {name: value for name, value in filters.items() if name in FILTER_NAMES}
    fields = {"catalog": catalog, **known, **given}
    if isinstance(request, ListOpportunitiesRequest):
        fields = {name: value for name, value in request if value is not None} | given
    validated = _validate(fields, problems)
    if validated is None or problems:
        raise RequestValidationError(problems)
    return validated.model_dump(mode="json", by_alias=True, exclude_none=True)


def listing_request(
    catalog: Catalog,
    request: ListOpportunitiesRequest | None,
    *,
    page_size: int | Literal["aws"] | None = None,
    max_items: int | None = None,
    starting_token: str | None = None,
    prefetch: int = 1,
    on_invalid: OnInvalid,
    filters: Mapping[str, object],
) -> Listing:
    """Return the listing that a call's arguments describe.

    Raises:
        RequestValidationError: Something is wrong; names every invalid argument.
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
    start = _start(starting_token, problems)
    size, defaults = page_size, {PAGE_SIZE_KEY: DEFAULT_PAGE_SIZE}
    if page_size == "aws":
        # Beside a request that has a size it is refused, as a number is.
        size, defaults = getattr(request, "max_results", None), {}
    parameters: dict[str, object] = {}
    try:
        paging = {"max_results": size}
        parameters = page_request(catalog, request, paging, filters, on_invalid)
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


def _start(starting_token: object, problems: list[RequestProblem]) -> Position:
    if starting_token is None:
        return START
    wrong = _described(starting_token)
    if isinstance(starting_token, str):
        try:
            return decode(starting_token)
        except ValueError as error:
            wrong = str(error)
    valid = "pager.resume_token, or the AWS CLI's NextToken"
    problems.append(_problem("starting_token", wrong, valid))
    return START


def scan_request(
    catalog: Catalog,
    request: ListOpportunitiesRequest | None,
    *,
    concurrency: int,
    on_invalid: OnInvalid,
    filters: Mapping[str, object],
) -> ScanRequest:
    """Return the scan that a call's arguments describe.

    Raises:
        RequestValidationError: Something is wrong; names every invalid argument.
    """
    problems: list[RequestProblem] = []
    _check_number("concurrency", concurrency, problems, least=1)
    given = {name: value for name, value in filters.items() if name != "sort" or value is not None}
    sort = given.pop("sort", getattr(request, "sort", None))
    if sort is not None:
        problems.append(_problem("sort", "a scan has no order", "iter_opportunities(sort=...)"))
    try:
        listing = listing_request(catalog, request, on_invalid=on_invalid, filters=given)
    except RequestValidationError as error:
        raise RequestValidationError([*problems, *error.errors()]) from None
    if problems:
        raise RequestValidationError(problems)
    from partnercentral_list._pagination.scan.query import ScanQuery
    from partnercentral_list._pagination.scan.scan import ScanRequest

    return ScanRequest(ScanQuery(listing.parameters), concurrency, on_invalid)


def lookup_request(catalog: Catalog) -> dict[str, object]:
    """Return the members that the requests of a lookup share: all but the identifiers."""
    return {
        "Catalog": catalog.value,
        PAGE_SIZE_KEY: DEFAULT_PAGE_SIZE,
        # AWS's own order is by the last change: should it need a second page, an edit could move
        # one to the first, and it would be called missing.
        "Sort": {"SortBy": "Identifier", "SortOrder": "ASCENDING"},
    }


def identifier_batches(identifiers: object, on_missing: object) -> list[list[str]]:
    """Return any number of identifiers in groups that fit a request, each identifier once.

    Raises:
        RequestValidationError: One is malformed, or they are a bare string.
    """
    problems: list[RequestProblem] = []
    _check_choice("on_missing", on_missing, problems)
    if isinstance(identifiers, str | bytes | Mapping) or not isinstance(identifiers, Iterable):
        wrong = _described(cast("Any", identifiers))
        problems.append(_problem("identifiers", wrong, "a list of identifiers"))
        raise RequestValidationError(problems)
    wanted = list(cast("Iterable[str]", identifiers))
    for place, value in enumerate(wanted):
        try:
            check_identifier(value)
        except PydanticCustomError as error:
            problems.append(_from_context(f"identifiers[{place}]", error.context or {}))
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
    problems = [
        _problem(name, UNKNOWN, _intended_argument(name))
        for name in filters
        if name not in FILTER_NAMES
    ]
    if request is None:
        return problems
    if not isinstance(request, ListOpportunitiesRequest):
        valid = (
            "a ListOpportunitiesRequest, such as ListOpportunitiesRequest.model_validate returns"
        )
        problems.append(_problem("request", _described(request), valid))
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


def _validate(
    fields: Mapping[str, Any], problems: list[RequestProblem]
) -> ListOpportunitiesRequest | None:
    try:
        return ListOpportunitiesRequest.model_validate(fields)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # Not raised here, and not in the handler: pydantic's error holds the values.
    problems += [_from_pydantic(detail) for detail in details]
    return None


def _from_pydantic(detail: ErrorDetails) -> RequestProblem:
    field = ""
    for part in detail["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}"
    field = field.lstrip(".") or "request"
    context = detail.get("ctx", {})
    if "problem" in context:
        return _from_context(field, context)
    if detail["type"] == "missing":
        choices = REQUIRED.get(field.rpartition(".")[2], ())
        return _problem(field, "missing", ", ".join(repr(choice.value) for choice in choices))
    if detail["type"] == "extra_forbidden":
        *parents, name = detail["loc"]
        return _problem(field, "no such field", _intended_field(parents, str(name)))
    if "class_name" in context:
        return _problem(field, _described(detail["input"]), with_article(context["class_name"]))
    return _problem(field, detail["msg"], "")


def _from_context(field: str, context: Mapping[str, object]) -> RequestProblem:
    # What `models.fields.refuse` raised.
    return _problem(field, str(context["problem"]), str(context["valid"]))


def _check_number(
    name: str,
    value: object,
    problems: list[RequestProblem],
    *,
    optional: bool = False,
    least: int = 0,
) -> None:
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        problems.append(_problem(name, _described(value), f"a whole number, {least} or more"))


def _check_choice(name: str, value: object, problems: list[RequestProblem]) -> None:
    if not callable(value) and not (isinstance(value, str) and value == "raise"):
        problems.append(_problem(name, _described(value), '"raise" or a callable'))


def _described(value: object) -> str:
    # Of a wrong value no more than a number is shown.
    if isinstance(value, int):
        return f"{shown_number(value)} is not valid"
    return f"a value of type {type(value).__name__}"


def _intended_argument(name: str) -> str:
    if name in ALIASES:
        return f"perhaps {ALIASES[name]}"
    return _closest(name, FILTER_NAMES)


def _intended_field(parents: Sequence[int | str], name: str) -> str:
    if not parents:
        return _intended_argument(name)
    structure: type[RequestModel] = ListOpportunitiesRequest
    for parent in parents:
        structure = nested_model(structure.model_fields[str(parent)]) or structure
    # In the spelling that the caller uses: Python's, or AWS's.
    uses_aliases = name[:1].isupper()
    fields = structure.model_fields
    return _closest(name, [str(fields[one].alias) if uses_aliases else one for one in fields])


def _closest(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"perhaps {close[0]}" if close else ", ".join(names)


def _problem(field: str, problem: str, valid: str) -> RequestProblem:
    return cast("RequestProblem", {"field": field, "problem": problem, "valid": valid})
