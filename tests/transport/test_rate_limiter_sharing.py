"""Several programs that share an account: throttling, backing off, recovering; virtual time."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from tests.transport.limiting import (
    JITTER_SECONDS,
    Server,
    acquire_many,
    make,
)
from tests.virtual_time import Clock, run


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Program:
    """A program with more to send than it may, which retries as AWS says."""

    def __init__(self, clock: Clock, server: Server, name: str, seed: int, backs_off: bool) -> None:
        self.limiter = make(clock)
        self._server = server
        self._name = name
        self._chance = random.Random(f"{name} {seed}")
        self._backs_off = backs_off

    async def work(self, start: float, stop: float) -> None:
        await asyncio.sleep(start)
        tasks: set[asyncio.Task[None]] = set()
        try:
            async with asyncio.timeout(stop - start):
                while True:
                    permit = await self.limiter.acquire()
                    task = asyncio.create_task(self._request(permit))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
        except TimeoutError:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _request(self, permit: float) -> None:
        for retry in range(100):
            latency = min(max(self._chance.lognormvariate(-1.2, 0.5), 0.1), 0.8)
            way = self._chance.uniform(0, JITTER_SECONDS)
            await asyncio.sleep(way)
            accepted = self._server.respond(self._name)
            await asyncio.sleep(latency - way)
            if accepted:
                return
            if self._backs_off:
                self.limiter.throttled(permit)
            await asyncio.sleep(self._chance.random() * min(2.0**retry, 20.0))
            permit = await self.limiter.acquire()


def share(
    seed: int, *, backs_off: bool = True, programs: int = 3, survive: float = 0.0
) -> tuple[Server, float]:
    """Programs that join 20 s apart and stop after 240 s, the first one later.

    Returns the server and when the first one was back at 8.5 requests a second.
    """
    clock = Clock()
    server = Server(clock)
    clock.now = 0.0
    made = [Program(clock, server, f"{n}", seed, backs_off) for n in range(programs)]
    back = 1e9

    async def main() -> None:
        nonlocal back
        async with asyncio.TaskGroup() as group:
            for number, program in enumerate(made):
                stop = 240.0 + (survive if number == 0 else 0.0)
                group.create_task(program.work(20.0 * number, stop))
            await asyncio.sleep(240.0)
            while clock.now < 240.0 + survive:
                await asyncio.sleep(1.0)
                if clock.now > 250.0 and rate(server.accepted, clock.now - 10, clock.now) >= 8.5:
                    back = min(back, clock.now)

    run(main(), clock)
    return server, back - 240.0


def rate(requests: list[tuple[float, str]], start: float, end: float, name: str = "") -> float:
    counted = [1 for time, who in requests if start <= time < end and who.startswith(name)]
    return len(counted) / (end - start)


def steady(server: Server) -> tuple[float, float, float]:
    """From 60 to 240 s: accepted per second, the share throttled, the worst share of the fair."""
    total = rate(server.accepted, 60, 240)
    refused = rate(server.throttled, 60, 240)
    worst = min(rate(server.accepted, 60, 240, name) for name in "012") / (total / 3)
    return total, refused / (total + refused), worst


SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_programs_share_the_account(seed: int) -> None:
    total, throttled, worst = steady(share(seed)[0])
    assert total >= 8.3
    assert throttled <= 0.03
    assert worst >= 0.75


def test_three_programs_that_do_not_back_off_are_throttled() -> None:
    assert steady(share(0, backs_off=False)[0])[1] > 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_program_has_the_account_within_two_minutes(seed: int) -> None:
    assert share(seed, survive=130.0)[1] <= 120.0


def test_one_program_alone_is_never_throttled() -> None:
    server, _ = share(0, programs=1)
    assert server.throttled == []
    assert rate(server.accepted, 10, 240) >= 9.0


def test_throttling_cuts_a_quarter_once_per_round_trip(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        times = await acquire_many(limiter, 9)
        await asyncio.sleep(0.3)
        for permit in times:
            limiter.throttled(permit)
        assert limiter.rate == pytest.approx(0.75 * 9.5)
        cut_at = clock.now
        assert await limiter.acquire() - cut_at == pytest.approx(1 / 7.125, rel=0.01)
        limiter.throttled(await limiter.acquire())
        assert limiter.rate == pytest.approx(0.75 * 0.75 * 9.5, rel=0.01)

    run(main(), clock)


def test_the_rate_has_a_floor_and_recovers_completely(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        for _ in range(50):
            limiter.throttled(clock.now)
        assert limiter.rate == 0.5
        await asyncio.sleep(10)
        assert limiter.rate == pytest.approx(9.5 - 9.0 * math.exp(-0.092))
        await asyncio.sleep(1000)
        assert limiter.rate == pytest.approx(9.5)

    run(main(), clock)


def test_queued_requests_slow_down_too(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> list[float]:
        tasks = [asyncio.create_task(limiter.acquire()) for _ in range(10)]
        await asyncio.sleep(0.05)
        for _ in range(50):
            limiter.throttled(clock.now)
        return list(await asyncio.gather(*tasks))

    times = run(main(), clock)
    assert times[3] - 1000.05 >= 1.9  # the floor: two seconds apart, a little less as it grows
