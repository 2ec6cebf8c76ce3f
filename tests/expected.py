"""The oracle of listings: what a request must return, in plain Python over the records' dicts.

It is the only copy of the matching and ordering rules in the tests: comparisons use it, and so does
the fake service. It imports neither the emulator nor the client, so that it shares no bug with
either.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar

Json = dict[str, Any]
RecordT = TypeVar("RecordT", bound=Mapping[str, Any])

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
LATEST_FIRST = {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"}


@dataclass(frozen=True)
class Rules:
    """Rules that AWS leaves open; the defaults are the emulator's.

    Attributes:
        exclusive: Whether a bound excludes what is equal to it.
        precision: How exactly timestamps are compared with a bound.
        nulls: Where records without a value stand: "low" is first if the order ascends.
        ties: The order of equal values: by identifier, or as the records were given.
    """

    exclusive: bool = False
    precision: Literal["exact", "second"] = "exact"
    nulls: Literal["first", "last", "low", "high", "excluded"] = "last"
    ties: Literal["by id", "as given"] = "by id"


EMULATOR = Rules()


def expected_ids(records: Iterable[Mapping[str, Any]], parameters: Mapping[str, Any]) -> list[str]:
    return [record["Id"] for record in in_order(matching(records, parameters), parameters)]


def expected_token(total: int, end: int, page_size: int) -> Json | None:
    """Return the content of a resume token; the service's own part of it is only ever "opaque"."""
    if end >= total:
        return None
    pages, rest = divmod(end, page_size)
    content: Json = {"NextToken": "opaque" if pages else None}
    return content | {"boto_truncate_amount": rest} if rest else content


def matching(
    records: Iterable[RecordT], parameters: Mapping[str, Any], rules: Rules = EMULATOR
) -> list[RecordT]:
    """Return the records that match the filters of a request."""
    found = [record for record in records if record["Catalog"] == parameters["Catalog"]]
    for name in parameters.keys() - NO_FILTERS:
        if wanted := parameters[name]:
            choose = _within if name.endswith("Date") else _one_of
            found = choose(found, name, wanted, rules)
    return found


def _one_of(
    records: list[RecordT], name: str, wanted: Iterable[str], rules: Rules
) -> list[RecordT]:
    values = _values(records, name)
    if name == "CustomerCompanyName":
        wanted = [value.casefold() for value in wanted]
        values = [None if value is None else value.casefold() for value in values]
    return [record for value, record in zip(values, records, strict=True) if value in wanted]


def _within(
    records: list[RecordT], name: str, bounds: Mapping[str, str], rules: Rules
) -> list[RecordT]:
    dates = _sort_values(records, name)
    after = instant(bounds.get(f"After{name}") or "0001-01-01")
    before = instant(bounds.get(f"Before{name}") or "9999-12-31T23:59:59.999999Z")
    if rules.precision == "second":
        dates = [date and date.replace(microsecond=0) for date in dates]
        after, before = after.replace(microsecond=0), before.replace(microsecond=0)
    pairs = zip(dates, records, strict=True)
    if rules.exclusive:
        return [record for date, record in pairs if date and after < date < before]
    return [record for date, record in pairs if date and after <= date <= before]


def in_order(
    records: Iterable[RecordT], parameters: Mapping[str, Any], rules: Rules = EMULATOR
) -> list[RecordT]:
    """Return records in the order of a request."""
    sort = parameters.get("Sort", LATEST_FIRST)
    is_descending = sort["SortOrder"] == "DESCENDING"
    found = list(records)
    if rules.ties == "by id":
        found.sort(key=operator.itemgetter("Id"), reverse=is_descending)
    values = _sort_values(found, sort["SortBy"])
    known = [place for place, value in enumerate(values) if value is not None]
    known.sort(key=values.__getitem__, reverse=is_descending)
    ordered = [found[place] for place in known]
    nulls = [record for value, record in zip(values, found, strict=True) if value is None]
    if rules.nulls == "excluded":
        return ordered
    are_nulls_first = rules.nulls in ("first", "high" if is_descending else "low")
    return nulls + ordered if are_nulls_first else ordered + nulls


def value_of(record: Mapping[str, Any], name: str) -> Any:
    return _values([record], name)[0]


# Of all records at once: a scan of thousands spends most of its time here.


def _values(records: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    values: list[Any] = [*records]
    for member in FILTERS[name].split("."):
        values = [(value or {}).get(member) for value in values]
    return values


def _sort_values(records: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    values = _values(records, name)
    if name.endswith("Date"):
        return [None if value is None else instant(value) for value in values]
    return values


@lru_cache(maxsize=2**16)
def instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else datetime.fromisoformat(text + "T00:00:00+00:00")
