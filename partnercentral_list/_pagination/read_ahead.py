"""Reading ahead: what comes next is fetched while the consumer works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """Calls `read` up to `ahead` times before its results are asked for; one call at a time.

    `read` gives None at the end. An error of it is raised in its place, after the results before
    it. It is a class and no async generator: nested ones cannot be closed by `asyncio.run`, which
    closes all that are left at once.

    Args:
        read: Gives the next result.
        ahead: How many results may wait; 0 reads when asked.
    """

    def __init__(self, read: Callable[[], Awaitable[T | None]], ahead: int) -> None:
        self._read = read
        self._ahead = ahead
        self._results: asyncio.Queue[T | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(ahead)
        self._reader: asyncio.Task[None] | None = None

    async def next(self) -> T | None:
        """Give the next result, or None at the end."""
        if self._ahead == 0:
            return await self._read()
        if self._reader is None:
            self._reader = asyncio.create_task(self._fill(), name="partnercentral_list prefetch")
        result = await self._results.get()
        if result is None:
            # Whoever asks again is told again.
            self._results.put_nowait(None)
            # It has ended: this raises what ended it, if that was an error.
            await self._reader
        else:
            self._room.release()
        return result

    async def aclose(self) -> None:
        """End what is under way."""
        if self._reader is not None:
            self._reader.cancel()
            # What it raised is nobody's any more, or was raised by next().
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _fill(self) -> None:
        try:
            await self._room.acquire()
            while (result := await self._read()) is not None:
                self._results.put_nowait(result)
                await self._room.acquire()
        finally:
            self._results.put_nowait(None)
