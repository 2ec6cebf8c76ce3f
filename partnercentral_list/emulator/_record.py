"""An opportunity as the emulator keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from partnercentral_list.emulator._instants import parse_instant

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Record:
    """An opportunity: its JSON as it is stored, and what it is found and ordered by.

    What is absent, null or of another type than the model says is None here: such a member matches
    no filter. ``serial`` counts the records of a store in the order in which they were added.
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
        """Encode a record once and for all.

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
            last_modified=parse_instant(wire.get("LastModifiedDate")),
            created=parse_instant(wire.get("CreatedDate")),
            target_close=_text(life_cycle, "TargetCloseDate"),
            serial=serial,
        )

    def to_wire(self) -> dict[str, Any]:
        """Give a copy of the record, independent of any other."""
        return cast("dict[str, Any]", json.loads(self.data))


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record's wire form with changes: objects are merged, all else is replaced."""
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


def _text(wire: object, *path: str) -> str | None:
    for name in path:
        if not isinstance(wire, Mapping):
            return None
        wire = cast("Mapping[str, object]", wire).get(name)
    return wire if isinstance(wire, str) else None
