"""Emulators with one thing wrong: a filter, a bound or an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from partnercentral_list.emulator import _matching, _service
from tests.expected import instant
from tests.peers.matrix import ALONE, SORTS

Json = dict[str, Any]
Change = Callable[[Json], Json]
RANGES = ("LastModifiedDate", "CreatedDate", "TargetCloseDate")


@dataclass(frozen=True)
class Breakage:
    """What is broken, and the parameter (of sorts also the value) that reveals it."""

    name: str
    parameter: str
    value: Any
    parameters: Change = lambda sent: sent
    record: Change = lambda record: record
    case_matters: bool = False

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Make the emulator use other parameters than were sent, or compare names differently."""
        known = _service.known_parameters
        patch.setattr(_service, "known_parameters", lambda *sent: self.parameters(known(*sent)))
        if self.case_matters:
            patch.setattr(_matching, "_company", _exact_company)


def _exact_company(names: Iterable[str], *rest: object) -> Callable[[Any], bool]:
    return lambda record: record.company in names


def breakages() -> Iterator[Breakage]:
    other = {"Catalog": "AWS"}
    yield Breakage("the catalog ignored", "Catalog", "Sandbox", lambda sent: sent | other)
    yield Breakage("company names exact", "CustomerCompanyName", None, case_matters=True)
    for name in ALONE:
        yield Breakage(f"{name} ignored", name, None, _without(name))
        if name not in RANGES:
            yield Breakage(f"{name}: one value only", name, None, _first_value(name))
    for name in RANGES:
        for side in ("After", "Before"):
            yield Breakage(f"{side}{name} ignored", name, None, _without_side(name, side))
            yield Breakage(f"{side}{name} exclusive", name, None, _exclusive(name, side))
    for sort in SORTS:
        title = "{SortBy} {SortOrder}".format(**sort)
        yield Breakage(f"{title} ignored", "Sort", sort, _instead(sort))
        yield Breakage(f"{title} turned round", "Sort", sort, _turned_round(sort))
        if sort["SortBy"] in ("TargetCloseDate", "CustomerCompanyName"):
            place = _nulls_first(sort)
            yield Breakage(f"{title}: nulls first", "Sort", sort, record=place)
        # Neither Ids are equal, nor does a day differ from itself.
        if sort["SortBy"] not in ("Identifier", "TargetCloseDate"):
            yield Breakage(f"{title}: ties turned", "Sort", sort, record=_ties_turned(sort))


def _without(name: str) -> Change:
    return lambda sent: {key: value for key, value in sent.items() if key != name}


def _first_value(name: str) -> Change:
    return lambda sent: sent | {name: sent[name][:1]} if name in sent else sent


def _without_side(name: str, side: str) -> Change:
    return lambda sent: sent | {name: _without(side + name)(sent.get(name, {}))}


def _exclusive(name: str, side: str) -> Change:
    """Move a bound by the smallest step that there is, so that it excludes what is on it."""
    step = timedelta(days=1) if name == "TargetCloseDate" else timedelta(milliseconds=1)
    read: Any = date.fromisoformat if name == "TargetCloseDate" else datetime.fromisoformat

    def change(sent: Json) -> Json:
        bounds = sent.get(name, {})
        if side + name not in bounds:
            return sent
        moved = read(bounds[side + name]) + (step if side == "After" else -step)
        return sent | {name: bounds | {side + name: moved.isoformat()}}

    return change


def _instead(sort: Json) -> Change:
    """Order by the default, or, if it is the default that is broken, by something else."""
    is_default = sort == {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"}
    wrong = {"Sort": {"SortBy": "Identifier", "SortOrder": "ASCENDING"}} if is_default else {}
    return lambda sent: _without("Sort")(sent) | wrong


def _turned_round(sort: Json) -> Change:
    order = "ASCENDING" if sort["SortOrder"] == "DESCENDING" else "DESCENDING"
    return lambda sent: sent | {"Sort": sort | {"SortOrder": order}}


def _nulls_first(sort: Json) -> Change:
    """Replace nulls with a value that sorts first."""
    down = sort["SortOrder"] == "DESCENDING"
    if sort["SortBy"] == "TargetCloseDate":
        close = "9999-12-31" if down else "0001-01-01"
        return lambda record: _with(record, close, "LifeCycle", "TargetCloseDate")
    company = "\U0010ffff" if down else ""
    return lambda record: _with(record, company, "Customer", "Account", "CompanyName")


def _ties_turned(sort: Json) -> Change:
    """Make equal values differ by less than any others do, against the order of their Ids."""
    name = sort["SortBy"]

    def change(record: Json) -> Json:
        # The complement of each digit, and an end above them all: the opposite order of the texts.
        against = "".join(str(9 - int(digit)) for digit in record["Id"][1:])
        if name in ("LastModifiedDate", "CreatedDate"):
            exact = instant(record[name]).isoformat(timespec="milliseconds")
            # Nanoseconds: the six digits below the millisecond in which the Ids differ.
            return record | {name: exact[:-6] + against[1:7] + "Z"}
        return _ending(record, "\0" + against + "~", "Customer", "Account", "CompanyName")

    return change


def _ending(record: Json, end: str, *path: str) -> Json:
    name, *rest = path
    below = record.get(name)
    if below is None:
        return record
    return record | {name: _ending(below, end, *rest) if rest else below + end}


def _with(record: Json, value: str, *path: str) -> Json:
    name, *rest = path
    below = record.get(name)
    if rest:
        return record | {name: _with(below or {}, value, *rest)}
    return record if below is not None else record | {name: value}
