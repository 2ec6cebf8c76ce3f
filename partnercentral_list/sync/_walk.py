"""Everything after a date, page by page, so that whatever moves meanwhile is not lost.

A page is asked for by the date at which the one before it ended, not by its token: a token may be
a position, from which an edit takes records away. docs/sync.md says why this is complete.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from partnercentral_list.errors import PaginationError
from partnercentral_list.sync._belief import SECOND, in_order
from partnercentral_list.sync._source import (
    Key,
    Query,
    Row,
    Source,
    SourcePage,
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


@dataclass(slots=True)
class Tie:
    """More than a page of records up to a date, and how far they are read."""

    page: SourcePage
    date: datetime
    ids: set[str | None] = field(default_factory=set[str | None])
    """Read in this pass."""
    before: set[str | None] | None = None
    """Read in the pass before."""
    end: SourcePage | None = None
    """The page with which the pass before left the tie."""
    tokens: set[str] = field(default_factory=set[str])
    passes: int = 0
    restarts: int = 0


_Turn: TypeAlias = Callable[[], Awaitable[Step | None]]


class Walk:
    """Reads from `start` on, or everything; ends at what was the newest when it began."""

    def __init__(
        self, source: Source, start: datetime | None, key: Key = "LastModifiedDate"
    ) -> None:
        self._source = source
        self._query = Query(key, start)
        self._turn: _Turn | None = self._begin
        self._newest: datetime | None = None
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
        if page.token is None:
            # One answer is one instant: nothing can have moved within it.
            self._turn = None
            return Step(page.rows, page.proven(self._query.key))
        # Before the walk: what becomes visible while it lasts may lie behind the cursor, so that
        # a newer date proves nothing about older ones.
        self._newest = await self._probe()
        self._turn = self._page
        return None

    async def _probe(self) -> datetime | None:
        query = replace(self._query, descending=True)
        page = await self._dated(query)
        return page.last(query.key)

    async def _page(self) -> Step | None:
        page = await self._dated(self._query)
        if self._cursor and self._back < SECOND and not self._is_anchored(page):
            self._step_back(self._cursor)
            return None
        last = page.last(self._query.key)
        if page.token and last and self._cursor and last <= self._cursor:
            # More than a page of records between where it began and the cursor.
            self._tie = Tie(page, self._end_of_tie(self._cursor))
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
        else:
            self._cursor = last
            self._anchors = frozenset(
                row.id for row in page.rows if row.id is not None and row.date(key) == last
            )
            self._query = replace(self._query, after=last - self._back)
            self._turn = self._page
        return Step(page.rows, self._capped(page.proven(key)))

    def _is_behind(self, last: datetime) -> bool:
        return self._newest is not None and last > self._newest

    def _capped(self, last: datetime | None) -> datetime | None:
        return None if last is None or self._newest is None else min(last, self._newest)

    async def _fetch(self, query: Query) -> SourcePage:
        return self._checked(await self._source.fetch(query), query)

    def _checked(self, page: SourcePage, query: Query) -> SourcePage:
        return in_order(page, query, self._newest)

    async def _in_tie(self) -> Step | None:
        tie = self._tie
        if tie is None:
            return None
        page, key = tie.page, self._query.key
        tie.ids |= {row.id for row in page.rows if (row.date(key) or tie.date) <= tie.date}
        last = page.last(key) or tie.date
        if page.token is not None and last <= tie.date:
            await self._read_on(tie, page.token)
            return Step(page.rows, None)
        if self._is_settled(tie):
            # The pass before was proved, not this one: a record may have left during this one.
            self._tie = None
            end = tie.end or page
            step = self._advance(end, end.last(key) or tie.date)
            return Step(page.rows, step.watermark)
        tie.before, tie.end, tie.passes = tie.ids, page, tie.passes + 1
        await self._from_the_start(tie)
        return Step(page.rows, None)

    def _is_settled(self, tie: Tie) -> bool:
        """Tell whether nothing left while the last pass went over the instant.

        The first to leave had been seen, so it is missing from the next pass.
        """
        return tie.before is not None and tie.before <= tie.ids

    async def _read_on(self, tie: Tie, token: str) -> None:
        try:
            if token in tie.tokens:
                raise repeated()
            tie.tokens.add(token)
            tie.page = await self._fetch(replace(self._query, token=token))
        except PaginationError:
            # Expired, or in a circle: this pass begins again.
            tie.restarts += 1
            await self._from_the_start(tie)

    async def _from_the_start(self, tie: Tie) -> None:
        if max(tie.passes, tie.restarts) >= PASSES:
            raise PaginationError(
                f"More than a page of opportunities have one {self._query.key}, and could not be "
                f"read in {PASSES} passes: they are edited, or their order or AWS's tokens do not "
                "last. What was read is stored; run again.",
                operation="ListOpportunities",
                retryable=True,
            )
        tie.ids, tie.tokens = set(), set()
        tie.page = await self._dated(self._query)

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
