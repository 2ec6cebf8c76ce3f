"""Bursts of calls that something holds up between a permit and the wire, on real time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from partnercentral_list import Credentials, PartnerCentralClient, RateLimit
from tests.transport.arrivals import Arrivals, arrival_server


async def burst(calls: int, per_second: int, *, stall: float = 0.0, **options: Any) -> Arrivals:
    """Make so many calls at once; return what the server measured."""
    with arrival_server(per_second, stall=stall) as server:
        async with PartnerCentralClient(
            "AWS", endpoint_url=server.url, rate_limit=RateLimit(per_second), **options
        ) as client:
            await asyncio.gather(*(client.list_opportunities() for _ in range(calls)))
        return server.arrivals()


async def burst_during_a_refresh(calls: int, per_second: int, refresh: float) -> Arrivals:
    """The credentials are about to expire, and getting others takes time."""
    is_first = True

    async def credentials() -> Credentials:
        nonlocal is_first
        if not is_first:
            await asyncio.sleep(refresh)
        left = timedelta(minutes=5) if is_first else timedelta(hours=1)
        is_first = False
        return Credentials("AKIDEXAMPLE", "secret", "token", datetime.now(UTC) + left)

    return await burst(calls, per_second, credentials=credentials)


async def burst_on_a_busy_loop(calls: int, per_second: int, block: float) -> Arrivals:
    """The event loop is blocked for half of the time, `block` seconds at once."""
    loop = asyncio.get_running_loop()
    blocking: asyncio.TimerHandle | None = None

    def hold_up() -> None:
        nonlocal blocking
        time.sleep(block)
        blocking = loop.call_later(block, hold_up)

    hold_up()
    try:
        return await burst(calls, per_second)
    finally:
        assert blocking is not None
        blocking.cancel()
