"""How records are chosen and ordered: filters, sort keys, and the record they work on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, cast

from partnercentral_list.emulator._instants import parse_instant

DEFAULT_SORT = ("LastModifiedDate", "DESCENDING")
_SORT_KEYS: Mapping[str, str] = {
    "LastModifiedDate": "last_modified",
    "Identifier": "identifier",
    "CustomerCompanyName": "company",
    "CreatedDate": "created",
    "TargetCloseDate": "target_close",
}


@dataclass(frozen=True, slots=True)
class Record:
    """An opportunity: its JSON as it is sent, and what it is found and ordered by.

    What is absent, null or of another type than the model says is None here: such a member matches
    no filter and sorts last.
    """

    data: bytes
    identifier: str | None
    catalog: str | None
    stage: str | None
    review_status: str | None
    company: str | None
    last_modified: int | None
    created: int | None
    target_close: str | None

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Record:
        """Encode a record once and for all.

        Raises:
            TypeError, ValueError: It cannot be written as JSON.
        """
        text = json.dumps(wire, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return cls(
            data=text.encode(),
            identifier=_text(wire, "Id"),
            catalog=_text(wire, "Catalog"),
            stage=_text(wire, "LifeCycle", "Stage"),
            review_status=_text(wire, "LifeCycle", "ReviewStatus"),
            company=_text(wire, "Customer", "Account", "CompanyName"),
            last_modified=parse_instant(wire.get("LastModifiedDate")),
            created=parse_instant(wire.get("CreatedDate")),
            target_close=_text(wire, "LifeCycle", "TargetCloseDate"),
        )

    def to_wire(self) -> dict[str, Any]:
        """Give a copy of the record, independent of any other."""
        return cast("dict[str, Any]", json.loads(self.data))


def matcher(parameters: Mapping[str, Any], own_catalog: str) -> Callable[[Record], bool]:
    """Make the test that a request's filters are: one value of each filter must be met.

    Args:
        parameters: The request's known parameters, valid, without null and empty ones.
        own_catalog: What a record without a catalog belongs to.
    """
    catalog = parameters["Catalog"]
    tests: list[Callable[[Record], bool]] = [lambda r: (r.catalog or own_catalog) == catalog]
    for name, attribute in _LISTS.items():
        if name in parameters:
            tests.append(_one_of(attribute, parameters[name]))
    if "CustomerCompanyName" in parameters:
        tests.append(_company(parameters["CustomerCompanyName"]))
    for name, (attribute, read) in _RANGES.items():
        for side, bound in parameters.get(name, {}).items():
            tests.append(_bounded(attribute, side.startswith("After"), read(bound)))
    return lambda record: all(test(record) for test in tests)


def ordered(records: Iterable[Record], sort_by: str, sort_order: str) -> list[Record]:
    """Sort records: those without a value last in both directions, ties by Id.

    Texts, Ids too, are ordered by code point: O10 comes before O2. Ties go up or down by Id like
    the rest.
    """
    value: Callable[[Record], Any] = attrgetter(_SORT_KEYS.get(sort_by, "last_modified"))
    down = sort_order == "DESCENDING"
    by_id = sorted(records, key=lambda record: record.identifier or "", reverse=down)
    present = [record for record in by_id if value(record) is not None]
    absent = [record for record in by_id if value(record) is None]
    # Sorting is stable downwards too, so the ties stay in the order of their Ids.
    present.sort(key=value, reverse=down)
    return present + absent


def _as_it_is(bound: Any) -> Any:
    return bound


_LISTS: Mapping[str, str] = {
    "Identifier": "identifier",
    "LifeCycleStage": "stage",
    "LifeCycleReviewStatus": "review_status",
}
_RANGES: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "LastModifiedDate": ("last_modified", parse_instant),
    "CreatedDate": ("created", parse_instant),
    # YYYY-MM-DD orders as text.
    "TargetCloseDate": ("target_close", _as_it_is),
}


def _one_of(attribute: str, values: Iterable[str]) -> Callable[[Record], bool]:
    allowed = frozenset(values)
    value: Callable[[Record], Any] = attrgetter(attribute)
    return lambda record: value(record) in allowed


def _company(names: Iterable[str]) -> Callable[[Record], bool]:
    folded = frozenset(name.casefold() for name in names)
    return lambda record: record.company is not None and record.company.casefold() in folded


def _bounded(attribute: str, is_lower: bool, bound: Any) -> Callable[[Record], bool]:
    read: Callable[[Record], Any] = attrgetter(attribute)

    def test(record: Record) -> bool:
        value = read(record)
        return value is not None and bool(value >= bound if is_lower else value <= bound)

    return test


def _text(wire: object, *path: str) -> str | None:
    for name in path:
        if not isinstance(wire, Mapping):
            return None
        wire = cast("Mapping[str, object]", wire).get(name)
    return wire if isinstance(wire, str) else None
