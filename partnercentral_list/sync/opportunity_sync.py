"""OpportunitySync: the one class that keeps a copy current."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from datetime import timedelta

from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.config import check_kind
from partnercentral_list.errors import (
    ConfigurationError,
    RequestProblem,
    RequestValidationError,
)
from partnercentral_list.eventbridge import OpportunityEvent, OtherEvent
from partnercentral_list.sync._engine import Engine
from partnercentral_list.sync._source import ClientSource
from partnercentral_list.sync.events import OnSyncEvent, notifier
from partnercentral_list.sync.reports import (
    ApplyReport,
    OpportunityChange,
    ReconcileReport,
    SyncReport,
)
from partnercentral_list.sync.store import SyncStore


class OpportunitySync:
    """Keeps a copy of a catalog current, by AWS's own procedure made safe.

    It is the whole catalog: in a filtered copy a record that leaves the filter would stay as it
    was. Filter when you read the store. One call at a time works on a store; it holds a lease.

    Args:
        client: Reads the catalog; its retries and rate limit apply.
        store: Where the copy is kept: a `SQLiteStore`, or a `SyncStore` of your own.
        lookback: How far each run goes back behind the watermark, at least 1 second. A change that
            AWS shows later than a newer one is found if it is no later than this.
        page_size: Opportunities in a page, and in a commit, 1 to 100.
        on_event: Called with each `SyncEvent`; it must not block.

    Raises:
        ConfigurationError: An argument is of the wrong kind or out of its bounds.
    """

    def __init__(
        self,
        client: PartnerCentralClient,
        store: SyncStore,
        *,
        lookback: timedelta = timedelta(minutes=5),
        page_size: int = 100,
        on_event: OnSyncEvent | None = None,
    ) -> None:
        check_kind("client", client, PartnerCentralClient)
        check_kind("lookback", lookback, timedelta)
        check_kind("page_size", page_size, int)
        if lookback < timedelta(seconds=1):
            raise ConfigurationError(
                "lookback must be at least 1 second: AWS may compare dates by the second only."
            )
        if not 1 <= page_size <= 100 or isinstance(page_size, bool):
            raise ConfigurationError("page_size must be in 1..100.")
        self._client = client
        self._engine = Engine(
            lambda: ClientSource(client, page_size), store, notifier(on_event), lookback
        )

    async def run(self) -> SyncReport:
        """Read what changed since the last run, or everything at first, and store it.

        Each page is committed with the watermark that it proves: a run that ended early is taken
        up where it ended.

        Raises:
            StoreError: The store cannot be used, holds another catalog, or is in use.
            MalformedResponseError: AWS did not sort as it was asked to.
            PaginationError: More than a page of opportunities of one date did not stand still.
            PartnerCentralError: A page could not be fetched, retries included.
        """
        return await self._engine.run()

    def changes(self) -> AsyncGenerator[OpportunityChange, None]:
        """Read what changed since the last run, and store each page once it is consumed.

        A page is committed when its last change was consumed and the next is asked for. Break out,
        or fail, and the changes of that page come again: each arrives at least once. An iterator
        that is kept beyond its loop keeps the lease: close it, with `contextlib.aclosing`. What
        `run`, `apply` and `reconcile` store does not come here: use one of them to feed a consumer.

        Raises:
            StoreError: While iterating, as with `run`; also if another program took over the
                lease because a page took longer than five minutes to consume.
            PartnerCentralError: While iterating, as with `run`.
        """
        return self._engine.changes()

    async def apply(self, events: Iterable[OpportunityEvent | OtherEvent]) -> ApplyReport:
        """Read the opportunities that events name, and store them; the watermark stays.

        Several events about one opportunity cost one look-up. What AWS does not list yet is
        remembered, and asked for again by the next run. Events are an addition to `run`, not a
        substitute: they may be lost.

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
                        "problem": f"it is of the catalog {event.catalog.value!r}",
                        "valid": repr(self._client.catalog.value),
                    }
                )
            identifiers[event.identifier] = None
        if problems:
            raise RequestValidationError(problems)
        if not identifiers:
            return ApplyReport((), 0, 0, (), 0)
        return await self._engine.apply(tuple(identifiers))

    async def reconcile(self) -> ReconcileReport:
        """Run, then read everything and report what differs from the copy, which no run can see.

        A change without a new LastModifiedDate, and a record without one, are stored. A record is
        called gone only if no listing has it and it is not found by its identifier; it stays in
        the copy. What is created or deleted while this runs may or may not be counted.

        Raises:
            StoreError: As with `run`.
            PartnerCentralError: As with `run`.
        """
        return await self._engine.reconcile()
