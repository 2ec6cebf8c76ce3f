"""Values that are in files: file://path."""

from __future__ import annotations

from pathlib import Path

PREFIX = "file://"
BINARY_PREFIX = "fileb://"


def content(value: str) -> str | None:
    """Give the content of the file that a value names; None if it names none.

    Raises:
        ValueError: The file cannot be read, or would be read as bytes.
    """
    if value.startswith(BINARY_PREFIX):
        raise ValueError(f"No option takes bytes: write {PREFIX} instead of {BINARY_PREFIX}")
    if not value.startswith(PREFIX):
        return None
    path = _expanded(value.removeprefix(PREFIX))
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"Unable to load paramfile {value}: {reason}") from error


def _expanded(path: str) -> Path:
    from os.path import expandvars

    return Path(expandvars(path)).expanduser()
