"""One resource for each running event loop: asyncio's connections cannot cross loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """What can be closed."""

    async def aclose(self) -> None:
        """Close it; a second time does nothing."""


T = TypeVar("T", bound=Closable)

LOOK_AGAIN = 0.02


class PerLoop(Generic[T]):
    """Opens a resource when a loop first needs it, and closes it with the loop or on demand.

    `asyncio.run` closes the async generators of its loop at the end, and with them what they
    hold; so a resource lives as long as its loop, without anybody closing it.
    """

    def __init__(self, open_resource: Callable[[], Awaitable[T]]) -> None:
        self._open_resource = open_resource
        self._held: dict[asyncio.AbstractEventLoop, _Holder[T]] = {}
        self._lock = threading.Lock()

    async def get(self) -> T:
        """Give the running loop's resource."""
        loop = asyncio.get_running_loop()
        with self._lock:
            for gone in [known for known in self._held if known.is_closed()]:
                del self._held[gone]
            holder = self._held.setdefault(loop, _Holder(self._open_resource))
        return await holder.get()

    async def aclose(self) -> None:
        """Close the resource of every loop that is running; the others do it when they end."""
        with self._lock:
            held, self._held = self._held, {}
        here = held.pop(asyncio.get_running_loop(), None)
        closings = [_close_elsewhere(loop, holder) for loop, holder in held.items()]
        if here is not None:
            closings.append(here.aclose())
        await asyncio.gather(*closings)


async def _close_elsewhere(loop: asyncio.AbstractEventLoop, holder: _Holder[T]) -> None:
    if not loop.is_running():
        return
    here, closed = asyncio.get_running_loop(), asyncio.Event()

    def ended(closing: asyncio.Task[None]) -> None:
        # It fails if that loop is ending, and closes the resource itself.
        if not closing.cancelled():
            closing.exception()
        with suppress(RuntimeError):
            here.call_soon_threadsafe(closed.set)

    def close() -> None:
        loop.create_task(holder.aclose()).add_done_callback(ended)

    with suppress(RuntimeError):
        loop.call_soon_threadsafe(close)
    # A loop that ends meanwhile may never call back.
    while not closed.is_set() and not loop.is_closed():
        with suppress(TimeoutError):
            await asyncio.wait_for(closed.wait(), LOOK_AGAIN)


class _Holder(Generic[T]):
    def __init__(self, open_resource: Callable[[], Awaitable[T]]) -> None:
        self._open_resource = open_resource
        self._lock = asyncio.Lock()
        self._generator: AsyncGenerator[T, None] | None = None
        self._resource: T | None = None

    async def get(self) -> T:
        if self._resource is None:
            async with self._lock:
                if self._resource is None:
                    generator = self._hold()
                    self._resource = await anext(generator)
                    self._generator = generator
        return self._resource

    async def aclose(self) -> None:
        async with self._lock:
            if self._generator is not None:
                await self._generator.aclose()

    async def _hold(self) -> AsyncGenerator[T, None]:
        # No other async generator may be inside: asyncio.run closes all of them at the same time.
        resource = await self._open_resource()
        try:
            yield resource
        finally:
            await resource.aclose()
