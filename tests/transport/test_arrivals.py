"""The requests that reach the server in a second, by its clock; longer in tests/nightly."""

from __future__ import annotations

import pytest

from tests.transport.arrivals import Arrivals
from tests.transport.bursts import burst, burst_during_a_refresh, burst_on_a_busy_loop

pytestmark = pytest.mark.usefixtures("credentials")

PER_SECOND = 40


def check(arrivals: Arrivals, calls: int) -> None:
    assert len(arrivals.times) == calls
    assert arrivals.throttled == 0
    assert arrivals.most_in_a_second <= PER_SECOND


async def test_a_slow_credentials_refresh_releases_no_burst() -> None:
    check(await burst_during_a_refresh(60, PER_SECOND, refresh=1.2), 60)


async def test_a_server_that_stalls_gets_no_burst_afterwards() -> None:
    check(await burst(60, PER_SECOND, stall=1.5), 60)


@pytest.mark.parametrize("block", [0.05, 0.3])
async def test_a_blocked_event_loop_sends_no_burst(block: float) -> None:
    arrivals = await burst_on_a_busy_loop(80, PER_SECOND, block)
    check(arrivals, 80)
