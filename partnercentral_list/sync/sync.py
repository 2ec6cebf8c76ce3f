"""OpportunitySync: keeps a local replica of a catalog current, in a store."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from datetime import timedelta

from partnercentral_list._notify import Notifier
from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.config import check_kind
from partnercentral_list.errors import (
    ConfigurationError,
    RequestProblem,
    RequestValidationError,
)
from partnercentral_list.eventbridge import OpportunityEvent, OtherEvent
from partnercentral_list.sync._cursor import CursorPage, DateCursor
from partnercentral_list.sync._reconcile import Reconciliation
from partnercentral_list.sync._source import ClientSource, Source, batched, look_up
from partnercentral_list.sync._sync_run import SyncRun
from partnercentral_list.sync.events import LEVELS, OnSyncEvent, SyncEvent, SyncKind
from partnercentral_list.sync.reports import (
    ApplyReport,
    OpportunityChange,
    ReconcileReport,
    SyncReport,
)
from partnercentral_list.sync.store import SyncStore


class OpportunitySync:
    """Keeps a local replica of a catalog current.

    It follows AWS's own procedure (the latest LastModifiedDate stored is the next
    AfterLastModifiedDate), made safe against late changes, edits between pages and wrong dates. The
    replica is the whole catalog: in a filtered one an opportunity that leaves the filter would stay
    as it was. Filter when you read the store. One call at a time can use a store; it holds a lease.

    Args:
        client: Reads the catalog, with its own retries and rate limiter.
        store: Holds the replica: a `SQLiteStore`, or a `SyncStore` of your own.
        lookback: How far before the watermark each run starts, at least 1 second. A change that
            AWS shows later than a newer one is found if it is late by no more than this.
        page_size: Opportunities in a page, and in a commit, 1 to 100.
        lease_wait: How long a call waits while another one holds the lease of the store, or the
            store cannot be reached, before it raises. It tries once a second.
        on_event: Called with each `SyncEvent`; it must not block.

    Raises:
        ConfigurationError: An argument is of the wrong type or out of its bounds.
    """

    _cursor = DateCursor

    def __init__(
        self,
        client: PartnerCentralClient,
        store: SyncStore,
        *,
        lookback: timedelta = timedelta(minutes=5),
        page_size: int = 100,
        lease_wait: timedelta = timedelta(0),
        on_event: OnSyncEvent | None = None,
    ) -> None:
        check_kind("client", client, PartnerCentralClient)
        check_kind("lookback", lookback, timedelta)
        check_kind("page_size", page_size, int)
        check_kind("lease_wait", lease_wait, timedelta)
        if lookback < timedelta(seconds=1):
            raise ConfigurationError(
                "lookback must be at least 1 second: AWS may compare dates by the second only."
            )
        if not 1 <= page_size <= 100:
            raise ConfigurationError("page_size must be in 1..100.")
        if lease_wait < timedelta(0):
            raise ConfigurationError("lease_wait must not be less than 0; 0 does not wait.")
        self._client = client
        self._page_size = page_size
        self._store = store
        self._notifier = Notifier[SyncEvent](on_event, LEVELS)
        self._lookback = lookback
        self._lease_wait = lease_wait

    def _new_source(self) -> Source:
        return ClientSource(self._client, self._page_size)

    def _new_run(self, kind: SyncKind) -> SyncRun:
        return SyncRun(
            *(kind, self._new_source(), self._store, self._notifier),
            lookback=self._lookback,
            lease_wait=self._lease_wait,
        )

    async def run(self) -> SyncReport:
        """Store what changed since the last run; everything at first.

        Each page is committed with the watermark that it proves, so a run that was interrupted is
        resumed by the next one.

        Raises:
            StoreError: The store cannot be used, holds another catalog, or is still in use after
                ``lease_wait``.
            MalformedResponseError: AWS did not sort the listing as requested.
            PaginationError: More opportunities than a page holds have one date, and they could not
                be proven complete.
            PartnerCentralError: A page could not be fetched, retries included.
        """
        async with self._new_run("run") as run:
            await self._store_changes(run)
            report = run.report()
            run.finish(report)
            return report

    async def _store_changes(self, run: SyncRun) -> None:
        next_page = self._reader(run)
        while (page := await next_page()) is not None:
            await run.commit(await run.diff(page), page)

    def _reader(self, run: SyncRun) -> Callable[[], Awaitable[CursorPage | None]]:
        """Return what fetches the next page: of pending opportunities first, then by date."""
        batches = deque(batched(sorted(run.state.pending)))
        cursor = self._cursor(run.source, run.settled, watermark=run.state.watermark)

        async def next_page() -> CursorPage | None:
            if batches:
                page = await look_up(run.source, batches.popleft())
                return CursorPage.without_watermark(page)
            return await cursor.next_page()

        return next_page

    async def changes(self) -> AsyncGenerator[OpportunityChange, None]:
        """Yield what changed since the last run, and store each page once it is consumed.

        A page is committed when the change after its last one is requested. If the loop is left
        before that, the changes of the page are yielded again next time: each change arrives at
        least once. An iterator that is not exhausted keeps the lease: close it, for example with
        `contextlib.aclosing`. What `run`, `apply` and `reconcile` store is not yielded here.

        Raises:
            StoreError: While iterating, as with `run`; also if another run acquired the lease
                because a page took longer than 5 minutes to consume.
            PartnerCentralError: While iterating, as with `run`.
        """
        async with self._new_run("changes") as run:
            next_page = self._reader(run)
            while (page := await next_page()) is not None:
                found = await run.diff(page)
                for change in found.changes:
                    yield change
                await run.commit(found, page)
            run.finish(run.report())

    async def apply(self, events: Iterable[OpportunityEvent | OtherEvent]) -> ApplyReport:
        """Fetch the opportunities that events name, and store them; the watermark stays.

        Several events about one opportunity cost one lookup. An opportunity that AWS does not list
        yet is looked up again by the next run. Events may be lost: call `run` on a schedule, too.

        Raises:
            RequestValidationError: An event is of another catalog; nothing was sent.
            StoreError: As with `run`.
            PartnerCentralError: A page could not be fetched, retries included.
        """
        identifiers: dict[str, None] = {}
        problems: list[RequestProblem] = []
        for index, event in enumerate(events):
            if isinstance(event, OtherEvent):
                continue
            if event.catalog != self._client.catalog:
                problems.append(
                    {
                        "field": f"events[{index}].catalog",
                        "problem": f"the event is of the catalog {event.catalog.value!r}",
                        "valid": repr(self._client.catalog.value),
                    }
                )
            identifiers[event.identifier] = None
        if problems:
            raise RequestValidationError(problems)
        if not identifiers:
            return ApplyReport((), 0, 0, (), 0)
        changes: list[OpportunityChange] = []
        pending: list[str] = []
        async with self._new_run("apply") as run:
            for batch in batched(identifiers):
                page = CursorPage.without_watermark(await look_up(run.source, batch))
                found = await run.diff(page)
                listed = {row.id for row in page.rows}
                missing = [identifier for identifier in batch if identifier not in listed]
                await run.commit(found, page, missing=frozenset(missing))
                changes += found.changes
                pending += missing
            report = ApplyReport(
                changes=tuple(changes),
                unchanged=run.unchanged,
                invalid=run.invalid,
                pending=tuple(pending),
                requests=run.source.requests,
            )
            run.finish(report)
            return report

    async def reconcile(self) -> ReconcileReport:
        """Run, then list everything, and report and store what no run can see.

        That is a change without a later LastModifiedDate, an opportunity without one, and what was
        hidden by a watermark that was ahead. An opportunity is gone only if no listing has it and a
        lookup by its identifier does not find it. It comes back if AWS lists it again. What is
        created or deleted meanwhile may or may not be counted.

        Raises:
            StoreError: As with `run`.
            PaginationError: As with `run`; also if opportunities were deleted during each listing.
            PartnerCentralError: As with `run`.
        """
        async with self._new_run("reconcile") as run:
            await self._store_changes(run)
            first = run.report()
            # Fetched before everything is listed: what changes meanwhile is for the next run.
            run.newest = await self._cursor(run.source, None).fetch_newest()
            cursor = self._cursor(run.source, None, "CreatedDate")
            report = await Reconciliation(run, first).report(cursor)
            run.finish(report)
            return report
