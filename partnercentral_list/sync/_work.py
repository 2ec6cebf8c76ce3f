"""One call's work on a store, from taking the lease to giving it back."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Final

from partnercentral_list._notify import Teller
from partnercentral_list.errors import StoreError
from partnercentral_list.sync._owner import forget, new_owner
from partnercentral_list.sync._plan import Plan, identifiers_of, plan
from partnercentral_list.sync._source import Row, Source
from partnercentral_list.sync._walk import Step
from partnercentral_list.sync.events import (
    InvalidRecordStored,
    PageCommitted,
    SyncEvent,
    SyncFinished,
    SyncKind,
    SyncStarted,
)
from partnercentral_list.sync.reports import ApplyReport, ReconcileReport, SyncReport
from partnercentral_list.sync.store import SyncBatch, SyncState, SyncStore

LEASE: Final = timedelta(minutes=5)


class Work:
    """Reads and writes the store under a lease, and counts what it does."""

    def __init__(
        self, kind: SyncKind, source: Source, store: SyncStore, teller: Teller[SyncEvent]
    ) -> None:
        self.source = source
        self.store = store
        self.state = SyncState(source.catalog.value, None)
        self._kind: SyncKind = kind
        self._teller = teller
        self._owner = new_owner()
        self._created: set[str] = set()
        self._updated: set[str] = set()
        self._read: set[str] = set()
        self._invalid: set[str] = set()

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
        self._teller.tell(SyncStarted(self._kind, self.state.watermark))

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
        return plan(step.rows, await self.store.get(identifiers) if identifiers else {})

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
        )
        if not batch.is_empty:
            await self.store.commit(self._owner, batch, LEASE)
        pending = (state.pending | batch.add_pending) - batch.remove_pending
        self.state = SyncState(state.catalog, watermark, pending)
        self._count(planned, step.rows)

    def _count(self, planned: Plan, rows: tuple[Row, ...]) -> None:
        created = {c.after.id for c in planned.changes if c.kind == "created"}
        updated = {c.after.id for c in planned.changes if c.kind == "updated"}
        self._created |= created
        self._updated |= updated - self._created
        self._read |= created | updated | planned.unchanged
        for invalid in planned.invalid:
            if invalid.key not in self._invalid:
                self._invalid.add(invalid.key)
                self._teller.tell(InvalidRecordStored(invalid.id, invalid.reason))
        if rows:
            counts = len(created), len(updated), len(planned.invalid)
            at = self.state.watermark
            self._teller.tell(PageCommitted(*counts, at, self.source.requests))

    async def forget_pending(self, identifiers: frozenset[str]) -> None:
        """Stop asking for opportunities that are no longer there."""
        batch = SyncBatch(remove_pending=identifiers & self.state.pending)
        if not batch.is_empty:
            await self.store.commit(self._owner, batch, LEASE)
            pending = self.state.pending - batch.remove_pending
            self.state = SyncState(self.state.catalog, self.state.watermark, pending)

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
        )

    def finished(self, report: SyncReport | ApplyReport | ReconcileReport) -> None:
        """Tell that it ended well."""
        self._teller.tell(SyncFinished(self._kind, report))
