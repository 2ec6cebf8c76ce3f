"""SQLiteStore: a copy in a file, which any tool that speaks SQL can query."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from os import PathLike, fspath
from types import TracebackType
from typing import Final, Self, TypeVar

from partnercentral_list.config import check_kind
from partnercentral_list.errors import ConfigurationError, StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync._owner import is_dead
from partnercentral_list.sync._schema import COLUMNS
from partnercentral_list.sync._sqlite_file import connect, in_words
from partnercentral_list.sync._sqlite_rows import moment_of, record_of, row_of, text_of
from partnercentral_list.sync.memory import BUSY, LOST
from partnercentral_list.sync.store import SyncBatch, SyncState

ResultT = TypeVar("ResultT")

_AT_ONCE: Final = 500
_UPSERT: Final = (
    f"INSERT OR REPLACE INTO opportunities (account, id, {', '.join(COLUMNS)}, record) "  # noqa: S608 # names of ours
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 3))})"
)


class SQLiteStore:
    """Keeps a copy in an SQLite file, a page to a transaction, from a thread of its own.

    The table ``opportunities`` has a column for each scalar member, named by its path in
    snake_case, and the whole record as JSON; ``spend`` has a row for each expected spend,
    ``invalid`` the records that cannot be read. The file is made readable for its owner only,
    for it holds customers' names. Several accounts can share a file.

    Use it in ``async with``, or without: it opens when it is first used, and `aclose` closes it.

    Args:
        path: The file; made if it is not there, in a directory that is.
        account: What the copy is called in the file, where several are kept apart.
        clock: Seconds since 1970, by which leases end; leases are all that it is for.

    Raises:
        ConfigurationError: An argument is of the wrong kind.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        account: str = "default",
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_kind("path", path, str, PathLike)
        check_kind("account", account, str)
        self._path = fspath(path)
        if self._path in ("", ":memory:") or not account:
            raise ConfigurationError(
                "SQLiteStore needs a path and a name for the account; MemoryStore needs no file."
            )
        self._account = account
        self._clock = clock
        self._worker: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        return f"SQLiteStore({self._path!r}, account={self._account!r})"

    async def __aenter__(self) -> Self:
        try:
            await self._do(lambda connection: None)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the file; the store cannot be used again. Closing twice is fine."""
        self._is_closed = True
        worker, self._worker = self._worker, None
        if worker is not None:
            try:
                # Not to be given up half-way: what was begun on the thread ends first anyway.
                await asyncio.shield(asyncio.wrap_future(worker.submit(self._close)))
            finally:
                worker.shutdown(wait=False)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _do(self, action: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        if self._is_closed:
            raise StoreError("The store was closed. Make a new one.")
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, "partnercentral-sqlite")

        def work() -> ResultT:
            try:
                if self._connection is None:
                    self._connection = connect(self._path)
                return action(self._connection)
            except (sqlite3.Error, OSError) as error:
                raise in_words(error, self._path) from error

        return await asyncio.wrap_future(self._worker.submit(work))

    async def _transaction(self, action: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        def transaction(connection: sqlite3.Connection) -> ResultT:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = action(connection)
                connection.execute("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return await self._do(transaction)

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        """Take the lease, and give the state.

        The lease of a process of this machine that is gone counts no more.
        """

        def acquire(connection: sqlite3.Connection) -> SyncState:
            now = self._clock()
            connection.execute(
                "INSERT OR IGNORE INTO accounts (account, catalog) VALUES (?, ?)",
                (self._account, catalog),
            )
            known, watermark, holder, until = connection.execute(
                "SELECT catalog, watermark, lease_owner, lease_until FROM accounts "
                "WHERE account = ?",
                (self._account,),
            ).fetchone()
            if holder not in (None, owner) and now < until and not is_dead(holder):
                raise StoreError(BUSY, retryable=True)
            self._renew(connection, owner, now + lease.total_seconds())
            pending = connection.execute(
                "SELECT id FROM pending WHERE account = ?", (self._account,)
            )
            return SyncState(known, moment_of(watermark), frozenset(name for (name,) in pending))

        return await self._transaction(acquire)

    def _renew(self, connection: sqlite3.Connection, owner: str, until: float) -> None:
        connection.execute(
            "UPDATE accounts SET lease_owner = ?, lease_until = ? WHERE account = ?",
            (owner, until, self._account),
        )

    async def get(self, identifiers: Sequence[str]) -> Mapping[str, OpportunitySummary]:
        """Give the stored opportunities among these."""

        def get(connection: sqlite3.Connection) -> dict[str, OpportunitySummary]:
            found: dict[str, OpportunitySummary] = {}
            for start in range(0, len(identifiers), _AT_ONCE):
                asked = identifiers[start : start + _AT_ONCE]
                places = ", ".join("?" * len(asked))
                rows = connection.execute(
                    f"SELECT id, record FROM opportunities WHERE account = ? AND id IN ({places})",  # noqa: S608 # question marks
                    (self._account, *asked),
                )
                found |= {name: record_of(record) for name, record in rows}
            return found

        return await self._do(get)

    async def identifiers(self) -> Sequence[str]:
        """Give the identifiers of all stored opportunities."""

        def identifiers(connection: sqlite3.Connection) -> list[str]:
            query = "SELECT id FROM opportunities WHERE account = ?"
            return [name for (name,) in connection.execute(query, (self._account,))]

        return await self._do(identifiers)

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease, in one transaction."""

        def commit(connection: sqlite3.Connection) -> None:
            holder = connection.execute(
                "SELECT lease_owner FROM accounts WHERE account = ?", (self._account,)
            ).fetchone()
            if holder != (owner,):
                raise StoreError(LOST, retryable=True)
            self._write(connection, batch)
            self._renew(connection, owner, self._clock() + lease.total_seconds())

        await self._transaction(commit)

    def _write(self, connection: sqlite3.Connection, batch: SyncBatch) -> None:
        account = self._account
        connection.executemany(_UPSERT, [row_of(account, record) for record in batch.records])
        connection.executemany(
            "DELETE FROM invalid WHERE account = ? AND key = ?",
            [(account, record.id) for record in batch.records],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO invalid (account, key, id, reason, raw) VALUES (?, ?, ?, ?, ?)",
            [(account, one.key, one.id, one.reason, one.raw) for one in batch.invalid],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO pending (account, id) VALUES (?, ?)",
            [(account, name) for name in batch.add_pending],
        )
        connection.executemany(
            "DELETE FROM pending WHERE account = ? AND id = ?",
            [(account, name) for name in batch.remove_pending],
        )
        if batch.watermark is not None:
            connection.execute(
                "UPDATE accounts SET watermark = ? WHERE account = ?",
                (text_of(batch.watermark), account),
            )

    async def release_lease(self, owner: str) -> None:
        """Give the lease back."""

        def release(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE accounts SET lease_owner = NULL, lease_until = NULL "
                "WHERE account = ? AND lease_owner = ?",
                (self._account, owner),
            )

        await self._transaction(release)
