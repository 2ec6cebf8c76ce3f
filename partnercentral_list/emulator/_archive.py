"""The archive: generated opportunities that no request has needed yet, older than all others.

An index determines when its opportunity was created and changed, and an Id determines the index.
So pages by date and opportunities by Id need only the opportunities that they show.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

from partnercentral_list.emulator._dataset import FIRST_DAY, index_of
from partnercentral_list.emulator._model import SECOND, parse_timestamp
from partnercentral_list.emulator._records import Record

# Everything in an archive was created, and changed, before.
OLDER_THAN = int(FIRST_DAY.timestamp()) * SECOND


def excludes_archive(parameters: Mapping[str, Any]) -> bool:
    """Return whether a request's bounds exclude everything that an archive can hold."""
    bounds = [
        parameters.get("LastModifiedDate", {}).get("AfterLastModifiedDate"),
        parameters.get("CreatedDate", {}).get("AfterCreatedDate"),
    ]
    return any((parse_timestamp(bound) or 0) >= OLDER_THAN for bound in bounds)


class Archive:
    """The opportunities of a range of indices, except those that were taken out."""

    def __init__(self, first: int, end: int, seed: int, generate: Callable[[int], Record]) -> None:
        self._first = first
        self._end = end
        self._seed = seed
        self._generate = generate
        self._taken: tuple[int, ...] = ()

    def __len__(self) -> int:
        return max(0, self._end - self._first - len(self._taken))

    def find(self, identifier: str) -> Record | None:
        """Return the opportunity of an Id, or None if it is not in the archive."""
        index = index_of(self._seed, identifier)
        if index is None or not self._first <= index < self._end or index in self._taken:
            return None
        return self._generate(index)

    def take(self, serial: int) -> None:
        """Take out the opportunity of a serial, if it is in the archive."""
        index = serial - 1
        if self._first <= index < self._end and index not in self._taken:
            self._taken = tuple(sorted((*self._taken, index)))

    def take_all(self) -> Iterator[Record]:
        """Take out all opportunities, the latest first."""
        records = self.latest_first()
        self._end = self._first
        self._taken = ()
        return iter(records)

    def latest_first(self) -> GeneratedRecords:
        """Return all opportunities that are in the archive now, the latest first."""
        return GeneratedRecords(self._first, self._end, self._taken, self._generate)


class _LazySequence(Sequence[Record]):
    """Records that are made when they are accessed."""

    @overload
    def __getitem__(self, position: int) -> Record: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Record]: ...

    def __getitem__(self, position: int | slice) -> Record | Sequence[Record]:
        if isinstance(position, slice):
            return [self[place] for place in range(*position.indices(len(self)))]
        if not 0 <= position < len(self):
            raise IndexError(position)
        return self._at(position)

    @abstractmethod
    def _at(self, position: int) -> Record:
        """Return the record of a valid position."""


class GeneratedRecords(_LazySequence):
    """The opportunities of a range of indices with gaps, generated at each access."""

    def __init__(
        self, first: int, end: int, gaps: tuple[int, ...], generate: Callable[[int], Record]
    ) -> None:
        self._first = first
        self._length = end - first - len(gaps)
        # So many gaps are before an index as these numbers are not above it.
        self._gaps = [gap - number for number, gap in enumerate(gaps)]
        self._generate = generate

    def __len__(self) -> int:
        return self._length

    def _at(self, position: int) -> Record:
        index = self._first + position
        return self._generate(index + bisect_right(self._gaps, index))


class ListedWithArchive(_LazySequence):
    """Sorted records followed by older generated ones, or the whole in reverse."""

    def __init__(
        self, records: Sequence[Record], older: GeneratedRecords, *, descending: bool
    ) -> None:
        """Join the two; ``records`` are sorted as the whole is to be."""
        self._records = records
        self._older = older
        self._descending = descending

    def __len__(self) -> int:
        return len(self._records) + len(self._older)

    def _at(self, position: int) -> Record:
        if self._descending:
            young = len(self._records)
            return self._records[position] if position < young else self._older[position - young]
        old = len(self._older)
        return self._older[old - 1 - position] if position < old else self._records[position - old]
