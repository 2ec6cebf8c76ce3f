"""The event loops that a client is used in: a connection and the calls in flight of each.

Connections cannot cross event loops, and closing the client has to reach all of them.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from partnercentral_list._run import is_blocked
from partnercentral_list.errors import ClientClosedError

if TYPE_CHECKING:
    from partnercentral_list._transport.session import Connection

CLOSED = "This client was closed. Make a new PartnerCentralClient, or close it later."

#: How often, in seconds, another loop is polled for whether it has stopped, which wakes nobody.
POLL_INTERVAL_SECONDS = 0.02


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
        """True if the client was closed without draining."""

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
            used.has_no_calls.clear()
        try:
            yield used
        finally:
            used.calls.discard(closing)
            if not used.calls:
                used.has_no_calls.set()

    async def aclose(self, *, drain: bool) -> None:
        """Take no more calls, and close the connections; those of stopped loops end with the loop.

        Args:
            drain: Whether calls in flight come to their end first; otherwise they are ended.
        """
        here, closed = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self.is_closed = True
            # In a forked process its parent's loops look as if they ran.
            process = os.getpid()
            loops = [
                used for loop, used in self._used.items() if loop is here or used.process == process
            ]
        if not drain:
            self.are_calls_ended = True
            for used in loops:
                used.call_soon(used.end_calls)

        def wake() -> None:
            # Whoever closes the client may have been cancelled, and its loop have ended.
            with suppress(RuntimeError):
                here.call_soon_threadsafe(closed.set)

        others = [used for used in loops if used.loop is not here and used.loop.is_running()]
        for used in others:
            used.call_soon(partial(used.begin_closing, wake))
        if used_here := self._used.get(here):
            await used_here.aclose()
        # A loop that stops wakes nobody, and one that is blocked by run() may be waiting for this
        # one: each closes its connection itself, the latter when run() has returned.
        while any(used.can_respond() and not used.is_closed for used in others):
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL_SECONDS):
                    await closed.wait()
            closed.clear()


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
        self.loop = loop
        self.process = os.getpid()
        self._open_connection = open_connection
        self._lock = asyncio.Lock()
        self._generator: AsyncGenerator[Connection, None] | None = None
        self._closing: asyncio.Event | None = None
        self.calls: set[asyncio.Timeout] = set()
        self.has_no_calls = asyncio.Event()
        self.connection: Connection | None = None
        self.is_closed = False

    def can_respond(self) -> bool:
        """Return whether its loop, one of this process, will call back soon."""
        return self.loop.is_running() and not is_blocked(self.loop)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call a function in its loop."""
        # A loop that was closed meanwhile has ended its calls and its connection itself.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(callback)

    def end_calls(self) -> None:
        """Let each call expire."""
        for closing in self.calls:
            if not closing.expired():
                closing.reschedule(self.loop.time())

    def begin_closing(self, wake: Callable[[], None]) -> None:
        """Close the connection in a task, and call `wake` at its end."""

        def end(closing: asyncio.Task[None]) -> None:
            # Its loop cancels it if it ends meanwhile, and closes the connection itself.
            if not closing.cancelled():
                closing.exception()
            self.is_closed = True
            wake()

        # Otherwise the loop is ending, perhaps too far for a new task, or another task closes it.
        if self._closing is None:
            self.loop.create_task(self.aclose()).add_done_callback(end)

    async def open(self) -> Connection:
        """Return the loop's connection, opened once however many tasks wait for it."""
        async with self._lock:
            if self.connection is None:
                generator = self._hold()
                self.connection = await anext(generator)
                self._generator = generator
            return self.connection

    async def aclose(self) -> None:
        """Close the connection when the calls, of which there are no new ones, have ended."""
        await self.has_no_calls.wait()
        async with self._lock:
            if self.connection is not None and self._generator is not None:
                await self._close_once(self.connection)
                # The loop may be closing the generator at this moment, which waits for us.
                with suppress(RuntimeError):
                    await self._generator.aclose()

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
