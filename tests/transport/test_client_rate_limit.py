"""A client and its rate limiter: permits for every request, and slowing down when throttled."""

from __future__ import annotations

import asyncio

import pytest

from partnercentral_list import (
    DailyLimitError,
    InternalServerException,
    PartnerCentralClient,
    RateLimit,
    RateLimiter,
    RateLimitTimeoutError,
    RequestEvent,
    RequestQueued,
    RequestSent,
    RequestTimeoutError,
    RetryPolicy,
    RetryScheduled,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient
from tests.transport.queue import Queue


class Clock:
    """Time that only sleeping makes pass."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    def limit(self, **options: float) -> RateLimit:
        return RateLimit(clock=lambda: self.now, sleep=self.sleep, **options)


async def test_a_listing_keeps_to_the_quota(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    clock = Clock()
    client = make_client(emulator, rate_limit=clock.limit())
    assert len(await client.iter_opportunities(page_size=5).collect()) == 250
    assert len(emulator.requests) == 50
    assert 47 / 10 <= clock.now <= 50 / 9


async def test_every_attempt_needs_a_permit_and_throttling_slows_down(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    limiter = RateLimiter(Clock().limit())
    emulator.fail("ThrottlingException", times=2)
    before = limiter.rate
    await make_client(emulator, rate_limit=limiter).list_opportunities()
    assert len(emulator.requests) == 3
    assert limiter.rate < before


async def test_another_failure_does_not_slow_down(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    limiter = RateLimiter(Clock().limit())
    emulator.fail("InternalServerException", times=2)
    before = limiter.rate
    await make_client(emulator, rate_limit=limiter).list_opportunities()
    assert limiter.rate == before


async def test_clients_that_share_a_limiter_share_its_quota(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    clock = Clock()
    limiter = RateLimiter(clock.limit())
    clients = [make_client(emulator, rate_limit=limiter) for _ in range(2)]
    for _ in range(20):
        for client in clients:
            await client.list_opportunities(max_results=1)
    assert 37 / 10 <= clock.now <= 40 / 9


async def test_the_daily_budget_ends_a_listing_that_can_resume(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    clock = Clock()
    client = make_client(emulator, rate_limit=clock.limit(per_day=2))
    seen: list[str] = []
    with pytest.raises(DailyLimitError) as caught:
        async for item in client.iter_opportunities():
            seen.append(item.id)
    assert len(seen) == 200
    assert len(emulator.requests) == 2
    assert caught.value.attempts == 0
    assert 86_000 < caught.value.retry_after <= 86_400
    clock.now += 86_400
    rest = client.iter_opportunities(starting_token=caught.value.resume_token)
    assert len(await rest.collect()) == 50


@pytest.mark.usefixtures("credentials")
async def test_a_client_limits_its_rate_by_default(emulator: PartnerCentralEmulator) -> None:
    queued: list[RequestQueued] = []

    def collect(event: RequestEvent) -> None:
        if isinstance(event, RequestQueued):
            queued.append(event)

    client = PartnerCentralClient("AWS", endpoint_url=emulator.url, on_event=collect)
    calls = [asyncio.create_task(client.list_opportunities()) for _ in range(30)]
    while not queued:  # noqa: ASYNC110 # they queue when the client is open
        await asyncio.sleep(0)
    await client.aclose()
    await asyncio.gather(*calls, return_exceptions=True)
    assert 0 < queued[0].expected_wait <= 1 / 9.5


async def test_without_a_rate_limit_nothing_waits(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    client = make_client(emulator, rate_limit=None)
    await asyncio.gather(*(client.list_opportunities() for _ in range(30)))
    assert len(emulator.requests) == 30


async def no_wait(seconds: float) -> None:
    """Stands in for asyncio.sleep between attempts."""


async def test_a_retry_goes_before_all_queued_first_attempts(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    queue = Queue()
    events: list[RequestEvent] = []
    emulator.fail("InternalServerException", at=1, times=1)
    client = make_client(emulator, rate_limit=queue.limiter, on_event=events.append)
    calls = [asyncio.create_task(client.list_opportunities(max_results=1)) for _ in range(60)]
    await queue.filled(60 - 3 + 1)  # A burst of three was sent, and one of these is to be retried.
    queue.release()
    await asyncio.gather(*calls)
    (scheduled,) = (n for n, event in enumerate(events) if isinstance(event, RetryScheduled))
    sent = [event.attempt for event in events[scheduled:] if isinstance(event, RequestSent)]
    assert sent == [2] + 57 * [1]


async def test_max_elapsed_bounds_the_wait_for_a_permit(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    queue = Queue()
    client = make_client(
        emulator, rate_limit=queue.limiter, retry=RetryPolicy(max_elapsed=2.0, clock=lambda: 0.0)
    )
    calls = [asyncio.create_task(client.list_opportunities()) for _ in range(60)]
    while sum(call.done() for call in calls) < 60 - 17:  # noqa: ASYNC110 # a thread responds
        await asyncio.sleep(0)
    await client.aclose()
    results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [result for result in results if isinstance(result, RateLimitTimeoutError)]
    assert queue.waiting == 0
    assert len(refused) == 60 - 17 - len(emulator.requests) == 40
    assert {(error.attempts, error.retryable) for error in refused} == {(0, False)}
    assert 1.9 <= refused[0].retry_after <= 2.2


async def test_a_retry_that_comes_too_late_raises_its_own_error(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    clock = Clock()
    emulator.fail("InternalServerException", times=1)
    client = make_client(
        emulator, rate_limit=clock.limit(per_second=0.5), retry=RetryPolicy(max_elapsed=1.0)
    )
    with pytest.raises(InternalServerException) as caught:
        await client.list_opportunities()
    assert caught.value.attempts == len(emulator.requests) == 1
    assert clock.now == 0.0


async def test_max_elapsed_bounds_an_attempt(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.hang(), times=None)
    client = make_client(emulator, retry=RetryPolicy(max_elapsed=0.05))
    with pytest.raises(RequestTimeoutError) as caught:
        await client.list_opportunities()
    assert caught.value.attempts == 1


async def test_max_wait_refuses_a_call_instead_of_queueing_it(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    clock = Clock()
    client = make_client(emulator, rate_limit=clock.limit(per_second=0.5, max_wait=1.0))
    await client.list_opportunities()
    with pytest.raises(RateLimitTimeoutError) as caught:
        await client.list_opportunities()
    assert caught.value.retry_after == pytest.approx(1 / (0.95 * 0.5), abs=0.1)
    assert len(emulator.requests) == 1
    clock.now += caught.value.retry_after
    await client.list_opportunities()
