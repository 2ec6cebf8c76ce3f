"""Prefetching: the next results are fetched while the consumer works."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Calls `fetch` ahead of its consumer; one call at a time.

    An error of `fetch` is raised in its place, after the results before it. It is a class and no
    async generator: nested ones cannot be closed by `asyncio.run`, which closes all that are left
    at once.

    Args:
        fetch: Returns the next result; None at the end.
        ahead: How many results may wait for the consumer; with 0 each is fetched on demand.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T | None]], ahead: int) -> None:
        self._fetch = fetch
        self._ahead = ahead
        self._results: asyncio.Queue[T | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(ahead)
        self._task: asyncio.Task[None] | None = None

    async def next(self) -> T | None:
        """Return the next result; None at the end."""
        if self._ahead == 0:
            return await self._fetch()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="partnercentral_list prefetch")
        result = await self._results.get()
        if result is None:
            # A later call ends in the same way.
            self._results.put_nowait(None)
            # The task has ended: this raises what ended it, if that was an error.
            await self._task
        else:
            self._room.release()
        return result

    async def aclose(self) -> None:
        """Cancel the calls in flight."""
        if self._task is not None:
            self._task.cancel()
            # Its error is of no interest any more, or was raised by next().
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            await self._room.acquire()
            while (result := await self._fetch()) is not None:
                self._results.put_nowait(result)
                await self._room.acquire()
        finally:
            self._results.put_nowait(None)
