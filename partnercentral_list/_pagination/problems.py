"""What is wrong with an argument, in words: the field, the problem, what is valid or meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import cast

from pydantic_core import ErrorDetails

from partnercentral_list._pagination.filters import FILTER_NAMES
from partnercentral_list.errors import RequestProblem
from partnercentral_list.models import Catalog, OpportunitySortName, SortOrder
from partnercentral_list.models._checks import shown_number
from partnercentral_list.models._enum import OpenStrEnum

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


def from_pydantic(detail: ErrorDetails) -> RequestProblem:
    """Say what pydantic found wrong with one member."""
    field = ""
    for part in detail["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{_snake_case(part)}"
    field = field.lstrip(".") or "request"
    context = detail.get("ctx", {})
    if "problem" in context:
        return from_context(field, context)
    if detail["type"] == "missing":
        choices = REQUIRED.get(field.rpartition(".")[2], ())
        return problem_of(field, "missing", ", ".join(repr(choice.value) for choice in choices))
    if detail["type"] == "extra_forbidden":
        return problem_of(field, "no such member", intended(field))
    if "class_name" in context:
        return problem_of(field, shown(detail["input"]), f"a {context['class_name']}")
    return problem_of(field, detail["msg"], "")


def from_context(field: str, context: Mapping[str, object]) -> RequestProblem:
    """Say what a check of the models found wrong (see ``models._checks.refuse``)."""
    return problem_of(field, str(context["problem"]), str(context["valid"]))


def _snake_case(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def check_number(
    name: str,
    value: object,
    problems: list[RequestProblem],
    *,
    optional: bool = False,
    least: int = 0,
) -> None:
    """Note a number that is not a whole one, or too small."""
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        problems.append(problem_of(name, shown(value), f"a whole number, {least} or more"))


def check_choice(name: str, value: object, problems: list[RequestProblem]) -> None:
    """Note what is neither ``"raise"`` nor a callable."""
    if not callable(value) and not (isinstance(value, str) and value == "raise"):
        problems.append(problem_of(name, shown(value), '"raise" or a callable'))


def shown(value: object) -> str:
    """Describe a wrong value without showing more than a number."""
    if isinstance(value, int):
        return f"{shown_number(value)} is not valid"
    return f"a value of type {type(value).__name__}"


def intended(name: str) -> str:
    """Name the argument that was probably meant, or all there are."""
    if name in HABITS:
        return f"perhaps {HABITS[name]}"
    close = difflib.get_close_matches(name, FILTER_NAMES, n=1)
    return f"perhaps {close[0]}" if close else ", ".join(FILTER_NAMES)


def problem_of(field: str, problem: str, valid: str) -> RequestProblem:
    """Put one problem together."""
    return cast("RequestProblem", {"field": field, "problem": problem, "valid": valid})
