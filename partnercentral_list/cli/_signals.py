"""SIGTERM ends a command as Ctrl-C does: what was read is written first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress

from partnercentral_list.cli._exits import INTERRUPTED, TERMINATED


class Ending:
    """What a running command was told to end by."""

    def __init__(self) -> None:
        self.code = INTERRUPTED


@contextmanager
def cancelled_by_sigterm() -> Generator[Ending]:
    """Cancel the running task when SIGTERM comes; a second one ends the process at once.

    asyncio does the same for SIGINT, and leaves it alone as well where it is not Python's own.
    """
    task, loop, ending = asyncio.current_task(), asyncio.get_running_loop(), Ending()

    def end() -> None:
        ending.code = TERMINATED
        loop.remove_signal_handler(signal.SIGTERM)
        if task is not None:
            task.cancel()

    is_ours = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    # Windows has no such handlers, and no SIGTERM that another program could send.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        if is_ours:
            loop.add_signal_handler(signal.SIGTERM, end)
    try:
        yield ending
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGTERM)
