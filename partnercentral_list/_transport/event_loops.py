"""What a client has in each event loop that it is used in: a connection, and calls in flight.

Connections cannot cross event loops, and closing the client has to reach all of them.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from partnercentral_list._run import is_blocked
from partnercentral_list.errors import ClientClosedError

if TYPE_CHECKING:
    from partnercentral_list._transport.session import Connection

CLOSED = "This client was closed. Make a new PartnerCentralClient, or close it later."

#: How often, in seconds, another loop is polled for whether its calls have ended or it has closed.
POLL_INTERVAL = 0.02


class EventLoops:
    """Opens a connection when a loop first needs it; closes it with the loop or on request.

    Args:
        open_connection: Opens a connection of the running loop.
    """

    def __init__(self, open_connection: Callable[[], Awaitable[Connection]]) -> None:
        self._open_connection = open_connection
        self._used: dict[asyncio.AbstractEventLoop, UsedLoop] = {}
        self._lock = threading.Lock()
        self.is_closed = False
        self.are_calls_ended = False

    @contextmanager
    def entered(self, closing: asyncio.Timeout) -> Generator[UsedLoop]:
        """Count as a call of the running loop while the block runs; `aclose` expires `closing`.

        Raises:
            ClientClosedError: The client was closed.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if self.is_closed:
                raise ClientClosedError(CLOSED)
            used = self._used.get(loop)
            if used is None:
                for closed in [known for known in self._used if known.is_closed()]:
                    del self._used[closed]
                used = self._used[loop] = UsedLoop(loop, self._open_connection)
            used.calls.add(closing)
        try:
            yield used
        finally:
            used.calls.discard(closing)

    async def aclose(self, *, drain: bool) -> None:
        """Take no more calls, and close what is in running loops; the others do it when they end.

        Args:
            drain: Whether calls in flight come to their end first; otherwise they are ended.
        """
        with self._lock:
            self.is_closed = True
            running = [used for used in self._used.values() if used.is_running()]
        if not drain:
            self.are_calls_ended = True
            for used in running:
                used.call_soon(used.end_calls)
        await _poll(lambda: not any(used.calls and used.can_respond() for used in running))
        here = self._used.get(asyncio.get_running_loop())
        for used in running:
            if used is not here:
                used.call_soon(used.begin_closing)
        if here is not None:
            await here.aclose()
        # A loop that is blocked by run() may be waiting for this one.
        await _poll(lambda: all(used.is_closed or not used.can_respond() for used in running))


async def _poll(is_done: Callable[[], bool]) -> None:
    # An event loop that stops wakes nobody.
    pause = 0.0
    while not is_done():
        await asyncio.sleep(pause)
        pause = min(POLL_INTERVAL, pause + POLL_INTERVAL / 20)


class UsedLoop:
    """The connection and the calls of one event loop.

    `asyncio.run` closes the async generators of its loop at the end, and with them what they
    hold: so a connection lives as long as its loop, without anybody closing it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        open_connection: Callable[[], Awaitable[Connection]],
    ) -> None:
        self._loop = loop
        self._process = os.getpid()
        self._open_connection = open_connection
        self._lock = asyncio.Lock()
        self._generator: AsyncGenerator[Connection, None] | None = None
        self._closing: asyncio.Event | None = None
        self.calls: set[asyncio.Timeout] = set()
        self.connection: Connection | None = None
        self.is_closed = False

    def is_running(self) -> bool:
        """Return whether its loop runs, in this process."""
        # In a forked process its parent's loops look as if they ran.
        return self._loop.is_running() and self._process == os.getpid()

    def can_respond(self) -> bool:
        """Return whether its loop will call back soon."""
        return self.is_running() and not is_blocked(self._loop)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call a function in its loop."""
        # A loop that was closed meanwhile has ended its calls and its connection itself.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)

    def end_calls(self) -> None:
        """Let each call expire."""
        for closing in self.calls:
            if not closing.expired():
                closing.reschedule(self._loop.time())

    def begin_closing(self) -> None:
        """Close the connection in a task."""
        if not self.is_closed:
            # Its loop cancels it if it ends meanwhile, and closes the connection itself.
            task = self._loop.create_task(self.aclose())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def open(self) -> Connection:
        """Return the loop's connection, opened once however many tasks wait for it."""
        async with self._lock:
            if self.connection is None:
                generator = self._hold()
                self.connection = await anext(generator)
                self._generator = generator
            return self.connection

    async def aclose(self) -> None:
        """Close the connection."""
        async with self._lock:
            try:
                if self.connection is not None and self._generator is not None:
                    await self._close_once(self.connection)
                    # The loop may be closing the generator at this moment, which waits for us.
                    with suppress(RuntimeError):
                        await self._generator.aclose()
            finally:
                self.is_closed = True

    async def _hold(self) -> AsyncGenerator[Connection, None]:
        # No other async generator may be inside: asyncio.run closes all of them at the same time.
        connection = await self._open_connection()
        try:
            yield connection
        finally:
            await self._close_once(connection)

    async def _close_once(self, connection: Connection) -> None:
        if self._closing is not None:
            await self._closing.wait()
            return
        self._closing = asyncio.Event()
        try:
            await connection.aclose()
        finally:
            self.is_closed = True
            self._closing.set()
