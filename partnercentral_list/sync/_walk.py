"""Everything after a date, page by page, so that whatever moves meanwhile is not lost.

A page is asked for by the date at which the one before it ended, not by its token: a token may be
a position, from which an edit takes records away. docs/sync.md says why this is complete.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from partnercentral_list._tied_records import TiedRecords
from partnercentral_list.errors import PaginationError
from partnercentral_list.sync._belief import in_order
from partnercentral_list.sync._source import (
    SECOND,
    Key,
    Query,
    Row,
    Source,
    SourcePage,
    is_ahead,
    repeated,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
PASSES: Final = 5


def behind(moment: datetime, lookback: timedelta) -> datetime:
    """Go back by an lookback, however long, but not behind any date that AWS can have given."""
    return EPOCH if moment - EPOCH < lookback else moment - lookback


@dataclass(frozen=True, slots=True)
class Step:
    """What was read, and the date up to which everything is read with it, if that is known."""

    rows: tuple[Row, ...]
    watermark: datetime | None
    clock: datetime | None = None
    """AWS's own clock when it sent the last of the rows."""


@dataclass(slots=True)
class Tie:
    """More than a page of records up to a date, and how far they are read."""

    date: datetime
    records: TiedRecords
    ends: list[SourcePage] = field(default_factory=list[SourcePage])
    """The page with which each pass left the tied records."""


_Turn: TypeAlias = Callable[[], Awaitable[Step | None]]


class Walk:
    """Reads from `start` on, or everything; ends at what was the newest when it began.

    Args:
        source: Where the pages come from.
        start: The date to read from; None for everything.
        key: The date to read by.
        watermark: What `start` was made from. If AWS's clock has not reached it, it proves
            nothing, and everything is read.
    """

    def __init__(
        self,
        source: Source,
        start: datetime | None,
        key: Key = "LastModifiedDate",
        watermark: datetime | None = None,
    ) -> None:
        self._source = source
        self._query = Query(key, start)
        self._turn: _Turn | None = self._begin
        self._watermark = watermark
        self._newest: datetime | None = None
        """The latest date when it began that AWS's clock had reached."""
        self._end: datetime | None = None
        """The latest date of all when it began."""
        self._cursor: datetime | None = None
        self._anchors: frozenset[str] = frozenset()
        self._back = timedelta(0)
        self._tie: Tie | None = None

    async def next(self) -> Step | None:
        """Read on; None at the end.

        Raises:
            MalformedResponseError: A page is not in order.
            PaginationError: Records of one instant do not stand still.
            PartnerCentralError: A page could not be fetched.
        """
        while self._turn is not None:
            step = await self._turn()
            if step is not None:
                return step
        return None

    async def _begin(self) -> Step | None:
        page = await self._fetch(self._query)
        if self._watermark is not None and is_ahead(self._watermark, page.clock):
            self._watermark = None
            self._query = replace(self._query, after=None)
            return None
        if page.token is None:
            # One answer is one instant: nothing can have moved within it.
            self._turn = None
            return Step(page.rows, page.watermark(self._query.key), page.clock)
        # Before the walk: what becomes visible while it lasts may lie behind the cursor, so that
        # a newer date proves nothing about older ones.
        self._newest = await self.newest()
        self._turn = self._page
        return None

    async def newest(self) -> datetime | None:
        """Fetch the latest date that AWS's clock has reached; None if there is none.

        Raises:
            PartnerCentralError: A page could not be fetched.
        """
        query = replace(self._query, descending=True)
        page = await self._dated(query)
        self._end = page.last(query.key)
        tokens: set[str] = set()
        # Dates that are ahead of AWS's clock come first, and may be more than a page.
        while page.watermark(query.key) is None and page.token is not None and page.clock:
            if page.token in tokens:
                raise repeated()
            tokens.add(page.token)
            page = await self._fetch(replace(query, token=page.token))
        return page.watermark(query.key)

    async def _page(self) -> Step | None:
        page = await self._dated(self._query)
        if self._cursor and self._back < SECOND and not self._is_anchored(page):
            self._step_back(self._cursor)
            return None
        last = page.last(self._query.key)
        if page.token and last and self._cursor and last <= self._cursor:
            # More than a page of records between where it began and the cursor.
            self._tie = Tie(self._end_of_tie(self._cursor), self._tied_records())
            self._turn = self._in_tie
            return None
        return self._advance(page, last)

    def _end_of_tie(self, cursor: datetime) -> datetime:
        # Having gone back by a second, each page of that second would be such a tie: one for all.
        return cursor.replace(microsecond=999_999) if self._back == SECOND else cursor

    def _is_anchored(self, page: SourcePage) -> bool:
        """Tell whether the page proves that it begins at the cursor, not behind it."""
        key = self._query.key
        return any(row.id in self._anchors and row.date(key) == self._cursor for row in page.rows)

    def _step_back(self, cursor: datetime) -> None:
        # The boundary is exclusive, or all that stood at it was edited.
        self._back = MILLISECOND if not self._back and cursor.microsecond else SECOND
        self._query = replace(self._query, after=cursor - self._back)

    def _advance(self, page: SourcePage, last: datetime | None) -> Step:
        key = self._query.key
        if page.token is None or last is None or self._is_behind(last):
            self._turn = None
        elif self._newest and page.clock and self._newest < last <= page.clock:
            # What changed since it began is for the next run. Left are the dates that AWS's clock
            # has not reached; where they begin need not be known exactly.
            self._cursor = None
            self._query = replace(self._query, after=page.clock)
            self._turn = self._page
        else:
            self._cursor = last
            self._anchors = frozenset(
                row.id for row in page.rows if row.id is not None and row.date(key) == last
            )
            self._query = replace(self._query, after=last - self._back)
            self._turn = self._page
        return Step(page.rows, self._capped(page.watermark(key)), page.clock)

    def _is_behind(self, last: datetime) -> bool:
        return self._end is not None and last > self._end

    def _capped(self, last: datetime | None) -> datetime | None:
        return None if last is None or self._newest is None else min(last, self._newest)

    async def _fetch(self, query: Query) -> SourcePage:
        return self._checked(await self._source.fetch(query), query)

    def _checked(self, page: SourcePage, query: Query) -> SourcePage:
        return in_order(page, query, self._newest)

    def _tied_records(self) -> TiedRecords:
        return TiedRecords(
            f"More opportunities than a page holds have one {self._query.key}",
            "What was read is stored; run again.",
            can_leave=True,
        )

    async def _in_tie(self) -> Step | None:
        tie, key = self._tie, self._query.key
        if tie is None:
            return None
        page = await self._tied_page(tie)
        if page is None:
            return None
        last = page.last(key) or tie.date
        is_end = page.token is None or last > tie.date
        rows = [row for row in page.rows if (row.date(key) or tie.date) <= tie.date]
        tie.records.receive(
            {row.key: row.version(key) for row in rows}, None if is_end else page.token
        )
        if is_end:
            tie.ends.append(page)
        if tie.records.complete_pass is None:
            return Step(page.rows, None, page.clock)
        # If the pass before was proven and not this one, a record may have left during this one.
        self._tie = None
        end = tie.ends[tie.records.complete_pass - 1]
        step = self._advance(end, end.last(key) or tie.date)
        return Step(page.rows, step.watermark, page.clock)

    async def _tied_page(self, tie: Tie) -> SourcePage | None:
        # Full pages, of which a few records, tied or not, are one: one response is one instant.
        query = replace(self._query, has_full_pages=True, token=tie.records.token)
        try:
            return await self._fetch(query)
        except PaginationError:
            # The token has expired: this pass begins again.
            tie.records.restart()
            return None

    async def _dated(self, query: Query) -> SourcePage:
        """Fetch the first page that has a date, or the last one; what is before it comes along."""
        for _ in range(PASSES - 1):
            try:
                return await self._first_dated(query)
            except PaginationError:
                continue
        return await self._first_dated(query)

    async def _first_dated(self, query: Query) -> SourcePage:
        rows: list[Row] = []
        tokens: set[str] = set()
        page = await self._fetch(query)
        while page.token is not None and not page.dates(query.key):
            if page.token in tokens:
                raise repeated()
            tokens.add(page.token)
            rows += page.rows
            page = await self._fetch(replace(query, token=page.token))
        if rows and page.dates(query.key) and query.after is None and not query.descending:
            # Records without a date came first, a page or more. The token behind them may be a
            # position: ask again for those that have one, from the first.
            rows += page.rows
            self._query = replace(query, after=EPOCH)
            page = await self._dated(self._query)
        return replace(page, rows=(*rows, *page.rows))
