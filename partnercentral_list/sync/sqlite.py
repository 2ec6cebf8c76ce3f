"""SQLiteStore: a copy in a file, which any tool that speaks SQL can query."""

from __future__ import annotations

import asyncio
import os
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
from partnercentral_list.sync._owner import LOST, busy, is_dead
from partnercentral_list.sync._schema import COLUMNS
from partnercentral_list.sync._sqlite_file import DAMAGED, connect, identity, in_words
from partnercentral_list.sync._sqlite_rows import (
    checked_text,
    moment_of,
    record_of,
    row_of,
    text_of,
)
from partnercentral_list.sync.store import SyncBatch, SyncState

ResultT = TypeVar("ResultT")

_AT_ONCE: Final = 500
_FORKED: Final = (
    "The store was opened before this process was forked, and SQLite allows nobody to use it here. "
    "Make a new SQLiteStore in each process."
)
_REPLACED: Final = (
    "The file was removed or replaced while it was open, so that nothing more can be stored. Make "
    "a new SQLiteStore: if the file is gone, the copy is then read anew."
)
# Never closed: that would end locks of the process that opened them.
_OF_ANOTHER_PROCESS: list[sqlite3.Connection] = []
_UPSERT: Final = (
    f"INSERT OR REPLACE INTO opportunities (account, id, {', '.join(COLUMNS)}, record) "  # noqa: S608 # names of ours
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 3))})"
)


def _can_name_a_file(path: object) -> bool:
    # What is typed as a path of text may give one of bytes.
    try:
        return isinstance(path, str) and b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


class SQLiteStore:
    """Keeps a copy in an SQLite file, a page to a transaction, from a thread of its own.

    The table ``opportunities`` has a column for each scalar member, named by its path in
    snake_case, and the whole record as JSON; ``spend`` has a row for each expected spend,
    ``invalid`` the records that cannot be read. The file is made readable for its owner only,
    for it holds customers' names; one that every user may read is withdrawn from them. Several
    accounts can share a file.

    Use it in ``async with``, or without: it opens when it is first used, and `aclose` closes it.
    A process that is forked afterwards needs a store of its own.

    Args:
        path: The file; made if it is not there, in a directory that is.
        account: What the copy is called in the file, where several are kept apart.
        clock: Seconds since 1970, by which leases end; leases are all that it is for. Where the
            clocks of two machines disagree, a lease ends its length after it was first seen.

    Raises:
        ConfigurationError: An argument is of the wrong kind, or cannot name a file or an account.
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
        name = fspath(path)
        if name in ("", ":memory:") or not account:
            raise ConfigurationError(
                "SQLiteStore needs a path and a name for the account; MemoryStore needs no file."
            )
        if not _can_name_a_file(name):
            raise ConfigurationError("path is not the text of a path of this system.")
        if not account.isprintable():
            raise ConfigurationError("account must be a name of printable characters.")
        self._path = name
        self._account = account
        self._clock = clock
        self._worker: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._file = name
        self._identity: tuple[int, int] | None = None
        self._process = os.getpid()
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
        if self._is_of_another_process(worker):
            if self._connection is not None:
                _OF_ANOTHER_PROCESS.append(self._connection)
        elif worker is not None:
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
        if self._is_of_another_process(self._worker):
            raise StoreError(_FORKED)
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, "partnercentral-sqlite")
            self._process = os.getpid()

        def work() -> ResultT:
            try:
                return self._act(self._connection or self._open(), action)
            except StoreError:
                raise
            except (sqlite3.Error, OSError) as error:
                raise in_words(error, self._path) from error
            except Exception as error:
                failure = in_words(error, self._path)
            # Outside the handler: an error about what is damaged may hold it.
            raise failure

        return await asyncio.wrap_future(self._worker.submit(work))

    def _is_of_another_process(self, worker: ThreadPoolExecutor | None) -> bool:
        return worker is not None and self._process != os.getpid()

    def _open(self) -> sqlite3.Connection:
        # As it is now: the program may change its directory.
        self._file = os.path.abspath(self._path)
        self._connection = connect(self._file)
        self._identity = identity(self._file)
        return self._connection

    def _act(
        self, connection: sqlite3.Connection, action: Callable[[sqlite3.Connection], ResultT]
    ) -> ResultT:
        result = action(connection)
        # Afterwards, and each time: what SQLite writes to a file without a name is lost.
        if self._identity is None or identity(self._file) != self._identity:
            raise StoreError(f"{self._path}: {_REPLACED}")
        return result

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
        """Take the lease, and return the state.

        The lease of a process of this machine that is gone counts no more.
        """
        now = self._clock()
        latest = now + lease.total_seconds()

        def acquire(connection: sqlite3.Connection) -> SyncState | str:
            connection.execute(
                "INSERT OR IGNORE INTO accounts (account, catalog) VALUES (?, ?)",
                (self._account, catalog),
            )
            known, watermark, holder, until = connection.execute(
                "SELECT catalog, watermark, lease_owner, lease_until FROM accounts "
                "WHERE account = ?",
                (self._account,),
            ).fetchone()
            if holder is not None and checked_text(holder) != owner and not is_dead(holder):
                if not isinstance(until, float):
                    raise StoreError(DAMAGED)
                if until > latest:
                    # By a clock that is ahead of this one. Its holder has no longer from now on,
                    # unless it renews it.
                    self._renew(connection, holder, latest)
                if until > now:
                    return checked_text(holder)
            self._renew(connection, owner, latest)
            return SyncState(
                checked_text(known),
                moment_of(watermark),
                self._names(connection, "SELECT id FROM pending WHERE account = ?"),
                self._names(connection, "SELECT key FROM invalid WHERE account = ?"),
            )

        state = await self._transaction(acquire)
        if isinstance(state, str):
            raise busy(state)
        return state

    def _names(self, connection: sqlite3.Connection, query: str) -> frozenset[str]:
        found = connection.execute(query, (self._account,))
        return frozenset(checked_text(name) for (name,) in found)

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
                found |= {name: record_of(name, record) for name, record in rows}
            return found

        return await self._do(get)

    async def identifiers(self) -> Sequence[str]:
        """Give the identifiers of all stored opportunities."""

        def identifiers(connection: sqlite3.Connection) -> list[str]:
            query = "SELECT id FROM opportunities WHERE account = ?"
            return list(self._names(connection, query))

        return await self._do(identifiers)

    async def commit(self, owner: str, batch: SyncBatch, lease: timedelta) -> None:
        """Write a batch and renew the lease, in one transaction."""
        until = self._clock() + lease.total_seconds()

        def commit(connection: sqlite3.Connection) -> None:
            holder = connection.execute(
                "SELECT lease_owner FROM accounts WHERE account = ?", (self._account,)
            ).fetchone()
            if holder != (owner,):
                raise StoreError(LOST, retryable=True)
            self._write(connection, batch)
            self._renew(connection, owner, until)

        await self._transaction(commit)

    def _write(self, connection: sqlite3.Connection, batch: SyncBatch) -> None:
        account = self._account
        connection.executemany(_UPSERT, [row_of(account, record) for record in batch.records])
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
