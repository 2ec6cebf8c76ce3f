"""The service model of the installed botocore: its shapes, and what a request must be to fit them.

botocore is untyped and slow to import, so it is used in this module only, and only when the first
emulator needs it.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, cast

SERVICE = "partnercentral-selling"
OPERATION = "ListOpportunities"

SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
# Nanoseconds in a unit, by the unit's name.
UNITS: Mapping[str, int] = {"s": SECOND, "ms": _MILLISECOND, "ns": 1}
_DIGITS: Mapping[str, int] = {"s": 0, "ms": 3, "ns": 9}
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ISO8601 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:[.,](\d+))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of the model: the type of a value, and its constraints."""

    name: str
    kind: str
    enum: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    minimum: int | None = None
    maximum: int | None = None
    members: Mapping[str, Shape] = field(default_factory=dict[str, "Shape"])
    required: frozenset[str] = frozenset()
    item: Shape | None = None


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """An error of the model: its HTTP status, and the members that it always has."""

    status: int
    defaults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """The part of the service model that the emulator uses."""

    target_prefix: str
    content_type: str
    request: Shape
    summary: Shape
    errors: Mapping[str, ErrorShape]
    enums: Mapping[str, tuple[str, ...]]


@cache
def load_service() -> ServiceDescription:
    """Load the service model of the installed botocore, once in a process."""
    # Modules looked up by name are Any: what is untyped ends in the dataclasses built here.
    loaders: Any = importlib.import_module("botocore.loaders")
    models: Any = importlib.import_module("botocore.model")
    document: Any = loaders.Loader().load_service_model(SERVICE, "service-2")
    service: Any = models.ServiceModel(document, SERVICE)
    operation: Any = service.operation_model(OPERATION)
    return ServiceDescription(
        target_prefix=str(service.metadata["targetPrefix"]),
        content_type=f"application/x-amz-json-{service.metadata['jsonVersion']}",
        request=_shape(operation.input_shape),
        summary=_shape(operation.output_shape.members["OpportunitySummaries"].member),
        errors={
            str(shape.name): _error(shape, document["shapes"][shape.name])
            for shape in operation.error_shapes
        },
        enums={
            str(name): tuple(shape["enum"])
            for name, shape in document["shapes"].items()
            if "enum" in shape
        },
    )


@dataclass(frozen=True, slots=True)
class Violation:
    """One entry of a ValidationException's ErrorList; ``code`` is one of the model's codes."""

    field: str
    code: str
    message: str

    def to_wire(self) -> dict[str, str]:
        """Return the entry in wire form."""
        return {"FieldName": self.field, "Message": self.message, "Code": self.code}


def find_violations(shape: Shape, value: object, field: str = "") -> Iterator[Violation]:
    """Yield everything that is wrong with a value and the members below it.

    Members that the model does not know are ignored, and null members count as absent, as AWS's
    own request template sends them. Types that no request has so far are not checked.
    """
    check = _CHECKS.get(shape.kind)
    if check is not None:
        yield from check(shape, value, field)


def known_parameters(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request without its unknown, null and empty members, at any depth."""
    kept: dict[str, Any] = {}
    for name, member in shape.members.items():
        found = value.get(name)
        if member.kind == "structure" and found is not None:
            found = known_parameters(member, found)
        if found is not None and found not in ([], {}):
            kept[name] = found
    return kept


def parse_timestamp(value: object) -> int | None:
    """Parse a timestamp, in nanoseconds since 1970 so that any precision and offset compare.

    Args:
        value: ISO 8601 text with an offset, or a number of seconds since 1970. Digits after the
            ninth of a second are dropped; a number counts to the microsecond.

    Returns:
        The timestamp; None for anything else, a time without an offset included.
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


def next_second(timestamp: int) -> int:
    """Return the timestamp one second later, rounded down to a millisecond."""
    return timestamp // _MILLISECOND * _MILLISECOND + SECOND


def _shape(source: Any) -> Shape:
    kind = str(source.type_name)
    metadata: Mapping[str, Any] = source.metadata
    members: Mapping[str, Any] = source.members if kind == "structure" else {}
    return Shape(
        name=str(source.name),
        kind=kind,
        enum=tuple(metadata.get("enum", ())),
        pattern=_pattern(metadata.get("pattern")),
        minimum=metadata.get("min"),
        maximum=metadata.get("max"),
        members={name: _shape(member) for name, member in members.items()},
        required=frozenset(metadata.get("required", ())),
        item=_shape(source.member) if kind == "list" else None,
    )


def _pattern(text: str | None) -> re.Pattern[str] | None:
    # `$` would let a final newline through, hence fullmatch where the pattern is used.
    return None if text is None else re.compile(text)


def _error(source: Any, raw: Mapping[str, Any]) -> ErrorShape:
    # botocore's shapes drop the mark of a fault, so it is read from the document.
    metadata: Mapping[str, Any] = source.metadata
    declared: Any = raw.get("error", {}).get("httpStatusCode")
    members: Mapping[str, Any] = source.members
    return ErrorShape(
        status=declared or (500 if raw.get("fault") else 400),
        defaults={
            name: str(members[name].enum[0])
            for name in metadata.get("required", ())
            if members[name].metadata.get("enum")
        },
    )


def _structure(shape: Shape, value: object, field: str) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(field, "INVALID_VALUE", f"{field} must be an object")
        return
    members = cast("dict[str, object]", value)
    prefix = f"{field}." if field else ""
    for name, member in shape.members.items():
        if members.get(name) is not None:
            yield from find_violations(member, members[name], prefix + name)
        elif name in shape.required:
            path = prefix + name
            yield Violation(path, "REQUIRED_FIELD_MISSING", f"{path} is required")


def _list(shape: Shape, value: object, field: str) -> Iterator[Violation]:
    if not isinstance(value, list):
        yield Violation(field, "INVALID_VALUE", f"{field} must be a list")
        return
    items = cast("list[object]", value)
    if shape.maximum is not None and len(items) > shape.maximum:
        yield Violation(field, "TOO_MANY_VALUES", f"{field} takes at most {shape.maximum} values")
    if shape.minimum is not None and len(items) < shape.minimum:
        yield Violation(
            field, "NOT_ENOUGH_VALUES", f"{field} takes at least {shape.minimum} values"
        )
    if shape.item is not None:
        for position, item in enumerate(items):
            yield from find_violations(shape.item, item, f"{field}[{position}]")


def _string(shape: Shape, value: object, field: str) -> Iterator[Violation]:
    if not isinstance(value, str):
        yield Violation(field, "INVALID_VALUE", f"{field} must be a string")
    elif shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield Violation(field, "INVALID_ENUM_VALUE", f"{field} must be one of: {allowed}")
    elif shape.pattern is not None and not shape.pattern.fullmatch(value):
        pattern = shape.pattern.pattern
        yield Violation(field, "INVALID_STRING_FORMAT", f"{field} must match {pattern}")
    elif not _within(shape, len(value)):
        yield Violation(
            field, "VALUE_OUT_OF_RANGE", f"{field} must have {_bounds(shape)} characters"
        )


def _integer(shape: Shape, value: object, field: str) -> Iterator[Violation]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield Violation(field, "INVALID_VALUE", f"{field} must be an integer")
    elif not _within(shape, value):
        yield Violation(field, "VALUE_OUT_OF_RANGE", f"{field} must be {_bounds(shape)}")


def _boolean(shape: Shape, value: object, field: str) -> Iterator[Violation]:
    if not isinstance(value, bool):
        yield Violation(field, "INVALID_VALUE", f"{field} must be true or false")


def _timestamp(shape: Shape, value: object, field: str) -> Iterator[Violation]:
    if parse_timestamp(value) is None:
        code = "INVALID_STRING_FORMAT" if isinstance(value, str) else "INVALID_VALUE"
        yield Violation(field, code, f"{field} must be an ISO 8601 time with an offset")


def _within(shape: Shape, number: int) -> bool:
    return (shape.minimum is None or number >= shape.minimum) and (
        shape.maximum is None or number <= shape.maximum
    )


def _bounds(shape: Shape) -> str:
    lower = "" if shape.minimum is None else f"at least {shape.minimum}"
    upper = "" if shape.maximum is None else f"at most {shape.maximum}"
    return " and ".join(filter(None, (lower, upper)))


_CHECKS: Mapping[str, Callable[[Shape, object, str], Iterator[Violation]]] = {
    "structure": _structure,
    "list": _list,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "timestamp": _timestamp,
}


def _parse_text(text: str) -> int | None:
    found = _ISO8601.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    seconds = ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
    if sign:
        offset = (int(hours) * 60 + int(minutes)) * 60
        seconds += offset if sign == "-" else -offset
    return seconds * SECOND + int((fraction or "").ljust(9, "0")[:9])
