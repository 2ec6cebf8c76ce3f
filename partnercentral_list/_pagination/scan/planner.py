"""The planner of a scan: decides which page is fetched next.

A scan divides creation time into intervals, and reads each from both boundaries. Everything created
outside the intervals has been received, or belongs to a `TiedSecond`. Estimates of where records
are decide about speed, never about what is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Final, TypeAlias

from partnercentral_list._pagination.scan.interval import Boundary, Interval, TiedSecond
from partnercentral_list._pagination.scan.query import (
    ASCENDING,
    DESCENDING,
    FIRST_SECOND,
    LAST_SECOND,
    REACH_SECONDS,
    PageSequence,
    ScanPage,
    ScanQuery,
)

#: An interval is divided only if so many pages may be left in it, and it is so many seconds long.
MIN_PAGES_TO_DIVIDE: Final = 1.5
MIN_SECONDS_TO_DIVIDE: Final = 6
#: While one boundary's page is in flight, the other one waits if less of a page may be left.
MIN_PAGES_FOR_SECOND_BOUNDARY: Final = 0.3

#: The estimated density of an interval is capped at so many times the average: extrapolated from
#: a short burst, a long interval would seem to hold thousands of records where there are none.
MAX_TIMES_AVERAGE: Final = 12
#: An average of fewer records says nothing yet.
MIN_RECORDS_FOR_AVERAGE: Final = 500

PageSource: TypeAlias = Boundary | TiedSecond
"""A source of pages, of which the planner chooses one at a time."""


class AverageDensity:
    """Records received per second of creation time, over the whole scan."""

    def __init__(self) -> None:
        self._total_seconds: float | None = None
        self._seconds_left = inf
        self._records = 0

    def add(self, records: int, seconds_left: float) -> None:
        """Add a received page.

        Args:
            records: The number of its records.
            seconds_left: The length of all intervals; infinite until the first is bounded.
        """
        if self._total_seconds is not None:
            self._records += records
            self._seconds_left = seconds_left
        elif isfinite(seconds_left):
            self._total_seconds = seconds_left

    @property
    def max_credible(self) -> float:
        """The density, in records per second, at which an estimate is capped."""
        if self._total_seconds is None or self._records < MIN_RECORDS_FOR_AVERAGE:
            return inf
        seconds = max(1.0, self._total_seconds - self._seconds_left)
        return MAX_TIMES_AVERAGE * self._records / seconds


@dataclass(slots=True)
class ScanPlanner:
    """Decides which page a scan fetches next, and when the scan is complete."""

    query: ScanQuery
    intervals: list[Interval] = field(init=False)
    tied_seconds: list[TiedSecond] = field(init=False, default_factory=list[TiedSecond])
    average: AverageDensity = field(init=False, default_factory=AverageDensity)

    def __post_init__(self) -> None:
        earlier = Boundary(self.query, ASCENDING, None, 0.0)
        later = Boundary(self.query, DESCENDING, None, 0.0)
        self.intervals = [Interval(earlier, later)]

    @property
    def is_done(self) -> bool:
        """True if everything has been received."""
        return not self.intervals and not self.tied_seconds

    @property
    def has_work(self) -> bool:
        """True if a page is worth fetching before those in flight are received."""
        return self._best() is not None

    def take(self) -> PageSource | None:
        """Choose the source of the next page, and mark it busy until `receive`; None to wait."""
        best = self._best()
        if isinstance(best, Interval):
            best = self._divide(best)
        if best is not None:
            best.is_busy = True
        return best

    def receive(self, source: PageSource, page: ScanPage) -> None:
        """Process the page that was fetched.

        Raises:
            PaginationError: Records that only tokens lead to cannot be proven complete.
        """
        source.is_busy = False
        if isinstance(source, Boundary):
            self._advance(source, page)
        else:
            source.receive(page)
        self.tied_seconds = [tied for tied in self.tied_seconds if not tied.is_done]
        self.intervals = [interval for interval in self.intervals if interval.length >= 0]
        seconds_left = sum(interval.length for interval in self.intervals)
        self.average.add(len(page.versions), seconds_left)

    def restart(self, source: PageSource) -> None:
        """Start a source again at the first page of its query, because AWS refused its token."""
        source.is_busy = False
        source.restart()

    def _best(self) -> PageSource | Interval | None:
        for tied in self.tied_seconds:
            # Nothing divides it, so it begins as early as possible.
            if not tied.is_busy:
                return tied
        boundaries = [boundary for interval in self.intervals for boundary in interval.boundaries]
        fresh = [boundary for boundary in boundaries if boundary.is_fresh]
        if fresh:
            return next((boundary for boundary in fresh if not boundary.is_busy), None)
        # Until both positions are known, the opposite boundary may be where nothing is left.
        unplaced = [boundary for boundary in boundaries if boundary.position is None]
        if unplaced and not unplaced[0].is_busy:
            return unplaced[0]
        idle = [boundary for boundary in boundaries if self._is_worth_a_page(boundary)]
        best = max(idle, key=lambda boundary: self._remaining(boundary.interval), default=None)
        divisible = [
            interval
            for interval in self.intervals
            if interval.is_bounded and interval.length >= MIN_SECONDS_TO_DIVIDE
        ]
        fullest = max(divisible, key=self._remaining, default=None)
        if fullest is None or self._remaining(fullest) < MIN_PAGES_TO_DIVIDE * self.query.page_size:
            return best
        is_better = best is None or self._remaining(best.interval) < self._remaining(fullest) / 2
        return fullest if is_better else best

    def _remaining(self, interval: Interval) -> float:
        return interval.remaining(self.query.page_size, self.average.max_credible)

    def _is_worth_a_page(self, boundary: Boundary) -> bool:
        if boundary.is_busy or boundary.is_at_end:
            return False
        enough = MIN_PAGES_FOR_SECOND_BOUNDARY * self.query.page_size
        return not boundary.opposite.is_busy or self._remaining(boundary.interval) >= enough

    def _divide(self, interval: Interval) -> Boundary:
        earlier, later = interval.boundaries
        # Only bounded intervals are divided.
        assert earlier.position is not None  # noqa: S101 # see above
        assert later.position is not None  # noqa: S101 # see above
        middle = round((earlier.expected_position + later.expected_position) / 2)
        middle = max(middle, earlier.position + REACH_SECONDS)
        middle = min(middle, later.position - REACH_SECONDS)
        density = (earlier.density + later.density) / 2
        down = Boundary(self.query, DESCENDING, middle, density)
        up = Boundary(self.query, ASCENDING, middle, density)
        place = self.intervals.index(interval)
        self.intervals[place : place + 1] = [Interval(earlier, down), Interval(up, later)]
        return up

    def _advance(self, boundary: Boundary, page: ScanPage) -> None:
        boundary.is_fresh = False
        pages = boundary.pages
        assert pages is not None  # noqa: S101 # its request was sent
        # Records without a creation date are passed by token only.
        is_passed_by_token = not page.seconds or page.ends_undated
        token = page.token if is_passed_by_token else None
        pages.records.receive(page.versions, token)
        is_open = boundary.interval in self.intervals
        if token is not None or pages.records.complete_pass is None:
            if not is_open:
                boundary.pages = None
            return
        boundary.pages = None
        if page.token is None:
            self._end(boundary)
        elif is_open:
            self._move(boundary, pages, page)

    def _move(self, boundary: Boundary, pages: PageSequence, page: ScanPage) -> None:
        first, last = page.seconds[0], page.seconds[-1]
        is_one_second = first == last
        if not is_one_second:
            boundary.measure(abs(last - first), len(page.seconds))
        has_moved = boundary.position is None or boundary.is_beyond(last, boundary.position)
        if not has_moved:
            assert boundary.position is not None  # noqa: S101 # else it has moved
            last = boundary.position
        is_past_opposite = boundary.is_beyond(last, boundary.opposite.position)
        if is_past_opposite or (has_moved and not is_one_second):
            boundary.position = last
            return
        self.tied_seconds.append(TiedSecond(self.query, pages, page, boundary.direction, last))
        boundary.position = last + boundary.direction * REACH_SECONDS

    def _end(self, boundary: Boundary) -> None:
        # The query that has ended returned everything between the bounds that it was sent with.
        low, high = boundary.bounds
        if boundary.opposite.position is None and boundary.bounds != (None, None):
            # But for records without a date, which the opposite boundary is reading now.
            boundary.is_at_end = True
            boundary.position = LAST_SECOND if boundary.direction == ASCENDING else FIRST_SECOND
        else:
            self.intervals = [one for one in self.intervals if not one.is_within(low, high)]
