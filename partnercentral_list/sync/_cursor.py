"""DateCursor: reads a listing page by page, by date, so that no concurrent edit hides a record.

The next page starts at the date at which the last one ended, not at its token. A token may be an
offset, and an edit of a record before it then moves a record from behind it to a page that was
read already. docs/sync-guarantees.md explains why reading by date is complete.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

from partnercentral_list._tied_records import TiedRecords
from partnercentral_list.errors import MalformedResponseError, PaginationError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._source import (
    MAX_CLOCK_SKEW,
    SECOND,
    SortKey,
    Source,
    SourcePage,
    SourceQuery,
    SourceRow,
    is_ahead,
    next_query,
    restarting,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


def look_back(date: datetime, lookback: timedelta) -> datetime:
    """Return the start of the lookback window that ends at `date`, 1970 at the earliest."""
    return EPOCH if date - EPOCH < lookback else date - lookback


@dataclass(frozen=True, slots=True)
class CursorPage:
    """Rows that were read, and the watermark that they prove."""

    rows: tuple[SourceRow, ...]
    watermark: datetime | None
    """The date up to which everything is read with these rows; None if they prove none."""
    clock: datetime | None = None
    """AWS's clock when it sent the last of the rows; None if it did not say."""

    @classmethod
    def without_watermark(cls, page: SourcePage) -> CursorPage:
        """Return the rows of a page that is not part of a listing by date."""
        return cls(page.rows, None, page.clock)


@dataclass(slots=True)
class TiedRange:
    """Records up to a date, more of them than a page holds."""

    end: datetime
    records: TiedRecords
    last_pages: list[SourcePage] = field(default_factory=list[SourcePage])
    """The page at which each pass reached the end."""


_State: TypeAlias = Callable[[], Awaitable[CursorPage | None]]


class DateCursor:
    """Reads everything after a date, up to the latest date when it started.

    Args:
        source: Fetches the pages.
        start: The date to start from; None for everything.
        key: The date to sort and filter by.
        watermark: The stored watermark that `start` was computed from. If it is ahead of AWS's
            clock by `MAX_CLOCK_SKEW`, it proves nothing, and everything is read; if by less, the
            start is as much earlier.
    """

    def __init__(
        self,
        source: Source,
        start: datetime | None,
        key: SortKey = "LastModifiedDate",
        watermark: datetime | None = None,
    ) -> None:
        self._source = source
        self._query = SourceQuery(key, start)
        self._state: _State | None = self._start
        self._watermark = watermark
        self._newest: datetime | None = None
        """The latest date at the start that AWS's clock had reached; no watermark passes it."""
        self._end: datetime | None = None
        """The latest date at the start, reached or not; the cursor stops behind it."""
        self._position: datetime | None = None
        """The last date of the page before; None at first."""
        self._position_ids: frozenset[str] = frozenset()
        """The identifiers of the records at that position."""
        self._step_back = timedelta(0)
        """How far before the position the next page starts."""

    async def next_page(self) -> CursorPage | None:
        """Fetch the next page; None at the end.

        Raises:
            MalformedResponseError: A page is not sorted.
            PaginationError: Tied records could not be proven complete.
            PartnerCentralError: A page could not be fetched.
        """
        while self._state is not None:
            page = await self._state()
            if page is not None:
                return page
        return None

    async def fetch_newest(self) -> datetime | None:
        """Fetch the latest date that AWS's clock has reached; None if there is none.

        Raises:
            PartnerCentralError: A page could not be fetched.
        """
        query = replace(self._query, descending=True)
        page = await self._fetch_dated(query)
        self._end = page.last_date(query.key)
        tokens: set[str] = set()
        # Dates that AWS's clock has not reached come first, and may fill more than a page.
        while page.watermark(query.key) is None and page.token is not None and page.clock:
            page = await self._fetch(next_query(query, page.token, tokens))
        return page.watermark(query.key)

    async def _start(self) -> CursorPage | None:
        page = await self._fetch(self._query)
        watermark, self._watermark = self._watermark, None
        if watermark is not None and page.clock is not None and is_ahead(watermark, page.clock):
            start, ahead = self._query.after, watermark - page.clock
            earlier = None if start is None or ahead >= MAX_CLOCK_SKEW else look_back(start, ahead)
            self._query = replace(self._query, after=earlier)
            return None
        if page.token is None:
            # Everything is in one response, and nothing is edited within a response.
            self._state = None
            return CursorPage(page.rows, page.watermark(self._query.key), page.clock)
        # Fetched before the pages: a change that becomes visible meanwhile may be dated before the
        # position, so a newer date proves nothing about older ones.
        self._newest = await self.fetch_newest()
        self._state = self._read_page
        return None

    async def _read_page(self) -> CursorPage | None:
        page = await self._fetch_dated(self._query)
        position = self._position
        if position and self._step_back < SECOND and not self._includes_position(page):
            # AfterLastModifiedDate is exclusive, or every record at the position was edited.
            is_fine = not self._step_back and position.microsecond
            self._step_back = MILLISECOND if is_fine else SECOND
            self._query = replace(self._query, after=position - self._step_back)
            return None
        last = page.last_date(self._query.key)
        if page.token and last and position and last <= position:
            # More records than a page holds, between the start of the page and the position.
            # Having stepped back by a second, each page of that second would be tied: one range
            # for all of them.
            is_coarse = self._step_back == SECOND
            tied = TiedRange(
                position.replace(microsecond=999_999) if is_coarse else position,
                TiedRecords(
                    f"More opportunities than a page holds have one {self._query.key}",
                    "What was read is stored; run again.",
                    can_leave=True,
                ),
            )
            self._state = partial(self._read_tied, tied)
            return None
        return self._advance(page, last)

    def _includes_position(self, page: SourcePage) -> bool:
        """Return whether the page proves that it starts at the position or before it."""
        key = self._query.key
        return any(
            row.id in self._position_ids and row.date(key) == self._position for row in page.rows
        )

    def _advance(self, page: SourcePage, last: datetime | None) -> CursorPage:
        key = self._query.key
        if page.token is None or last is None or (self._end is not None and last > self._end):
            self._state = None
        elif self._newest and page.clock and self._newest < last <= page.clock:
            # Changes since the start are for the next run. Dates that AWS's clock has not reached
            # remain; no watermark comes from here on, so the boundary need not be exact.
            self._position = None
            self._query = replace(self._query, after=page.clock)
            self._state = self._read_page
        else:
            self._position = last
            self._position_ids = frozenset(
                row.id for row in page.rows if row.id is not None and row.date(key) == last
            )
            self._query = replace(self._query, after=last - self._step_back)
            self._state = self._read_page
        return CursorPage(page.rows, self._capped(page.watermark(key)), page.clock)

    def _capped(self, date: datetime | None) -> datetime | None:
        return None if date is None or self._newest is None else min(date, self._newest)

    async def _read_tied(self, tied: TiedRange) -> CursorPage | None:
        key = self._query.key
        # Of the largest size: tied records that fit into one response need no second pass.
        query = replace(self._query, has_full_pages=True, token=tied.records.token)
        try:
            page = await self._fetch(query)
        except PaginationError:
            # The token has expired: this pass starts again.
            tied.records.restart()
            return None
        is_end = page.token is None or (page.last_date(key) or tied.end) > tied.end
        rows = [row for row in page.rows if (row.date(key) or tied.end) <= tied.end]
        tied.records.receive(
            {row.key: row.version(key) for row in rows}, None if is_end else page.token
        )
        if is_end:
            tied.last_pages.append(page)
        if tied.records.complete_pass is None:
            return CursorPage(page.rows, None, page.clock)
        # If the pass before is the complete one, a record may have left during this one.
        last_page = tied.last_pages[tied.records.complete_pass - 1]
        proven = self._advance(last_page, last_page.last_date(key) or tied.end)
        return CursorPage(page.rows, proven.watermark, page.clock)

    async def _fetch(self, query: SourceQuery) -> SourcePage:
        return self._checked(await self._source.fetch(query), query)

    def _checked(self, page: SourcePage, query: SourceQuery) -> SourcePage:
        """Check that a page is sorted, and remove implausible dates of its invalid records.

        An invalid record keeps its date only if it lies in the range that was requested, up to the
        newest date of a valid opportunity, and the page is sorted with it.
        """
        earliest = query.after - SECOND if query.after is not None else None
        page = _without_implausible_dates(page, query.key, earliest, self._newest)
        if not _is_sorted(page, query):
            page = _without_implausible_dates(page, query.key, None, None)
        if _is_sorted(page, query):
            return page
        raise MalformedResponseError(
            f"AWS sent a page that is not sorted by {query.key}, as the request demands. A sync "
            "that continued from it could miss opportunities.",
            operation="ListOpportunities",
            retryable=True,
        )

    async def _fetch_dated(self, query: SourceQuery) -> SourcePage:
        """Fetch pages up to the first that has a date, and return them as one."""
        return await restarting(lambda: self._try_fetch_dated(query))

    async def _try_fetch_dated(self, query: SourceQuery) -> SourcePage:
        rows: list[SourceRow] = []
        tokens: set[str] = set()
        page = await self._fetch(query)
        while page.token is not None and not page.dates(query.key):
            rows += page.rows
            page = await self._fetch(next_query(query, page.token, tokens))
        if rows and page.dates(query.key) and query.after is None and not query.descending:
            # Records without a date came first, a page or more of them. The token behind them may
            # be an offset: fetch the records with a date again, from the first.
            rows += page.rows
            self._query = replace(query, after=EPOCH)
            page = await self._fetch_dated(self._query)
        return replace(page, rows=(*rows, *page.rows))


def _without_implausible_dates(
    page: SourcePage, key: SortKey, earliest: datetime | None, newest: datetime | None
) -> SourcePage:
    def is_plausible(row: SourceRow) -> bool:
        date = row.date(key)
        return isinstance(row.record, OpportunitySummary) or (
            date is not None
            and newest is not None
            and date <= newest
            and (earliest is None or earliest <= date)
        )

    rows = [
        row if is_plausible(row) else replace(row, modified=None, created=None) for row in page.rows
    ]
    return replace(page, rows=tuple(rows))


def _is_sorted(page: SourcePage, query: SourceQuery) -> bool:
    dates = page.dates(query.key)
    return dates == sorted(dates, reverse=query.descending)
