"""The speed of a scan: exact, on a clock that moves only when everybody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from random import Random

import pytest

from tests.service import Service, records
from tests.virtual_time import run

START = 1_600_000_000_000
SECOND, DAY, YEAR = 1_000, 86_400_000, 365 * 86_400_000
SIZE = 10_000
PAGES = ceil(SIZE / 100)
#: What a listing takes: one page after the other, none of which has to wait for a permit.
LISTING = PAGES * 0.3


def uniform(random: Random) -> int:
    return START + random.randrange(3 * YEAR)


def growing(random: Random) -> int:
    return START + 3 * YEAR - int(random.expovariate(4 / (3 * YEAR)))


def with_a_silence(random: Random) -> int:
    half = random.randrange(YEAR // 20)
    return START + (half if random.random() < 0.5 else 3 * YEAR - half)


def half_on_seven_instants(random: Random) -> int:
    if random.random() < 0.5:
        return START + random.randrange(7) * 150 * DAY
    return uniform(random)


BURSTS = range(1, 201)


def in_bursts(random: Random) -> int:
    (burst,) = random.choices(BURSTS, [1 / number for number in BURSTS])
    return START + burst * 77 % 200 * 5 * DAY + random.randrange(3600 * SECOND)


def on_a_day_of_imports(random: Random) -> int:
    if random.random() < 0.9:
        return START + YEAR + random.randrange(8 * 3600 * SECOND)
    return uniform(random)


def a_few_long_ago(random: Random) -> int:
    if random.random() < 0.01:
        return START - 10 * YEAR
    return START + 3 * YEAR - random.randrange(10 * DAY)


def in_one_second(random: Random) -> int:
    return START + random.randrange(SECOND)


@dataclass
class Measured:
    seconds: float
    requests: int
    throttled: int
    most_in_flight: int


def measure(
    spread: Callable[[Random], int], *, seed: int = 0, concurrency: int = 8, jitter: float = 0.05
) -> Measured:
    """Scan as AWS would be at 300 ms a page, with a quota of 10 requests in any second."""
    random = Random(seed)
    instants = [spread(random) for _ in range(SIZE)]
    service = Service(records(instants), latency=0.3, jitter=jitter, quota=10, random=random)

    async def scan() -> float:
        begun = asyncio.get_running_loop().time()
        found = await service.ids(concurrency=concurrency, limiter=service.limiter())
        assert len(found) == len(set(found)) == SIZE
        return asyncio.get_running_loop().time() - begun

    seconds = run(scan())
    return Measured(seconds, len(service.requests), service.throttled, service.most_in_flight)


@pytest.mark.parametrize("spread", [uniform, growing, with_a_silence])
def test_a_scan_takes_four_tenths_of_a_listings_time(
    spread: Callable[[Random], int],
) -> None:
    measured = measure(spread)
    assert measured.seconds <= 0.42 * LISTING
    assert measured.requests <= 1.12 * PAGES
    assert measured.throttled == 0


def test_half_of_the_records_on_seven_instants_cost_little_more() -> None:
    even, skewed = measure(uniform), measure(half_on_seven_instants)
    # 1.07 to 1.21 with eight seeds: what is met late is read page after page to its end.
    assert skewed.seconds <= 1.25 * even.seconds
    assert skewed.requests <= 1.15 * PAGES
    assert skewed.throttled == 0


@pytest.mark.parametrize("seed", range(4))
def test_bursts_cost_little_more_since_no_interval_is_taken_for_one(seed: int) -> None:
    measured = measure(in_bursts, seed=seed)
    assert measured.seconds <= 0.43 * LISTING
    assert measured.requests <= 1.15 * PAGES
    assert measured.throttled == 0


@pytest.mark.parametrize("spread", [on_a_day_of_imports, a_few_long_ago])
@pytest.mark.parametrize("seed", range(2))
def test_most_records_in_a_small_part_of_the_time_are_divided(
    spread: Callable[[Random], int], seed: int
) -> None:
    """Density that continues page after page is trusted, however sparse the part before it was."""
    measured = measure(spread, seed=seed)
    assert measured.seconds <= 0.45 * LISTING
    assert measured.requests <= 1.2 * PAGES
    assert measured.throttled == 0


def test_more_concurrency_than_the_quota_needs_changes_nothing() -> None:
    few, many = measure(uniform, concurrency=6), measure(uniform, concurrency=16)
    assert many.most_in_flight <= 6
    assert many.requests == few.requests


def test_a_scan_with_one_page_at_a_time_takes_as_long_as_a_listing() -> None:
    measured = measure(uniform, concurrency=1, jitter=0.0)
    assert measured.requests <= PAGES + 3
    assert measured.seconds <= 1.04 * LISTING


@pytest.mark.parametrize(("size", "requests"), [(0, 2), (1, 2), (100, 2), (150, 2), (190, 2)])
def test_what_fits_two_pages_takes_two_requests(size: int, requests: int) -> None:
    service = Service(records(uniform(Random(n)) for n in range(size)), latency=0.3)
    assert len(run(service.ids())) == size
    assert len(service.requests) <= requests + (size > 100)


def test_a_permit_that_is_not_needed_is_released() -> None:
    """The limiter is shared: what a scan does not use is left to the others."""
    service = Service(records(uniform(Random(n)) for n in range(950)), latency=0.3)

    async def scan() -> None:
        limiter = service.limiter()
        loop = asyncio.get_running_loop()
        await service.ids(limiter=limiter)
        ended = loop.time()
        await limiter.acquire()
        assert loop.time() - ended <= 1 / 9.5 + 1e-6

    run(scan())
