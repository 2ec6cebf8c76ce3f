"""SQLiteConnection: an SQLite connection on a thread of its own, for use from an event loop."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias, TypeVar

from partnercentral_list.errors import StoreError
from partnercentral_list.sync.sqlite._file import (
    file_state,
    is_same_file,
    prepare_file,
    store_error,
)
from partnercentral_list.sync.sqlite._schema import migrate, transaction

ResultT = TypeVar("ResultT")
Action: TypeAlias = Callable[[sqlite3.Connection], ResultT]

BUSY_TIMEOUT_SECONDS: Final = 10.0
_CLOSED: Final = "The store is closed. Make a new one."
_FORKED: Final = (
    "The store was opened before this process was forked, and SQLite does not allow its use here. "
    "Make a new SQLiteStore in each process."
)
_REPLACED: Final = (
    "The file was cut, removed or replaced while it was open, so nothing more can be stored. Make "
    "a new SQLiteStore; if the file is gone, everything is read anew."
)
# Never closed in a forked process: that would disturb the process that opened them.
_INHERITED: Final[list[sqlite3.Connection]] = []


class SQLiteConnection:
    """Opens a file when it is first used, and runs one action at a time on it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._absolute_path = path
        self._state: os.stat_result | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._is_closed = False

    async def run(self, action: Action[ResultT]) -> ResultT:
        """Run an action on the connection.

        Raises:
            StoreError: The file cannot be used; the message says what to do.
        """
        if self._is_closed:
            raise StoreError(_CLOSED)
        if self._is_inherited():
            raise StoreError(_FORKED)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "partnercentral-sqlite")
            self._process = os.getpid()

        def run() -> ResultT:
            try:
                return self._run(action)
            except StoreError:
                raise
            except (sqlite3.Error, OSError) as error:
                raise store_error(error, self._path) from error
            except Exception as error:
                failure = store_error(error, self._path)
            # Outside of the handler: the exception may show the damaged value.
            raise failure

        return await asyncio.wrap_future(self._thread.submit(run))

    async def run_transaction(self, action: Action[ResultT]) -> ResultT:
        """Run an action in a transaction, which is durable when this returns.

        Raises:
            StoreError: The file cannot be used; nothing was written.
        """

        def run(connection: sqlite3.Connection) -> ResultT:
            with transaction(connection):
                return action(connection)

        return await self.run(run)

    async def aclose(self) -> None:
        """Close the file; a second time does nothing."""
        self._is_closed = True
        if self._is_inherited():
            if self._connection is not None:
                _INHERITED.append(self._connection)
            self._thread = None
        thread, self._thread = self._thread, None
        if thread is not None:
            try:
                # Not cancelled half-way: the thread ends what it has begun anyway.
                await asyncio.shield(asyncio.wrap_future(thread.submit(self._close)))
            finally:
                thread.shutdown(wait=False)

    def _is_inherited(self) -> bool:
        return self._thread is not None and self._process != os.getpid()

    def _run(self, action: Action[ResultT]) -> ResultT:
        if self._connection is None:
            # Absolute, because the program may change its directory.
            self._absolute_path = os.path.abspath(self._path)
            self._connection = connect(self._absolute_path)
            self._state = file_state(self._absolute_path)
        result = action(self._connection)
        # Checked after each action: what SQLite writes to a file that was removed is lost, and of
        # one that was cut it still reads pages from memory.
        before, self._state = self._state, file_state(self._absolute_path)
        if not is_same_file(before, self._state):
            self._state = None
            raise StoreError(f"{self._path}: {_REPLACED}")
        return result

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def connect(path: str) -> sqlite3.Connection:
    """Open a database file, create it if it does not exist, and migrate it."""
    prepare_file(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    # For a text that is not UTF-8, sqlite3 would raise an error that shows it.
    connection.text_factory = _decode
    try:
        # Checks the file before anything is changed in it.
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # A commit survives a power failure.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _decode(text: bytes) -> str:
    return text.decode(errors="replace")
