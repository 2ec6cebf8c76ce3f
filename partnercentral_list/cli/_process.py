"""What the command shares with its process: stdout, stderr and signals."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, Protocol, TextIO

from partnercentral_list.cli._errors import (
    FAILED,
    HUNG_UP,
    INTERRUPTED,
    TERMINATED,
    CommandError,
)

#: All of C0, DEL and C1 but for the tab and the newline: a terminal takes them for commands.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

#: The signals that end a command, by their names since Windows lacks SIGHUP.
_EXIT_CODES: Final = {"SIGTERM": TERMINATED, "SIGHUP": HUNG_UP}


class OutputStream(Protocol):
    """A stream that text is written to."""

    def write(self, text: str, /) -> object:
        """Write some text."""
        ...

    def flush(self) -> object:
        """Send what was written."""
        ...


class TerminalStream:
    r"""A terminal, to which control characters are written as ``\u001b``, which is JSON's way."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str, /) -> object:
        """Write some text."""
        return self._stream.write(escape_controls(text))

    def flush(self) -> object:
        """Send what was written."""
        return self._stream.flush()


class TerminationState:
    """Which signal ended the command, as its exit code."""

    def __init__(self) -> None:
        self.code = INTERRUPTED


def prepare_streams() -> None:
    """Make stdout and stderr take any text, and stay apart where one is closed.

    Raises:
        CommandError: stdout is closed.
    """
    # Python has None for a stream that was closed, and print(file=None) goes to stdout.
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 # for as long as the process lives
    if sys.stdout is None:
        raise CommandError("There is no stdout to write to: it is closed.", FAILED)
    # Half of a surrogate pair may be in a record; this writes JSON's own escape for it.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """Send what is still buffered nowhere: Python would flush it at its end, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_stdout() -> OutputStream:
    """Return stdout, with control characters escaped if it is a terminal."""
    return TerminalStream(sys.stdout) if sys.stdout.isatty() else sys.stdout


def escape_controls(text: str) -> str:
    r"""Return a text with its control characters as ``\u001b``, except tabs and newlines."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_message(text: str) -> None:
    """Write a message to stderr, with control characters escaped."""
    with suppress(BrokenPipeError):
        print(escape_controls(text), file=sys.stderr, flush=True)


@contextmanager
def cancelled_by_signals() -> Generator[TerminationState]:
    """Cancel the running task at the first SIGTERM or SIGHUP; a second one ends the process.

    asyncio does the same for SIGINT. A signal that is ignored, as nohup has SIGHUP, or that has a
    handler of somebody else's is left alone.
    """
    import asyncio
    import signal

    task, loop, state = asyncio.current_task(), asyncio.get_running_loop(), TerminationState()
    codes = {
        number: code
        for name, code in _EXIT_CODES.items()
        if (number := getattr(signal, name, None)) is not None
        and signal.getsignal(number) is signal.SIG_DFL
    }

    def remove_handlers() -> None:
        for number in codes:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)

    def cancel(code: int) -> None:
        state.code = code
        remove_handlers()
        if task is not None:
            task.cancel()

    # Windows has no such handlers, and no SIGTERM that another program could send.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number, code in codes.items():
            loop.add_signal_handler(number, cancel, code)
    try:
        yield state
    finally:
        remove_handlers()
