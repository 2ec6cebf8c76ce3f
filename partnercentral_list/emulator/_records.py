"""Records: an opportunity as it is stored, and how it is written into a response."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._model import Shape, format_timestamp, parse_timestamp

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Record:
    """A stored opportunity: its JSON, and the values that it is found and ordered by.

    A value that is absent, null or of another type than in the model is None here and matches no
    filter. ``serial`` counts the records of a store in the order in which they were added.
    """

    data: bytes
    identifier: str | None
    catalog: str | None
    stage: str | None
    review_status: str | None
    company: str | None
    last_modified: int | None
    created: int | None
    target_close: str | None
    serial: int = 0

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any], serial: int = 0) -> Record:
        """Encode a record in wire form.

        Raises:
            TypeError, ValueError: It cannot be written as JSON.
        """
        life_cycle = wire.get("LifeCycle")
        return cls(
            data=_ENCODER.encode(wire).encode(),
            identifier=_text(wire, "Id"),
            catalog=_text(wire, "Catalog"),
            stage=_text(life_cycle, "Stage"),
            review_status=_text(life_cycle, "ReviewStatus"),
            company=_text(wire, "Customer", "Account", "CompanyName"),
            last_modified=parse_timestamp(wire.get("LastModifiedDate")),
            created=parse_timestamp(wire.get("CreatedDate")),
            target_close=_text(life_cycle, "TargetCloseDate"),
            serial=serial,
        )

    def to_wire(self) -> dict[str, Any]:
        """Return a copy of the record in wire form."""
        return cast("dict[str, Any]", json.loads(self.data))


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a wire form with changes: objects are merged, everything else is replaced."""
    merged = dict(base)
    for name, value in changes.items():
        current: object = merged.get(name)
        if isinstance(current, Mapping) and isinstance(value, Mapping):
            merged[name] = merge(
                cast("Mapping[str, Any]", current), cast("Mapping[str, Any]", value)
            )
        else:
            merged[name] = value
    return merged


class Renderer:
    """Writes records into a response: their nulls and timestamps as a behavior says."""

    def __init__(self, behavior: Behavior, summary: Shape) -> None:
        self._nulls = behavior.nulls
        self._precision = behavior.timestamps
        self._summary = summary
        self._is_as_stored = behavior.nulls == "as_stored" and behavior.timestamps is None

    def render(self, records: Iterable[Record]) -> tuple[bytes, ...]:
        """Return the JSON of each record."""
        if self._is_as_stored:
            return tuple([record.data for record in records])
        return tuple(map(self._render_one, records))

    def _render_one(self, record: Record) -> bytes:
        wire: object = record.to_wire() | self._timestamps(record)
        if self._nulls == "absent":
            wire = _without_nulls(wire)
        elif self._nulls == "null":
            wire = _with_nulls(self._summary, wire)
        return json.dumps(wire, ensure_ascii=False, separators=(",", ":")).encode()

    def _timestamps(self, record: Record) -> dict[str, str]:
        dates = {"CreatedDate": record.created, "LastModifiedDate": record.last_modified}
        return {
            name: format_timestamp(timestamp, self._precision)
            for name, timestamp in dates.items()
            if timestamp is not None and self._precision is not None
        }


def _text(wire: object, *path: str) -> str | None:
    for name in path:
        if not isinstance(wire, Mapping):
            return None
        wire = cast("Mapping[str, object]", wire).get(name)
    return wire if isinstance(wire, str) else None


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {key: _without_nulls(item) for key, item in members.items() if item is not None}
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_without_nulls(item) for item in items]
    return value


def _with_nulls(shape: Shape, value: object) -> object:
    if shape.kind == "structure" and isinstance(value, dict):
        members = cast("dict[str, object]", value)
        full = dict.fromkeys(shape.members) | members
        return {
            name: _with_nulls(shape.members[name], item) if name in shape.members else item
            for name, item in full.items()
        }
    if shape.item is not None and isinstance(value, list):
        items = cast("list[object]", value)
        return [_with_nulls(shape.item, item) for item in items]
    return value
