"""Whether a request is one that the service model allows, and if not, why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from partnercentral_list.emulator._instants import parse_instant
from partnercentral_list.emulator._model import Shape


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of a ValidationException's ErrorList; ``code`` is one of the model's codes."""

    field: str
    code: str
    message: str

    def to_wire(self) -> dict[str, str]:
        """Give the entry as it is sent."""
        return {"FieldName": self.field, "Message": self.message, "Code": self.code}


def find_problems(shape: Shape, value: object, field: str = "") -> Iterator[Problem]:
    """Yield all that is wrong with a value, the members below it included.

    Members that the model does not know are ignored, and null members count as absent, as AWS's
    own request template sends them. Kinds of values that no request has so far are let through.
    """
    check = _CHECKS.get(shape.kind)
    if check is not None:
        yield from check(shape, value, field)


def known_parameters(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what says something: no unknown, null or empty members, at any depth."""
    kept: dict[str, Any] = {}
    for name, member in shape.members.items():
        found = value.get(name)
        if member.kind == "structure" and found is not None:
            found = known_parameters(member, found)
        if found is not None and found not in ([], {}):
            kept[name] = found
    return kept


def _structure(shape: Shape, value: object, field: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(field, "INVALID_VALUE", f"{field} must be an object")
        return
    members = cast("dict[str, object]", value)
    prefix = f"{field}." if field else ""
    for name, member in shape.members.items():
        if members.get(name) is not None:
            yield from find_problems(member, members[name], prefix + name)
        elif name in shape.required:
            path = prefix + name
            yield Problem(path, "REQUIRED_FIELD_MISSING", f"{path} is required")


def _list(shape: Shape, value: object, field: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(field, "INVALID_VALUE", f"{field} must be a list")
        return
    items = cast("list[object]", value)
    if shape.maximum is not None and len(items) > shape.maximum:
        yield Problem(field, "TOO_MANY_VALUES", f"{field} takes at most {shape.maximum} values")
    if shape.minimum is not None and len(items) < shape.minimum:
        yield Problem(field, "NOT_ENOUGH_VALUES", f"{field} takes at least {shape.minimum} values")
    if shape.item is not None:
        for position, item in enumerate(items):
            yield from find_problems(shape.item, item, f"{field}[{position}]")


def _string(shape: Shape, value: object, field: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(field, "INVALID_VALUE", f"{field} must be a string")
    elif shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield Problem(field, "INVALID_ENUM_VALUE", f"{field} must be one of: {allowed}")
    elif shape.pattern is not None and not shape.pattern.fullmatch(value):
        pattern = shape.pattern.pattern
        yield Problem(field, "INVALID_STRING_FORMAT", f"{field} must match {pattern}")
    elif not _within(shape, len(value)):
        yield Problem(field, "VALUE_OUT_OF_RANGE", f"{field} must have {_bounds(shape)} characters")


def _integer(shape: Shape, value: object, field: str) -> Iterator[Problem]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Problem(field, "INVALID_VALUE", f"{field} must be an integer")
    elif not _within(shape, value):
        yield Problem(field, "VALUE_OUT_OF_RANGE", f"{field} must be {_bounds(shape)}")


def _boolean(shape: Shape, value: object, field: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem(field, "INVALID_VALUE", f"{field} must be true or false")


def _timestamp(shape: Shape, value: object, field: str) -> Iterator[Problem]:
    if parse_instant(value) is None:
        code = "INVALID_STRING_FORMAT" if isinstance(value, str) else "INVALID_VALUE"
        yield Problem(field, code, f"{field} must be an ISO 8601 time with an offset")


def _within(shape: Shape, number: int) -> bool:
    return (shape.minimum is None or number >= shape.minimum) and (
        shape.maximum is None or number <= shape.maximum
    )


def _bounds(shape: Shape) -> str:
    lower = "" if shape.minimum is None else f"at least {shape.minimum}"
    upper = "" if shape.maximum is None else f"at most {shape.maximum}"
    return " and ".join(filter(None, (lower, upper)))


_CHECKS: Mapping[str, Callable[[Shape, object, str], Iterator[Problem]]] = {
    "structure": _structure,
    "list": _list,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
