"""The values of a request as the client takes them; what is wrong is said by JSON's kinds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, cast

from partnercentral_list.cli._moments import day, moment
from partnercentral_list.cli._shapes import DAY, INTEGER, MOMENT, Member
from partnercentral_list.errors import RequestProblem
from partnercentral_list.models.request import IDENTIFIERS_PER_REQUEST

#: A bool is an int too, and is looked for first.
KINDS: Final = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a map",
    date: "a date",
    type(None): "null",
}


def kind_of(value: object) -> str:
    """Name the kind of a value that was read from JSON or YAML."""
    return next((name for kind, name in KINDS.items() if isinstance(value, kind)), "bytes")


class Conversion:
    """Converts values, and notes what is wrong where the client would speak of Python's types."""

    def __init__(self) -> None:
        self.problems: list[RequestProblem] = []

    def value(self, name: str, member: Member, value: object) -> Any:
        """Give a member's value for the client; None is a member that is not given."""
        if value is None:
            return None
        if member.is_list:
            return self._list(name, value)
        if member.members is not None:
            return self._structure(name, member.members, value)
        return self._scalar(name, member.kind, value)

    def _list(self, name: str, value: object) -> Any:
        if not isinstance(value, list):
            return self._misplaced(name, value, "a list")
        entries = cast("list[object]", value)
        if name == "identifier" and len(entries) > IDENTIFIERS_PER_REQUEST:
            self._note(name, f"{len(entries)} entries, where {IDENTIFIERS_PER_REQUEST} are allowed")
        return [self._scalar(f"{name}[{place}]", "text", e) for place, e in enumerate(entries)]

    def _structure(self, name: str, members: Mapping[str, Member], value: object) -> Any:
        if not isinstance(value, dict):
            return self._misplaced(name, value, "a map")
        given = cast("dict[str, object]", value)
        converted = {
            inner: self._scalar(f"{name}.{inner}", members[inner].kind, found)
            for inner, found in given.items()
            if found is not None
        }
        self._check_order(name, converted)
        return converted

    def _check_order(self, name: str, bounds: Mapping[str, Any]) -> None:
        # "After…" comes before "Before…"; a sort has neither.
        dates = sorted((n, v) for n, v in bounds.items() if isinstance(v, date))
        if len(dates) == 2 and dates[0][1] > dates[1][1]:
            shown = [f"{inner} ({bound.isoformat()})" for inner, bound in dates]
            self._note(name, " is later than ".join(shown))

    def _scalar(self, name: str, kind: str, value: object) -> Any:
        if kind in (MOMENT, DAY):
            return self._date(name, kind, value)
        if kind == INTEGER:
            is_right = isinstance(value, int) and not isinstance(value, bool)
            return value if is_right else self._misplaced(name, value, "a whole number")
        return value if isinstance(value, str) else self._misplaced(name, value, "a text")

    def _date(self, name: str, kind: str, value: object) -> date | datetime | None:
        if not isinstance(value, str | int | float | date) or isinstance(value, bool):
            self._misplaced(name, value, "a timestamp" if kind == MOMENT else "a day")
            return None
        try:
            return moment(value) if kind == MOMENT else day(value)
        except ValueError as error:
            self._note(name, str(error))
            return None

    def _misplaced(self, name: str, value: object, wanted: str) -> Any:
        self._note(name, f"{kind_of(value)} where {wanted} belongs")
        return None

    def _note(self, name: str, problem: str) -> None:
        self.problems.append({"field": name, "problem": problem, "valid": ""})
