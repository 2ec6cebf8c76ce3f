"""The feed of EventBridge events: what AWS would have told about the changes of a store."""

from __future__ import annotations

import copy
import threading
import uuid
from random import Random
from typing import Any, Literal

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._instants import format_instant

EventType = Literal["Opportunity Created", "Opportunity Updated"]
# The account of AWS's own examples.
_ACCOUNT = "123456789012"


class EventFeed:
    """Events that wait to be taken; safe to use from several threads at once."""

    def __init__(self, behavior: Behavior, seed: int) -> None:
        self._behavior = behavior
        self._random = Random(f"{seed}:events")
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def tell(self, detail_type: EventType, catalog: str, identifier: str, instant: int) -> None:
        """Note an event, as often as it is delivered."""
        with self._lock:
            lost = self._random.random() < self._behavior.lost_events
            copies = 1 + self._random.randint(0, self._behavior.duplicate_events)
            for number in range(0 if lost else copies):
                event = self._event(detail_type, catalog, identifier, instant)
                place = self._random.randint(0, len(self._events)) if number else len(self._events)
                self._events.insert(place, event)

    def snapshot(self) -> list[dict[str, Any]]:
        """Give a copy of the events that wait."""
        with self._lock:
            return copy.deepcopy(self._events)

    def take(self) -> list[dict[str, Any]]:
        """Give the events that wait, and forget them."""
        with self._lock:
            taken, self._events = self._events, []
            return taken

    def _event(
        self, detail_type: EventType, catalog: str, identifier: str, instant: int
    ) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            "detail-type": detail_type,
            "source": "aws.partnercentral-selling",
            "account": _ACCOUNT,
            "time": format_instant(instant, "s"),
            "region": "us-east-1",
            "resources": [],
            "detail": {
                "schemaVersion": "1",
                "catalog": catalog,
                "opportunity": {"identifier": identifier},
            },
        }
