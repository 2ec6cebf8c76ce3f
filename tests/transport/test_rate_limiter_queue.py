"""The queue of the limiter: order, waits, renewals and the daily budget, on virtual time."""

from __future__ import annotations

import asyncio
import pickle
import sys
import threading
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list import (
    DailyLimitError,
    PartnerCentralError,
    RateLimit,
    RateLimiter,
    RateLimitTimeoutError,
)
from tests.transport.limiting import (
    acquire_many,
    in_transit,
    make,
    most_in_a_window,
)
from tests.virtual_time import Clock, VirtualLoop, run


@pytest.fixture
def clock() -> Clock:
    return Clock()


# Whose turn it is.


@pytest.mark.parametrize("pause", [0.0, 0.03, 0.1])
def test_first_come_first_served(clock: Clock, pause: float) -> None:
    limiter = make(clock)
    order: list[int] = []

    async def one(number: int) -> None:
        await asyncio.sleep(pause * number)
        await limiter.acquire()
        order.append(number)

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(60)))

    run(main(), clock)
    assert order == list(range(60))


LEAVING: dict[str, Callable[[int], bool]] = {
    "first": lambda number: number < 28,
    "last": lambda number: number >= 25,
    "every other": lambda number: number % 2 == 1,
}


@pytest.mark.parametrize("which", LEAVING)
def test_cancelled_requests_leave_their_permits_to_others(clock: Clock, which: str) -> None:
    limiter = make(clock)

    async def main() -> tuple[int, float, list[float]]:
        tasks = [asyncio.create_task(limiter.acquire()) for _ in range(50)]
        await asyncio.sleep(0.4)
        sent = sum(task.done() for task in tasks)
        for number, task in enumerate(tasks):
            if LEAVING[which](number):
                task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        return sent, clock.now, [time for time in done if isinstance(time, float)]

    sent, end, times = run(main(), clock)
    alone = Clock()
    expected = run(acquire_many(make(alone), len(times)), alone)
    assert 3 <= sent < 10
    assert most_in_a_window(in_transit(times)) <= 10
    # As if those who left had never been there, but for one poll of those who stay.
    assert end - 1000.0 <= expected[-1] - expected[0] + 0.2


def test_a_wait_that_times_out_takes_no_permit(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> float:
        await acquire_many(limiter, 10)
        start = clock.now
        for _ in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await limiter.acquire()
        return await limiter.acquire() - start

    assert run(main(), clock) <= 0.35


def test_a_forgotten_acquire_leaves_the_queue(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> float:
        await acquire_many(limiter, 3)
        forgotten = limiter.acquire()
        forgotten.send(None)
        forgotten.close()
        start = clock.now
        return await limiter.acquire() - start

    assert run(main(), clock) == pytest.approx(1 / 9.5)


def test_an_unused_permit_can_be_released(clock: Clock) -> None:
    limiter = make(clock, per_day=12)

    async def main() -> None:
        start = clock.now
        for _ in range(200):
            limiter.release(await limiter.acquire())
        assert clock.now == start
        assert await acquire_many(limiter, 3) == [start] * 3
        limiter.release(0.0)  # one that never was changes nothing
        assert await limiter.acquire() > start

    run(main(), clock)


def test_a_retry_goes_before_all_first_attempts(clock: Clock) -> None:
    limiter = make(clock)
    order: list[str] = []

    async def one(name: str, *, is_retry: bool = False) -> None:
        await limiter.acquire(is_retry=is_retry)
        order.append(name)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(one(f"first {number}"))
            await asyncio.sleep(0.5)
            order.clear()
            for number in range(3):
                group.create_task(one(f"retry {number}", is_retry=True))
            await asyncio.sleep(0.4)
            assert order[:3] == ["retry 0", "retry 1", "retry 2"]

    start = clock.now
    run(main(), clock)
    assert clock.now - start <= 103 / 9.0  # the others lose nothing but those three


def test_a_permit_is_renewed_before_everybody_else(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        permit = await limiter.acquire()
        waiting = [asyncio.create_task(limiter.acquire(is_retry=n % 2 == 0)) for n in range(40)]
        await asyncio.sleep(2.0)
        renewed = await limiter.renew(permit)
        times = await asyncio.gather(*waiting)
        assert renewed == min(time for time in (*times, renewed) if time > 1002.0)
        assert most_in_a_window(in_transit([renewed, *times])) <= 10

    run(main(), clock)


@given(
    delays=st.lists(st.one_of(st.floats(0, 0.3), st.floats(0, 6)), min_size=1, max_size=60),
    seed=st.integers(0, 1000),
)
@example(delays=[4.0] * 40, seed=1)
@example(delays=[4.0 - number / 9.5 for number in range(30)], seed=1)
@settings(max_examples=60)
def test_renewed_permits_keep_to_the_quota_however_late(delays: list[float], seed: int) -> None:
    clock = Clock()
    limiter, times = make(clock), []

    async def one(delay: float) -> None:
        permit = await limiter.acquire()
        await asyncio.sleep(delay)
        times.append(await limiter.renew(permit))

    async def main() -> None:
        await asyncio.gather(*(one(delay) for delay in delays))

    run(main(), clock)
    assert len(times) == len(delays)
    assert most_in_a_window(in_transit(times, seed)) <= 10


def test_a_permit_that_is_renewed_stays_one_request_of_the_day(clock: Clock) -> None:
    limiter = make(clock, per_day=3)

    async def main() -> None:
        permits = await acquire_many(limiter, 3)
        for permit in permits:
            assert await limiter.renew(permit) >= permit
        with pytest.raises(DailyLimitError):
            await limiter.acquire()
        renewing = asyncio.create_task(limiter.renew(permits[0]))
        limiter.throttled(clock.now)
        await asyncio.sleep(0)
        renewing.cancel()
        await asyncio.wait([renewing])

    run(main(), clock)


def test_an_unused_permit_of_an_abandoned_renewal_is_released(clock: Clock) -> None:
    limiter = make(clock, per_day=10)

    async def main() -> None:
        permits = await acquire_many(limiter, 10)
        for _ in range(20):
            limiter.throttled(clock.now)
        renewing = asyncio.create_task(limiter.renew(permits[0]))
        await asyncio.sleep(0.01)
        assert not renewing.done()
        renewing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await renewing
        with pytest.raises(DailyLimitError):
            await limiter.acquire()
        limiter.release(permits[0])
        assert await limiter.acquire() > permits[-1]

    run(main(), clock)


@pytest.mark.parametrize("renews", [False, True])
def test_renewing_neither_speeds_up_nor_slows_down(clock: Clock, renews: bool) -> None:
    limiter = make(clock)

    async def main() -> float:
        for _ in range(20):
            limiter.throttled(clock.now)
        cut_at = clock.now
        for number in range(40):
            permit = await limiter.acquire()
            if renews:
                assert await limiter.renew(permit) == permit
            if number == 20:
                limiter.throttled(clock.now)
        return clock.now - cut_at

    assert run(main(), clock) == pytest.approx(29.58, abs=0.01)


# How long a request may wait.


def test_a_request_that_would_wait_too_long_is_refused_at_once(clock: Clock) -> None:
    limiter = RateLimiter(RateLimit(max_wait=2.0, clock=lambda: clock.now))

    async def main() -> None:
        start = clock.now
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(40)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sum(not task.done() for task in waiting) <= 17
        results = await asyncio.gather(*waiting, return_exceptions=True)
        refused = [result for result in results if isinstance(result, RateLimitTimeoutError)]
        times = [result for result in results if isinstance(result, float)]
        assert len(times) + len(refused) == 40
        assert 19 <= len(times) <= 20
        assert max(times) - start <= 2.0
        assert refused[0].retry_after == pytest.approx(2.1, abs=0.1)
        assert "RateLimit.max_wait" in str(refused[0])
        with pytest.raises(RateLimitTimeoutError):
            await limiter.acquire(max_wait=0)
        await asyncio.sleep(1)
        assert await limiter.acquire(max_wait=0) == clock.now

    run(main(), clock)


def test_the_shorter_bound_of_a_wait_counts(clock: Clock) -> None:
    limiter = RateLimiter(RateLimit(max_wait=1.0, clock=lambda: clock.now))

    async def main() -> None:
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(10)]
        await asyncio.sleep(0)
        for bound in (0.5, 5.0):
            with pytest.raises(RateLimitTimeoutError, match=f"{min(bound, 1.0)} at most"):
                for _ in range(10):
                    waiting.append(asyncio.create_task(limiter.acquire()))
                    await limiter.acquire(max_wait=bound)
        await asyncio.gather(*waiting, return_exceptions=True)

    run(main(), clock)


def test_a_wait_that_throttling_makes_too_long_ends_at_its_bound(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        await acquire_many(limiter, 10)
        waiting = [asyncio.create_task(limiter.acquire(max_wait=3.0)) for _ in range(20)]
        await asyncio.sleep(0.05)
        start = clock.now
        for _ in range(5):
            limiter.throttled(clock.now)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        refused = [result for result in results if isinstance(result, RateLimitTimeoutError)]
        assert 12 <= len(refused) < 20
        assert clock.now - start <= 3.0
        assert await limiter.acquire() - clock.now <= 0.0  # nobody is left in the queue

    run(main(), clock)


def test_a_wait_is_announced_once_and_only_if_there_is_one(clock: Clock) -> None:
    limiter = make(clock)
    announced: list[tuple[float, int]] = []

    async def one() -> None:
        await limiter.acquire(on_wait=lambda wait, length: announced.append((wait, length)))

    async def main() -> None:
        await asyncio.gather(*(one() for _ in range(9)))

    run(main(), clock)
    assert [length for _, length in announced] == [1, 2, 3, 4, 5, 6]
    assert [wait for wait, _ in announced] == pytest.approx([n / 9.5 for n in range(1, 7)])


def test_a_stopped_loop_delays_others_by_a_second_at_most(
    clock: Clock,
) -> None:
    limiter = make(clock)
    stopped = VirtualLoop(clock)
    waiting = [stopped.create_task(limiter.acquire()) for _ in range(20)]
    stopped.run_until_complete(asyncio.sleep(0))
    start = clock.now
    times = run(asyncio.wait_for(acquire_many(limiter, 20), 60), clock)
    assert times[0] - start <= 1.5
    assert times[-1] - times[0] <= 20 / 9.0
    later = stopped.run_until_complete(asyncio.wait_for(asyncio.gather(*waiting), 10))
    stopped.close()
    assert later == sorted(later)
    assert most_in_a_window(in_transit(times + later)) <= 10


def test_a_loop_busy_for_less_than_a_second_keeps_its_turn(clock: Clock) -> None:
    limiter = make(clock)
    busy = VirtualLoop(clock)
    waiting = [busy.create_task(limiter.acquire()) for _ in range(5)]
    busy.run_until_complete(asyncio.sleep(0))

    with pytest.raises(TimeoutError):
        run(asyncio.wait_for(limiter.acquire(), 0.9), clock)
    assert sum(task.done() for task in waiting) == 3
    busy.run_until_complete(asyncio.wait(waiting))
    busy.close()


def test_threads_share_one_limiter(clock: Clock) -> None:
    lock, barrier = threading.Lock(), threading.Barrier(4)

    async def sleep(seconds: float) -> None:
        with lock:
            clock.now += seconds / 4
        await asyncio.sleep(0)

    limiter = RateLimiter(RateLimit(clock=lambda: clock.now, sleep=sleep))
    times: list[float] = []

    def work() -> None:
        barrier.wait()
        times.extend(asyncio.run(acquire_many(limiter, 50)))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(times) == 200
    assert most_in_a_window(in_transit(times)) <= 10


def test_a_limiter_outlives_its_event_loops(clock: Clock) -> None:
    limiter = make(clock)
    times = [time for _ in range(5) for time in run(acquire_many(limiter, 8), clock)]
    assert most_in_a_window(in_transit(times)) <= 10


@pytest.mark.parametrize("number", [50, 1000])
def test_queued_requests_poll_seldom(clock: Clock, number: int) -> None:
    polls = 0

    async def sleep(seconds: float) -> None:
        nonlocal polls
        polls += 1
        await asyncio.sleep(seconds)

    limiter = RateLimiter(RateLimit(clock=lambda: clock.now, sleep=sleep))
    start = clock.now
    run(acquire_many(limiter, number), clock)
    assert polls / (clock.now - start) <= 1100


# The day's budget.


def test_the_days_requests_are_counted_over_rolling_24_hours(clock: Clock) -> None:
    limiter = make(clock, per_day=5)

    async def main() -> None:
        start = clock.now
        await acquire_many(limiter, 2)
        await asyncio.sleep(3600)
        await acquire_many(limiter, 3)
        spent_at = clock.now
        with pytest.raises(DailyLimitError) as caught:
            await limiter.acquire()
        assert clock.now == spent_at  # at once
        assert caught.value.retry_after == pytest.approx(start + 86_400 - spent_at)
        assert caught.value.retryable is False
        await asyncio.sleep(caught.value.retry_after)
        await acquire_many(limiter, 2)
        with pytest.raises(DailyLimitError):
            await limiter.acquire()

    run(main(), clock)


def test_queued_requests_fail_as_soon_as_the_day_is_spent(clock: Clock) -> None:
    limiter = make(clock, per_day=15)

    async def main() -> None:
        tasks = [asyncio.create_task(limiter.acquire()) for _ in range(40)]
        for task in tasks[5:10]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, float) for result in done) == 15
        assert sum(isinstance(result, DailyLimitError) for result in done) == 20

    start = clock.now
    run(main(), clock)
    assert clock.now - start <= 2.0


def test_the_daily_error_says_when_and_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(DailyLimitError(100_000, 61.4)))
    assert isinstance(error, DailyLimitError)
    assert isinstance(error, PartnerCentralError)
    assert error.retry_after == 61.4
    assert "100000" in str(error)
    assert "61 seconds" in str(error)
