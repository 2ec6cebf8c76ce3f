"""The person who starts the emulator's command, and presses Ctrl-C."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

from partnercentral_list.emulator import __main__


class Terminal(io.StringIO):
    """Interrupts what runs as soon as it has said that Ctrl-C stops it."""

    def __init__(self, meanwhile: Callable[[str], object]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def flush(self) -> None:
        if "Ctrl-C" in self.getvalue():
            self._meanwhile(self.getvalue())
            signal.raise_signal(signal.SIGINT)


@contextmanager
def interrupting(meanwhile: Callable[[str], object] = len) -> Iterator[Terminal]:
    """Press Ctrl-C once an emulator serves; before that, call `meanwhile` with what it printed."""
    terminal = Terminal(meanwhile)
    with redirect_stdout(terminal):
        yield terminal


def served(*arguments: str, meanwhile: Callable[[str], object] = len) -> str:
    """Serve on any port until Ctrl-C, and return what was printed."""
    with interrupting(meanwhile) as terminal:
        assert __main__.main(["--port", "0", *arguments]) == 0
    return terminal.getvalue()
