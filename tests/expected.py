"""The oracle of listings: what one must return, in plain Python over the records' dicts.

It is the only copy of the matching rules in the tests. It imports neither the emulator nor the
client, so that it shares no bug with either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Json = dict[str, Any]


def expected_ids(records: Iterable[Mapping[str, Any]], parameters: Mapping[str, Any]) -> list[str]:
    found = [record for record in records if matches(record, parameters)]
    sort = parameters.get("Sort", {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"})
    down = sort["SortOrder"] == "DESCENDING"
    found.sort(key=lambda record: record["Id"], reverse=down)
    known = [record for record in found if sort_value(record, sort["SortBy"]) is not None]
    unknown = [record for record in found if sort_value(record, sort["SortBy"]) is None]
    known.sort(key=lambda record: sort_value(record, sort["SortBy"]), reverse=down)
    return [record["Id"] for record in known + unknown]


def expected_token(total: int, end: int, page_size: int) -> Json | None:
    """Return the content of a resume token; the service's own part of it is only ever "opaque"."""
    if end >= total:
        return None
    pages, rest = divmod(end, page_size)
    content: Json = {"NextToken": "opaque" if pages else None}
    return content | {"boto_truncate_amount": rest} if rest else content


def matches(record: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    if record["Catalog"] != parameters["Catalog"]:
        return False
    for name in ("Identifier", "LifeCycleStage", "LifeCycleReviewStatus"):
        if parameters.get(name) and value_of(record, name) not in parameters[name]:
            return False
    names = [name.casefold() for name in parameters.get("CustomerCompanyName", [])]
    if names and (value_of(record, "CustomerCompanyName") or "").casefold() not in names:
        return False
    for name in ("LastModifiedDate", "CreatedDate", "TargetCloseDate"):
        value = sort_value(record, name)
        for side, text in parameters.get(name, {}).items():
            bound = instant(text)
            if value is None:
                return False
            if side.startswith("After") and value < bound:
                return False
            if side.startswith("Before") and value > bound:
                return False
    return True


def sort_value(record: Mapping[str, Any], name: str) -> Any:
    value = value_of(record, name)
    return instant(value) if value is not None and name.endswith("Date") else value


def value_of(record: Mapping[str, Any], name: str) -> Any:
    life_cycle = record.get("LifeCycle") or {}
    account = (record.get("Customer") or {}).get("Account") or {}
    places = {
        "Identifier": record["Id"],
        "LifeCycleStage": life_cycle.get("Stage"),
        "LifeCycleReviewStatus": life_cycle.get("ReviewStatus"),
        "CustomerCompanyName": account.get("CompanyName"),
        "LastModifiedDate": record.get("LastModifiedDate"),
        "CreatedDate": record.get("CreatedDate"),
        "TargetCloseDate": life_cycle.get("TargetCloseDate"),
    }
    return places[name]


def instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else datetime.fromisoformat(text + "T00:00:00+00:00")
