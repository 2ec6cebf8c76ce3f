"""The archive: generated opportunities that no request has needed yet, older than all others.

An index determines when its opportunity was created and changed, and an Id determines the index.
So pages by date and opportunities by Id need only the opportunities that they show.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from partnercentral_list.emulator._dataset import SampleData
from partnercentral_list.emulator._model import SECOND, parse_timestamp
from partnercentral_list.emulator._records import Record


class Archive:
    """The opportunities of a range of indices, except those that were taken out."""

    def __init__(
        self, first: int, end: int, data: SampleData, generate: Callable[[int], Record]
    ) -> None:
        self._first = first
        self._end = end
        self._data = data
        self._generate = generate
        self._taken: tuple[int, ...] = ()
        # Everything in it was created, and changed, before.
        self.older_than = int(data.first_day.timestamp()) * SECOND

    def __len__(self) -> int:
        return max(0, self._end - self._first - len(self._taken))

    def is_excluded_by(self, parameters: Mapping[str, Any]) -> bool:
        """Return whether a request's bounds exclude everything that an archive can hold."""
        bounds = [
            parameters.get("LastModifiedDate", {}).get("AfterLastModifiedDate"),
            parameters.get("CreatedDate", {}).get("AfterCreatedDate"),
        ]
        return any((parse_timestamp(bound) or 0) >= self.older_than for bound in bounds)

    def find(self, identifier: str) -> Record | None:
        """Return the opportunity with an Id, or None if it is not in the archive."""
        index = self._data.index_of(identifier)
        if index is None or not self._first <= index < self._end or index in self._taken:
            return None
        return self._generate(index)

    def take(self, serial: int) -> None:
        """Remove the opportunity with a serial, if it is in the archive."""
        index = serial - 1
        if self._first <= index < self._end and index not in self._taken:
            self._taken = tuple(sorted((*self._taken, index)))

    def take_all(self) -> LazyRecords:
        """Remove all opportunities and return them, the latest first."""
        records = self.latest_first()
        self._end = self._first
        self._taken = ()
        return records

    def latest_first(self) -> LazyRecords:
        """Return all opportunities that are in the archive now, the latest first."""
        first, generate = self._first, self._generate
        # A position moves up by one for each of these thresholds that it reaches: for each index
        # that was removed before it.
        thresholds = [index - number for number, index in enumerate(self._taken)]

        def at(position: int) -> Record:
            index = first + position
            return generate(index + bisect_right(thresholds, index))

        return LazyRecords(len(self), at)


class LazyRecords(Sequence[Record]):
    """Records that are generated when they are accessed."""

    def __init__(self, length: int, at: Callable[[int], Record]) -> None:
        """Set the number of records, and the function that generates the one at an index."""
        self._length = length
        self._at = at

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, position: int) -> Record: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Record]: ...

    def __getitem__(self, position: int | slice) -> Record | Sequence[Record]:
        if isinstance(position, slice):
            return [self._at(place) for place in range(self._length)[position]]
        if not 0 <= position < self._length:
            raise IndexError(position)
        return self._at(position)


def list_with_archive(
    records: Sequence[Record], older: Sequence[Record], *, descending: bool
) -> LazyRecords:
    """Return sorted records followed by older ones, or the whole in reverse.

    ``records`` are sorted as the whole is to be, ``older`` begins with the latest.
    """
    young, old = len(records), len(older)

    def at(position: int) -> Record:
        if descending:
            return records[position] if position < young else older[position - young]
        return older[old - 1 - position] if position < old else records[position - old]

    return LazyRecords(young + old, at)
