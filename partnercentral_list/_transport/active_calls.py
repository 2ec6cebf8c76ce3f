"""The calls of a client that have not ended yet, in every event loop, for closing the client."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from partnercentral_list._run import is_blocked
from partnercentral_list.errors import ClientClosedError

CLOSED = "This client was closed. Make a new PartnerCentralClient, or close it later."

# Seconds between two looks at whether the calls of other event loops have ended.
POLL_INTERVAL = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class _ActiveCall:
    closing: asyncio.Timeout
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    process: int = field(default_factory=os.getpid)

    @property
    def can_end(self) -> bool:
        # In a forked process its parent's loops look as if they ran.
        is_running = self.loop.is_running() and self.process == os.getpid()
        return is_running and not is_blocked(self.loop)


class ActiveCalls:
    """Ends calls, or waits for their end; afterwards there are none. Safe to use from threads."""

    def __init__(self) -> None:
        self._calls: set[_ActiveCall] = set()
        self._lock = threading.Lock()
        self.is_closed = False
        self.are_ended = False

    def check_open(self) -> None:
        """Refuse another call after closing.

        Raises:
            ClientClosedError: It was closed.
        """
        if self.is_closed:
            raise ClientClosedError(CLOSED)

    @contextmanager
    def entered(self, closing: asyncio.Timeout) -> Generator[None]:
        """Count as a call for as long as the block runs.

        Args:
            closing: Expires when the call has to end.

        Raises:
            ClientClosedError: It was closed.
        """
        call = _ActiveCall(closing)
        with self._lock:
            self.check_open()
            self._calls.add(call)
        try:
            yield
        finally:
            with self._lock:
                self._calls.discard(call)

    async def aclose(self, *, drain: bool) -> None:
        """Take no more calls, and wait for the end of those in running event loops.

        Args:
            drain: Whether they may take their time; otherwise they are ended.
        """
        with self._lock:
            self.is_closed = True
        if not drain:
            self.are_ended = True
            for call in self._snapshot():
                # A loop that was closed meanwhile has ended its calls itself.
                with suppress(RuntimeError):
                    call.loop.call_soon_threadsafe(self._end, call)
        pause = 0.0
        while any(call.can_end for call in self._snapshot()):
            # An event loop that stops wakes nobody: so its calls are polled.
            await asyncio.sleep(pause)
            pause = min(POLL_INTERVAL, pause + POLL_INTERVAL / 20)

    def _snapshot(self) -> list[_ActiveCall]:
        with self._lock:
            return [call for call in self._calls if call.process == os.getpid()]

    def _end(self, call: _ActiveCall) -> None:
        with self._lock:
            if call not in self._calls:
                return
        call.closing.reschedule(call.loop.time())
