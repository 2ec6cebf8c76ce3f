"""Points in time on the command line: ISO 8601 or seconds since 1970, UTC unless said; days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Final

#: Earlier years go over the wire with fewer digits, as something else.
FIRST_YEAR: Final = 1000
OUTSIDE: Final = f"outside of the years {FIRST_YEAR} to 9999"


def moment(value: str | float | date) -> datetime:
    """Read a timestamp as the AWS CLI does, but for what it would have to guess.

    Raises:
        ValueError: It is neither ISO 8601 nor a number of seconds.
    """
    if isinstance(value, str):
        value = float(value) if _is_number(value) else _iso(value)
    if isinstance(value, int | float):
        value = _since_1970(value)
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    try:
        year = value.astimezone(UTC).year
    except OverflowError:
        year = 0
    if year < FIRST_YEAR:
        raise ValueError(f"a timestamp {OUTSIDE}")
    return value


def day(value: object) -> date:
    """Read a day.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, datetime):
        raise ValueError("a timestamp, whose day depends on the time zone; write YYYY-MM-DD")
    if isinstance(value, str):
        value = _day(value.strip())
    if not isinstance(value, date):
        raise ValueError("a number, which is no day; write YYYY-MM-DD")
    if value.year < FIRST_YEAR:
        raise ValueError(f"a day {OUTSIDE}")
    return value


def _day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text[:40]!r} is not a day; write YYYY-MM-DD")


def _is_number(text: str) -> bool:
    if len(text) == 8 and text.isdigit():
        raise ValueError(f"{text!r} could be a day or a number of seconds; write 2026-01-31")
    try:
        float(text)
    except ValueError:
        return False
    return True


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is not ISO 8601, such as 2026-01-31T00:00:00Z or 2026-01-31"
        ) from None


def _since_1970(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"a number of seconds {OUTSIDE}") from None
