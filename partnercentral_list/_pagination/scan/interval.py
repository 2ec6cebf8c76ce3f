"""Intervals of creation time that a scan has not read yet.

A scan reads an interval from both of its boundaries, which move toward each other page by page. A
second in which more records were created than a page holds is read by `TiedSecond`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from partnercentral_list._pagination.scan.query import (
    ASCENDING,
    ONE_SECOND,
    OVERLAP_SECONDS,
    REACH_SECONDS,
    Direction,
    PageSequence,
    ScanPage,
    ScanQuery,
)
from partnercentral_list.models.fields import MAX_PAGE_SIZE

#: Two pages are alike if the density of one is at most this many times that of the other.
ALIKE_FACTOR: Final = 4
#: After alike pages in a row, this share of their records is expected to follow.
CONTINUATION: Final = 0.75


class Boundary:
    """One boundary of an interval: where a scan reads it, in ascending or descending order.

    Args:
        query: The filters of the scan.
        direction: The order of the pages that it requests: the earlier boundary of an interval
            ascends, the later one descends.
        position: The second up to which records were read; None until its first page is received.
        density: The expected records per second of creation time.
    """

    def __init__(
        self, query: ScanQuery, direction: Direction, position: int | None, density: float
    ) -> None:
        self._query = query
        self.direction: Direction = direction
        self.position = position
        self.density = density
        self.alike_in_a_row = 0
        """The number of records on the latest pages of about the same density."""
        self.is_busy = False
        """Whether a page of it is in flight."""
        self.is_fresh = position is None
        self.is_at_end = False
        self.interval: Interval
        self.bounds: tuple[int | None, int | None] = (None, None)
        """The positions between which its pages were requested."""
        self.pages: PageSequence | None = None

    @property
    def opposite(self) -> Boundary:
        """The other boundary of the interval."""
        interval = self.interval
        return interval.later if self is interval.earlier else interval.earlier

    @property
    def expected_position(self) -> float:
        """An estimate of the position once the page in flight is received."""
        assert self.position is not None  # noqa: S101 # only bounded intervals are divided
        is_known = self.is_busy and self.density > 0
        ahead = self._query.page_size / self.density if is_known else 0.0
        return self.position + self.direction * ahead

    def request(self) -> Mapping[str, object]:
        """Return the parameters of the next page."""
        if self.pages is None:
            # The first request has no bound of the scan's, which would exclude undated records.
            is_first = self.position is None
            low, high = (None, None) if is_first else self.interval.positions
            self.bounds = low, high
            after = None if low is None else low - OVERLAP_SECONDS
            before = None if high is None else high + OVERLAP_SECONDS
            self.pages = self._query.between(self.direction, after, before)
        return self.pages.request()

    def restart(self) -> None:
        """Start the query again at its first page, because AWS refused a token."""
        if self.pages is not None:
            self.pages.records.restart()

    def is_beyond(self, second: int, other: int | None) -> bool:
        """Return whether a second comes after another one in this boundary's direction."""
        return other is not None and self.direction * (second - other) > 0

    def measure(self, seconds: int, records: int) -> None:
        """Update the expected density.

        Args:
            seconds: The seconds of creation time between the first and last record of a page.
            records: The number of records on that page.
        """
        latest = records / max(1, seconds)
        is_alike = latest / ALIKE_FACTOR <= self.density <= latest * ALIKE_FACTOR
        self.alike_in_a_row = records + (self.alike_in_a_row if is_alike else 0)
        self.density = latest if not self.density else (self.density + latest) / 2


@dataclass(eq=False, slots=True)
class Interval:
    """An interval of creation time that a scan has not read yet."""

    earlier: Boundary
    later: Boundary

    def __post_init__(self) -> None:
        self.earlier.interval = self.later.interval = self

    @property
    def boundaries(self) -> tuple[Boundary, Boundary]:
        """The earlier and the later boundary."""
        return self.earlier, self.later

    @property
    def positions(self) -> tuple[int | None, int | None]:
        """The positions of the earlier and the later boundary; None where one is not known yet."""
        return self.earlier.position, self.later.position

    @property
    def is_bounded(self) -> bool:
        """True if the positions of both boundaries are known."""
        return None not in self.positions

    @property
    def length(self) -> float:
        """The length in seconds; infinite while a boundary has no position."""
        if self.earlier.position is None or self.later.position is None:
            return inf
        return self.later.position - self.earlier.position

    def is_within(self, low: int | None, high: int | None) -> bool:
        """Return whether the interval lies between two seconds; None sets no limit."""
        start, end = self.positions
        return (low is None or (start is not None and start >= low)) and (
            high is None or (end is not None and end <= high)
        )

    def remaining(self, page_size: int, max_density: float) -> float:
        """Estimate how many records of the interval are left to request.

        Args:
            page_size: The number of records on a full page.
            max_density: The records per second at which the estimate is capped.
        """
        if not self.is_bounded:
            return inf
        density = (self.earlier.density + self.later.density) / 2
        # The average says little within an import: what continued for pages may continue.
        continued = CONTINUATION * (self.earlier.alike_in_a_row + self.later.alike_in_a_row)
        credible = max(self.length * max_density, continued)
        in_flight = page_size * sum(boundary.is_busy for boundary in self.boundaries)
        return max(0.0, min(self.length * density, credible) - in_flight)


class TiedSecond:
    """Reads one second in which more records were created than a page holds.

    No filter divides a second, so its pages are read by token until they are proven complete.

    Args:
        query: The filters of the scan.
        pages: The query whose page reached the second.
        page: That page.
        direction: The order of that query.
        second: The second, since 1970.
    """

    def __init__(
        self,
        query: ScanQuery,
        pages: PageSequence,
        page: ScanPage,
        direction: Direction,
        second: int,
    ) -> None:
        self._second = second
        self.is_busy = False
        """Whether a page of it is in flight."""
        self.is_done = False
        # Where one pass over full pages is enough, it continues the query that reached the second.
        self._continues = not query.can_lose_records and query.page_size == MAX_PAGE_SIZE
        self._pages = pages if self._continues else query.around(second)
        self.direction: Direction = direction if self._continues else ASCENDING
        """The order of its pages."""
        if self._continues:
            pages.records = query.tied_records(ONE_SECOND)
            pages.records.receive(page.versions, page.token)

    def request(self) -> Mapping[str, object]:
        """Return the parameters of the next page."""
        return self._pages.request()

    def receive(self, page: ScanPage) -> None:
        """Process the page that `request` described.

        Raises:
            PaginationError: The records cannot be proven complete.
        """
        is_end = page.token is None or (self._continues and self._is_past(page))
        self._pages.records.receive(page.versions, None if is_end else page.token)
        self.is_done = self._pages.records.complete_pass is not None

    def restart(self) -> None:
        """Start the query again at its first page, because AWS refused a token."""
        self._pages.records.restart()

    def _is_past(self, page: ScanPage) -> bool:
        if not page.seconds or page.ends_undated:
            return False
        return self.direction * (page.seconds[-1] - self._second) >= REACH_SECONDS
