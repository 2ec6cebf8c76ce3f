"""Points in time on the command line: ISO 8601 or seconds since 1970, UTC unless said."""

from __future__ import annotations

from datetime import UTC, date, datetime, time


def moment(value: object) -> datetime:
    """Read a timestamp as the AWS CLI does, but for what it would have to guess.

    Raises:
        ValueError: It is neither ISO 8601 nor a number of seconds.
    """
    if isinstance(value, str):
        value = float(value) if _is_number(value) else _iso(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = _since_1970(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise ValueError(f"a value of type {type(value).__name__} is no timestamp")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


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
        raise ValueError("a number of seconds outside of the years 1 to 9999") from None
