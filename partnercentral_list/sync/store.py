"""SyncStore: what a store of a local replica has to do; five methods, for any database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from partnercentral_list.models import OpportunitySummary


@dataclass(frozen=True, slots=True)
class SyncState:
    """What a store holds besides opportunities."""

    catalog: str
    """The catalog of the replica: the one given to the first `acquire_lease`."""
    watermark: datetime | None
    """The LastModifiedDate up to which the replica is current; None at first."""
    pending: frozenset[str] = frozenset()
    """Identifiers that events named and AWS did not list yet."""
    invalid: frozenset[str] = frozenset()
    """The keys of the stored invalid records."""


@dataclass(frozen=True, slots=True)
class InvalidRecord:
    """A record that cannot be parsed as an `OpportunitySummary`."""

    key: str
    """Its identifier, or a digest of the record if it has none that can be parsed."""
    id: str | None
    """Its identifier; None if it has none that can be parsed."""
    reason: str
    """What is wrong with each field, without the values."""
    raw: str = field(repr=False)
    """The record as AWS sent it, as JSON. It may contain sensitive values."""


@dataclass(frozen=True, slots=True)
class SyncBatch:
    """What one commit writes and deletes."""

    records: Sequence[OpportunitySummary] = field(default=(), repr=False)
    """Opportunities to store, each in place of the one with the same id; no id occurs twice."""
    invalid: Sequence[InvalidRecord] = ()
    """Invalid records to store, each in place of the one with the same key."""
    watermark: datetime | None = None
    """The new watermark, which may be earlier than the stored one; None keeps the stored one."""
    add_pending: frozenset[str] = frozenset()
    """Identifiers to store as pending."""
    remove_pending: frozenset[str] = frozenset()
    """Identifiers that are no longer pending."""
    remove_invalid: frozenset[str] = frozenset()
    """Keys of invalid records to delete: they are valid by now, or AWS no longer has them."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write or delete."""
        return not (
            self.records
            or self.invalid
            or self.watermark
            or self.add_pending
            or self.remove_pending
            or self.remove_invalid
        )


class SyncStore(Protocol):
    """A store of one account's opportunities of one catalog.

    `partnercentral_list.sync.conformance` has the checks that an implementation must pass. Raise
    every failure as a `StoreError` that says what to do.
    """

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Acquire the lease, and return the state; a new store remembers the catalog.

        A lease is a row with an owner and an expiry, not a lock: it keeps two runs from doing the
        same work, and `commit` refuses an owner that has lost it. Its owner renews it by acquiring
        it again.

        Args:
            owner: A unique name of the run.
            catalog: The catalog that the run reads.
            lease: How long the lease is valid unless it is renewed.

        Raises:
            StoreError: Another owner holds a lease that has not expired (``retryable``).
        """
        ...

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Return those of the opportunities that are stored, by identifier."""
        ...

    async def identifiers(self) -> Sequence[str]:
        """Return the identifiers of all stored opportunities, in any order."""
        ...

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease; both are durable when it returns.

        Use one transaction. In a database without transactions write the watermark last: it must
        never be durable before the records that it covers.

        Args:
            owner: The owner that acquired the lease.
            batch: What to write and delete.
            lease: How long the lease is valid from now on.

        Raises:
            StoreError: Nothing was written, for example because another owner has acquired the
                lease. A lease that expired and that nobody else acquired is still valid.
        """
        ...

    async def release_lease(self, owner: str) -> None:
        """Release the lease; do nothing if another owner holds it."""
        ...
