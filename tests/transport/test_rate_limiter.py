"""The rate that the limiter allows, on virtual time."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list import ConfigurationError, RateLimit, RateLimiter
from tests.transport.limiting import (
    JITTER_SECONDS,
    Server,
    acquire_many,
    in_transit,
    make,
    most_in_a_window,
)
from tests.virtual_time import Clock, run

RATES = st.sampled_from([0.5, 1.0, 2.5, 3.0, 10.0, 100.0])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("seed", range(5))
def test_fifty_at_once_use_nine_tenths_and_are_never_throttled(clock: Clock, seed: int) -> None:
    server, limiter, chance = Server(clock), make(clock), random.Random(seed)

    async def one() -> float:
        permit = await limiter.acquire()
        await asyncio.sleep(chance.uniform(0, JITTER_SECONDS))
        server.respond("")
        return permit

    async def main() -> list[float]:
        return list(await asyncio.gather(*(one() for _ in range(50))))

    times = run(main(), clock)
    assert server.throttled == []
    assert (len(times) - 1) / (max(times) - min(times)) >= 9.0  # from the first to the last


def test_a_minute_of_queued_requests_uses_nine_tenths(clock: Clock) -> None:
    times = run(acquire_many(make(clock), 600), clock)
    later = [time for time in times if 10 <= time - times[0] < 60]  # without the burst
    assert 9.0 <= len(later) / 50 <= 9.5
    assert most_in_a_window(in_transit(times)) <= 10


@given(
    per_second=RATES,
    pauses=st.lists(st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 4)), max_size=80),
    leaving=st.sets(st.integers(0, 79), max_size=20),
    seed=st.integers(0, 1000),
)
@example(per_second=10.0, pauses=[0.0] * 60, leaving=set(), seed=1)
@example(per_second=2.5, pauses=[0.0] * 20, leaving=set(), seed=1)
@settings(max_examples=60)
def test_no_window_ever_holds_more_than_the_quota(
    per_second: float, pauses: list[float], leaving: set[int], seed: int
) -> None:
    times = arrivals(per_second, pauses, leaving)
    window = max(1.0, 1.0 / per_second)
    assert most_in_a_window(in_transit(times, seed), window) <= max(1.0, per_second)


def arrivals(per_second: float, pauses: list[float], leaving: set[int]) -> list[float]:
    """Acquire after each of these pauses, some only for a while; return when each went."""
    clock = Clock()
    limiter, times = make(clock, per_second), []

    async def one() -> None:
        times.append(await limiter.acquire())

    async def main() -> None:
        tasks: list[asyncio.Task[None]] = []
        for number, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            tasks.append(asyncio.create_task(one()))
            if number in leaving:
                tasks[number // 2].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in done} <= {type(None), asyncio.CancelledError}

    run(main(), clock)
    return times


def test_a_rest_is_not_followed_by_more_than_the_quota(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> list[float]:
        times: list[float] = []
        for _ in range(5):
            await asyncio.sleep(100)
            times += await acquire_many(limiter, 30)
        return times

    assert most_in_a_window(in_transit(run(main(), clock))) <= 10


def test_the_window_of_these_tests_finds_too_many() -> None:
    # What a bucket with a burst of ten would send after a rest.
    burst = [100.0] * 10 + [100.0 + number / 9 for number in range(1, 21)]
    assert most_in_a_window(in_transit(burst)) >= 18
    # What a window without a margin for the way would.
    edge = [0.0] * 10 + [1.0] * 10
    assert most_in_a_window(edge) == 10
    assert most_in_a_window(in_transit(edge)) > 10


@pytest.mark.parametrize(
    ("per_second", "least"),
    [(0.1, 0.9), (0.5, 0.9), (1.0, 0.9), (2.0, 0.9), (2.5, 0.75), (50.0, 0.9), (100.0, 0.9)],
)
def test_other_quotas_are_used_too(clock: Clock, per_second: float, least: float) -> None:
    number = max(20, int(20 * per_second))
    times = run(acquire_many(make(clock, per_second), number), clock)
    assert least <= (number - 1) / (times[-1] - times[0]) / per_second <= 1.0 + 1.0 / number


def test_a_request_after_a_rest_does_not_wait(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        for _ in range(3):
            await asyncio.sleep(10)
            due = clock.now
            assert await acquire_many(limiter, 3) == [due] * 3

    run(main(), clock)


def test_a_blocked_loop_does_not_send_overdue_requests_at_once(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> list[float]:
        def block() -> None:
            clock.now += 3.0

        asyncio.get_running_loop().call_later(0.5, block)
        return await acquire_many(limiter, 60)

    times = run(main(), clock)
    assert most_in_a_window(in_transit(times)) <= 10
    assert times == sorted(times)  # gather keeps the order of the calls


@pytest.mark.parametrize(
    "options",
    [
        {"per_second": 0},
        {"per_second": -1.0},
        {"per_second": float("nan")},
        {"per_second": float("inf")},
        {"per_day": 0},
        {"per_day": -5},
        {"max_wait": -0.1},
        {"max_wait": float("nan")},
    ],
    ids=repr,
)
def test_a_bad_setting_is_refused(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ConfigurationError, match=f"RateLimit.{name}"):
        RateLimit(**options)


def test_settings_compare_and_show_without_clock_and_sleep() -> None:
    limit = RateLimit(clock=lambda: 0.0)
    assert limit == RateLimit()
    assert repr(limit) == "RateLimit(per_second=10.0, per_day=None, max_wait=None)"
    assert RateLimiter(limit).limit is limit


async def test_it_runs_on_real_time_by_default() -> None:
    limiter = RateLimiter(RateLimit(per_second=1000))
    times = await acquire_many(limiter, 5)
    assert times == sorted(times)
