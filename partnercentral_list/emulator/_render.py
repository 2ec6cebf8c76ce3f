"""How stored records are written into an answer: their nulls and their timestamps."""

from __future__ import annotations

import json
from typing import cast

from partnercentral_list.emulator._behavior import Behavior, Nulls
from partnercentral_list.emulator._instants import format_instant
from partnercentral_list.emulator._model import Shape
from partnercentral_list.emulator._record import Record


class Renderer:
    """Writes records as a behavior says that the service does."""

    def __init__(self, behavior: Behavior, summary: Shape) -> None:
        self._nulls: Nulls = behavior.nulls
        self._timestamps = behavior.timestamps
        self._summary = summary
        self._as_stored = behavior.nulls == "as_stored" and behavior.timestamps is None

    def render(self, record: Record) -> bytes:
        """Give a record's JSON."""
        if self._as_stored:
            return record.data
        wire: object = record.to_wire() | self._stamps(record)
        if self._nulls == "absent":
            wire = _without_nulls(wire)
        elif self._nulls == "null":
            wire = _with_nulls(self._summary, wire)
        return json.dumps(wire, ensure_ascii=False, separators=(",", ":")).encode()

    def _stamps(self, record: Record) -> dict[str, str]:
        stamps = {"CreatedDate": record.created, "LastModifiedDate": record.last_modified}
        return {
            name: format_instant(instant, self._timestamps)
            for name, instant in stamps.items()
            if instant is not None and self._timestamps is not None
        }


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
