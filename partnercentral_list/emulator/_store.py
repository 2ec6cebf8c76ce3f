"""The opportunities of one emulator: kept as encoded records, listed in cached orders."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from partnercentral_list.emulator._dataset import generate
from partnercentral_list.emulator._instants import following, format_instant
from partnercentral_list.emulator._query import DEFAULT_SORT, Record, matcher, ordered

# Enough for the listings that run side by side in a test.
_LISTINGS_KEPT = 64
# Before any record; 1 January 2023.
_DAWN = 1_672_531_200 * 1_000_000_000


class Store:
    """Holds the records; safe to use from several threads at once."""

    def __init__(
        self, opportunities: int | Iterable[Mapping[str, Any]], seed: int, catalog: str
    ) -> None:
        """Take records, or the number of records to invent when they are first needed.

        Raises:
            TypeError, ValueError: A negative number, a record that is not JSON, an Id used twice.
        """
        self._seed = seed
        self._catalog = catalog
        self._lock = threading.RLock()
        self._records: list[Record] = []
        self._positions: dict[str, int] = {}
        self._latest = _DAWN
        self._orders: dict[tuple[str, str], list[Record]] = {}
        self._listings: dict[str, Sequence[Record]] = {}
        self._missing = 0
        self._index = itertools.count()
        if isinstance(opportunities, int):
            if opportunities < 0:
                raise ValueError("opportunities must be 0 or more")
            self._missing = opportunities
        else:
            for wire in opportunities:
                self._append(self._from_wire(wire))

    def snapshot(self) -> list[dict[str, Any]]:
        """Give a copy of every record, in the order in which they were added."""
        with self._complete():
            return [record.to_wire() for record in self._records]

    def listing(self, listing: str, parameters: Mapping[str, Any]) -> Sequence[Record]:
        """Give what matches a request, in its order; ``listing`` is the parameters as text."""
        with self._complete():
            found = self._listings.get(listing)
            if found is None:
                if len(self._listings) >= _LISTINGS_KEPT:
                    del self._listings[next(iter(self._listings))]
                match = matcher(parameters, self._catalog)
                found = [record for record in self._order(parameters) if match(record)]
                self._listings[listing] = found
            return found

    def add(self, wire: Mapping[str, Any] | None) -> dict[str, Any]:
        """Append a record as it is, or invent one that was created after all others.

        Raises:
            TypeError, ValueError: The record is not JSON, or its Id is used already.
        """
        with self._complete():
            record = self._invent_new() if wire is None else self._from_wire(wire)
            self._append(record)
            return record.to_wire()

    def update(self, identifier: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Merge members into a record and move its LastModifiedDate past every other.

        Raises:
            KeyError: There is no record with this Id.
            ValueError: The change is to the Id.
        """
        with self._complete():
            position = self._positions[identifier]
            if changes.get("Id", identifier) != identifier:
                raise ValueError("the Id of an opportunity cannot change")
            stamp = {"LastModifiedDate": format_instant(following(self._latest))}
            before = self._records[position].to_wire()
            record = Record.from_wire(_merge(_merge(before, stamp), changes))
            self._records[position] = record
            self._note(record)
            return record.to_wire()

    def _complete(self) -> threading.RLock:
        # Inventing takes longer than a start should, and a test of one error needs no records.
        with self._lock:
            missing, self._missing = self._missing, 0
            for record in self._invent(missing):
                self._append(record)
        return self._lock

    def _invent(self, number: int) -> Iterator[Record]:
        for index in itertools.islice(self._index, number):
            yield _invented(self._seed, index, self._catalog)

    def _invent_new(self) -> Record:
        record = next(self._invent(1))
        while record.identifier in self._positions:
            record = next(self._invent(1))
        now = format_instant(following(self._latest))
        return Record.from_wire(record.to_wire() | {"CreatedDate": now, "LastModifiedDate": now})

    def _from_wire(self, wire: Mapping[str, Any]) -> Record:
        return Record.from_wire({"Catalog": self._catalog} | dict(wire))

    def _append(self, record: Record) -> None:
        if record.identifier is not None:
            if record.identifier in self._positions:
                raise ValueError(f"there is an opportunity {record.identifier} already")
            self._positions[record.identifier] = len(self._records)
        self._records.append(record)
        self._note(record)

    def _note(self, record: Record) -> None:
        self._latest = max(self._latest, record.last_modified or _DAWN)
        self._orders.clear()
        self._listings.clear()

    def _order(self, parameters: Mapping[str, Any]) -> list[Record]:
        sort: Mapping[str, str] = parameters.get("Sort", {})
        key = (sort.get("SortBy", DEFAULT_SORT[0]), sort.get("SortOrder", DEFAULT_SORT[1]))
        if key not in self._orders:
            self._orders[key] = ordered(self._records, *key)
        return self._orders[key]


@lru_cache(maxsize=1024)
def _invented(seed: int, index: int, catalog: str) -> Record:
    # Tests start many emulators with the same few records.
    return Record.from_wire(generate(seed, index, catalog))


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        current: object = merged.get(name)
        if isinstance(current, Mapping) and isinstance(value, Mapping):
            merged[name] = _merge(
                cast("Mapping[str, Any]", current), cast("Mapping[str, Any]", value)
            )
        else:
            merged[name] = value
    return merged
