"""What a terminal must not be sent, and the messages on stderr."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from typing import Final, Protocol, TextIO

#: All of C0, DEL and C1 but for the tab and the end of a line: a terminal takes them for commands.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Output(Protocol):
    """A stream that text is written to."""

    def write(self, text: str, /) -> object:
        """Write some text."""
        ...

    def flush(self) -> object:
        """Send what was written."""
        ...


class TerminalOutput:
    r"""A terminal, to which control characters are written as ``\u001b``, which is JSON's way."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str, /) -> object:
        """Write some text."""
        return self._stream.write(escaped(text))

    def flush(self) -> object:
        """Send what was written."""
        return self._stream.flush()


def stdout() -> Output:
    """Return stdout; one that cannot be harmed by what a company is called, if it is a terminal."""
    return TerminalOutput(sys.stdout) if sys.stdout.isatty() else sys.stdout


def escaped(text: str) -> str:
    r"""Return a text with its control characters as ``\u001b``, but for tabs and ends of lines."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: str) -> None:
    """Write a message to stderr."""
    with suppress(BrokenPipeError):
        print(escaped(text), file=sys.stderr, flush=True)
