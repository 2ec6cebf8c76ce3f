"""SyncStore: the protocol of a store of a local replica, five methods for any database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from partnercentral_list.config import check_kind
from partnercentral_list.errors import ConfigurationError
from partnercentral_list.models import OpportunitySummary


@dataclass(frozen=True, slots=True)
class SyncState:
    """The state of a store, besides its opportunities.

    Attributes:
        catalog: The catalog of the replica: the one given to the first `acquire_lease`.
        watermark: The LastModifiedDate up to which the replica is current; None at first.
        pending: Identifiers that events named and AWS did not list yet.
        invalid: The keys of the stored invalid records.
        gone: Identifiers of opportunities that AWS no longer has.
    """

    catalog: str
    watermark: datetime | None
    pending: frozenset[str] = frozenset()
    invalid: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InvalidRecord:
    """A record that cannot be parsed as an `OpportunitySummary`.

    Attributes:
        key: Its identifier, or a digest of the record if it has none that can be parsed.
        id: Its identifier; None if it has none that can be parsed.
        reason: What is wrong with each field, without the values.
        raw: The record as AWS sent it, as JSON with sorted keys. Store it as text: it may have
            escapes that a JSON type refuses, such as half a surrogate pair. It may contain
            sensitive values.
    """

    key: str
    id: str | None
    reason: str
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SyncBatch:
    """The changes of one commit.

    What it does not name stays as it is. The sync never adds and removes the same identifier or key
    in one batch, so a store may write the fields in any order, the watermark last.

    Attributes:
        records: Opportunities to store, each in place of the one with the same id; no id occurs
            twice.
        invalid: Invalid records to store, each in place of the one with the same key; no key
            occurs twice.
        watermark: The new watermark, which may be earlier than the stored one; None keeps the
            stored one.
        add_pending: Identifiers to store as pending; some may be pending already.
        remove_pending: Identifiers that are no longer pending; some may not be stored.
        remove_invalid: Keys of invalid records to delete: they are valid by now, or AWS no longer
            has them. Some may not be stored.
        gone: Identifiers of stored opportunities that AWS no longer has. They are no longer stored,
            but known as gone, until a batch has them as records again.
    """

    records: Sequence[OpportunitySummary] = field(default=(), repr=False)
    invalid: Sequence[InvalidRecord] = ()
    watermark: datetime | None = None
    add_pending: frozenset[str] = frozenset()
    remove_pending: frozenset[str] = frozenset()
    remove_invalid: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to write or delete."""
        written = (self.records, self.invalid, self.watermark, self.add_pending)
        return not any((*written, self.remove_pending, self.remove_invalid, self.gone))


def state_after(state: SyncState, batch: SyncBatch) -> SyncState:
    """Return the state of a store that has committed a batch."""
    return SyncState(
        state.catalog,
        batch.watermark or state.watermark,
        (state.pending | batch.add_pending) - batch.remove_pending,
        (state.invalid - batch.remove_invalid).union(record.key for record in batch.invalid),
        (state.gone | batch.gone).difference(record.id for record in batch.records),
    )


def check_history(history: object) -> None:
    """Check the argument ``history`` of a store.

    Raises:
        ConfigurationError: It is neither None nor a timedelta of more than 0.
    """
    check_kind("history", history, timedelta, type(None))
    if isinstance(history, timedelta) and history <= timedelta(0):
        raise ConfigurationError("history must be longer than 0; None records no changes.")


def check_moment(moment: object) -> None:
    """Check the argument of ``changes_since``.

    Raises:
        ConfigurationError: It is not a datetime with a time zone.
    """
    check_kind("moment", moment, datetime)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise ConfigurationError("moment must have a time zone: datetime(…, tzinfo=UTC).")


class SyncStore(Protocol):
    """A store of one account's opportunities of one catalog.

    `partnercentral_list.sync.conformance` has the checks that an implementation must pass.
    Identifiers and keys are compared exactly, upper and lower case included.

    The fields of `SyncState`, `SyncBatch` and `InvalidRecord` say what they mean. The sync opens
    and closes no store. If opening it can fail because another process has the database open, open
    it in the first call, not in the constructor: then ``lease_wait`` waits for it.

    Raise every failure as a `StoreError` that says what to do, and shows no value of a record: not
    in its message, and not in an exception that it has as cause or context.
    Make it ``retryable`` where the same call may succeed later without a repair: another owner
    holds the lease or has acquired it, or another program has locked the database. A damaged or
    full database is not ``retryable``.

    Accounts are not compared: where several share a database, make a store for one of them, and
    keep the others out of its sight.
    """

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Acquire the lease, and return the state.

        A lease is a row with an owner and an expiry, not a lock: it keeps two runs from doing the
        same work, and `commit` refuses an owner that has lost it. It is kept beside the replica,
        not in the process. Its owner renews it by acquiring it again; any other owner may acquire
        it once it has expired.

        A new store remembers the catalog. Another catalog later neither replaces it nor is an
        error here: return the stored one, and the sync raises.

        Two rules of `SQLiteStore` are not required: a lease whose expiry is further away than
        ``lease``, because its holder's clock is ahead, is shortened to that; and a lease of a
        process of the same machine that has ended does not count.

        Args:
            owner: A unique name of the run.
            catalog: The catalog that the run reads.
            lease: How long the lease is valid from now on.

        Raises:
            StoreError: Another owner holds a lease that has not expired (``retryable``).
        """
        ...

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Return those of the opportunities that are stored, by identifier, and no others."""
        ...

    async def identifiers(self) -> Sequence[str]:
        """Return the identifiers of all stored opportunities, in any order."""
        ...

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease; both are durable when it returns.

        Use one transaction: the whole batch is written, or nothing of it. In a database without
        transactions write the watermark last: it must never be durable before the records that it
        covers.

        Args:
            owner: The owner that acquired the lease.
            batch: What to write and delete.
            lease: How long the lease is valid from now on.

        Raises:
            StoreError: Nothing was written. It is ``retryable`` if another owner has acquired the
                lease. A lease that expired and that nobody else acquired is still valid.
        """
        ...

    async def release_lease(self, owner: str) -> None:
        """Release the lease; do nothing if another owner holds it."""
        ...
