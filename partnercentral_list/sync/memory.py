"""MemoryStore: a copy that lives as long as its object, for tests and short programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._owner import BUSY_HERE, LOST
from partnercentral_list.sync.store import InvalidRecord, SyncBatch, SyncState


class MemoryStore:
    """Keeps a copy in memory.

    Args:
        clock: Seconds that never go back, by which leases end.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state: SyncState | None = None
        self._owner: str | None = None
        self._until = 0.0
        self._records: dict[str, OpportunitySummary] = {}
        self._invalid: dict[str, InvalidRecord] = {}

    @property
    def records(self) -> Mapping[str, OpportunitySummary]:
        """The stored opportunities, by identifier."""
        return self._records

    @property
    def invalid(self) -> Mapping[str, InvalidRecord]:
        """The records that were set aside, by their key."""
        return self._invalid

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Take the lease, and give the state."""
        if self._owner not in (None, owner) and self._clock() < self._until:
            raise StoreError(BUSY_HERE, retryable=True)
        self._owner, self._until = owner, self._clock() + lease.total_seconds()
        if self._state is None:
            self._state = SyncState(catalog, None)
        return self._state

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Give the stored opportunities among these."""
        return {name: self._records[name] for name in identifiers if name in self._records}

    async def identifiers(self) -> Sequence[str]:
        """Give the identifiers of all stored opportunities."""
        return list(self._records)

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease."""
        if self._owner != owner or self._state is None:
            raise StoreError(LOST, retryable=True)
        self._until = self._clock() + lease.total_seconds()
        for record in batch.records:
            self._records[record.id] = record
        for key in batch.remove_invalid:
            self._invalid.pop(key, None)
        for invalid in batch.invalid:
            self._invalid[invalid.key] = invalid
        self._state = SyncState(
            self._state.catalog,
            batch.watermark or self._state.watermark,
            (self._state.pending | batch.add_pending) - batch.remove_pending,
            frozenset(self._invalid),
        )

    async def release_lease(self, owner: str) -> None:
        """Give the lease back."""
        if self._owner == owner:
            self._owner = None
