"""The file of a SQLiteStore: how it is opened, and what is wrong with it, in words."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import suppress
from typing import Final

from partnercentral_list._notify import logger
from partnercentral_list.errors import StoreError
from partnercentral_list.sync._schema import migrate

BUSY_SECONDS: Final = 10.0

DAMAGED: Final = (
    "The file is damaged, or another program changed it. Restore it, or remove it and run again: "
    "the copy is then read anew."
)
_KEPT = "What was committed before is kept."
_WORDS: Final = {
    sqlite3.SQLITE_FULL: "The disk is full. Nothing of this page was stored; make room and run "
    "again.",
    sqlite3.SQLITE_READONLY: "The file, or the directory that it is in, is read-only. A copy "
    "has to be written to; SQLite also writes files beside it.",
    sqlite3.SQLITE_NOTADB: "The file is not an SQLite database, and was left as it is. Give "
    "another path.",
    sqlite3.SQLITE_CANTOPEN: "The file cannot be opened. Is its directory there, and may this "
    "program write to it?",
    sqlite3.SQLITE_PERM: "The file may not be opened by this program.",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_IOERR: "The file cannot be read or written: the disk, or the network that it "
    "is on, fails.",
}
_BESIDE: Final = ("-wal", "-shm", "-journal")
_LOCKED = "Another program has locked the file for longer than it should. Let it end; run again."


def connect(path: str) -> sqlite3.Connection:
    """Open the file, and make it if it is not there.

    Raises:
        StoreError: It is not a file, another program's, or a newer release's.
        sqlite3.Error: It cannot be opened.
        OSError: It cannot be made.
    """
    _make_private(path)
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    # An error of sqlite3's about text that is not UTF-8 would show it, customers' names included.
    connection.text_factory = _text
    try:
        # Looks at the file before anything is changed in it.
        migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        # Durable means that a power failure does not take it back.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: str) -> None:
    """Make the file if it is not there, and let nobody but its owner read it.

    An existing file is not opened: a process that closes any descriptor of a file gives up all its
    locks on it, those of another connection included. And to open a pipe is to wait for a writer.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        # SQLite's own files beside it get the same mode. Another process may be faster.
        with suppress(FileExistsError):
            os.close(os.open(os.path.realpath(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path}: this is not a regular file. Give the path of a file.")
    for file in (path, *(path + suffix for suffix in _BESIDE)):
        _withdraw_from_others(file)


def _withdraw_from_others(file: str) -> None:
    if os.name != "posix" or not os.path.exists(file):
        return
    mode = stat.S_IMODE(os.stat(file).st_mode)
    if not mode & stat.S_IRWXO:
        # A group that may read it, and nobody else, was chosen by somebody.
        return
    try:
        os.chmod(file, mode & stat.S_IRWXU)
    except OSError:
        logger.warning(
            "%s holds customers' names, can be read by every user of this machine, and its mode "
            "cannot be changed: run chmod 600 as its owner.",
            file,
        )


def identity(path: str) -> tuple[int, int] | None:
    """Return what tells the file at a path from another one there; None if there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _text(found: bytes) -> str:
    return found.decode(errors="replace")


def in_words(error: Exception, path: str) -> StoreError:
    """Say what is wrong with the file, and what to do about it."""
    if isinstance(error, OSError):
        return StoreError(f"{path}: the file cannot be made or opened: {error.strerror}.")
    if isinstance(error, UnicodeEncodeError):
        return StoreError(f"{path}: a text with half a surrogate pair cannot be stored. {_KEPT}")
    if not isinstance(error, sqlite3.Error):
        # What is damaged in the right place is read as something of another kind.
        return StoreError(f"{path}: {DAMAGED} ({type(error).__name__})")
    # An extended code has the general one in its lowest byte.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path}: {_LOCKED} {_KEPT}", retryable=True)
    words = _WORDS.get(code, f"SQLite cannot work with the file: {error}.")
    return StoreError(f"{path}: {words} {_KEPT}")
