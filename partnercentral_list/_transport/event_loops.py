"""What a client has in each event loop that it is used in: a resource, and calls in flight.

Connections cannot cross event loops, and closing the client has to reach all of them.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from partnercentral_list._run import is_blocked
from partnercentral_list.errors import ClientClosedError

CLOSED = "This client was closed. Make a new PartnerCentralClient, or close it later."


class Closable(Protocol):
    """A resource that can be closed."""

    async def aclose(self) -> None:
        """Close the resource; a second call does nothing."""


T = TypeVar("T", bound=Closable)

#: Seconds between two looks at whether another loop has closed its resource, or ended its calls.
POLL_INTERVAL = 0.02


class PerLoop(Generic[T]):
    """Opens a resource when a loop first needs it, and closes it with the loop or on request.

    `asyncio.run` closes the async generators of its loop at the end, and with them what they
    hold: so a resource lives as long as its loop, without anybody closing it.
    """

    def __init__(self, open_resource: Callable[[], Awaitable[T]]) -> None:
        self._open_resource = open_resource
        self._held: dict[asyncio.AbstractEventLoop, _Holder[T]] = {}
        self._lock = threading.Lock()

    async def get(self) -> T:
        """Return the running loop's resource, opened if it is not."""
        loop = asyncio.get_running_loop()
        holder = self._held.get(loop)
        if holder is None:
            with self._lock:
                for closed in [known for known in self._held if known.is_closed()]:
                    del self._held[closed]
                # No other thread runs this loop, so that none has added it meanwhile.
                holder = self._held[loop] = _Holder(self._open_resource)
        return await holder.open() if holder.resource is None else holder.resource

    async def aclose(self) -> None:
        """Close the resource of every loop that is running; the others do it when they end."""
        with self._lock:
            running = {loop: held for loop, held in self._held.items() if held.is_running(loop)}
            for loop in running:
                del self._held[loop]
        here = running.pop(asyncio.get_running_loop(), None)
        closings = [_close_elsewhere(loop, holder) for loop, holder in running.items()]
        if here is not None:
            closings.append(here.aclose())
        await asyncio.gather(*closings)


class _Holder(Generic[T]):
    """The resource of one event loop."""

    def __init__(self, open_resource: Callable[[], Awaitable[T]]) -> None:
        self._open_resource = open_resource
        self._lock = asyncio.Lock()
        self._generator: AsyncGenerator[T, None] | None = None
        self.resource: T | None = None
        self._closing: asyncio.Event | None = None
        self._process = os.getpid()
        self.is_closed = False

    def is_running(self, loop: asyncio.AbstractEventLoop) -> bool:
        # In a forked process its parent's loops look as if they ran.
        return loop.is_running() and self._process == os.getpid()

    async def open(self) -> T:
        async with self._lock:
            if self.resource is None:
                generator = self._hold()
                self.resource = await anext(generator)
                self._generator = generator
            return self.resource

    async def aclose(self) -> None:
        async with self._lock:
            if self.resource is not None and self._generator is not None:
                await self._close_once(self.resource)
                # The loop may be closing the generator at this moment, which then waits for us.
                with suppress(RuntimeError):
                    await self._generator.aclose()

    async def _hold(self) -> AsyncGenerator[T, None]:
        # No other async generator may be inside: asyncio.run closes all of them at the same time.
        resource = await self._open_resource()
        try:
            yield resource
        finally:
            await self._close_once(resource)

    async def _close_once(self, resource: T) -> None:
        if self._closing is not None:
            await self._closing.wait()
            return
        self._closing = asyncio.Event()
        try:
            await resource.aclose()
        finally:
            self.is_closed = True
            self._closing.set()


async def _close_elsewhere(loop: asyncio.AbstractEventLoop, holder: _Holder[T]) -> None:
    here, ended = asyncio.get_running_loop(), asyncio.Event()

    def end(closing: asyncio.Task[None]) -> None:
        # That loop cancels it if it ends meanwhile, and closes the resource itself.
        if not closing.cancelled():
            closing.exception()
        with suppress(RuntimeError):
            here.call_soon_threadsafe(ended.set)

    def begin() -> None:
        if not holder.is_closed:
            loop.create_task(holder.aclose()).add_done_callback(end)

    with suppress(RuntimeError):
        loop.call_soon_threadsafe(begin)
    # A loop that stops meanwhile may never call back; it closes the resource when it ends. One that
    # is blocked by run() may be waiting for us; it closes the resource when run() returns.
    while loop.is_running() and not (is_blocked(loop) or ended.is_set() or holder.is_closed):
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), POLL_INTERVAL)


@dataclass(slots=True, eq=False, repr=False)
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
            if self.is_closed:
                raise ClientClosedError(CLOSED)
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
