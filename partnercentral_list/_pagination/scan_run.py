"""A scan under way: the pages that are on their way, and what has come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from partnercentral_list._pagination.scan_plan import Plan, Walker
from partnercentral_list._pagination.scan_window import Query, key_of, view_of
from partnercentral_list._pagination.tokens import TOKEN_KEY
from partnercentral_list._transport.response import InvalidEntry, Page
from partnercentral_list.errors import TokenExpiredError, ValidationException
from partnercentral_list.models import OpportunitySummary

FetchChosen: TypeAlias = Callable[
    [Callable[[], Mapping[str, object] | None]], Awaitable[Page | None]
]
"""Fetches the page that is chosen when it is its turn; None of it: there is none to fetch."""

MAX_RESTARTS = 5


@dataclass(frozen=True, slots=True)
class Batch:
    """What is new in a page."""

    number: int
    """The page's number, in the order in which they came, from 1."""
    page: Page
    records: list[tuple[int, OpportunitySummary | InvalidEntry]]
    """The records that no page before had, with their places in this one."""


class ScanRun:
    """Fetches several pages at a time; the first error ends it.

    What is fetched next is decided when the limiter gives a slot, with all that is known then. It
    is a class and no async generator: see `ReadAhead`.

    Args:
        fetch: Fetches a page.
        query: What is asked for.
        concurrency: Pages that may be on their way, and pages that may wait for the consumer.
    """

    def __init__(self, fetch: FetchChosen, query: Query, concurrency: int) -> None:
        self._fetch = fetch
        self._plan = Plan(query)
        self._concurrency = concurrency
        self._results: asyncio.Queue[Batch | None] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._waits_for_slot = False
        self._flights: set[asyncio.Task[None]] = set()
        self._one_was_cancelled = False
        self._seen: set[str] = set()
        self.pages = 0
        self.has_undated = False
        """Whether a record without a creation date has come: then all of them come."""
        self._restarts = 0
        self._engine: asyncio.Task[None] | None = None

    async def next(self) -> Batch | None:
        """Give what came next; None at the end."""
        if self._engine is None:
            self._engine = asyncio.create_task(self._run(), name="partnercentral_list scan")
        batch = await self._results.get()
        self._changed.set()
        if batch is None:
            # Whoever asks again is told again.
            self._results.put_nowait(None)
            # It has ended: this raises what ended it, if that was an error.
            await self._engine
        return batch

    async def aclose(self) -> None:
        """End what is under way."""
        if self._engine is not None:
            self._engine.cancel()
            # What it raised is nobody's any more, or was raised by next().
            await asyncio.gather(self._engine, return_exceptions=True)

    async def _run(self) -> None:
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as flights:
                while not self._plan.is_done:
                    self._changed.clear()
                    if self._one_was_cancelled:
                        # A group takes no notice of it, and its page would be waited for forever.
                        raise asyncio.CancelledError
                    if self._may_start():
                        self._waits_for_slot = True
                        flight = flights.create_task(self._fly())
                        self._flights.add(flight)
                        flight.add_done_callback(self._ended)
                    await self._changed.wait()
                # What is still on its way lies where everything has come already.
                for flight in self._flights:
                    flight.cancel()
        except BaseExceptionGroup as group:
            failure = group.exceptions[0]
        finally:
            self._results.put_nowait(None)
        # Outside the handler: the group is nothing that a program should have to know of.
        if failure is not None:
            raise failure

    def _may_start(self) -> bool:
        return (
            not self._waits_for_slot
            and len(self._flights) < self._concurrency
            and self._results.qsize() < self._concurrency
            and self._plan.has_work
        )

    async def _fly(self) -> None:
        flight = _Flight(self._plan, self._bound)
        try:
            page = await self._fetch(flight.choose)
        except ValidationException as error:
            self._restart(flight, error)
        else:
            if page is not None and flight.walker is not None:
                self._land(page, flight.walker)
        finally:
            if flight.request is None:
                self._waits_for_slot = False

    def _ended(self, flight: asyncio.Task[None]) -> None:
        self._flights.discard(flight)
        # By what it called, such as a credentials callable: the run itself is over when it cancels.
        self._one_was_cancelled = self._one_was_cancelled or flight.cancelled()
        self._changed.set()

    def _bound(self) -> None:
        self._waits_for_slot = False
        self._changed.set()

    def _land(self, page: Page, walker: Walker) -> None:
        self.pages += 1
        # Looked at before anything of it is handed out, and before the walk goes on.
        view = view_of(page, walker.direction)
        self.has_undated = self.has_undated or view.has_undated
        records: list[tuple[int, OpportunitySummary | InvalidEntry]] = []
        for place, record in enumerate(page.records):
            key = key_of(record)
            if key not in self._seen:
                self._seen.add(key)
                records.append((place, record))
        if records:
            self._results.put_nowait(Batch(self.pages, page, records))
        self._plan.received(walker, view)

    def _restart(self, flight: _Flight, error: ValidationException) -> None:
        self._restarts += 1
        if flight.walker is None or TOKEN_KEY not in (flight.request or {}):
            raise error
        if self._restarts > MAX_RESTARTS:
            raise TokenExpiredError(
                "AWS refused tokens of this scan again and again, although it began anew each "
                f"time. AWS says: {error.message}",
                operation=error.operation,
                attempts=error.attempts,
                request_id=error.request_id,
            ) from error
        self._plan.restart(flight.walker)


class _Flight:
    """One page: whose it is, once that is decided."""

    def __init__(self, plan: Plan, bound: Callable[[], None]) -> None:
        self._plan = plan
        self._bound = bound
        self.walker: Walker | None = None
        self.request: Mapping[str, object] | None = None

    def choose(self) -> Mapping[str, object] | None:
        self.walker = self._plan.take()
        if self.walker is not None:
            self.request = self.walker.request()
            self._bound()
        return self.request
