"""The scan that a program iterates over, and the pages that it has in flight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from partnercentral_list._pagination.invalid import (
    OnInvalid,
    await_if_awaitable,
    invalid_error,
    invalid_opportunity,
)
from partnercentral_list._pagination.scan.planner import PageSource, ScanPlanner
from partnercentral_list._pagination.scan.query import ScanPage, ScanQuery, key_of
from partnercentral_list._pagination.tokens import TOKEN_KEY
from partnercentral_list._transport.events import ScanFinished
from partnercentral_list._transport.response import InvalidEntry, Page, Record
from partnercentral_list.errors import TokenExpiredError, ValidationException
from partnercentral_list.models import ListOpportunitiesResponse, OpportunitySummary
from partnercentral_list.models.response import OpportunityList, part_of

FetchChosen: TypeAlias = Callable[
    [Callable[[], Mapping[str, object] | None]], Awaitable[Page | None]
]
"""Fetches the page that is chosen once the rate limiter permits it; None if none is chosen."""

MAX_RESTARTS: Final = 5


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """The filters of a scan and its options."""

    query: ScanQuery
    concurrency: int = 8
    on_invalid: OnInvalid = "raise"


class OpportunityScan:
    """The opportunities that match, each once, in no order, several pages at a time.

    Iterate over it (``async for opportunity in scan``) or `collect` it. Each iteration starts
    afresh; two at once do not disturb each other. It is made by
    `PartnerCentralClient.scan_opportunities` and sends nothing until it is iterated over.

    Every iteration yields all that matched from its beginning to its end, edited meanwhile or not,
    or it raises. Only opportunities without a creation date, of which AWS documents none, it may
    miss, where AWS sorts them last in both directions or leaves them out: the event `ScanFinished`
    at its end says whether it may. What is created or begins to match meanwhile may be included or
    not. Each opportunity is as it was on the first page that had it. A scan cannot be resumed.

    Raises:
        PartnerCentralError: While iterating; other requests in flight have been cancelled.
    """

    def __init__(
        self, fetch: FetchChosen, request: ScanRequest, notify: Callable[[ScanFinished], None]
    ) -> None:
        self._fetch = fetch
        self._request = request
        self._notify = notify

    async def __aiter__(self) -> AsyncGenerator[OpportunitySummary, None]:
        async with aclosing(self._start()) as run:
            while (batch := await run.next()) is not None:
                for place, record in batch.records:
                    if isinstance(record, InvalidEntry):
                        await self._handle_invalid(batch, place, record)
                    else:
                        yield record
        self._notify(run.finished())

    # Hidden from type checkers, which refuse a plain `for` by themselves.
    if not TYPE_CHECKING:

        def __iter__(self):
            raise TypeError(
                "An OpportunityScan is iterated over with `async for`, or read at once with "
                "`await scan.collect()`; where no event loop runs, "
                "`partnercentral_list.run(scan.collect())`."
            )

    async def pages(self) -> AsyncGenerator[ListOpportunitiesResponse, None]:
        """Iterate over pages instead, in the order in which they came.

        Each holds the records that no page before had; one without any is left out. With
        ``on_invalid="raise"`` a page with an invalid record raises as a whole.
        """
        async with aclosing(self._start()) as run:
            while (batch := await run.next()) is not None:
                valid: list[OpportunitySummary] = []
                for place, record in batch.records:
                    if isinstance(record, InvalidEntry):
                        await self._handle_invalid(batch, place, record)
                    else:
                        valid.append(record)
                places = [place for place, _ in batch.records]
                yield part_of(batch.page.response, valid, places)
        self._notify(run.finished())

    async def collect(self) -> list[OpportunitySummary]:
        """Return the whole scan as a list.

        Raises:
            PartnerCentralError: The scan failed; nothing is returned.
        """
        return OpportunityList([opportunity async for opportunity in self])

    def _start(self) -> ScanRun:
        return ScanRun(self._fetch, self._request.query, self._request.concurrency)

    async def _handle_invalid(self, batch: ScanBatch, place: int, record: InvalidEntry) -> None:
        invalid = invalid_opportunity(record, batch.number, place)
        if self._request.on_invalid == "raise":
            raise invalid_error(invalid, batch.page.response.response_metadata)
        await await_if_awaitable(self._request.on_invalid(invalid))


@dataclass(frozen=True, slots=True)
class ScanBatch:
    """A page and those of its records that were on no page before."""

    number: int
    """The page's number, from 1, in the order in which pages came."""
    page: Page
    records: list[tuple[int, Record]]
    """The new records, each with its index on the page."""


class ScanRun:
    """One iteration of a scan: fetches several pages at a time; the first error ends it.

    What is fetched next is decided when the rate limiter permits a request, with all that is known
    by then. It is a class and no async generator, because `asyncio.run` closes generators that are
    left over all at once, also one inside another.

    Args:
        fetch: Fetches a page.
        query: The filters of the scan.
        concurrency: Pages that may be in flight, and pages that may wait for the consumer.
    """

    def __init__(self, fetch: FetchChosen, query: ScanQuery, concurrency: int) -> None:
        self._fetch = fetch
        self._planner = ScanPlanner(query)
        self._concurrency = concurrency
        self._batches: asyncio.Queue[ScanBatch | None] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._waits_for_permit = False
        self._fetches: set[asyncio.Task[None]] = set()
        self._has_cancelled_fetch = False
        self._seen: set[str] = set()
        self._restarts = 0
        self._main: asyncio.Task[None] | None = None
        self._pages = 0
        self._invalid = 0
        self._has_undated = False

    async def next(self) -> ScanBatch | None:
        """Return the next batch, in the order of arrival; None at the end."""
        if self._main is None:
            self._main = asyncio.create_task(self._run(), name="partnercentral_list scan")
        batch = await self._batches.get()
        self._changed.set()
        if batch is None:
            # The task has ended: this raises its error, if there was one.
            await self._main
        return batch

    async def aclose(self) -> None:
        """Cancel the requests in flight."""
        if self._main is not None:
            self._main.cancel()
            # Its error was raised by next(), or nobody waits for it any more.
            await asyncio.gather(self._main, return_exceptions=True)

    def finished(self) -> ScanFinished:
        """Return the event of a scan that has ended."""
        return ScanFinished(
            opportunities=len(self._seen) - self._invalid,
            invalid=self._invalid,
            pages=self._pages,
            # Where one undated record came, all of them come.
            may_lack_undated=not self._has_undated,
        )

    async def _run(self) -> None:
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                while not self._planner.is_done:
                    self._changed.clear()
                    if self._has_cancelled_fetch:
                        # A task group ignores it, and its page would be waited for forever.
                        raise asyncio.CancelledError
                    if self._may_start():
                        self._waits_for_permit = True
                        fetch = group.create_task(self._fetch_next())
                        self._fetches.add(fetch)
                        fetch.add_done_callback(self._on_done)
                    await self._changed.wait()
                # What is still in flight lies where everything has come already.
                for fetch in self._fetches:
                    fetch.cancel()
        except BaseExceptionGroup as errors:
            failure = errors.exceptions[0]
        finally:
            self._batches.put_nowait(None)
        # Outside the handler: a program need not know of the group.
        if failure is not None:
            raise failure

    def _may_start(self) -> bool:
        return (
            not self._waits_for_permit
            and len(self._fetches) < self._concurrency
            and self._batches.qsize() < self._concurrency
            and self._planner.has_work
        )

    async def _fetch_next(self) -> None:
        source: PageSource | None = None
        request: Mapping[str, object] | None = None

        def choose() -> Mapping[str, object] | None:
            nonlocal source, request
            source = self._planner.take()
            if source is not None:
                request = source.request()
                self._waits_for_permit = False
                self._changed.set()
            return request

        try:
            page = await self._fetch(choose)
        except ValidationException as error:
            if source is None or request is None or TOKEN_KEY not in request:
                raise
            self._restart(source, error)
        else:
            if page is not None and source is not None:
                self._receive(page, source)
        finally:
            if request is None:
                self._waits_for_permit = False

    def _on_done(self, fetch: asyncio.Task[None]) -> None:
        self._fetches.discard(fetch)
        # Cancelled by something that it called, such as a credentials callable: the run itself is
        # over when it cancels.
        self._has_cancelled_fetch = self._has_cancelled_fetch or fetch.cancelled()
        self._changed.set()

    def _receive(self, page: Page, source: PageSource) -> None:
        self._pages += 1
        # Examined before any record is yielded, and before the next page is chosen.
        examined = ScanPage.from_response(page, source.direction)
        self._has_undated = self._has_undated or examined.has_undated
        records: list[tuple[int, Record]] = []
        for place, record in enumerate(page.records):
            key = key_of(record)
            if key not in self._seen:
                self._seen.add(key)
                self._invalid += isinstance(record, InvalidEntry)
                records.append((place, record))
        if records:
            self._batches.put_nowait(ScanBatch(self._pages, page, records))
        self._planner.receive(source, examined)

    def _restart(self, source: PageSource, error: ValidationException) -> None:
        self._restarts += 1
        if self._restarts > MAX_RESTARTS:
            raise TokenExpiredError(
                "AWS refused page tokens of this scan again and again, although it began at a "
                f"first page each time. AWS says: {error.message}",
                operation=error.operation,
                attempts=error.attempts,
                request_id=error.request_id,
            ) from error
        self._planner.restart(source)
