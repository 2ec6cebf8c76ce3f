"""The four things that are done with a copy, over any source of pages and any store."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from datetime import timedelta
from itertools import islice

from partnercentral_list._notify import Notifier
from partnercentral_list.models.request import IDENTIFIERS_PER_REQUEST
from partnercentral_list.sync._reconcile import Reconciliation
from partnercentral_list.sync._source import Query, Source, follow
from partnercentral_list.sync._walk import Step, Walk
from partnercentral_list.sync._work import Work
from partnercentral_list.sync.events import SyncEvent, SyncKind
from partnercentral_list.sync.reports import (
    ApplyReport,
    OpportunityChange,
    ReconcileReport,
    SyncReport,
)
from partnercentral_list.sync.store import SyncStore


class Engine:
    """Keeps the copy in a store current; each call is a `Work` of its own."""

    def __init__(
        self,
        new_source: Callable[[], Source],
        store: SyncStore,
        notifier: Notifier[SyncEvent],
        lookback: timedelta,
        walk: type[Walk] = Walk,
    ) -> None:
        self._new_source = new_source
        self._store = store
        self._notifier = notifier
        self._lookback = lookback
        self._walk = walk

    def _work(self, kind: SyncKind) -> Work:
        return Work(kind, self._new_source(), self._store, self._notifier, self._lookback)

    async def run(self) -> SyncReport:
        """Read what changed, and store it."""
        work = self._work("run")
        try:
            await work.begin()
            await self._run(work)
            report = work.report()
            work.finished(report)
            return report
        finally:
            await work.end()

    async def _run(self, work: Work) -> None:
        reading = self._reading(work)
        while (step := await reading.next()) is not None:
            await work.commit(await work.plan(step), step)

    async def changes(self) -> AsyncGenerator[OpportunityChange, None]:
        """Read what changed, and store each page when its changes have been consumed."""
        work = self._work("changes")
        try:
            await work.begin()
            reading = self._reading(work)
            while (step := await reading.next()) is not None:
                planned = await work.plan(step)
                for change in planned.changes:
                    yield change
                await work.commit(planned, step)
            work.finished(work.report())
        finally:
            await work.end()

    def _reading(self, work: Work) -> Reading:
        walk = self._walk(work.source, work.settled, watermark=work.state.watermark)
        return Reading(work.source, work.state.pending, walk)

    async def apply(self, identifiers: Sequence[str]) -> ApplyReport:
        """Read opportunities that events named, and store them; the watermark stays."""
        work = self._work("apply")
        changes: list[OpportunityChange] = []
        absent: list[str] = []
        try:
            await work.begin()
            for asked in batches(identifiers):
                page = await follow(work.source, Query(identifiers=asked))
                rows, step = page.rows, Step(page.rows, None, page.clock)
                planned = await work.plan(step)
                listed = {row.id for row in rows}
                missing = [identifier for identifier in asked if identifier not in listed]
                await work.commit(planned, step, missing=frozenset(missing))
                changes += planned.changes
                absent += missing
            requests = work.source.requests
            report = ApplyReport(
                tuple(changes), work.unchanged, work.invalid, tuple(absent), requests
            )
            work.finished(report)
            return report
        finally:
            await work.end()

    async def reconcile(self) -> ReconcileReport:
        """Read everything and compare; see `Reconciliation`."""
        work = self._work("reconcile")
        try:
            await work.begin()
            await self._run(work)
            run = work.report()
            # Before everything is listed: what changes meanwhile is for the next run.
            work.newest = await self._walk(work.source, None).newest()
            walk = self._walk(work.source, None, "CreatedDate")
            report = await Reconciliation(work, run).report(walk)
            work.finished(report)
            return report
        finally:
            await work.end()


class Reading:
    """What events named and was not listed yet, then everything that changed."""

    def __init__(self, source: Source, pending: Iterable[str], walk: Walk) -> None:
        self._source = source
        self._pending = deque(batches(sorted(pending)))
        self._walk = walk

    async def next(self) -> Step | None:
        """Read on; None at the end."""
        if self._pending:
            query = Query(identifiers=self._pending.popleft())
            page = await follow(self._source, query)
            return Step(page.rows, None, page.clock)
        return await self._walk.next()


def batches(identifiers: Iterable[str]) -> list[tuple[str, ...]]:
    """Split identifiers into as many as AWS takes in a request."""
    rest = iter(identifiers)
    found: list[tuple[str, ...]] = []
    while batch := tuple(islice(rest, IDENTIFIERS_PER_REQUEST)):
        found.append(batch)
    return found
