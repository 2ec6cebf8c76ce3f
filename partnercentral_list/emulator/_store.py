"""The store of an emulator's opportunities: encoded records, listed in cached orders."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any, TypeVar

from partnercentral_list.emulator._archive import Archive, list_with_archive
from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._changes import EventFeed, EventType, VisibleRecords
from partnercentral_list.emulator._dataset import (
    FIRST_ARCHIVED,
    MAX_OPPORTUNITIES,
    SampleData,
    day_of,
)
from partnercentral_list.emulator._matching import RecordOrder, RecordTest, make_matcher
from partnercentral_list.emulator._model import SECOND, UNITS, format_timestamp
from partnercentral_list.emulator._records import Record, merge

_K = TypeVar("_K")
_V = TypeVar("_V")

# Enough for the listings that run concurrently in a test.
_MAX_CACHED_LISTINGS = 64
# How many of the first records the emulators of a process share.
_SHARED_RECORDS = 1024
# The earliest date of a change: 1 January 2023.
_EARLIEST = 1_672_531_200 * SECOND


class OpportunityStore:
    """The records of an emulator; thread-safe."""

    def __init__(
        self,
        opportunities: int | Iterable[Mapping[str, Any]],
        *,
        seed: int,
        catalog: str,
        behavior: Behavior,
        clock: Callable[[], float] | None,
        odd_values: bool,
    ) -> None:
        """Store records, or a number of records to generate when they are first needed."""
        self._seed = seed
        self._catalog = catalog
        self._data = SampleData(seed, catalog, day_of(clock), odd_values)
        self._behavior = behavior
        self.events = EventFeed(behavior, seed)
        self._clock = clock
        self._visible = VisibleRecords(behavior, seed, clock or time.monotonic)
        self._lock = threading.RLock()
        self._records: dict[int, Record] = {}
        self._serials: dict[str, int] = {}
        # The latest date of all, and the latest that the caller did not write into a change.
        self._latest = _EARLIEST
        self._latest_past = _EARLIEST
        self._orders: dict[tuple[str, ...], list[Record]] = {}
        self._listings: dict[str, tuple[RecordOrder, Sequence[Record]]] = {}
        number = opportunities if isinstance(opportunities, int) else 0
        if not 0 <= number <= MAX_OPPORTUNITIES:
            raise ValueError(
                f"opportunities must be from 0 to {MAX_OPPORTUNITIES:,}, not {number:,}: "
                "the Ids of generated ones would repeat"
            )
        # Late changes and random edits need all records.
        is_stable = not (
            behavior.late_seconds or behavior.late_requests or behavior.edits_per_request
        )
        self._missing = min(number, FIRST_ARCHIVED) if is_stable else number
        self._archive = Archive(self._missing, number, self._data, self._generate)
        oldest = self._archive.older_than
        self._oldest: dict[str, int] = {"LastModifiedDate": oldest, "CreatedDate": oldest}
        self._index = itertools.count(number)
        self._serial = number
        if not isinstance(opportunities, int):
            present = round(time.time() * 1_000_000) * 1000
            for wire in opportunities:
                record = Record.from_wire({"Catalog": catalog} | dict(wire))
                # A record of the future is one of the faults that a test may show.
                is_past = (record.last_modified or _EARLIEST) <= present
                self._visible.load(self._append(record, is_past=is_past))

    def now(self) -> int:
        """Return the service's own time in nanoseconds since 1970, never before its own dates."""
        read = time.time if self._clock is None else self._clock
        return max(round(read() * 1_000_000) * 1000, self._latest_past)

    def snapshot(self) -> list[dict[str, Any]]:
        """Return a copy of every record, in the order in which they were added."""
        with self._complete():
            self._empty_archive()
            return [self._records[serial].to_wire() for serial in sorted(self._records)]

    def listing(
        self, listing: str, parameters: Mapping[str, Any], number: int
    ) -> tuple[RecordOrder, Sequence[Record]]:
        """Return the order of a request's listing, and the records that match, in that order.

        ``listing`` is the parameters as text; the request's number may shuffle tied records.
        """
        with self._complete():
            if self._visible.begin_request():
                self._clear_caches()
            is_shuffled = self._behavior.tie_order == "random"
            found = None if is_shuffled else self._listings.get(listing)
            if found is None:
                order = RecordOrder(parameters, self._behavior, f"{self._seed}:{number}")
                found = order, self._select(order, parameters)
                _cache(self._listings, listing, found)
            return found

    def add(self, wire: Mapping[str, Any] | None) -> dict[str, Any]:
        """Add a record as it is, or generate one that was created after all others."""
        with self._complete():
            if wire is None:
                record = self._append(self._generate_new())
            else:
                own = {"Catalog": self._catalog} | dict(wire)
                record = self._append(Record.from_wire(own), is_past=False)
            self._change(record.serial, record)
            self._emit("Opportunity Created", record)
            return record.to_wire()

    def update(self, identifier: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Merge members into a record and move its LastModifiedDate on."""
        with self._complete():
            record = self._find_by_id(identifier)
            if changes.get("Id", identifier) != identifier:
                raise ValueError("the Id of an opportunity cannot change")
            return self._edit(record, changes, self._stamp()).to_wire()

    def touch_all(self) -> None:
        """Move every record's LastModifiedDate to one timestamp, as a mass edit does."""
        with self._complete():
            self._empty_archive()
            stamp = self._stamp()
            for record in list(self._records.values()):
                self._edit(record, {}, stamp)

    def touch_some(self, number: int, rng: Random) -> None:
        """Edit so many records, each at a time of its own."""
        with self._complete():
            records = list(self._records.values())
            for record in rng.sample(records, min(number, len(records))):
                self._edit(record, {}, self._stamp())

    def remove(self, identifier: str) -> None:
        """Remove a record."""
        with self._complete():
            serial = self._find_by_id(identifier).serial
            self._archive.take(serial)
            self._serials.pop(identifier, None)
            self._records.pop(serial, None)
            self._change(serial, None)

    def _complete(self) -> threading.RLock:
        # Generating takes longer than a start should, and a test of one error needs no records.
        with self._lock:
            missing, self._missing = self._missing, 0
            for index in range(missing):
                self._visible.load(self._put(self._generate(index)))
        return self._lock

    def _generate(self, index: int) -> Record:
        make = _generated if index < _SHARED_RECORDS else _generated.__wrapped__
        return make(self._data, index)

    def _generate_new(self) -> Record:
        record = self._generate(next(self._index))
        while record.identifier in self._serials:
            record = self._generate(next(self._index))
        now = _format(self._stamp())
        return Record.from_wire(record.to_wire() | {"CreatedDate": now, "LastModifiedDate": now})

    def _empty_archive(self) -> None:
        if self._archive:
            self._clear_caches()
        for record in self._archive.take_all():
            self._visible.load(self._put(record))

    def _find_by_id(self, identifier: str) -> Record:
        if identifier in self._serials:
            return self._records[self._serials[identifier]]
        record = self._archive.find(identifier)
        if record is None:
            raise KeyError(identifier)
        return record

    def _stamp(self) -> int:
        if self._clock is not None:
            unit = UNITS["ms" if self._behavior.timestamps is None else "ns"]
            now = round(self._clock() * 1_000_000) * 1000 // unit * unit
            # A clock that stands still makes ties, as edits in one millisecond are.
            if now > self._latest - SECOND:
                return max(now, self._latest)
        return self._latest // UNITS["ms"] * UNITS["ms"] + SECOND

    def _append(self, record: Record, *, is_past: bool = True) -> Record:
        if record.identifier is not None and (
            record.identifier in self._serials or self._archive.find(record.identifier)
        ):
            raise ValueError(f"there is an opportunity {record.identifier} already")
        self._serial += 1
        return self._put(replace(record, serial=self._serial), is_past=is_past)

    def _edit(self, before: Record, changes: Mapping[str, Any], stamp: int) -> Record:
        wire = before.to_wire() | {"LastModifiedDate": _format(stamp)}
        edited = Record.from_wire(merge(wire, changes), before.serial)
        record = self._put(edited, is_past="LastModifiedDate" not in changes)
        self._archive.take(record.serial)
        self._change(record.serial, record)
        self._emit("Opportunity Updated", record)
        return record

    def _put(self, record: Record, *, is_past: bool = True) -> Record:
        self._records[record.serial] = record
        if record.identifier is not None:
            self._serials[record.identifier] = record.serial
        changed = record.last_modified or _EARLIEST
        if is_past:
            self._latest_past = max(self._latest_past, changed)
        # A clock decides by itself what the time is, whatever dates are written into records.
        if is_past or self._clock is None:
            self._latest = max(self._latest, changed)
        dates = {"LastModifiedDate": record.last_modified, "CreatedDate": record.created}
        for name, timestamp in dates.items():
            self._oldest[name] = min(self._oldest[name], timestamp or 0)
        return record

    def _change(self, serial: int, record: Record | None) -> None:
        if self._visible.change(serial, record):
            self._clear_caches()

    def _emit(self, detail_type: EventType, record: Record) -> None:
        if record.identifier is not None:
            timestamp = record.last_modified or self._latest
            catalog = record.catalog or self._catalog
            self.events.emit(detail_type, catalog, record.identifier, timestamp)

    def _clear_caches(self) -> None:
        self._orders.clear()
        self._listings.clear()

    def _select(self, order: RecordOrder, parameters: Mapping[str, Any]) -> Sequence[Record]:
        match = make_matcher(parameters, self._catalog, self._behavior)
        is_elsewhere = parameters["Catalog"] != self._catalog
        if not self._archive or is_elsewhere or self._archive.is_excluded_by(parameters):
            return self._sorted(order, match)
        if "Identifier" in parameters:
            archived = map(self._archive.find, parameters["Identifier"])
            named = filter(None, archived)
            return order.sort(filter(match, itertools.chain(self._visible.records, named)))
        by = order.name[0]
        # A record that is older than the archive has to be sorted into it.
        if (
            parameters.keys() <= {"Catalog", "Sort"}
            and self._oldest.get(by, 0) >= self._archive.older_than
        ):
            older = self._archive.latest_first()
            head = self._sorted(order, match)
            return list_with_archive(head, older, descending=order.is_descending)
        self._empty_archive()
        return self._sorted(order, match)

    def _sorted(self, order: RecordOrder, match: RecordTest) -> list[Record]:
        if order.name not in self._orders:
            _cache(self._orders, order.name, order.sort(self._visible.records))
        return [record for record in self._orders[order.name] if match(record)]


def _cache(cache: dict[_K, _V], key: _K, value: _V) -> None:
    if len(cache) >= _MAX_CACHED_LISTINGS:
        del cache[next(iter(cache))]
    cache[key] = value


def _format(timestamp: int) -> str:
    return format_timestamp(timestamp, "ns" if timestamp % UNITS["ms"] else "ms")


@lru_cache(maxsize=2 * _SHARED_RECORDS)
def _generated(data: SampleData, index: int) -> Record:
    # Tests start many emulators with the same few records.
    return Record.from_wire(data.generate(index), serial=index + 1)
