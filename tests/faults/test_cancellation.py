"""A listing cancelled at any of its await points ends at once and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import types
from collections.abc import Callable, Coroutine, Generator
from contextlib import aclosing
from typing import Any

import pytest

from partnercentral_list import (
    PartnerCentralClient,
    RateLimit,
    RateLimiter,
    RequestEvent,
    RetryPolicy,
)
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.faults.matrix import SESSION

Use = Callable[[PartnerCentralClient, list[str]], Coroutine[Any, Any, None]]

# Turns of the loop between the cancellation and the end: closing a connection takes a few.
MAX_TURNS = 25


async def interrupted(coroutine: Coroutine[Any, Any, Any], strike: Callable[[int], None]) -> Any:
    """Run a coroutine, and call `strike` with the number of each point at which it waits."""
    # A task takes a coroutine only, from Python 3.12 on.
    return await _steps(coroutine, strike)


@types.coroutine
def _steps(
    coroutine: Coroutine[Any, Any, Any], strike: Callable[[int], None]
) -> Generator[Any, Any, Any]:
    for number in itertools.count(1):
        try:
            waits_for = coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        strike(number)
        try:
            yield waits_for
        except BaseException as error:
            try:
                waits_for = coroutine.throw(error)
            except StopIteration as stop:
                return stop.value
            return (yield from _rest(coroutine, waits_for))
    raise AssertionError


def _rest(coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    while True:
        try:
            yield waits_for
        except BaseException as error:
            step = coroutine.throw
            argument: Any = error
        else:
            step, argument = coroutine.send, None
        try:
            waits_for = step(argument)
        except StopIteration as stop:
            return stop.value


async def items(client: PartnerCentralClient, seen: list[str], prefetch: int) -> None:
    pager = client.iter_opportunities(page_size=10, prefetch=prefetch)
    async with aclosing(aiter(pager)) as opportunities:
        async for opportunity in opportunities:
            seen.append(opportunity.id)
            await asyncio.sleep(0)


async def in_turn(client: PartnerCentralClient, seen: list[str]) -> None:
    await items(client, seen, prefetch=0)


async def prefetching_three(client: PartnerCentralClient, seen: list[str]) -> None:
    await items(client, seen, prefetch=3)


async def pages(client: PartnerCentralClient, seen: list[str]) -> None:
    async for page in client.iter_opportunities(page_size=10).pages():
        seen.extend(opportunity.id for opportunity in page.opportunity_summaries)
        await asyncio.sleep(0)


async def the_first(client: PartnerCentralClient, seen: list[str]) -> None:
    first = await client.iter_opportunities(page_size=10).first()
    assert first is not None
    seen.append(first.id)


async def by_identifier(client: PartnerCentralClient, seen: list[str]) -> None:
    page = await client.list_opportunities(max_results=25)
    wanted = [opportunity.id for opportunity in page.opportunity_summaries]
    async for opportunity in client.iter_opportunities_by_id(wanted):
        seen.append(opportunity.id)


async def in_a_block(client: PartnerCentralClient, seen: list[str]) -> None:
    async with client:
        await in_turn(client, seen)


USES = [
    in_turn,
    prefetching_three,
    pages,
    the_first,
    by_identifier,
    in_a_block,
]


class Trial:
    """A listing that waits for everything it can: threads, permits, retries, responses."""

    def __init__(
        self, emulator: PartnerCentralEmulator, use: Use, kind: type[RateLimiter] = RateLimiter
    ) -> None:
        self.emulator, self.use = emulator, use
        self.now = 0.0
        self.limiter = kind(RateLimit(2.0, clock=lambda: self.now, sleep=self.wait))
        self.events: list[RequestEvent] = []
        self.seen: list[str] = []

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds

    def client(self) -> PartnerCentralClient:
        return PartnerCentralClient(
            "AWS",
            endpoint_url=self.emulator.url,
            session=SESSION,
            retry=RetryPolicy(sleep=self.wait),
            rate_limit=self.limiter,
            on_event=self.events.append,
        )

    async def run(self, stop_at: int) -> bool:
        """Cancel at the point with that number; returns whether that was reached."""
        self.emulator.clear_faults()
        self.emulator.fail("InternalServerException", at=2, times=1)
        client = self.client()
        before = asyncio.all_tasks()
        settled = asyncio.Event()

        def strike(number: int) -> None:
            if number == stop_at:
                listing.cancel()
                settled.set()

        listing = asyncio.ensure_future(self.interrupted(client, strike))
        listing.add_done_callback(lambda _: settled.set())
        await settled.wait()
        turns = 0
        while not listing.done():
            assert turns < MAX_TURNS, f"it still runs after cancellation at point {stop_at}"
            turns += 1
            await asyncio.sleep(0)
        if not listing.cancelled():
            listing.result()
            await client.aclose()
            return False
        await _nothing_is_left(before)
        await self._still_works(client)
        return True

    async def interrupted(
        self, client: PartnerCentralClient, strike: Callable[[int], None]
    ) -> None:
        await interrupted(self.use(client, self.seen), strike)

    async def _still_works(self, client: PartnerCentralClient) -> None:
        # After a rest nobody waits, unless behind somebody who is gone.
        self.now += 10.0
        rested_at = self.now
        assert await self.limiter.acquire() == rested_at, "a place is left in the queue"
        if self.use is not in_a_block:
            self.emulator.clear_faults()
            assert (
                len((await client.list_opportunities(max_results=25)).opportunity_summaries) == 25
            )
        await client.aclose()


async def _nothing_is_left(before: set[asyncio.Task[Any]]) -> None:
    # A generator that was left by the way is closed by a task of its own, in a few turns.
    for _ in range(6):
        if asyncio.all_tasks() == before:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"left: {asyncio.all_tasks() - before}")


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_a_listing_can_be_cancelled_wherever_it_waits(use: Use) -> None:
    threads = set(threading.enumerate())
    with PartnerCentralEmulator(25) as emulator:
        for stop_at in itertools.count(1):
            trial = Trial(emulator, use)
            came_so_far = asyncio.run(trial.run(stop_at))
            gc.collect()
            if not came_so_far:
                break
        assert len(set(trial.seen)) == len(trial.seen)
        assert len(trial.seen) in (25, 1)
        assert stop_at > 5, "it waits at more points than that"
    left = set(threading.enumerate()) - threads
    assert not [thread for thread in left if "partnercentral" in thread.name]


async def cancelled_while_prefetching(
    emulator: PartnerCentralEmulator, use: Use, stop_at: int
) -> bool:
    """Cancel the listing when the tasks beside it wait so often; returns whether they did."""
    trial = Trial(emulator, use)
    client = trial.client()
    before = asyncio.all_tasks()
    points, reached = itertools.count(1), False
    is_listing = False

    def strike(_: int) -> None:
        nonlocal reached
        if is_listing and next(points) == stop_at:
            reached = True
            listing.cancel()

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        # The tasks that the listing starts: it prefetches in one.
        watched = interrupted(coroutine, strike) if is_listing else coroutine
        return asyncio.Task(watched, loop=loop, **options)

    asyncio.get_running_loop().set_task_factory(factory)
    listing = asyncio.ensure_future(use(client, trial.seen))
    is_listing = True
    await asyncio.wait([listing])
    is_listing = False
    assert listing.cancelled() is reached
    await _nothing_is_left(before)
    await client.aclose()
    return reached


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("use", [prefetching_three, pages], ids=lambda use: use.__name__)
def test_a_listing_can_be_cancelled_wherever_its_prefetch_waits(use: Use) -> None:
    with PartnerCentralEmulator(25) as emulator:
        for stop_at in itertools.count(1):
            came_so_far = asyncio.run(cancelled_while_prefetching(emulator, use, stop_at))
            gc.collect()
            if not came_so_far:
                break
        assert stop_at > 5, "it waits at more points than that"


async def leaving_a_task(client: PartnerCentralClient, seen: list[str]) -> None:
    left = asyncio.create_task(asyncio.Event().wait())
    await in_turn(client, seen)
    left.cancel()


@pytest.mark.usefixtures("credentials")
def test_a_task_that_is_left_behind_is_seen() -> None:
    with PartnerCentralEmulator(25) as emulator, pytest.raises(AssertionError, match="left: "):
        asyncio.run(Trial(emulator, leaving_a_task).run(10))


class Forgetful(RateLimiter):
    """Grants permits as if those were still waiting who have left."""

    abandoned = 0

    async def acquire(self, **options: Any) -> float:
        try:
            for _ in range(self.abandoned * 10):
                await super().acquire()
            return await super().acquire(**options)
        except asyncio.CancelledError:
            self.abandoned += 1
            raise


@pytest.mark.usefixtures("credentials")
def test_a_place_in_the_queue_that_is_left_behind_is_seen() -> None:
    with PartnerCentralEmulator(25) as emulator, pytest.raises(AssertionError, match="queue"):
        for stop_at in range(1, 40):
            asyncio.run(Trial(emulator, in_turn, Forgetful).run(stop_at))
