"""What a store has to do to keep a copy: five methods, small enough for any database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from partnercentral_list.models import OpportunitySummary


@dataclass(frozen=True, slots=True)
class SyncState:
    """What a store knows besides its records."""

    catalog: str
    """The catalog that it is a copy of, as it was told first."""
    watermark: datetime | None
    """The largest LastModifiedDate of AWS's up to which the copy is current; None at first."""
    pending: frozenset[str] = frozenset()
    """Identifiers that events named and AWS did not list yet."""
    invalid: frozenset[str] = frozenset()
    """The keys of the invalid records that are stored."""


@dataclass(frozen=True, slots=True)
class InvalidRecord:
    """A record of AWS's that cannot be read as an `OpportunitySummary`."""

    key: str
    """What it is known by: its identifier, or a digest of the record where that is invalid."""
    id: str | None
    """Its identifier, where that can be read."""
    reason: str
    """What is wrong with it, member by member, without the values."""
    raw: str = field(repr=False)
    """The record as AWS sent it, as JSON. It may contain sensitive values."""


@dataclass(frozen=True, slots=True)
class SyncBatch:
    """What one commit writes."""

    records: Sequence[OpportunitySummary] = field(default=(), repr=False)
    """Opportunities to store, each in place of the one with the same id; no id is there twice."""
    invalid: Sequence[InvalidRecord] = ()
    """Invalid records to store, each in place of the one with the same key."""
    watermark: datetime | None = None
    """The new watermark, which may be earlier than the old one; None leaves that."""
    add_pending: frozenset[str] = frozenset()
    """Identifiers to remember until AWS lists them."""
    remove_pending: frozenset[str] = frozenset()
    """Identifiers to forget."""
    remove_invalid: frozenset[str] = frozenset()
    """Keys of invalid records to delete: they are valid again, or no longer there."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (
            self.records
            or self.invalid
            or self.watermark
            or self.add_pending
            or self.remove_pending
            or self.remove_invalid
        )


class SyncStore(Protocol):
    """Where a copy is kept: one account's opportunities of one catalog.

    `partnercentral_list.sync.conformance` has the checks that an implementation must pass. What
    goes wrong is raised as a `StoreError` that says what to do.
    """

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Take the lease, and give the state; a new store remembers the catalog.

        The lease is a note with an owner and an end, not a lock: it keeps two programs from doing
        the same work, and `commit` refuses the one that lost it. Taking it again renews it.

        Raises:
            StoreError: Another owner holds a lease that has not ended (``retryable``).
        """
        ...

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Give the stored opportunities among these, by identifier."""
        ...

    async def identifiers(self) -> Sequence[str]:
        """Give the identifiers of all stored opportunities, in any order."""
        ...

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease; durable when it returns.

        One transaction if the database has them. Otherwise the records first and the watermark
        after them: what the watermark covers must never be less durable than itself.

        Raises:
            StoreError: It was not written; or the lease is another owner's by now, and nothing
                was written. A lease that ended and that nobody took is still good.
        """
        ...

    async def release_lease(self, owner: str) -> None:
        """Give the lease back; nothing happens if it is another owner's by now."""
        ...
