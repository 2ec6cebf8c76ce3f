"""--output-file: a file that is complete under its name, or is not there."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import BinaryIO, Final, cast

from partnercentral_list.cli._errors import FAILED, CommandError

OPTION: Final = "--output-file"


class OutputFile:
    """A file that gets its name when it is complete: an existing one is replaced as a whole.

    It is written under a temporary name in the same folder, within a ``with`` block, at whose end
    the temporary file is gone.

    Args:
        path: The value of ``--output-file``. A symbolic link is followed.
        is_rest: Whether the listing resumes: an existing file then holds what comes before, and is
            not replaced.

    Raises:
        CommandError: There cannot be such a file.

    Attributes:
        path: As it was given.
        write: Writes some text, within the block.
        flush: Sends what was written, within the block.
        buffer: The file as bytes, within the block.
        encoding: Its encoding.
    """

    write: Callable[[str], object]
    flush: Callable[[], object]
    buffer: BinaryIO
    encoding = "utf-8"

    def __init__(self, path: str, *, is_rest: bool) -> None:
        self.path = path
        self._target = _target(path, is_rest=is_rest)
        self._temporary = ""
        self._file: TextIOWrapper

    def isatty(self) -> bool:
        """Return False: it is not a terminal."""
        return False

    def __enter__(self) -> None:
        folder = os.path.dirname(self._target)
        try:
            # mkstemp's files are the user's own, of mode 0600.
            number, self._temporary = tempfile.mkstemp(".tmp", ".partnercentral-list-", folder)
        except OSError as error:
            raise CommandError(
                f"{OPTION} {self.path!r}: no file can be created in {_shown_folder(self.path)}: "
                f"{error.strerror}."
            ) from None
        # As stdout is opened: see prepare_streams.
        self._file = os.fdopen(
            number, "w", encoding=self.encoding, errors="backslashreplace", newline=""
        )
        self.write, self.flush = self._file.write, self._file.flush
        self.buffer = cast("BinaryIO", self._file.buffer)

    def complete(self) -> None:
        """Rename the complete file to its final name.

        Raises:
            OSError: It cannot be written, or not be renamed.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._temporary, self._target)
        self._temporary = ""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if self._temporary:
            # What is still buffered may find the disk as full as what came before.
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                os.unlink(self._temporary)
        # The library's own errors are no OSError.
        if isinstance(error, OSError):
            raise CommandError(
                f"{OPTION} {self.path!r} cannot be written: {error.strerror}. No part of it "
                "was kept, and an existing file is unchanged.",
                FAILED,
            ) from error


def _target(path: str, *, is_rest: bool) -> str:
    """Return the path of the file itself, behind symbolic links."""
    if not path:
        raise CommandError(f"{OPTION} is empty: name a file.")
    if path == "-":
        raise CommandError(
            f"{OPTION} - does not mean stdout: leave {OPTION} out to write there. A file of that "
            "name is ./-."
        )
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = None
    except OSError as error:
        raise CommandError(f"{OPTION} {path!r} cannot be used: {error.strerror}.") from None
    if (mode is not None and stat.S_ISDIR(mode)) or path.endswith(os.sep):
        raise CommandError(f"{OPTION} {path!r} names a directory: name a file in it.")
    if mode is not None and not stat.S_ISREG(mode):
        raise CommandError(
            f"{OPTION} {path!r} is not a regular file, and cannot be replaced as a whole: leave "
            f"{OPTION} out, and write > {path}."
        )
    if mode is None and not os.path.isdir(os.path.dirname(target)):
        raise CommandError(
            f"{OPTION} {path!r}: there is no directory {_shown_folder(path)}. Create it first, or "
            "name a file elsewhere."
        )
    if mode is not None and is_rest:
        raise CommandError(
            f"{OPTION} {path!r} exists, and the rest of a listing would replace what it holds: "
            "name another file. To append csv, jsonl, text or yaml-stream to this one, leave "
            f"{OPTION} out, and write >> {path}."
        )
    return target


def _shown_folder(path: str) -> str:
    return repr(os.path.dirname(path) or ".")
