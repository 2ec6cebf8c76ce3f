"""Changes of the stored records: when requests see them, and the events that announce them."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._model import format_timestamp
from partnercentral_list.emulator._records import Record

EventType = Literal["Opportunity Created", "Opportunity Updated"]
# The account of AWS's own examples.
_ACCOUNT = "123456789012"


@dataclass(frozen=True, slots=True)
class _PendingChange:
    """A new version of a record, or None if it was removed; turns count all changes."""

    turn: int
    serial: int
    record: Record | None
    due_at: float
    due_request: int


class VisibleRecords:
    """The records as requests see them, by serial; not thread-safe."""

    def __init__(self, behavior: Behavior, seed: int, clock: Callable[[], float]) -> None:
        self._seconds = behavior.late_seconds
        self._requests = behavior.late_requests
        self._seed = seed
        self._clock = clock
        self._turn = 0
        self._request = 0
        self._visible_turns: dict[int, int] = {}
        self._pending: list[_PendingChange] = []
        self._records: dict[int, Record] = {}

    @property
    def records(self) -> Iterable[Record]:
        """The visible records, in the order in which they were added."""
        return self._records.values()

    def change(self, serial: int, record: Record | None) -> bool:
        """Apply a change, at once or later, and return whether it is visible at once."""
        if not self._seconds and not self._requests:
            self._show(serial, record)
            return True
        self._turn += 1
        rng = Random(f"{self._seed}:late:{self._turn}")
        # The clock is read only where it matters: a test may count how often it is.
        due_at = self._clock() + rng.uniform(0, self._seconds) if self._seconds else 0.0
        due_request = self._request + rng.randint(0, self._requests)
        self._pending.append(_PendingChange(self._turn, serial, record, due_at, due_request))
        return False

    def load(self, record: Record) -> None:
        """Add a record that has been visible from the beginning."""
        self._records[record.serial] = record

    def begin_request(self) -> bool:
        """Apply the changes that are due at the next request; return whether there were any."""
        self._request += 1
        if not self._pending:
            return False
        now = self._clock() if self._seconds else 0.0
        due = [c for c in self._pending if c.due_at <= now and c.due_request < self._request]
        self._pending = [change for change in self._pending if change not in due]
        for change in due:
            # A later change of the same record may have been faster.
            if self._visible_turns.get(change.serial, 0) < change.turn:
                self._visible_turns[change.serial] = change.turn
                self._show(change.serial, change.record)
        return bool(due)

    def _show(self, serial: int, record: Record | None) -> None:
        if record is None:
            self._records.pop(serial, None)
        else:
            self._records[serial] = record


class EventFeed:
    """The EventBridge events about changes, until `take` removes them; thread-safe."""

    def __init__(self, behavior: Behavior, seed: int) -> None:
        self._behavior = behavior
        self._random = Random(f"{seed}:events")
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def emit(self, detail_type: EventType, catalog: str, identifier: str, timestamp: int) -> None:
        """Add an event, as often as it is delivered."""
        with self._lock:
            is_lost = self._random.random() < self._behavior.lost_events
            copies = 1 + self._random.randint(0, self._behavior.duplicate_events)
            for number in range(0 if is_lost else copies):
                event = self._event(detail_type, catalog, identifier, timestamp)
                place = self._random.randint(0, len(self._events)) if number else len(self._events)
                self._events.insert(place, event)

    def snapshot(self) -> list[dict[str, Any]]:
        """Return a copy of the events that were not taken yet."""
        with self._lock:
            return copy.deepcopy(self._events)

    def take(self) -> list[dict[str, Any]]:
        """Remove all events, and return them."""
        with self._lock:
            taken, self._events = self._events, []
            return taken

    def _event(
        self, detail_type: EventType, catalog: str, identifier: str, timestamp: int
    ) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "detail-type": detail_type,
            "source": "aws.partnercentral-selling",
            "account": _ACCOUNT,
            "time": format_timestamp(timestamp, "s"),
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "schemaVersion": "1",
                "catalog": catalog,
                "opportunity": {"identifier": identifier},
            },
        }
