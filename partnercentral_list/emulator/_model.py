"""The service model of the installed botocore: its shapes, and the validation of requests.

botocore is untyped and slow to import. Only its loader is used, in this module, when the first
emulator needs it.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeAlias, cast

SERVICE = "partnercentral-selling"
OPERATION = "ListOpportunities"

SECOND = 1_000_000_000
# Nanoseconds in a unit, by the unit's name.
UNITS: Mapping[str, int] = {"s": SECOND, "ms": 1_000_000, "ns": 1}
_DIGITS: Mapping[str, int] = {"s": 0, "ms": 3, "ns": 9}
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ISO8601 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:[.,](\d+))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))",
    re.ASCII,
)


# A shape as botocore's data file has it, with its members' shapes in place of their names.
Shape: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """The part of the service model that the emulator uses."""

    target_prefix: str
    content_type: str
    request: Shape
    summary: Shape
    errors: Mapping[str, Shape]
    enums: Mapping[str, tuple[str, ...]]


@cache
def load_service() -> ServiceDescription:
    """Load the service model of the installed botocore, once in a process."""
    # A module looked up by name is Any: what is untyped ends in the dataclass built here.
    loaders: Any = importlib.import_module("botocore.loaders")
    document: Any = loaders.Loader().load_service_model(SERVICE, "service-2")
    shapes: Mapping[str, Shape] = document["shapes"]
    operation = document["operations"][OPERATION]
    page = _resolve(shapes, operation["output"]["shape"])
    return ServiceDescription(
        target_prefix=document["metadata"]["targetPrefix"],
        content_type=f"application/x-amz-json-{document['metadata']['jsonVersion']}",
        request=_resolve(shapes, operation["input"]["shape"]),
        summary=page["members"]["OpportunitySummaries"]["member"],
        errors={error["shape"]: _resolve(shapes, error["shape"]) for error in operation["errors"]},
        enums={name: tuple(shape["enum"]) for name, shape in shapes.items() if "enum" in shape},
    )


@dataclass(frozen=True, slots=True)
class Violation:
    """One entry of a ValidationException's ErrorList; ``code`` is one of the model's codes."""

    field: str
    code: str
    message: str


def find_violations(shape: Shape, value: object, field: str = "") -> Iterator[Violation]:
    """Yield every violation of a shape by a value and its members.

    Members that the model does not know are ignored, and null members count as absent, as AWS's
    own request template sends them. Types that no request has so far are not checked.
    """
    kind: str = shape["type"]
    if kind == "timestamp":
        if parse_timestamp(value) is None:
            code = "INVALID_STRING_FORMAT" if isinstance(value, str) else "INVALID_VALUE"
            yield Violation(field, code, f"{field} must be an ISO 8601 time with an offset")
        return
    if kind not in _TYPES:
        return
    expected, description = _TYPES[kind]
    # To Python, true is an integer.
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        yield Violation(field, "INVALID_VALUE", f"{field} must be {description}")
    elif isinstance(value, dict):
        yield from _find_in_members(shape, cast("dict[str, object]", value), field)
    elif isinstance(value, list):
        yield from _find_in_items(shape, cast("list[object]", value), field)
    elif isinstance(value, str):
        yield from _find_in_text(shape, value, field)
    elif not _is_within(shape, cast("int", value)):
        yield Violation(field, "VALUE_OUT_OF_RANGE", f"{field} must be {_bounds(shape)}")


def known_parameters(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request without its unknown, null and empty members, at any depth."""
    kept: dict[str, Any] = {}
    for name, member in shape["members"].items():
        found = value.get(name)
        if member["type"] == "structure" and found is not None:
            found = known_parameters(member, found)
        if found is not None and found not in ([], {}):
            kept[name] = found
    return kept


def parse_timestamp(value: object) -> int | None:
    """Return the nanoseconds since 1970 of ISO 8601 text with an offset, or of a number of seconds.

    Digits after the ninth of a second are dropped; a number counts to the microsecond. None for
    anything else, a time without an offset included.
    """
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value * SECOND
    if isinstance(value, float) and math.isfinite(value):
        return round(value * 1_000_000) * 1000
    return None


def format_timestamp(timestamp: int, precision: str = "ms") -> str:
    """Return a timestamp as the service writes it: UTC, ``Z``, the fraction cut to a precision."""
    seconds, rest = divmod(timestamp, SECOND)
    time = datetime.fromtimestamp(seconds, UTC)
    fraction = f".{rest:09d}"[: _DIGITS[precision] + 1].rstrip(".")
    return f"{time:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _resolve(shapes: Mapping[str, Shape], name: str) -> Shape:
    shape = dict(shapes[name])
    if "members" in shape:
        members = shape["members"].items()
        shape["members"] = {key: _resolve(shapes, member["shape"]) for key, member in members}
    if "member" in shape:
        shape["member"] = _resolve(shapes, shape["member"]["shape"])
    return shape


def _find_in_members(shape: Shape, value: Mapping[str, object], field: str) -> Iterator[Violation]:
    prefix = f"{field}." if field else ""
    for name, member in shape["members"].items():
        path = prefix + name
        if value.get(name) is not None:
            yield from find_violations(member, value[name], path)
        elif name in shape.get("required", ()):
            yield Violation(path, "REQUIRED_FIELD_MISSING", f"{path} is required")


def _find_in_items(shape: Shape, items: list[object], field: str) -> Iterator[Violation]:
    least, most = shape.get("min", 0), shape.get("max", math.inf)
    if len(items) > most:
        yield Violation(field, "TOO_MANY_VALUES", f"{field} takes at most {most} values")
    if len(items) < least:
        yield Violation(field, "NOT_ENOUGH_VALUES", f"{field} takes at least {least} values")
    for position, item in enumerate(items):
        yield from find_violations(shape["member"], item, f"{field}[{position}]")


def _find_in_text(shape: Shape, value: str, field: str) -> Iterator[Violation]:
    if value not in shape.get("enum", (value,)):
        allowed = ", ".join(shape["enum"])
        yield Violation(field, "INVALID_ENUM_VALUE", f"{field} must be one of: {allowed}")
    # A search would let a final newline through where the pattern ends with `$`.
    elif "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        pattern = shape["pattern"]
        yield Violation(field, "INVALID_STRING_FORMAT", f"{field} must match {pattern}")
    elif not _is_within(shape, len(value)):
        message = f"{field} must have {_bounds(shape)} characters"
        yield Violation(field, "VALUE_OUT_OF_RANGE", message)


def _is_within(shape: Shape, number: int) -> bool:
    return bool(shape.get("min", -math.inf) <= number <= shape.get("max", math.inf))


def _bounds(shape: Shape) -> str:
    limits = (("at least", "min"), ("at most", "max"))
    return " and ".join(f"{words} {shape[name]}" for words, name in limits if name in shape)


# The types of a value that are checked by Python's, with how a message calls them.
_TYPES: Mapping[str, tuple[type, str]] = {
    "structure": (dict, "an object"),
    "list": (list, "a list"),
    "string": (str, "a string"),
    "integer": (int, "an integer"),
    "long": (int, "an integer"),
    "boolean": (bool, "true or false"),
}


def _parse_text(text: str) -> int | None:
    found = _ISO8601.fullmatch(text)
    if found is None:
        return None
    day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    try:
        days = date.fromisoformat(day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    seconds = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
    if sign:
        offset = (int(hours) * 60 + int(minutes)) * 60
        seconds += offset if sign == "-" else -offset
    return seconds * SECOND + int((fraction or "").ljust(9, "0")[:9])
