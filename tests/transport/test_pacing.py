"""A client and its rate limiter: every request waits for its turn, and throttling is told."""

from __future__ import annotations

import asyncio

import pytest

from partnercentral_list import (
    DailyLimitError,
    PartnerCentralClient,
    RateLimit,
    RateLimiter,
)
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.conftest import MakeClient


class Clock:
    """Time that only sleeping makes pass."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    def limit(self, **options: float) -> RateLimit:
        return RateLimit(clock=lambda: self.now, sleep=self.sleep, **options)  # type: ignore[arg-type]


async def test_a_listing_is_paced_to_the_quota(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    clock = Clock()
    client = make_client(emulator, rate_limit=clock.limit())
    assert len(await client.iter_opportunities(page_size=5).collect()) == 250
    assert len(emulator.requests) == 50
    assert 47 / 10 <= clock.now <= 50 / 9


async def test_every_attempt_waits_for_its_turn_and_throttling_slows_down(
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


async def test_the_days_budget_ends_a_listing_with_its_place(
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
async def test_a_client_is_paced_unless_told_otherwise(emulator: PartnerCentralEmulator) -> None:
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url)
    assert client._wire._means.limiter is not None
    assert client._wire._means.limiter.limit == RateLimit(per_second=10.0)
    await client.aclose()


async def test_without_pacing_nothing_waits(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    client = make_client(emulator, rate_limit=None)
    await asyncio.gather(*(client.list_opportunities() for _ in range(30)))
    assert len(emulator.requests) == 30
