"""The archive: invented opportunities that nobody has asked for, older than all others.

An index tells when its opportunity was created and changed, and an Id tells the index, so that
pages by date and opportunities by Id are had without inventing the rest.
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

from partnercentral_list.emulator._dataset import FIRST_DAY, index_of
from partnercentral_list.emulator._instants import SECOND, parse_instant
from partnercentral_list.emulator._record import Record

# All that is here was created, and changed, before.
OLDER_THAN = int(FIRST_DAY.timestamp()) * SECOND


def asks_for_younger(parameters: Mapping[str, Any]) -> bool:
    """Say whether a request's bounds leave out all that an archive can hold."""
    bounds = [
        parameters.get("LastModifiedDate", {}).get("AfterLastModifiedDate"),
        parameters.get("CreatedDate", {}).get("AfterCreatedDate"),
    ]
    return any((parse_instant(bound) or 0) >= OLDER_THAN for bound in bounds)


class Archive:
    """The invented opportunities of a range of indices, except those that were taken out."""

    def __init__(self, first: int, end: int, seed: int, invent: Callable[[int], Record]) -> None:
        self._first = first
        self._end = end
        self._seed = seed
        self._invent = invent
        self._taken: tuple[int, ...] = ()

    def __len__(self) -> int:
        return max(0, self._end - self._first - len(self._taken))

    def find(self, identifier: str) -> Record | None:
        """Give the opportunity of an Id, if it is here."""
        index = index_of(self._seed, identifier)
        if index is None or not self._first <= index < self._end or index in self._taken:
            return None
        return self._invent(index)

    def take(self, serial: int) -> None:
        """Take the opportunity of a serial out, if it is here."""
        index = serial - 1
        if self._first <= index < self._end and index not in self._taken:
            self._taken = tuple(sorted((*self._taken, index)))

    def take_all(self) -> Iterator[Record]:
        """Take out all that are left, the latest first."""
        records = Run(self._first, self._end, self._taken, self._invent)
        self._end = self._first
        self._taken = ()
        return iter(records)

    def latest_first(self) -> Run:
        """Give what is here now, the latest first."""
        return Run(self._first, self._end, self._taken, self._invent)


class Computed(Sequence[Record]):
    """Records that come about when they are looked at."""

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
        """Give the record of a position that there is."""


class Run(Computed):
    """Opportunities by position, invented each time that they are looked at."""

    def __init__(
        self, first: int, end: int, gaps: tuple[int, ...], invent: Callable[[int], Record]
    ) -> None:
        self._first = first
        self._length = end - first - len(gaps)
        # How many gaps are before a place is how many of these are not behind it.
        self._gaps = [gap - number for number, gap in enumerate(gaps)]
        self._invent = invent

    def __len__(self) -> int:
        return self._length

    def _at(self, position: int) -> Record:
        place = self._first + position
        return self._invent(place + bisect_right(self._gaps, place))


class Chain(Computed):
    """Sorted records with a run behind them, or the whole the other way round."""

    def __init__(self, head: Sequence[Record], run: Run, *, down: bool) -> None:
        """Join records with a run of older ones; ``head`` is sorted as the whole is to be."""
        self._head = head
        self._run = run
        self._down = down

    def __len__(self) -> int:
        return len(self._head) + len(self._run)

    def _at(self, position: int) -> Record:
        if self._down:
            head = len(self._head)
            return self._head[position] if position < head else self._run[position - head]
        run = len(self._run)
        return self._run[run - 1 - position] if position < run else self._head[position - run]
