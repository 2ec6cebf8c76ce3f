"""The database file: its mode, its identity, and the meaning of its errors."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import suppress
from typing import Final

from partnercentral_list._notify import logger
from partnercentral_list.errors import StoreError

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


def prepare_file(path: str) -> None:
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


def file_state(path: str) -> os.stat_result | None:
    """Return the state of the file at a path; None if there is no file."""
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_same_file(before: os.stat_result | None, after: os.stat_result | None) -> bool:
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


def store_error(error: Exception, path: str) -> StoreError:
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
