"""A limiter on virtual time, and the arrivals at AWS."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left

from partnercentral_list import RateLimit, RateLimiter
from tests.virtual_time import Clock

JITTER_SECONDS = 0.05


def make(clock: Clock, per_second: float = 10.0, per_day: int | None = None) -> RateLimiter:
    return RateLimiter(RateLimit(per_second, per_day, clock=lambda: clock.now))


async def acquire_many(limiter: RateLimiter, number: int) -> list[float]:
    return list(await asyncio.gather(*(limiter.acquire() for _ in range(number))))


def most_in_a_window(times: list[float], window: float = 1.0) -> int:
    """The largest number in any half-open window of this length."""
    times = sorted(times)
    return max(
        (index - bisect_left(times, end - window + 1e-9) + 1 for index, end in enumerate(times)),
        default=0,
    )


def in_transit(times: list[float], seed: int = 0) -> list[float]:
    """Return the times at which requests arrive at AWS."""
    chance = random.Random(seed)
    return [time + chance.uniform(0, JITTER_SECONDS) for time in times]


class Server:
    """Ten requests are accepted in any window of one second; the others are throttled."""

    def __init__(self, clock: Clock, quota: int = 10) -> None:
        self._clock = clock
        self._quota = quota
        self.accepted: list[tuple[float, str]] = []
        self.throttled: list[tuple[float, str]] = []

    def respond(self, name: str) -> bool:
        now = self._clock.now
        full = (
            len(self.accepted) >= self._quota and self.accepted[-self._quota][0] > now - 1.0 + 1e-9
        )
        (self.throttled if full else self.accepted).append((now, name))
        return not full
