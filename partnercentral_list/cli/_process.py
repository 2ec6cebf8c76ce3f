"""The process of the command: stdout, stderr and signals."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, TextIO, cast

from partnercentral_list.cli._errors import FAILED, HUNG_UP, INTERRUPTED, TERMINATED, CommandError

#: All of C0, DEL and C1 but for the tab and the newline: a terminal takes them for commands.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

#: The signals that end a command, by their names since Windows lacks SIGHUP.
_EXIT_CODES: Final = {"SIGTERM": TERMINATED, "SIGHUP": HUNG_UP}


class EscapedStream:
    r"""A stream to which control characters are written as ``\u001b``, which is JSON's way.

    Attributes:
        stream: The stream itself, for control characters of the command's own.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str, /) -> object:
        """Write some text."""
        return self.stream.write(escape_controls(text))

    def flush(self) -> object:
        """Send what was written."""
        return self.stream.flush()


class TerminationState:
    """The exit code for the signal that ended the command."""

    def __init__(self) -> None:
        self.code = INTERRUPTED


def prepare_streams() -> None:
    """Make stdout and stderr take any text, and stay apart where one is closed.

    stderr is escaped from here on, whoever writes to it: a traceback, a log record or a warning
    may hold a text of AWS's.
    """
    # Python has None for a stream that was closed, and print(file=None) goes to stdout.
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 # for as long as the process lives
    # Half of a surrogate pair may be in a record; this writes JSON's own escape for it.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if not isinstance(sys.stderr, EscapedStream):
        sys.stderr = cast("TextIO", EscapedStream(sys.stderr))
    if sys.stdout is None:
        raise CommandError("There is no stdout to write to: it is closed.", FAILED)


def discard_stdout() -> None:
    """Discard what is still buffered: Python would flush it at its end, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_stdout() -> TextIO:
    """Return stdout, with control characters escaped if it is a terminal."""
    return cast("TextIO", EscapedStream(sys.stdout)) if sys.stdout.isatty() else sys.stdout


def unescaped_stderr() -> TextIO:
    """Return stderr without escaping, for a line that is redrawn."""
    return sys.stderr.stream if isinstance(sys.stderr, EscapedStream) else sys.stderr


def escape_controls(text: str) -> str:
    r"""Return a text with its control characters as ``\u001b``, except tabs and newlines."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_message(text: str) -> None:
    """Write a message to stderr."""
    with suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)


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
