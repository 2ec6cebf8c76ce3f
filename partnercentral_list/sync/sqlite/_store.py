"""SQLiteStore: a store in an SQLite file, which any program can query with SQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from os import PathLike, fspath
from typing import Any, Final, Self

from pydantic import ValidationError

from partnercentral_list.config import check_kind
from partnercentral_list.errors import ConfigurationError, StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.columns import COLUMNS, read_columns
from partnercentral_list.sync._leases import LOST, busy_error, is_dead
from partnercentral_list.sync.reports import RecordedChange, RecordedKind
from partnercentral_list.sync.sqlite._connection import DAMAGED, SQLiteConnection, is_path
from partnercentral_list.sync.store import SyncBatch, SyncState, check_history, check_moment

_FIELDS: Final = [column for column in COLUMNS if column.name != "id"]

_COLUMNS: Final = ("account", "id", *(column.name for column in _FIELDS), "record")
# SQLite limits the parameters of a statement, in old releases to 999.
_IDENTIFIERS_PER_QUERY: Final = 500
# Changes that are in memory at a time.
_CHANGES_PER_QUERY: Final = 500
_UPSERT: Final = (
    f"INSERT OR REPLACE INTO opportunities ({', '.join(_COLUMNS)}) "  # noqa: S608 # names of ours
    f"VALUES ({', '.join('?' * len(_COLUMNS))})"
)


class SQLiteStore:
    """Holds a replica in an SQLite file, and commits each page in a transaction.

    The table ``opportunities`` has a column for each scalar field, named by its path in
    snake_case, and the whole record as JSON; the view ``spend`` has a row for each expected spend,
    the table ``invalid`` one for each invalid record, ``gone`` one for each opportunity that AWS no
    longer has, ``changes`` one for each change, if there is a ``history``. The file holds
    customers' names: it is created with mode 0600, and one that every user may read is changed to
    it. Several accounts can share a file.

    Use it in ``async with``, or call `aclose` at the end. It opens the file when it is first used.
    A forked process needs a store of its own.

    Args:
        path: The path of the file, in an existing directory; created if it does not exist.
        account: The name of the replica in the file: printable characters.
        history: How long changes are kept for `changes_since`; None records none. Each change takes
            about as much room as its opportunity, twice.
        clock: Returns seconds since 1970; leases expire by it. The lease of a machine whose clock
            is ahead expires its duration after another run first saw it.

    Raises:
        ConfigurationError: An argument is of the wrong type or out of its bounds, or cannot be a
            path or a name.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        account: str = "default",
        history: timedelta | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_kind("path", path, str, PathLike)
        check_kind("account", account, str)
        check_history(history)
        self._path = fspath(path)
        if self._path in ("", ":memory:") or not account:
            raise ConfigurationError(
                "SQLiteStore needs a path and a name for the account; MemoryStore needs no file."
            )
        if not is_path(self._path):
            raise ConfigurationError("path must be a text that can be a path on this system.")
        if not account.isprintable():
            raise ConfigurationError("account must be a name of printable characters.")
        self._account = account
        self._history = history
        self._clock = clock
        self._connection = SQLiteConnection(self._path)

    def __repr__(self) -> str:
        return f"SQLiteStore({self._path!r}, account={self._account!r})"

    async def __aenter__(self) -> Self:
        try:
            await self._connection.run(lambda connection: None)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the file; the store cannot be used again. A second time does nothing."""
        await self._connection.aclose()

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Acquire the lease, and return the state.

        The lease of a process of this machine that has ended does not count.
        """
        now = self._clock()
        expires_at = now + lease.total_seconds()

        def acquire(connection: sqlite3.Connection) -> SyncState | str:
            connection.execute(
                "INSERT OR IGNORE INTO accounts (account, catalog) VALUES (?, ?)",
                (self._account, catalog),
            )
            stored_catalog, watermark, holder, until = connection.execute(
                "SELECT catalog, watermark, lease_owner, lease_until FROM accounts "
                "WHERE account = ?",
                (self._account,),
            ).fetchone()
            if holder is not None and _check_text(holder) != owner and not is_dead(holder):
                if not isinstance(until, float):
                    raise StoreError(DAMAGED)
                if until > expires_at:
                    # Its holder's clock is ahead of this one. Written, because the next run may be
                    # a new process; the holder's next commit renews it.
                    self._renew(connection, holder, expires_at)
                if until > now:
                    return _check_text(holder)
            self._renew(connection, owner, expires_at)
            self._prune(connection)
            return SyncState(
                _check_text(stored_catalog),
                _parse_date(watermark),
                self._texts(connection, "SELECT id FROM pending WHERE account = ?"),
                self._texts(connection, "SELECT key FROM invalid WHERE account = ?"),
                self._texts(connection, "SELECT id FROM gone WHERE account = ?"),
            )

        state = await self._connection.run_transaction(acquire)
        if isinstance(state, str):
            raise busy_error(state)
        return state

    def _renew(self, connection: sqlite3.Connection, owner: str, until: float) -> None:
        connection.execute(
            "UPDATE accounts SET lease_owner = ?, lease_until = ? WHERE account = ?",
            (owner, until, self._account),
        )

    def _prune(self, connection: sqlite3.Connection) -> None:
        if self._history is not None:
            connection.execute(
                "DELETE FROM changes WHERE account = ? AND seen_at < ?",
                (self._account, _format_date(self._now() - self._history)),
            )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _texts(self, connection: sqlite3.Connection, query: str) -> frozenset[str]:
        rows = connection.execute(query, (self._account,))
        return frozenset(_check_text(text) for (text,) in rows)

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Return those of the opportunities that are stored."""
        records = await self._connection.run(lambda c: self._records(c, identifiers))
        return {identifier: _from_row(identifier, record) for identifier, record in records.items()}

    def _records(
        self, connection: sqlite3.Connection, identifiers: Sequence[str]
    ) -> dict[str, object]:
        """Return the stored JSON of opportunities."""
        found: dict[str, object] = {}
        for start in range(0, len(identifiers), _IDENTIFIERS_PER_QUERY):
            batch = identifiers[start : start + _IDENTIFIERS_PER_QUERY]
            places = ", ".join("?" * len(batch))
            rows = connection.execute(
                f"SELECT id, record FROM opportunities WHERE account = ? AND id IN ({places})",  # noqa: S608 # question marks
                (self._account, *batch),
            )
            found.update(rows.fetchall())
        return found

    async def identifiers(self) -> Sequence[str]:
        """Return the identifiers of all stored opportunities."""
        query = "SELECT id FROM opportunities WHERE account = ?"
        return list(await self._connection.run(lambda c: self._texts(c, query)))

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease, in one transaction."""
        expires_at = self._clock() + lease.total_seconds()

        def commit(connection: sqlite3.Connection) -> None:
            holder = connection.execute(
                "SELECT lease_owner FROM accounts WHERE account = ?", (self._account,)
            ).fetchone()
            if holder != (owner,):
                raise StoreError(LOST, retryable=True)
            self._write(connection, batch)
            self._renew(connection, owner, expires_at)

        await self._connection.run_transaction(commit)

    def _write(self, connection: sqlite3.Connection, batch: SyncBatch) -> None:
        account = self._account
        rows = list(_to_rows(account, batch.records))
        if self._history is not None:
            self._record_changes(connection, rows, batch.gone)
        connection.executemany(_UPSERT, rows)
        connection.executemany(
            "DELETE FROM gone WHERE account = ? AND id = ?",
            [(account, record.id) for record in batch.records],
        )
        gone = [(account, identifier) for identifier in batch.gone]
        connection.executemany(
            "INSERT OR REPLACE INTO gone (account, id, gone_at, record) "
            "SELECT account, id, ?, record FROM opportunities WHERE account = ? AND id = ?",
            [(_format_date(self._now()), *key) for key in gone],
        )
        connection.executemany("DELETE FROM opportunities WHERE account = ? AND id = ?", gone)
        connection.executemany(
            "DELETE FROM invalid WHERE account = ? AND key = ?",
            [(account, key) for key in batch.remove_invalid],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO invalid (account, key, id, reason, raw) VALUES (?, ?, ?, ?, ?)",
            [(account, one.key, one.id, one.reason, one.raw) for one in batch.invalid],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO pending (account, id) VALUES (?, ?)",
            [(account, identifier) for identifier in batch.add_pending],
        )
        connection.executemany(
            "DELETE FROM pending WHERE account = ? AND id = ?",
            [(account, identifier) for identifier in batch.remove_pending],
        )
        if batch.watermark is not None:
            connection.execute(
                "UPDATE accounts SET watermark = ? WHERE account = ?",
                (_format_date(batch.watermark), account),
            )

    def _record_changes(
        self,
        connection: sqlite3.Connection,
        rows: Sequence[tuple[str | None, ...]],
        gone: Iterable[str],
    ) -> None:
        after: dict[str, str | None] = {str(row[1]): row[-1] for row in rows}
        after |= dict.fromkeys(gone)
        before = self._records(connection, list(after))
        seen_at = _format_date(self._now())
        connection.executemany(
            "INSERT INTO changes (account, id, kind, seen_at, before, after) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (self._account, name, _kind(before.get(name), new), seen_at, before.get(name), new)
                for name, new in after.items()
                # Nothing is gone that is not stored.
                if name in before or new is not None
            ],
        )

    async def changes_since(self, moment: datetime) -> AsyncGenerator[RecordedChange, None]:
        """Yield the recorded changes that were seen at or after a moment, in their order.

        There are only those that a store with a ``history`` recorded. Of a first run, each
        opportunity is ``"created"``.

        Raises:
            ConfigurationError: The moment has no time zone.
            StoreError: The file cannot be used.
        """
        check_moment(moment)
        start = 0

        def fetch(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return connection.execute(
                "SELECT number, id, kind, seen_at, before, after FROM changes "
                "WHERE account = ? AND seen_at >= ? AND number > ? ORDER BY number LIMIT ?",
                (self._account, _format_date(moment), start, _CHANGES_PER_QUERY),
            ).fetchall()

        while rows := await self._connection.run(fetch):
            for start, identifier, kind, seen_at, before, after in rows:  # noqa: B007 # read by fetch
                yield RecordedChange(
                    identifier,
                    kind,
                    _parse_date(seen_at) or moment,
                    None if before is None else _from_row(identifier, before),
                    None if after is None else _from_row(identifier, after),
                )

    async def release_lease(self, owner: str) -> None:
        """Release the lease."""

        def release(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE accounts SET lease_owner = NULL, lease_until = NULL "
                "WHERE account = ? AND lease_owner = ?",
                (self._account, owner),
            )

        await self._connection.run_transaction(release)


def _kind(before: object, after: object) -> RecordedKind:
    if after is None:
        return "gone"
    return "created" if before is None else "updated"


def _format_date(date: datetime) -> str:
    """Format a date in ISO 8601 with six digits of a second, in UTC: such texts sort by date."""
    return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _parse_date(text: str | None) -> datetime | None:
    """Parse a date of `_format_date`, or None; anything else is a StoreError."""
    if text is None:
        return None
    # Raised outside of the handler: the exception would show what is stored.
    with suppress(TypeError, ValueError):
        date = datetime.fromisoformat(text)
        return date.replace(tzinfo=date.tzinfo or UTC)
    raise StoreError(DAMAGED)


def _check_text(value: object) -> str:
    """Return a value of the database that must be a text; anything else is a StoreError."""
    if not isinstance(value, str):
        raise StoreError(DAMAGED)
    return value


def _to_rows(
    account: str, records: Sequence[OpportunitySummary]
) -> Iterator[tuple[str | None, ...]]:
    """Yield the columns of each opportunity; the last one is its whole wire form."""
    columns = read_columns(records, _FIELDS).values()
    for record, *values in zip(records, *columns, strict=True):
        wire = record.model_dump_json(by_alias=True, exclude_none=True)
        yield (account, record.id, *map(_to_text, values), wire)


def _from_row(identifier: object, wire: object) -> OpportunitySummary:
    """Parse the wire form of the opportunity with an identifier; all else is a StoreError."""
    text = _check_text(wire)
    with suppress(ValidationError):
        record = OpportunitySummary.model_validate_json(text, by_alias=True, by_name=False)
        if record.id == identifier:
            return record
    raise StoreError(DAMAGED)


def _to_text(value: object) -> str | None:
    if isinstance(value, datetime):
        return _format_date(value)
    if isinstance(value, date):
        return value.isoformat()
    return None if value is None else str(value)
