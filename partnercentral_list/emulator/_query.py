"""How records are chosen: a request's filters as one test."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from partnercentral_list.emulator._behavior import Behavior, CompanyMatch
from partnercentral_list.emulator._instants import UNITS, parse_instant
from partnercentral_list.emulator._record import Record

Test = Callable[[Record], bool]


def matcher(parameters: Mapping[str, Any], own_catalog: str, behavior: Behavior) -> Test:
    """Make the test that a request's filters are: one value of each filter must be met.

    A filter that it does not know is an error: ignored, it would hide that a client depends on it.

    Args:
        parameters: The request's known parameters, valid, without null and empty ones.
        own_catalog: What a record without a catalog belongs to.
        behavior: Which bounds exclude, how finely dates compare, how names match.
    """
    for name in parameters:
        if name not in _KNOWN:
            raise NotImplementedError(f"the emulator has no filter for {name}")
    catalog = parameters["Catalog"]
    tests: list[Test] = [lambda r: (r.catalog or own_catalog) == catalog]
    for name, attribute in _LISTS.items():
        if name in parameters:
            tests.append(_one_of(attribute, parameters[name]))
    if "CustomerCompanyName" in parameters:
        tests.append(_company(parameters["CustomerCompanyName"], behavior.company_match))
    unit = UNITS[behavior.filter_precision]
    for name, attribute in _RANGES.items():
        for side, bound in parameters.get(name, {}).items():
            compare = _comparison(side, excludes=side in behavior.exclusive_bounds)
            tests.append(
                # YYYY-MM-DD orders as text.
                _bounded(attribute, compare, bound)
                if name == "TargetCloseDate"
                else _bounded_instant(attribute, compare, parse_instant(bound), unit)
            )
    return lambda record: all(test(record) for test in tests)


_LISTS: Mapping[str, str] = {
    "Identifier": "identifier",
    "LifeCycleStage": "stage",
    "LifeCycleReviewStatus": "review_status",
}
_RANGES: Mapping[str, str] = {
    "LastModifiedDate": "last_modified",
    "CreatedDate": "created",
    "TargetCloseDate": "target_close",
}
_KNOWN = {*_LISTS, *_RANGES, "CustomerCompanyName", "Catalog", "Sort"}
_NAME_TESTS: Mapping[CompanyMatch, Callable[[str, str], bool]] = {
    "casefold": operator.eq,
    "exact": operator.eq,
    "prefix": str.startswith,
    "contains": operator.contains,
}


def _one_of(attribute: str, values: Iterable[str]) -> Test:
    allowed = frozenset(values)
    value: Callable[[Record], Any] = attrgetter(attribute)
    return lambda record: value(record) in allowed


def _company(names: Iterable[str], match: CompanyMatch) -> Test:
    fold = str if match == "exact" else str.casefold
    test = _NAME_TESTS[match]
    wanted = [fold(name) for name in names]

    def matches(record: Record) -> bool:
        if record.company is None:
            return False
        company = fold(record.company)
        return any(test(company, name) for name in wanted)

    return matches


def _comparison(side: str, *, excludes: bool) -> Callable[[Any, Any], bool]:
    if side.startswith("After"):
        return operator.gt if excludes else operator.ge
    return operator.lt if excludes else operator.le


def _bounded(attribute: str, compare: Callable[[Any, Any], bool], bound: Any) -> Test:
    read: Callable[[Record], Any] = attrgetter(attribute)

    def test(record: Record) -> bool:
        value = read(record)
        return value is not None and compare(value, bound)

    return test


def _bounded_instant(
    attribute: str, compare: Callable[[Any, Any], bool], bound: int | None, unit: int
) -> Test:
    read: Callable[[Record], int | None] = attrgetter(attribute)
    limit = None if bound is None else bound // unit

    def test(record: Record) -> bool:
        value = read(record)
        return value is not None and limit is not None and compare(value // unit, limit)

    return test
