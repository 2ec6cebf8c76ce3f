"""Conversion between opportunities and rows of an SQLite database."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final

from pydantic import ValidationError

from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.columns import COLUMNS, Column
from partnercentral_list.sync.sqlite._file import DAMAGED

_FIELDS: Final = [column for column in COLUMNS if column.name != "id"]

ROW_COLUMNS: Final = ("account", "id", *(column.name for column in _FIELDS), "record")
"""The columns of `to_row`."""


def format_date(date: datetime) -> str:
    """Format a date in ISO 8601 with six digits of a second, in UTC: such texts sort by date."""
    return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def parse_date(text: str | None) -> datetime | None:
    """Parse a date of `format_date`, or None; anything else is a StoreError."""
    if text is None:
        return None
    # Raised outside of the handler: the exception would show what is stored.
    with suppress(TypeError, ValueError):
        date = datetime.fromisoformat(text)
        return date.replace(tzinfo=date.tzinfo or UTC)
    raise StoreError(DAMAGED)


def check_text(value: object) -> str:
    """Return a value of the database that must be a text; anything else is a StoreError."""
    if not isinstance(value, str):
        raise StoreError(DAMAGED)
    return value


def to_row(account: str, record: OpportunitySummary) -> tuple[str | None, ...]:
    """Return the columns of an opportunity; the last one is its whole wire form."""
    wire = record.model_dump_json(by_alias=True, exclude_none=True)
    return (account, record.id, *(_read(record, column) for column in _FIELDS), wire)


def from_row(identifier: object, wire: object) -> OpportunitySummary:
    """Parse the wire form of the opportunity with an identifier; all else is a StoreError."""
    text = check_text(wire)
    with suppress(ValidationError):
        record = OpportunitySummary.model_validate_json(text, by_alias=True, by_name=False)
        if record.id == identifier:
            return record
    raise StoreError(DAMAGED)


def _read(record: OpportunitySummary, column: Column) -> str | None:
    value: object = record
    for field in column.path:
        if value is None:
            break
        value = getattr(value, field)
    if isinstance(value, datetime):
        return format_date(value)
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else str(value)
