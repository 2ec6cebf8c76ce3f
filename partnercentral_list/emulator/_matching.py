"""The filters and the order of a listing."""

from __future__ import annotations

import hashlib
import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from partnercentral_list.emulator._behavior import Behavior, CompanyMatch
from partnercentral_list.emulator._model import UNITS, parse_timestamp
from partnercentral_list.emulator._records import LIST_FILTERS, Record

RecordTest = Callable[[Record], bool]
Comparison = Callable[[Any, Any], bool]

# The attribute of a record that each filter by a date is about.
_DATE_FILTERS: Mapping[str, str] = {
    "LastModifiedDate": "last_modified",
    "CreatedDate": "created",
    "TargetCloseDate": "target_close",
}
_KNOWN_PARAMETERS = {*LIST_FILTERS, *_DATE_FILTERS, "CustomerCompanyName", "Catalog", "Sort"}
# How a date compares with a bound that is included or excluded, by the beginning of its name.
_COMPARISONS: Mapping[str, tuple[Comparison, Comparison]] = {
    "After": (operator.ge, operator.gt),
    "Before": (operator.le, operator.lt),
}
_SORT_KEYS: Mapping[str, str] = {
    "LastModifiedDate": "last_modified",
    "Identifier": "identifier",
    "CustomerCompanyName": "company",
    "CreatedDate": "created",
    "TargetCloseDate": "target_close",
}
_DEFAULT_SORT = ("LastModifiedDate", "DESCENDING")
_COMPANY_TESTS: Mapping[CompanyMatch, Comparison] = {
    "casefold": operator.eq,
    "exact": operator.eq,
    "prefix": str.startswith,
    "contains": operator.contains,
}


class UnsupportedParameterError(Exception):
    """A request has a filter or a sort that AWS knows and the emulator does not.

    Ignored, it would hide that a client depends on it.

    Attributes:
        parameter: The filter or the sort.
    """

    def __init__(self, kind: str, value: str, parameter: str) -> None:
        alternatives = ", or, if its values are alternatives, to LIST_FILTERS in _records.py there"
        super().__init__(
            f"the emulator does not know the {kind} {value}: add it in "
            f"partnercentral_list/emulator/_matching.py{alternatives if kind == 'filter' else ''}"
        )
        self.parameter = parameter


def make_matcher(parameters: Mapping[str, Any], own_catalog: str, behavior: Behavior) -> RecordTest:
    """Return the test of a request's filters: a record must match one value of each filter.

    A record that names no catalog is in ``own_catalog``.

    Raises:
        UnsupportedParameterError: A filter has no rule here.
    """
    for name in parameters:
        if name not in _KNOWN_PARAMETERS:
            raise UnsupportedParameterError("filter", name, name)
    catalog = parameters["Catalog"]
    tests: list[RecordTest] = [lambda record: (record.catalog or own_catalog) == catalog]
    for position, name in enumerate(LIST_FILTERS):
        if name in parameters:
            tests.append(_one_of(position, parameters[name]))
    if "CustomerCompanyName" in parameters:
        tests.append(_company(parameters["CustomerCompanyName"], behavior.company_match))
    for name in _DATE_FILTERS:
        for bound_name, bound in parameters.get(name, {}).items():
            tests.append(_bounded(name, bound_name, bound, behavior))
    return lambda record: all(test(record) for test in tests)


class RecordOrder:
    """A total order of records; texts, Ids too, go by code point: O10 comes before O2.

    Attributes:
        name: Distinguishes the orders of one emulator; begins with the SortBy.
        is_descending: Whether the order is descending.
    """

    def __init__(self, parameters: Mapping[str, Any], behavior: Behavior, salt: str) -> None:
        """Read a request's sort; the salt shuffles tied records, if they are shuffled.

        Raises:
            UnsupportedParameterError: The sort has no rule here.
        """
        sort: Mapping[str, str] = parameters.get("Sort", {})
        sort_by = sort.get("SortBy", _DEFAULT_SORT[0])
        sort_order = sort.get("SortOrder", _DEFAULT_SORT[1])
        if sort_by not in _SORT_KEYS:
            raise UnsupportedParameterError("sort", sort_by, "Sort.SortBy")
        self._value: Callable[[Record], Any] = attrgetter(_SORT_KEYS[sort_by])
        self.is_descending = sort_order == "DESCENDING"
        nulls = {str(key): place for key, place in behavior.null_order.items()}.get(sort_by)
        self._has_nulls = nulls != "filtered_out"
        self._nulls_first = nulls == "always_first" or nulls == (
            "last" if self.is_descending else "first"
        )
        self._tie_key, self._tie_descending = _tie_order(
            behavior, salt, descending=self.is_descending
        )
        self.name = (sort_by, sort_order, salt if behavior.tie_order == "random" else "")

    def sort(self, records: Iterable[Record]) -> list[Record]:
        """Return the records in this order."""
        value = self._value
        tied = sorted(records, key=self._tie_key, reverse=self._tie_descending)
        present = [record for record in tied if value(record) is not None]
        # A descending sort is stable too, so tied records keep their order.
        present.sort(key=value, reverse=self.is_descending)
        absent = [record for record in tied if value(record) is None] if self._has_nulls else []
        return absent + present if self._nulls_first else present + absent

    def position_after(self, anchor: Record, records: Sequence[Record]) -> int:
        """Return the index after the anchor in sorted records, by the anchor's stored values."""
        return bisect_left(records, True, key=lambda record: self._is_after(record, anchor))

    def _is_after(self, record: Record, anchor: Record) -> bool:
        value, other = self._value(record), self._value(anchor)
        if (value is None) != (other is None):
            return (other is None) if self._nulls_first else (value is None)
        if value != other:
            return bool(value < other) if self.is_descending else bool(value > other)
        tie, other_tie = self._tie_key(record), self._tie_key(anchor)
        return bool(tie < other_tie) if self._tie_descending else bool(tie > other_tie)


def _tie_order(
    behavior: Behavior, salt: str, *, descending: bool
) -> tuple[Callable[[Record], Any], bool]:
    if behavior.tie_order == "insertion":
        return attrgetter("serial"), False
    if behavior.tie_order == "random":

        def shuffled(record: Record) -> bytes:
            text = f"{salt}:{record.serial}"
            return hashlib.blake2b(text.encode(), digest_size=8).digest()

        return shuffled, False
    return (lambda record: record.identifier or ""), descending == (behavior.tie_order == "id")


def _one_of(position: int, values: Iterable[str]) -> RecordTest:
    allowed = frozenset(values)
    return lambda record: record.texts[position] in allowed


def _company(names: Iterable[str], match: CompanyMatch) -> RecordTest:
    fold = str if match == "exact" else str.casefold
    test = _COMPANY_TESTS[match]
    wanted = [fold(name) for name in names]

    def matches(record: Record) -> bool:
        if record.company is None:
            return False
        company = fold(record.company)
        return any(test(company, name) for name in wanted)

    return matches


def _bounded(name: str, bound_name: str, bound: str, behavior: Behavior) -> RecordTest:
    kind = bound_name.removesuffix(name)
    if kind not in _COMPARISONS:
        raise UnsupportedParameterError("bound", bound_name, f"{name}.{bound_name}")
    compare = _COMPARISONS[kind][bound_name in behavior.exclusive_bounds]
    read: Callable[[Record], Any] = attrgetter(_DATE_FILTERS[name])
    if name == "TargetCloseDate":
        # YYYY-MM-DD orders as text.
        return lambda record: read(record) is not None and compare(read(record), bound)
    unit = UNITS[behavior.filter_precision]
    limit = cast("int", parse_timestamp(bound)) // unit
    return lambda record: read(record) is not None and compare(read(record) // unit, limit)
