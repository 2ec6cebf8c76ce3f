"""An opportunity as a row of SQLite and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final

from pydantic import BaseModel, ValidationError

from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._schema import COLUMNS
from partnercentral_list.sync._sqlite_file import DAMAGED

_Column = Callable[[OpportunitySummary], str | None]


def text_of(moment: datetime) -> str:
    """Write a moment so that its text sorts like it: ISO 8601, UTC, six digits of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def moment_of(text: str | None) -> datetime | None:
    """Read what `text_of` wrote.

    Raises:
        StoreError: It was something else.
    """
    if text is None:
        return None
    # Raised outside of the handler: the error of what is damaged shows it.
    with suppress(TypeError, ValueError):
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC)
    raise StoreError(DAMAGED)


def checked_text(value: object) -> str:
    """Return a text of the database.

    Raises:
        StoreError: It is something else.
    """
    if not isinstance(value, str):
        raise StoreError(DAMAGED)
    return value


def row_of(account: str, record: OpportunitySummary) -> tuple[str | None, ...]:
    """Give the columns of an opportunity, the whole of it in wire form last."""
    wire = record.model_dump_json(by_alias=True, exclude_none=True)
    return (account, record.id, *(column(record) for column in _COLUMNS), wire)


def record_of(identifier: object, wire: object) -> OpportunitySummary:
    """Read the wire form of the opportunity with an identifier.

    Raises:
        StoreError: It is something else.
    """
    text = checked_text(wire)
    with suppress(ValidationError):
        record = OpportunitySummary.model_validate_json(text, by_alias=True, by_name=False)
        if record.id == identifier:
            return record
    raise StoreError(DAMAGED)


def _column(name: str) -> _Column:
    path = _path(OpportunitySummary, name)

    def value(record: OpportunitySummary) -> str | None:
        found: object = record
        for member in path:
            found = getattr(found, member)
            if found is None:
                return None
        if isinstance(found, datetime):
            return text_of(found)
        return found.isoformat() if isinstance(found, date) else str(found)

    return value


def _path(model: type[BaseModel], name: str) -> tuple[str, ...]:
    if name in model.model_fields:
        return (name,)
    for member, field in model.model_fields.items():
        inner = next(
            (
                kind
                for kind in getattr(field.annotation, "__args__", ())
                if isinstance(kind, type) and issubclass(kind, BaseModel)
            ),
            None,
        )
        if inner is not None and name.startswith(f"{member}_"):
            return (member, *_path(inner, name.removeprefix(f"{member}_")))
    raise LookupError(name)


_COLUMNS: Final = tuple(_column(name) for name in COLUMNS)
