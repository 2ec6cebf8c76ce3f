"""SIGTERM and SIGHUP end a command as Ctrl-C does: what was read is written first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress

from partnercentral_list.cli._exits import HUNG_UP, INTERRUPTED, TERMINATED

# Windows has no SIGHUP.
CODES = {
    number: code
    for name, code in (("SIGTERM", TERMINATED), ("SIGHUP", HUNG_UP))
    if (number := getattr(signal, name, None)) is not None
}


class Ending:
    """What a running command was told to end by."""

    def __init__(self) -> None:
        self.code = INTERRUPTED


@contextmanager
def cancelled_by_signals() -> Generator[Ending]:
    """Cancel the running task at the first of the signals; a second one ends the process at once.

    asyncio does the same for SIGINT. A signal that is ignored, as nohup has SIGHUP, or that has a
    handler of somebody else's is left alone.
    """
    task, loop, ending = asyncio.current_task(), asyncio.get_running_loop(), Ending()
    ours = [number for number in CODES if signal.getsignal(number) is signal.SIG_DFL]

    def leave() -> None:
        for number in ours:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)

    def end(code: int) -> None:
        ending.code = code
        leave()
        if task is not None:
            task.cancel()

    # Windows has no such handlers, and no SIGTERM that another program could send.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number in ours:
            loop.add_signal_handler(number, end, CODES[number])
    try:
        yield ending
    finally:
        leave()
