"""Records: an opportunity as it is stored, and how it is written into a response."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._model import (
    Shape,
    format_timestamp,
    load_service,
    parse_timestamp,
)

#: Where a record has the text that each filter of alternatives is about. Another kind of filter has
#: a rule of its own in `make_matcher`.
LIST_FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Identifier": ("Id",),
    "LifeCycleStage": ("LifeCycle", "Stage"),
    "LifeCycleReviewStatus": ("LifeCycle", "ReviewStatus"),
}

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Record:
    """A stored opportunity: its JSON, and the values that it is found and ordered by.

    A value that is absent, null or of another type than in the model is None here and matches no
    filter. ``texts`` has those of `LIST_FILTERS`, in its order; ``serial`` counts the records of a
    store in the order in which they were added.
    """

    data: bytes
    identifier: str | None
    catalog: str | None
    company: str | None
    last_modified: int | None
    created: int | None
    target_close: str | None
    texts: tuple[str | None, ...]
    serial: int = 0

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any], serial: int = 0) -> Record:
        """Encode a record in wire form; a TypeError or ValueError if it is not JSON."""
        return cls(
            data=_ENCODER.encode(wire).encode(),
            identifier=_text(wire, "Id"),
            catalog=_text(wire, "Catalog"),
            company=_text(wire, "Customer", "Account", "CompanyName"),
            last_modified=parse_timestamp(wire.get("LastModifiedDate")),
            created=parse_timestamp(wire.get("CreatedDate")),
            target_close=_text(wire, "LifeCycle", "TargetCloseDate"),
            texts=tuple([_text(wire, *path) for path in LIST_FILTERS.values()]),
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


def render(records: Iterable[Record], behavior: Behavior) -> tuple[bytes, ...]:
    """Return the JSON of each record, with nulls and timestamps as a behavior says."""
    if behavior.nulls == "as_stored" and behavior.timestamps is None:
        return tuple([record.data for record in records])
    return tuple([_render(record, behavior) for record in records])


def _render(record: Record, behavior: Behavior) -> bytes:
    wire: dict[str, Any] = record.to_wire()
    if behavior.timestamps is not None:
        dates = {"CreatedDate": record.created, "LastModifiedDate": record.last_modified}
        for name, timestamp in dates.items():
            if timestamp is not None:
                wire[name] = format_timestamp(timestamp, behavior.timestamps)
    rendered: object = wire
    if behavior.nulls == "absent":
        rendered = _without_nulls(wire)
    elif behavior.nulls == "null":
        rendered = _with_nulls(load_service().summary, wire)
    return json.dumps(rendered, ensure_ascii=False, separators=(",", ":")).encode()


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
    if "members" in shape and isinstance(value, dict):
        members: Mapping[str, Shape] = shape["members"]
        full = dict.fromkeys(members) | cast("dict[str, object]", value)
        return {
            name: _with_nulls(members[name], item) if name in members else item
            for name, item in full.items()
        }
    if "member" in shape and isinstance(value, list):
        return [_with_nulls(shape["member"], item) for item in cast("list[object]", value)]
    return value
