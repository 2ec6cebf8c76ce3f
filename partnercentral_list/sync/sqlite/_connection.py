"""SQLiteConnection: an open database file, on a thread of its own, for use from an event loop."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeAlias, TypeVar

from partnercentral_list._notify import logger
from partnercentral_list.errors import StoreError
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
DAMAGED: Final = (
    "The file is damaged, or another program changed it. Restore it; or remove it and run again, "
    "which reads everything anew."
)
_KEPT: Final = "What was committed before is kept."
_LOCKED: Final = "Another program has locked the file for too long. Wait until it ends; run again."
_MESSAGES: Final = {
    sqlite3.SQLITE_FULL: "The disk is full. Nothing of this page was stored; make room and run "
    "again.",
    sqlite3.SQLITE_READONLY: "The file or its directory is read-only. The store must be writable; "
    "SQLite also writes files next to it.",
    sqlite3.SQLITE_NOTADB: "The file is not an SQLite database, and was not changed. Give another "
    "path.",
    sqlite3.SQLITE_CANTOPEN: "The file cannot be opened. Check that its directory exists and that "
    "this program may write to it.",
    sqlite3.SQLITE_PERM: "This program may not open the file.",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_IOERR: "The file cannot be read or written: its disk or network fails.",
}
_SUFFIXES_OF_COMPANIONS: Final = ("-wal", "-shm", "-journal")
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
                raise _store_error(error, self._path) from error
            except Exception as error:
                failure = _store_error(error, self._path)
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
            self._connection = _connect(self._absolute_path)
            self._state = _file_state(self._absolute_path)
        result = action(self._connection)
        # Checked after each action: what SQLite writes to a file that was removed is lost, and of
        # one that was cut it still reads pages from memory.
        before, self._state = self._state, _file_state(self._absolute_path)
        if not _is_same_file(before, self._state):
            self._state = None
            raise StoreError(f"{self._path}: {_REPLACED}")
        return result

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _connect(path: str) -> sqlite3.Connection:
    """Open a database file, create it if it does not exist, and migrate it."""
    _prepare_file(path)
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


def _prepare_file(path: str) -> None:
    """Create the file if it does not exist, and withdraw it from other users.

    An existing file is not opened: a process that closes any descriptor of a file loses all locks
    that it has on it, those of another connection included. And opening a pipe waits for a writer.
    The files that SQLite keeps next to it are checked, too: it would wait for a pipe's other end.

    Raises:
        StoreError: It is not a regular file.
        OSError: It cannot be created.
    """
    if not os.path.exists(path):
        # SQLite gives its own files next to it the same mode. Another process may be faster.
        with suppress(FileExistsError):
            os.close(os.open(os.path.realpath(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    for file in (path, *(path + suffix for suffix in _SUFFIXES_OF_COMPANIONS)):
        with suppress(FileNotFoundError):
            _check(file, os.stat(file).st_mode)


def _check(file: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise StoreError(f"{file}: this is not a regular file. Give the path of a file.")
    if os.name != "posix":
        return
    mode = stat.S_IMODE(mode)
    if not mode & stat.S_IRWXO:
        # The owner has shared the file with a group on purpose.
        return
    try:
        os.chmod(file, mode & stat.S_IRWXU)
    except OSError:
        logger.warning(
            "%s holds customers' names and is readable by every user of this machine, and its mode "
            "cannot be changed: run chmod 600 as its owner.",
            file,
        )


def _file_state(path: str) -> os.stat_result | None:
    """Return the state of the file at a path; None if there is no file."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_same_file(before: os.stat_result | None, after: os.stat_result | None) -> bool:
    """Return whether a file is still the one that it was, and not shorter."""
    if before is None or after is None:
        return False
    return os.path.samestat(before, after) and after.st_size >= before.st_size


def is_path(value: object) -> bool:
    """Return whether a value is a text that can be a path on this system."""
    try:
        return isinstance(value, str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def _store_error(error: Exception, path: str) -> StoreError:
    """Return the error of the library for an exception that the database raised."""
    if isinstance(error, OSError):
        return StoreError(f"{path}: the file cannot be created or opened: {error.strerror}.")
    if isinstance(error, UnicodeEncodeError):
        return StoreError(f"{path}: a text with half a surrogate pair cannot be stored. {_KEPT}")
    if not isinstance(error, sqlite3.Error):
        # A damaged value has another type than the one that was stored.
        return StoreError(f"{path}: {DAMAGED} ({type(error).__name__})")
    # The lowest byte of an extended code is the general one.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path}: {_LOCKED} {_KEPT}", retryable=True)
    message = _MESSAGES.get(code, f"SQLite cannot use the file: {error}.")
    return StoreError(f"{path}: {message} {_KEPT}")
