"""SyncRun: one call of `OpportunitySync`, from acquiring the lease to releasing it."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Self

from partnercentral_list._notify import Notifier
from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.fields import is_identifier
from partnercentral_list.sync._changes import ChangeSet, diff
from partnercentral_list.sync._cursor import CursorPage, look_back
from partnercentral_list.sync._leases import forget_owner, new_owner
from partnercentral_list.sync._source import (
    MAX_CLOCK_SKEW,
    Source,
    SourceRow,
    is_ahead,
)
from partnercentral_list.sync.events import (
    InvalidRecordStored,
    PageCommitted,
    SyncEvent,
    SyncFinished,
    SyncKind,
    SyncStarted,
)
from partnercentral_list.sync.reports import ApplyReport, ReconcileReport, SyncReport
from partnercentral_list.sync.store import (
    InvalidRecord,
    SyncBatch,
    SyncState,
    SyncStore,
    state_after,
)

LEASE_DURATION: Final = timedelta(minutes=5)
LEASE_POLL_INTERVAL: Final = timedelta(seconds=1)


class SyncRun:
    """Reads and writes a store under a lease, in ``async with``, and counts what changes."""

    def __init__(
        self,
        kind: SyncKind,
        source: Source,
        store: SyncStore,
        notifier: Notifier[SyncEvent],
        *,
        lookback: timedelta,
        lease_wait: timedelta,
    ) -> None:
        self.source = source
        self.store = store
        self.state = SyncState(source.catalog.value, None)
        self.newest: datetime | None = None
        """The latest date that AWS lists, if it is known; a stored one after it is a mistake."""
        self.discarded_watermark: datetime | None = None
        """The stored watermark, if it was ahead of AWS and is not used any more."""
        self._kind: SyncKind = kind
        self._notifier = notifier
        self._lookback = lookback
        self._lease_wait = lease_wait
        self._owner = new_owner()
        self._created: set[str] = set()
        self._updated: set[str] = set()
        self._read: set[str] = set()
        self._invalid: set[str] = set()
        self._ahead: set[str | None] = set()
        self._keys_by_raw: dict[str, dict[str, str]] = {}
        """Of invalid records without an identifier: by key, the distinct key of each raw form."""

    async def __aenter__(self) -> Self:
        try:
            await self._acquire()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _acquire(self) -> None:
        catalog = self.source.catalog.value
        self.state = await self._acquire_lease(catalog)
        if self.state.catalog != catalog:
            raise StoreError(
                f"The store holds the catalog {self.state.catalog!r}, and the client reads "
                f"{catalog!r}. Keep each catalog in a store of its own, or under an account name "
                "of its own."
            )
        if not all(map(is_identifier, self.state.pending)):
            raise StoreError(
                "The store is damaged: a pending identifier is not one of AWS's. Restore it; or "
                "remove it and run again, which reads everything anew."
            )
        self._notifier.notify(SyncStarted(self._kind, self.state.watermark))

    async def _acquire_lease(self, catalog: str) -> SyncState:
        async def acquire() -> SyncState:
            return await self.store.acquire_lease(self._owner, catalog, LEASE_DURATION)

        try:
            return await acquire()
        except StoreError as error:
            if not error.retryable:
                raise
        # The lease may be that of a `changes()` loop that was left a moment ago: the event loop
        # closes the generator within its next two turns.
        for _ in range(2):
            await asyncio.sleep(0)
        if not self._lease_wait:
            return await acquire()
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._lease_wait.total_seconds()
        while True:
            try:
                return await acquire()
            except StoreError as refusal:
                left = ends_at - loop.time()
                if not refusal.retryable or left <= 0:
                    raise
            await asyncio.sleep(min(left, LEASE_POLL_INTERVAL.total_seconds()))

    async def __aexit__(self, *exc_info: object) -> None:
        is_failing = sys.exception() is not None
        try:
            await self.store.release_lease(self._owner)
        except StoreError:
            # The first error is the one to raise; the lease expires by itself.
            if not is_failing:
                raise
        finally:
            forget_owner(self._owner)

    @property
    def settled(self) -> datetime | None:
        """The date up to which all of AWS's replicas show every change; None if unknown."""
        watermark, newest = self.state.watermark, self.newest
        if watermark is None:
            return None
        return look_back(watermark if newest is None else min(watermark, newest), self._lookback)

    @property
    def is_watermark_ahead(self) -> bool:
        """True if the watermark is later than everything that AWS lists."""
        watermark, newest = self.state.watermark, self.newest
        return watermark is not None and newest is not None and newest < watermark

    async def diff(self, page: CursorPage) -> ChangeSet:
        """Compare a page with the store."""
        records = (row.record for row in page.rows)
        valid = dict.fromkeys(one.id for one in records if isinstance(one, OpportunitySummary))
        stored: Mapping[str, OpportunitySummary] = {}
        if valid:
            stored = await self.store.get(list(valid))
        self._discard_watermark_ahead_of(page.clock)
        settled, newest = self.settled, self.newest

        def is_final(date: datetime) -> bool:
            is_settled = settled is not None and date <= settled
            is_mistake = is_ahead(date, page.clock) or (newest is not None and date > newest)
            return is_settled or is_mistake

        return diff(map(self._with_distinct_key, page.rows), stored, is_final)

    def _with_distinct_key(self, row: SourceRow) -> SourceRow:
        record = row.record
        if row.id is not None or not isinstance(record, InvalidRecord):
            return row
        # Two records may be equal in every field that an edit does not change. Once two are known,
        # an edit of one cannot be distinguished from the other: each keeps a key of its own.
        keys = self._keys_by_raw.setdefault(record.key, {})
        if record.raw not in keys:
            is_shared = any(known.startswith(f"{record.key}:") for known in self.state.invalid)
            digest = hashlib.sha256(record.raw.encode()).hexdigest()
            keys[record.raw] = f"{record.key}:{digest}" if keys or is_shared else record.key
        return replace(row, record=replace(record, key=keys[record.raw]))

    def _discard_watermark_ahead_of(self, clock: datetime | None) -> None:
        # It stays in the store until the first page that proves another one is committed.
        watermark = self.state.watermark
        if watermark is not None and clock is not None and watermark - clock >= MAX_CLOCK_SKEW:
            self.discarded_watermark = watermark
            self.state = replace(self.state, watermark=None)

    async def commit(
        self, changes: ChangeSet, page: CursorPage, *, missing: frozenset[str] = frozenset()
    ) -> None:
        """Write the change set of a page, and the watermark that the page proves.

        `missing` are identifiers that were looked up and that AWS does not list yet.
        """
        state = self.state
        known = [date for date in (state.watermark, page.watermark) if date is not None]
        watermark = max(known, default=None)
        listed = {row.id for row in page.rows}
        batch = SyncBatch(
            records=[change.after for change in changes.changes],
            invalid=changes.invalid,
            watermark=watermark if watermark != state.watermark else None,
            add_pending=missing - state.pending,
            remove_pending=frozenset(state.pending & listed) - missing,
            remove_invalid=state.invalid & changes.valid,
        )
        await self._write(batch)
        self._count(changes, page)

    async def commit_complete_listing(self, gone: frozenset[str]) -> None:
        """Write the results of a complete listing: opportunities that are gone, among others."""
        batch = SyncBatch(
            watermark=self.newest if self.is_watermark_ahead else None,
            remove_pending=gone & self.state.pending,
            remove_invalid=self.state.invalid - self._invalid,
            gone=gone,
        )
        if batch.watermark is not None:
            self.discarded_watermark = self.state.watermark
        await self._write(batch)

    async def _write(self, batch: SyncBatch) -> None:
        if batch.is_empty:
            return
        await self.store.commit(self._owner, batch, LEASE_DURATION)
        self.state = state_after(self.state, batch)

    def _count(self, changes: ChangeSet, page: CursorPage) -> None:
        created = {c.after.id for c in changes.changes if c.kind == "created"}
        updated = {c.after.id for c in changes.changes if c.kind == "updated"}
        self._created |= created
        self._updated |= updated - self._created
        self._read |= created | updated | changes.unchanged | changes.outdated
        self._ahead |= {row.id for row in page.rows if _is_unreached(row, page.clock)}
        for invalid in changes.invalid:
            if invalid.key not in self._invalid:
                self._invalid.add(invalid.key)
                self._notifier.notify(InvalidRecordStored(invalid.id, invalid.reason))
        if page.rows:
            counts = len(created), len(updated), len(changes.invalid)
            watermark, requests = self.state.watermark, self.source.requests
            self._notifier.notify(PageCommitted(*counts, watermark, requests))

    @property
    def invalid(self) -> int:
        """The number of invalid records that were read."""
        return len(self._invalid)

    @property
    def unchanged(self) -> int:
        """The number of opportunities that were read and are stored as they were."""
        return len(self._read - self._created - self._updated)

    def report(self) -> SyncReport:
        """Return the report of what was done so far."""
        return SyncReport(
            created=len(self._created),
            updated=len(self._updated),
            unchanged=self.unchanged,
            invalid=self.invalid,
            pending=len(self.state.pending),
            requests=self.source.requests,
            watermark=self.state.watermark,
            ahead=len(self._ahead),
            discarded_watermark=self.discarded_watermark,
            changed_ids=tuple(sorted(self._created | self._updated)),
        )

    def finish(self, report: SyncReport | ApplyReport | ReconcileReport) -> None:
        """Emit the event of a run that ended without an error."""
        self._notifier.notify(SyncFinished(self._kind, report))


def _is_unreached(row: SourceRow, clock: datetime | None) -> bool:
    """Return whether AWS's clock may not have reached the date of an opportunity."""
    if row.modified is None or isinstance(row.record, InvalidRecord):
        return False
    return clock is None or is_ahead(row.modified, clock)
