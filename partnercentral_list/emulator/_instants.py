"""Timestamps as integers: nanoseconds since 1970, so that any precision and offset compare."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

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


def parse_instant(value: object) -> int | None:
    """Read ISO 8601 text with an offset, or a number of seconds since 1970.

    Digits behind the ninth of a second are dropped; a number counts to the microsecond. Anything
    else, a time without an offset included, gives None.
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


def format_instant(instant: int, precision: str = "ms") -> str:
    """Write an instant as the service does: UTC, ``Z``, with or without a fraction, cut short."""
    seconds, rest = divmod(instant, SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    fraction = f".{rest:09d}"[: _DIGITS[precision] + 1].rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def following(instant: int) -> int:
    """Give the whole millisecond that is one second after an instant, rounded down."""
    return instant // _MILLISECOND * _MILLISECOND + SECOND


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
