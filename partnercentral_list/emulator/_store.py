"""The opportunities of one emulator: kept as encoded records, listed in cached orders."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any, TypeVar

from partnercentral_list.emulator._archive import OLDER_THAN, Archive, Chain, asks_for_younger
from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._dataset import ARCHIVE, generate
from partnercentral_list.emulator._events import EventFeed, EventType
from partnercentral_list.emulator._instants import (
    SECOND,
    UNITS,
    following,
    format_instant,
)
from partnercentral_list.emulator._order import Order
from partnercentral_list.emulator._query import matcher
from partnercentral_list.emulator._record import Record, merge
from partnercentral_list.emulator._visibility import Visibility

_K = TypeVar("_K")
_V = TypeVar("_V")

# Enough for the listings that run side by side in a test.
_LISTINGS_KEPT = 64
# How many of the first records are shared by the emulators of a process.
_SHARED = 1024
# Before any record; 1 January 2023.
_DAWN = 1_672_531_200 * SECOND


class Store:
    """Holds the records; safe to use from several threads at once."""

    def __init__(
        self,
        opportunities: int | Iterable[Mapping[str, Any]],
        *,
        seed: int,
        catalog: str,
        behavior: Behavior,
        events: EventFeed,
        clock: Callable[[], float] | None,
        visibility: Visibility,
    ) -> None:
        """Take records, or the number of records to invent when they are first needed.

        Raises:
            TypeError, ValueError: A negative number, a record that is not JSON, an Id used twice.
        """
        self._seed = seed
        self._catalog = catalog
        self._behavior = behavior
        self._events = events
        self._clock = clock
        self._visibility = visibility
        self._lock = threading.RLock()
        self._records: dict[int, Record] = {}
        self._serials: dict[str, int] = {}
        # The latest date of all, and the latest that is not one of the caller's own choice.
        self._latest = _DAWN
        self._latest_past = _DAWN
        self._orders: dict[tuple[str, ...], list[Record]] = {}
        self._listings: dict[str, Sequence[Record]] = {}
        self._oldest = {"LastModifiedDate": OLDER_THAN, "CreatedDate": OLDER_THAN}
        number = opportunities if isinstance(opportunities, int) else 0
        if number < 0:
            raise ValueError("opportunities must be 0 or more")
        # What changes late, or is edited at random, has to be there.
        is_still = not (
            behavior.late_seconds or behavior.late_requests or behavior.edits_per_request
        )
        self._missing = min(number, ARCHIVE) if is_still else number
        self._archive = Archive(self._missing, number, seed, self._invent)
        self._index = itertools.count(number)
        self._serial = number
        if not isinstance(opportunities, int):
            for wire in opportunities:
                self._load(self._append(self._from_wire(wire)))

    def now(self) -> int:
        """Return the service's own time in nanoseconds since 1970, never before its own dates."""
        read = time.time if self._clock is None else self._clock
        return max(round(read() * 1_000_000) * 1000, self._latest_past)

    def snapshot(self) -> list[dict[str, Any]]:
        """Give a copy of every record, in the order in which they were added."""
        with self._complete():
            self._unpack()
            return [self._records[serial].to_wire() for serial in sorted(self._records)]

    def listing(
        self, listing: str, parameters: Mapping[str, Any], number: int
    ) -> tuple[Order, Sequence[Record]]:
        """Give what matches a request, and its order.

        Args:
            listing: The parameters as text.
            parameters: What is asked for.
            number: The request's number, by which random ties are shuffled.
        """
        order = Order(parameters, self._behavior, f"{self._seed}:{number}")
        with self._complete():
            if self._visibility.see():
                self._forget()
            shuffled = self._behavior.tie_order == "random"
            found = None if shuffled else self._listings.get(listing)
            if found is None:
                found = self._find(order, parameters)
                _keep(self._listings, listing, found)
            return order, found

    def add(self, wire: Mapping[str, Any] | None) -> dict[str, Any]:
        """Append a record as it is, or invent one that was created after all others.

        Raises:
            TypeError, ValueError: The record is not JSON, or its Id is used already.
        """
        with self._complete():
            if wire is None:
                record = self._append(self._invent_new())
            else:
                record = self._append(self._from_wire(wire), is_past=False)
            self._change(record.serial, record)
            self._tell("Opportunity Created", record)
            return record.to_wire()

    def update(self, identifier: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Merge members into a record and move its LastModifiedDate on.

        Raises:
            KeyError: There is no record with this Id.
            ValueError: The change is to the Id.
        """
        with self._complete():
            record = self._look_up(identifier)
            if changes.get("Id", identifier) != identifier:
                raise ValueError("the Id of an opportunity cannot change")
            return self._edit(record, changes, self._stamp()).to_wire()

    def touch_all(self) -> None:
        """Move every record's LastModifiedDate to one instant, as a mass edit does."""
        with self._complete():
            self._unpack()
            stamp = self._stamp()
            for record in list(self._records.values()):
                self._edit(record, {}, stamp)

    def touch_some(self, number: int, rng: Random) -> None:
        """Edit so many records, each at an instant of its own."""
        with self._complete():
            records = list(self._records.values())
            for record in rng.sample(records, min(number, len(records))):
                self._edit(record, {}, self._stamp())

    def remove(self, identifier: str) -> None:
        """Take a record away.

        Raises:
            KeyError: There is no record with this Id.
        """
        with self._complete():
            serial = self._look_up(identifier).serial
            self._archive.take(serial)
            self._serials.pop(identifier, None)
            self._records.pop(serial, None)
            self._change(serial, None)

    def _complete(self) -> threading.RLock:
        # Inventing takes longer than a start should, and a test of one error needs no records.
        with self._lock:
            missing, self._missing = self._missing, 0
            for index in range(missing):
                self._load(self._hold(self._invent(index)))
        return self._lock

    def _invent(self, index: int) -> Record:
        invent = _invented if index < _SHARED else _invented.__wrapped__
        return invent(self._seed, index, self._catalog)

    def _invent_new(self) -> Record:
        record = self._invent(next(self._index))
        while record.identifier in self._serials:
            record = self._invent(next(self._index))
        now = _format(self._stamp())
        return Record.from_wire(record.to_wire() | {"CreatedDate": now, "LastModifiedDate": now})

    def _unpack(self) -> None:
        if self._archive:
            self._forget()
        for record in self._archive.take_all():
            self._load(self._hold(record))

    def _look_up(self, identifier: str) -> Record:
        if identifier in self._serials:
            return self._records[self._serials[identifier]]
        record = self._archive.find(identifier)
        if record is None:
            raise KeyError(identifier)
        return record

    def _from_wire(self, wire: Mapping[str, Any]) -> Record:
        return Record.from_wire({"Catalog": self._catalog} | dict(wire))

    def _stamp(self) -> int:
        if self._clock is not None:
            unit = UNITS["ms" if self._behavior.timestamps is None else "ns"]
            now = round(self._clock() * 1_000_000) * 1000 // unit * unit
            # A clock that stands still makes ties, as edits in one millisecond are.
            if now > self._latest - SECOND:
                return max(now, self._latest)
        return following(self._latest)

    def _load(self, record: Record) -> None:
        self._visibility.load(record.serial, record)

    def _append(self, record: Record, *, is_past: bool = True) -> Record:
        if record.identifier is not None and (
            record.identifier in self._serials or self._archive.find(record.identifier)
        ):
            raise ValueError(f"there is an opportunity {record.identifier} already")
        self._serial += 1
        return self._hold(replace(record, serial=self._serial), is_past=is_past)

    def _edit(self, before: Record, changes: Mapping[str, Any], stamp: int) -> Record:
        wire = before.to_wire() | {"LastModifiedDate": _format(stamp)}
        edited = Record.from_wire(merge(wire, changes), before.serial)
        record = self._hold(edited, is_past="LastModifiedDate" not in changes)
        self._archive.take(record.serial)
        self._change(record.serial, record)
        self._tell("Opportunity Updated", record)
        return record

    def _hold(self, record: Record, *, is_past: bool = True) -> Record:
        self._records[record.serial] = record
        if record.identifier is not None:
            self._serials[record.identifier] = record.serial
        changed = record.last_modified or _DAWN
        if is_past:
            self._latest_past = max(self._latest_past, changed)
        # A clock decides by itself what the time is, whatever dates are written into records.
        if is_past or self._clock is None:
            self._latest = max(self._latest, changed)
        dates = {"LastModifiedDate": record.last_modified, "CreatedDate": record.created}
        for name, instant in dates.items():
            self._oldest[name] = min(self._oldest[name], instant or 0)
        return record

    def _change(self, serial: int, record: Record | None) -> None:
        if self._visibility.change(serial, record):
            self._forget()

    def _tell(self, detail_type: EventType, record: Record) -> None:
        if record.identifier is not None:
            instant = record.last_modified or self._latest
            catalog = record.catalog or self._catalog
            self._events.tell(detail_type, catalog, record.identifier, instant)

    def _forget(self) -> None:
        self._orders.clear()
        self._listings.clear()

    def _find(self, order: Order, parameters: Mapping[str, Any]) -> Sequence[Record]:
        match = matcher(parameters, self._catalog, self._behavior)
        is_elsewhere = parameters["Catalog"] != self._catalog
        if not self._archive or is_elsewhere or asks_for_younger(parameters):
            return [record for record in self._sorted(order) if match(record)]
        if "Identifier" in parameters:
            archived = map(self._archive.find, parameters["Identifier"])
            named = filter(None, archived)
            return order.sort(filter(match, itertools.chain(self._visibility.records, named)))
        by = order.name[0]
        # All but the archive is younger than the archive, or what is not has to be sorted in.
        if parameters.keys() <= {"Catalog", "Sort"} and self._oldest.get(by, 0) >= OLDER_THAN:
            head = [record for record in self._sorted(order) if match(record)]
            return Chain(head, self._archive.latest_first(), down=order.is_down)
        self._unpack()
        return [record for record in self._sorted(order) if match(record)]

    def _sorted(self, order: Order) -> list[Record]:
        if order.name not in self._orders:
            _keep(self._orders, order.name, order.sort(self._visibility.records))
        return self._orders[order.name]


def _keep(cache: dict[_K, _V], key: _K, value: _V) -> None:
    if len(cache) >= _LISTINGS_KEPT:
        del cache[next(iter(cache))]
    cache[key] = value


def _format(instant: int) -> str:
    return format_instant(instant, "ns" if instant % UNITS["ms"] else "ms")


@lru_cache(maxsize=2 * _SHARED)
def _invented(seed: int, index: int, catalog: str) -> Record:
    # Tests start many emulators with the same few records.
    return Record.from_wire(generate(seed, index, catalog), serial=index + 1)
