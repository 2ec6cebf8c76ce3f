"""The rate limiter, on a clock that moves only when everybody waits. Nothing here really waits."""

from __future__ import annotations

import asyncio
import math
import pickle
import random
import selectors
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list import (
    ConfigurationError,
    DailyLimitError,
    PartnerCentralError,
    RateLimit,
    RateLimiter,
    RateLimitTimeoutError,
)
from partnercentral_list._transport import limiter as limiter_module
from partnercentral_list._transport import pace

T = TypeVar("T")
JITTER = 0.05
RATES = st.sampled_from([0.5, 1.0, 2.5, 3.0, 10.0, 100.0])


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


class Selector(selectors.SelectSelector):
    """Instead of waiting for a timer, moves the clock to it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits for something that never comes")
        self._clock.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        super().__init__(Selector(clock))
        self._virtual = clock

    def time(self) -> float:
        return self._virtual.now


def run(clock: Clock, main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main)


@pytest.fixture
def clock() -> Clock:
    return Clock()


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


def under_way(times: list[float], seed: int = 0) -> list[float]:
    """When requests arrive at AWS."""
    chance = random.Random(seed)
    return [time + chance.uniform(0, JITTER) for time in times]


class Server:
    """Ten requests are accepted in any window of one second; the others are throttled."""

    def __init__(self, clock: Clock, quota: int = 10) -> None:
        self._clock = clock
        self._quota = quota
        self.accepted: list[tuple[float, str]] = []
        self.throttled: list[tuple[float, str]] = []

    def answer(self, name: str) -> bool:
        now = self._clock.now
        full = (
            len(self.accepted) >= self._quota and self.accepted[-self._quota][0] > now - 1.0 + 1e-9
        )
        (self.throttled if full else self.accepted).append((now, name))
        return not full


# Pacing: how much, and how evenly.


@pytest.mark.parametrize("seed", range(5))
def test_fifty_at_once_use_nine_tenths_of_the_quota_and_are_never_throttled(
    clock: Clock, seed: int
) -> None:
    server, limiter, chance = Server(clock), make(clock), random.Random(seed)

    async def one() -> float:
        sent_at = await limiter.acquire()
        await asyncio.sleep(chance.uniform(0, JITTER))
        server.answer("")
        return sent_at

    async def main() -> list[float]:
        return list(await asyncio.gather(*(one() for _ in range(50))))

    times = run(clock, main())
    assert server.throttled == []
    assert (len(times) - 1) / (max(times) - min(times)) >= 9.0  # from the first to the last


def test_a_minute_of_waiting_requests_uses_nine_tenths_of_the_quota(clock: Clock) -> None:
    times = run(clock, acquire_many(make(clock), 600))
    later = [time for time in times if 10 <= time - times[0] < 60]  # without the burst
    assert 9.0 <= len(later) / 50 <= 9.5
    assert most_in_a_window(under_way(times)) <= 10


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
    assert most_in_a_window(under_way(times, seed), window) <= max(1.0, per_second)


def arrivals(per_second: float, pauses: list[float], leaving: set[int]) -> list[float]:
    """Acquire after each of these pauses, some only for a while; tells when each went."""
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

    run(clock, main())
    return times


def after_rests(clock: Clock) -> list[float]:
    limiter = make(clock)

    async def main() -> list[float]:
        times: list[float] = []
        for _ in range(5):
            await asyncio.sleep(100)
            times += await acquire_many(limiter, 30)
        return times

    return run(clock, main())


def test_a_rest_is_not_followed_by_more_than_the_quota(clock: Clock) -> None:
    assert most_in_a_window(under_way(after_rests(clock))) <= 10


def test_without_the_log_a_rest_is_followed_by_too_many(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MARGIN", -1.0)
    assert most_in_a_window(after_rests(clock)) > 10


def test_a_bucket_that_starts_full_sends_nearly_twice_the_quota(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MARGIN", -1.0)
    monkeypatch.setattr(pace, "BURST", 10)
    assert most_in_a_window(after_rests(clock)) >= 19


def test_a_log_without_a_margin_is_too_fast_for_the_jitter(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MARGIN", 0.0)
    assert most_in_a_window(under_way(after_rests(clock))) > 10


@pytest.mark.parametrize(
    ("per_second", "least"),
    [(0.1, 0.9), (0.5, 0.9), (1.0, 0.9), (2.0, 0.9), (2.5, 0.75), (50.0, 0.9), (100.0, 0.9)],
)
def test_other_quotas_are_used_too(clock: Clock, per_second: float, least: float) -> None:
    number = max(20, int(20 * per_second))
    times = run(clock, acquire_many(make(clock, per_second), number))
    assert least <= (number - 1) / (times[-1] - times[0]) / per_second <= 1.0 + 1.0 / number


def test_a_request_after_a_rest_does_not_wait(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        for _ in range(3):
            await asyncio.sleep(10)
            due = clock.now
            assert await acquire_many(limiter, 3) == [due] * 3

    run(clock, main())


def test_a_loop_that_was_blocked_does_not_send_what_is_overdue_at_once(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> list[float]:
        def block() -> None:
            clock.now += 3.0

        asyncio.get_running_loop().call_later(0.5, block)
        return await acquire_many(limiter, 60)

    times = run(clock, main())
    assert most_in_a_window(under_way(times)) <= 10
    assert times == sorted(times)  # gather keeps the order of the calls


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

    run(clock, main())
    assert order == list(range(60))


LEAVING: dict[str, Callable[[int], bool]] = {
    "first": lambda number: number < 28,
    "last": lambda number: number >= 25,
    "every other": lambda number: number % 2 == 1,
}


@pytest.mark.parametrize("which", LEAVING)
def test_cancelled_ones_leave_their_slots_to_the_others(clock: Clock, which: str) -> None:
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

    sent, end, times = run(clock, main())
    alone = Clock()
    expected = run(alone, acquire_many(make(alone), len(times)))
    assert 3 <= sent < 10
    assert most_in_a_window(under_way(times)) <= 10
    # As if those who left had never been there, but for one look of those who stay.
    assert end - 1000.0 <= expected[-1] - expected[0] + 0.2


def test_a_wait_that_times_out_takes_no_slot(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> float:
        await acquire_many(limiter, 10)
        start = clock.now
        for _ in range(20):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await limiter.acquire()
        return await limiter.acquire() - start

    assert run(clock, main()) <= 0.35


def test_a_forgotten_acquire_is_taken_off_the_queue(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> float:
        await acquire_many(limiter, 3)
        forgotten = limiter.acquire()
        forgotten.send(None)
        forgotten.close()
        start = clock.now
        return await limiter.acquire() - start

    assert run(clock, main()) == pytest.approx(1 / 9.5)


def test_a_slot_that_was_not_used_can_be_given_back(clock: Clock) -> None:
    limiter = make(clock, per_day=12)

    async def main() -> None:
        start = clock.now
        for _ in range(200):
            limiter.release(await limiter.acquire())
        assert clock.now == start
        assert await acquire_many(limiter, 3) == [start] * 3
        limiter.release(0.0)  # one that never was changes nothing
        assert await limiter.acquire() > start

    run(clock, main())


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
    run(clock, main())
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
        assert most_in_a_window(under_way([renewed, *times])) <= 10

    run(clock, main())


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

    run(clock, main())
    assert len(times) == len(delays)
    assert most_in_a_window(under_way(times, seed)) <= 10


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

    run(clock, main())


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

    run(clock, main())


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

    assert run(clock, main()) == pytest.approx(29.58, abs=0.01)


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

    run(clock, main())


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

    run(clock, main())


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

    run(clock, main())


def test_a_wait_is_announced_once_and_only_if_there_is_one(clock: Clock) -> None:
    limiter = make(clock)
    announced: list[tuple[float, int]] = []

    async def one() -> None:
        await limiter.acquire(on_wait=lambda wait, length: announced.append((wait, length)))

    async def main() -> None:
        await asyncio.gather(*(one() for _ in range(9)))

    run(clock, main())
    assert [length for _, length in announced] == [1, 2, 3, 4, 5, 6]
    assert [wait for wait, _ in announced] == pytest.approx([n / 9.5 for n in range(1, 7)])


def test_an_event_loop_that_does_not_run_holds_the_others_up_for_a_second_at_most(
    clock: Clock,
) -> None:
    limiter = make(clock)
    stopped = VirtualLoop(clock)
    waiting = [stopped.create_task(limiter.acquire()) for _ in range(20)]
    stopped.run_until_complete(asyncio.sleep(0))
    start = clock.now
    times = run(clock, asyncio.wait_for(acquire_many(limiter, 20), 60))
    assert times[0] - start <= 1.5
    assert times[-1] - times[0] <= 20 / 9.0
    later = stopped.run_until_complete(asyncio.wait_for(asyncio.gather(*waiting), 10))
    stopped.close()
    assert later == sorted(later)
    assert most_in_a_window(under_way(times + later)) <= 10


def test_an_event_loop_that_is_busy_for_less_than_a_second_keeps_its_turn(clock: Clock) -> None:
    limiter = make(clock)
    busy = VirtualLoop(clock)
    waiting = [busy.create_task(limiter.acquire()) for _ in range(5)]
    busy.run_until_complete(asyncio.sleep(0))

    with pytest.raises(TimeoutError):
        run(clock, asyncio.wait_for(limiter.acquire(), 0.9))
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
    assert most_in_a_window(under_way(times)) <= 10


def test_a_limiter_outlives_its_event_loops(clock: Clock) -> None:
    limiter = make(clock)
    times = [time for _ in range(5) for time in run(clock, acquire_many(limiter, 8))]
    assert most_in_a_window(under_way(times)) <= 10


@pytest.mark.parametrize("number", [50, 1000])
def test_those_who_wait_look_seldom(clock: Clock, number: int) -> None:
    looks = 0

    async def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        await asyncio.sleep(seconds)

    limiter = RateLimiter(RateLimit(clock=lambda: clock.now, sleep=sleep))
    start = clock.now
    run(clock, acquire_many(limiter, number))
    assert looks / (clock.now - start) <= 1100


# Sharing the account with others.


class Program:
    """A program with more to send than it may, which retries as AWS says."""

    def __init__(self, clock: Clock, server: Server, name: str, seed: int, tells: bool) -> None:
        self.limiter = make(clock)
        self._server = server
        self._name = name
        self._chance = random.Random(f"{name} {seed}")
        self._tells = tells

    async def work(self, start: float, stop: float) -> None:
        await asyncio.sleep(start)
        tasks: set[asyncio.Task[None]] = set()
        try:
            async with asyncio.timeout(stop - start):
                while True:
                    sent_at = await self.limiter.acquire()
                    task = asyncio.create_task(self._request(sent_at))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
        except TimeoutError:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _request(self, sent_at: float) -> None:
        for retry in range(100):
            latency = min(max(self._chance.lognormvariate(-1.2, 0.5), 0.1), 0.8)
            way = self._chance.uniform(0, JITTER)
            await asyncio.sleep(way)
            accepted = self._server.answer(self._name)
            await asyncio.sleep(latency - way)
            if accepted:
                return
            if self._tells:
                self.limiter.throttled(sent_at)
            await asyncio.sleep(self._chance.random() * min(2.0**retry, 20.0))
            sent_at = await self.limiter.acquire()


def share(
    seed: int, *, tells: bool = True, programs: int = 3, survive: float = 0.0
) -> tuple[Server, float]:
    """Programs that join 20 s apart and stop after 240 s, the first one later.

    Tells the server's record and when the first one was back at 8.5 requests a second.
    """
    clock = Clock()
    server = Server(clock)
    clock.now = 0.0
    made = [Program(clock, server, f"{n}", seed, tells) for n in range(programs)]
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

    run(clock, main())
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


def test_three_programs_that_do_not_give_way_are_mostly_throttled() -> None:
    assert steady(share(0, tells=False)[0])[1] > 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_one_that_is_left_has_the_account_again_within_two_minutes(seed: int) -> None:
    assert share(seed, survive=130.0)[1] <= 120.0


def test_one_program_alone_is_never_throttled() -> None:
    server, _ = share(0, programs=1)
    assert server.throttled == []
    assert rate(server.accepted, 10, 240) >= 9.0


def test_throttling_slows_down_by_a_quarter_once_for_each_round_trip(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        times = await acquire_many(limiter, 9)
        await asyncio.sleep(0.3)
        for sent_at in times:
            limiter.throttled(sent_at)
        assert limiter.rate == pytest.approx(0.75 * 9.5)
        cut_at = clock.now
        assert await limiter.acquire() - cut_at == pytest.approx(1 / 7.125, rel=0.01)
        limiter.throttled(await limiter.acquire())
        assert limiter.rate == pytest.approx(0.75 * 0.75 * 9.5, rel=0.01)

    run(clock, main())


def test_the_rate_never_falls_below_its_floor_and_grows_back_to_its_ceiling(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> None:
        for _ in range(50):
            limiter.throttled(clock.now)
        assert limiter.rate == 0.5
        await asyncio.sleep(10)
        assert limiter.rate == pytest.approx(9.5 - 9.0 * math.exp(-0.092))
        await asyncio.sleep(1000)
        assert limiter.rate == pytest.approx(9.5)

    run(clock, main())


def test_those_who_wait_already_slow_down_too(clock: Clock) -> None:
    limiter = make(clock)

    async def main() -> list[float]:
        tasks = [asyncio.create_task(limiter.acquire()) for _ in range(10)]
        await asyncio.sleep(0.05)
        for _ in range(50):
            limiter.throttled(clock.now)
        return list(await asyncio.gather(*tasks))

    times = run(clock, main())
    assert times[3] - 1000.05 >= 1.9  # the floor: two seconds apart, a little less as it grows


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

    run(clock, main())


def test_those_who_wait_are_told_as_soon_as_the_day_is_spent(clock: Clock) -> None:
    limiter = make(clock, per_day=15)

    async def main() -> None:
        tasks = [asyncio.create_task(limiter.acquire()) for _ in range(40)]
        for task in tasks[5:10]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(isinstance(result, float) for result in done) == 15
        assert sum(isinstance(result, DailyLimitError) for result in done) == 20

    start = clock.now
    run(clock, main())
    assert clock.now - start <= 2.0


def test_the_error_of_the_day_says_when_and_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(DailyLimitError(100_000, 61.4)))
    assert isinstance(error, DailyLimitError)
    assert isinstance(error, PartnerCentralError)
    assert error.retry_after == 61.4
    assert "100000" in str(error)
    assert "61 seconds" in str(error)


# Settings.


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


def test_the_settings_are_compared_and_shown_without_clock_and_sleep() -> None:
    limit = RateLimit(clock=lambda: 0.0)
    assert limit == RateLimit()
    assert repr(limit) == "RateLimit(per_second=10.0, per_day=None, max_wait=None)"
    assert RateLimiter(limit).limit is limit


async def test_without_a_clock_of_ones_own_it_runs_on_real_time() -> None:
    limiter = RateLimiter(RateLimit(per_second=1000))
    times = await acquire_many(limiter, 5)
    assert times == sorted(times)
    assert limiter_module.DAY == 24 * 60 * 60
