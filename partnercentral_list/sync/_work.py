"""One call's work on a store, from taking the lease to giving it back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from partnercentral_list._notify import Notifier
from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._owner import forget, new_owner
from partnercentral_list.sync._plan import Plan, identifiers_of, plan
from partnercentral_list.sync._source import Row, Source, is_ahead
from partnercentral_list.sync._walk import Step, behind
from partnercentral_list.sync.events import (
    InvalidRecordStored,
    PageCommitted,
    SyncEvent,
    SyncFinished,
    SyncKind,
    SyncStarted,
)
from partnercentral_list.sync.reports import ApplyReport, ReconcileReport, SyncReport
from partnercentral_list.sync.store import InvalidRecord, SyncBatch, SyncState, SyncStore

LEASE: Final = timedelta(minutes=5)


class Work:
    """Reads and writes the store under a lease, and counts what it does."""

    def __init__(
        self,
        kind: SyncKind,
        source: Source,
        store: SyncStore,
        notifier: Notifier[SyncEvent],
        lookback: timedelta,
    ) -> None:
        self.source = source
        self.store = store
        self.state = SyncState(source.catalog.value, None)
        self._kind: SyncKind = kind
        self._notifier = notifier
        self._owner = new_owner()
        self._created: set[str] = set()
        self._updated: set[str] = set()
        self._read: set[str] = set()
        self._invalid: set[str] = set()
        self._ahead: set[str | None] = set()
        self._lookback = lookback
        self._discarded: datetime | None = None
        self.newest: datetime | None = None
        """The latest date that AWS listed, where that is known: a later one is a mistake."""

    @property
    def settled(self) -> datetime | None:
        """The date up to which AWS shows every change, wherever it is asked; None at first."""
        known = [date for date in (self.state.watermark, self.newest) if date is not None]
        if self.state.watermark is None:
            return None
        return behind(min(known), self._lookback)

    @property
    def has_watermark_ahead_of_all(self) -> bool:
        """Whether the watermark is later than everything that AWS lists."""
        watermark, newest = self.state.watermark, self.newest
        return watermark is not None and newest is not None and newest < watermark

    async def begin(self) -> None:
        """Take the lease.

        Raises:
            StoreError: Another program has it, or the copy is one of another catalog.
        """
        catalog = self.source.catalog.value
        try:
            self.state = await self.store.acquire_lease(self._owner, catalog, LEASE)
        except StoreError as error:
            if not error.retryable:
                raise
            # The lease may be that of a `changes` that was just broken out of: the event loop
            # closes it, at its next turns.
            for _ in range(2):
                await asyncio.sleep(0)
            self.state = await self.store.acquire_lease(self._owner, catalog, LEASE)
        if self.state.catalog != catalog:
            raise StoreError(
                f"The store holds a copy of the catalog {self.state.catalog!r}, and the client "
                f"reads {catalog!r}. Keep each catalog in a store of its own, or under "
                "an account name of its own."
            )
        self._notifier.notify(SyncStarted(self._kind, self.state.watermark))

    async def end(self) -> None:
        """Give the lease back, whatever happened; call it in a ``finally``."""
        failing = sys.exception() is not None
        try:
            await self.store.release_lease(self._owner)
        except StoreError:
            # The first error is the one to tell; the lease ends by itself.
            if not failing:
                raise
        finally:
            forget(self._owner)

    async def plan(self, step: Step) -> Plan:
        """Compare what was read with the copy."""
        identifiers = identifiers_of(step.rows)
        stored: Mapping[str, OpportunitySummary] = {}
        if identifiers:
            stored = await self.store.get(identifiers)
        self._discard_watermark_ahead_of(step.clock)
        settled, newest = self.settled, self.newest

        def is_final(date: datetime) -> bool:
            is_settled = settled is not None and date <= settled
            is_too_late = is_ahead(date, step.clock) or (newest is not None and date > newest)
            return is_settled or is_too_late

        return plan(step.rows, stored, is_final)

    def _discard_watermark_ahead_of(self, clock: datetime | None) -> None:
        # Not in the store yet: the first page that proves another one takes its place.
        watermark = self.state.watermark
        if watermark is not None and is_ahead(watermark, clock):
            self._discarded = watermark
            self.state = replace(self.state, watermark=None)

    async def commit(
        self, planned: Plan, step: Step, *, missing: frozenset[str] = frozenset()
    ) -> None:
        """Make it durable, the watermark no earlier than the records."""
        state = self.state
        known = [date for date in (state.watermark, step.watermark) if date is not None]
        watermark = max(known, default=None)
        listed = {row.id for row in step.rows}
        batch = SyncBatch(
            records=[change.after for change in planned.changes],
            invalid=planned.invalid,
            watermark=watermark if watermark != state.watermark else None,
            add_pending=missing - state.pending,
            remove_pending=frozenset(state.pending & listed) - missing,
            remove_invalid=state.invalid & planned.valid,
        )
        if not batch.is_empty:
            await self.store.commit(self._owner, batch, LEASE)
        self.state = SyncState(
            state.catalog,
            watermark,
            (state.pending | batch.add_pending) - batch.remove_pending,
            state.invalid.difference(batch.remove_invalid).union(r.key for r in batch.invalid),
        )
        self._count(planned, step)

    def _count(self, planned: Plan, step: Step) -> None:
        rows = step.rows
        created = {c.after.id for c in planned.changes if c.kind == "created"}
        updated = {c.after.id for c in planned.changes if c.kind == "updated"}
        self._created |= created
        self._updated |= updated - self._created
        self._read |= created | updated | planned.unchanged | planned.outdated
        self._ahead |= {row.id for row in rows if _has_unreached_date(row, step.clock)}
        for invalid in planned.invalid:
            if invalid.key not in self._invalid:
                self._invalid.add(invalid.key)
                self._notifier.notify(InvalidRecordStored(invalid.id, invalid.reason))
        if rows:
            counts = len(created), len(updated), len(planned.invalid)
            at = self.state.watermark
            self._notifier.notify(PageCommitted(*counts, at, self.source.requests))

    async def conclude_listing(self, gone: frozenset[str]) -> None:
        """Store what only a complete listing proves.

        Args:
            gone: Opportunities that are no longer there, and not to be asked for again.
        """
        state, newest = self.state, self.newest
        is_ahead_of_all = self.has_watermark_ahead_of_all
        batch = SyncBatch(
            watermark=newest if is_ahead_of_all else None,
            remove_pending=gone & state.pending,
            remove_invalid=state.invalid - self._invalid,
        )
        if batch.is_empty:
            return
        await self.store.commit(self._owner, batch, LEASE)
        if is_ahead_of_all:
            self._discarded = state.watermark
        self.state = SyncState(
            state.catalog,
            newest if is_ahead_of_all else state.watermark,
            state.pending - batch.remove_pending,
            state.invalid - batch.remove_invalid,
        )

    @property
    def discarded_watermark(self) -> datetime | None:
        """The watermark that was ahead, if it was."""
        return self._discarded

    @property
    def invalid(self) -> int:
        """Records that could not be read."""
        return len(self._invalid)

    @property
    def unchanged(self) -> int:
        """Opportunities that were read and known."""
        return len(self._read - self._created - self._updated)

    def report(self) -> SyncReport:
        """Say what was done so far."""
        return SyncReport(
            created=len(self._created),
            updated=len(self._updated),
            unchanged=self.unchanged,
            invalid=self.invalid,
            pending=len(self.state.pending),
            requests=self.source.requests,
            watermark=self.state.watermark,
            ahead=len(self._ahead),
            discarded_watermark=self._discarded,
        )

    def finished(self, report: SyncReport | ApplyReport | ReconcileReport) -> None:
        """Tell that it ended well."""
        self._notifier.notify(SyncFinished(self._kind, report))


def _has_unreached_date(row: Row, clock: datetime | None) -> bool:
    """Return whether a valid opportunity has a date that AWS's clock may not have reached."""
    if row.modified is None or isinstance(row.record, InvalidRecord):
        return False
    return clock is None or is_ahead(row.modified, clock)
