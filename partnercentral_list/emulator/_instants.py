"""Timestamps as integers: nanoseconds since 1970, so that any precision and offset compare."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
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


def format_instant(instant: int) -> str:
    """Write an instant as the service does: UTC, milliseconds, ``Z``."""
    seconds, rest = divmod(instant, SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // _MILLISECOND:03d}Z"


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
