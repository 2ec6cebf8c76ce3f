"""One resource for each running event loop: asyncio's connections cannot cross loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """What can be closed."""

    async def aclose(self) -> None:
        """Close it; a second time does nothing."""


T = TypeVar("T", bound=Closable)


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
        """Close the resource of every loop that can still run."""
        with self._lock:
            held, self._held = self._held, {}
        here = asyncio.get_running_loop()
        for loop, holder in held.items():
            if loop is here:
                await holder.aclose()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(holder.aclose(), loop)
                await asyncio.wrap_future(closing)


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
