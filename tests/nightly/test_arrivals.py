"""The account's real quota, by the server's clock, for as long as it takes: `nox -s nightly`."""

from __future__ import annotations

import pytest

from tests.transport.arrivals import Arrivals
from tests.transport.bursts import burst, burst_during_a_refresh, burst_on_a_busy_loop

pytestmark = pytest.mark.usefixtures("credentials")

PER_SECOND = 10


def check(arrivals: Arrivals, calls: int) -> None:
    assert len(arrivals.times) == calls
    assert arrivals.throttled == 0
    assert arrivals.most_in_a_second <= PER_SECOND


async def test_a_slow_credentials_refresh_releases_no_burst() -> None:
    check(await burst_during_a_refresh(60, PER_SECOND, refresh=4.0), 60)


async def test_a_server_that_stalls_gets_no_burst_afterwards() -> None:
    check(await burst(60, PER_SECOND, stall=5.0), 60)


@pytest.mark.parametrize("block", [0.05, 0.1, 0.15, 0.3])
async def test_a_blocked_event_loop_sends_no_burst(block: float) -> None:
    arrivals = await burst_on_a_busy_loop(100, PER_SECOND, block)
    check(arrivals, 100)
    assert arrivals.per_second >= 8.0
