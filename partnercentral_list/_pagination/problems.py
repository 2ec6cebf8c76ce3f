"""What is wrong with an argument, in words: the field, the problem, what is valid or meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import cast, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from partnercentral_list._pagination.filters import FILTER_NAMES
from partnercentral_list.errors import RequestProblem
from partnercentral_list.models import (
    Catalog,
    ListOpportunitiesRequest,
    OpportunitySortName,
    SortOrder,
)
from partnercentral_list.models._checks import shown_number, with_article
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
        field += f"[{part}]" if isinstance(part, int) else f".{part}"
    field = field.lstrip(".") or "request"
    context = detail.get("ctx", {})
    if "problem" in context:
        return from_context(field, context)
    if detail["type"] == "missing":
        choices = REQUIRED.get(field.rpartition(".")[2], ())
        return problem_of(field, "missing", ", ".join(repr(choice.value) for choice in choices))
    if detail["type"] == "extra_forbidden":
        *parents, name = detail["loc"]
        return problem_of(field, "no such field", _intended_field(parents, str(name)))
    if "class_name" in context:
        return problem_of(field, shown(detail["input"]), with_article(context["class_name"]))
    return problem_of(field, detail["msg"], "")


def from_context(field: str, context: Mapping[str, object]) -> RequestProblem:
    """Say what a check of the models found wrong (see ``models._checks.refuse``)."""
    return problem_of(field, str(context["problem"]), str(context["valid"]))


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


def _intended_field(parents: Sequence[int | str], name: str) -> str:
    if not parents:
        return intended(name)
    structure: type[BaseModel] = ListOpportunitiesRequest
    for parent in parents:
        structure = _structure_of(structure.model_fields[str(parent)].annotation)
    # In the spelling that the caller uses: Python's, or AWS's.
    fields = {
        str(field.alias) if name[:1].isupper() else python_name: python_name
        for python_name, field in structure.model_fields.items()
    }
    close = difflib.get_close_matches(name, fields, n=1)
    return f"perhaps {close[0]}" if close else ", ".join(fields)


def _structure_of(annotation: object) -> type[BaseModel]:
    return next(
        choice
        for choice in (annotation, *get_args(annotation))
        if isinstance(choice, type) and issubclass(choice, BaseModel)
    )


def problem_of(field: str, problem: str, valid: str) -> RequestProblem:
    """Put one problem together."""
    return cast("RequestProblem", {"field": field, "problem": problem, "valid": valid})
