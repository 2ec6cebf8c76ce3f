"""What faults make of a page: its tokens, its records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from partnercentral_list.emulator._effects import Page, Raw

_SUFFIX = " (new)"
_ENUMS = (
    ("LifeCycle", "Stage"),
    ("LifeCycle", "ReviewStatus"),
    ("Customer", "Account", "Industry"),
)


def repeat_token(page: Page) -> Page:
    """Let a page lead to itself."""
    return replace(page, next_token=page.token or page.issue(page.offset, 0))


def cycle_token(page: Page) -> Page:
    """Let a page lead to the second page."""
    return replace(page, next_token=page.issue(page.size, 0))


def empty_page(page: Page) -> Page:
    """Let a page be empty and lead, with a token never seen before, to what it left out."""
    return replace(page, records=(), next_token=page.issue(page.offset, page.number))


def edited_page(function: Callable[[dict[str, Any]], dict[str, Any]], page: Page) -> Raw:
    """Let a function change the answer's JSON."""
    changed = function(json.loads(page.encode()))
    return Raw(200, json.dumps(changed, ensure_ascii=False).encode())


def malformed_record(index: int, page: Page) -> Page | Raw:
    """Let one record's Id be a list."""

    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        summaries = answer["OpportunitySummaries"]
        if -len(summaries) <= index < len(summaries):
            summaries[index]["Id"] = [summaries[index].get("Id")]
        return answer

    return edited_page(spoil, page)


def unknown_values(page: Page) -> Raw:
    """Let every record have members and enum values that no model knows yet."""

    def renew(answer: dict[str, Any]) -> dict[str, Any]:
        for record in answer["OpportunitySummaries"]:
            record["NewMember"] = {"Value": 1}
            for path in _ENUMS:
                _renew(record, path)
        answer["NewTotal"] = 1
        return answer

    return edited_page(renew, page)


def _renew(record: dict[str, Any], path: tuple[str, ...]) -> None:
    *parents, name = path
    place: object = record
    for parent in parents:
        place = cast("dict[str, object]", place).get(parent) if isinstance(place, dict) else None
    if isinstance(place, dict):
        members = cast("dict[str, object]", place)
        if isinstance(members.get(name), str):
            members[name] = f"{members[name]}{_SUFFIX}"
