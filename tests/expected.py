"""The oracle of listings: what one must return, in plain Python over the records' dicts.

It is the only copy of the matching rules in the tests. It imports neither the emulator nor the
client, so that it shares no bug with either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Json = dict[str, Any]

#: Where a record has the value that each filter, and each sort, is about. One whose name ends in
#: "Date" is a range of times, another one a list of alternatives.
FILTERS: Mapping[str, str] = {
    "Identifier": "Id",
    "LifeCycleStage": "LifeCycle.Stage",
    "LifeCycleReviewStatus": "LifeCycle.ReviewStatus",
    "CustomerCompanyName": "Customer.Account.CompanyName",
    "LastModifiedDate": "LastModifiedDate",
    "CreatedDate": "CreatedDate",
    "TargetCloseDate": "LifeCycle.TargetCloseDate",
}
NO_FILTERS = {"Catalog", "MaxResults", "NextToken", "Sort"}


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
    wanted = {name: parameters[name] for name in parameters.keys() - NO_FILTERS if parameters[name]}
    return all(
        is_within(sort_value(record, name), wanted[name])
        if name.endswith("Date")
        else is_one_of(value_of(record, name), wanted[name], folds=name == "CustomerCompanyName")
        for name in wanted
    )


def is_one_of(value: str | None, values: Iterable[str], *, folds: bool) -> bool:
    if value is None or not folds:
        return value in values
    return value.casefold() in [wanted.casefold() for wanted in values]


def is_within(value: datetime | None, bounds: Mapping[str, str]) -> bool:
    return value is not None and all(
        value >= instant(bound) if side.startswith("After") else value <= instant(bound)
        for side, bound in bounds.items()
    )


def sort_value(record: Mapping[str, Any], name: str) -> Any:
    value = value_of(record, name)
    return instant(value) if value is not None and name.endswith("Date") else value


def value_of(record: Mapping[str, Any], name: str) -> Any:
    value: Any = record
    for member in FILTERS[name].split("."):
        value = (value or {}).get(member)
    return value


def instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else datetime.fromisoformat(text + "T00:00:00+00:00")
