"""A rate limiter on time that stands still."""

from __future__ import annotations

import asyncio
from typing import Any

from partnercentral_list import RateLimit, RateLimiter


class Queue:
    """A limiter whose queue stands still until it is released, on time of its own."""

    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        self.waiting = 0
        self._moves = asyncio.Event()
        self.limiter = RateLimiter(RateLimit(clock=lambda: self.now, sleep=self._sleep, **options))

    async def _sleep(self, seconds: float) -> None:
        self.waiting += 1
        ends_at = self.now + seconds
        try:
            await self._moves.wait()
            await asyncio.sleep(0)
        finally:
            self.waiting -= 1
        self.now = max(self.now, ends_at)

    async def filled(self, number: int) -> None:
        while self.waiting < number:  # noqa: ASYNC110 # also from another event loop
            await asyncio.sleep(0)

    def release(self) -> None:
        self._moves.set()
