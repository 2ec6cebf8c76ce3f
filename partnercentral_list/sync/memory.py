"""MemoryStore: a store in memory, for tests and short programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._leases import BUSY_HERE, LOST
from partnercentral_list.sync.store import InvalidRecord, SyncBatch, SyncState, state_after


class MemoryStore:
    """Holds a replica in memory.

    Args:
        clock: Returns seconds that never go back; leases expire by it.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state: SyncState | None = None
        self._owner: str | None = None
        self._expires_at = 0.0
        self._records: dict[str, OpportunitySummary] = {}
        self._invalid: dict[str, InvalidRecord] = {}

    @property
    def records(self) -> Mapping[str, OpportunitySummary]:
        """The stored opportunities, by identifier."""
        return self._records

    @property
    def invalid(self) -> Mapping[str, InvalidRecord]:
        """The stored invalid records, by key."""
        return self._invalid

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Acquire the lease, and return the state."""
        if self._owner not in (None, owner) and self._clock() < self._expires_at:
            raise StoreError(BUSY_HERE, retryable=True)
        self._owner, self._expires_at = owner, self._clock() + lease.total_seconds()
        if self._state is None:
            self._state = SyncState(catalog, None)
        return self._state

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Return those of the opportunities that are stored."""
        return {name: self._records[name] for name in identifiers if name in self._records}

    async def identifiers(self) -> Sequence[str]:
        """Return the identifiers of all stored opportunities."""
        return list(self._records)

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease."""
        if self._owner != owner or self._state is None:
            raise StoreError(LOST, retryable=True)
        self._expires_at = self._clock() + lease.total_seconds()
        self._records |= {record.id: record for record in batch.records}
        for identifier in batch.gone:
            self._records.pop(identifier, None)
        for key in batch.remove_invalid:
            self._invalid.pop(key, None)
        self._invalid |= {invalid.key: invalid for invalid in batch.invalid}
        self._state = state_after(self._state, batch)

    async def release_lease(self, owner: str) -> None:
        """Release the lease."""
        if self._owner == owner:
            self._owner = None
