"""Calls whose attempts meet faults, on time of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from partnercentral_list import PartnerCentralClient, RetryPolicy
from partnercentral_list.emulator import Fault, PartnerCentralEmulator

Attempts = Callable[..., Awaitable[int]]

BROKEN = Fault.reset("before")


class Clock:
    """Time that passes only while something sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def policy(self, **options: Any) -> RetryPolicy:
        return RetryPolicy(
            sleep=self.sleep, clock=lambda: self.now, **({"random": lambda: 1.0} | options)
        )


def throttled(retry_after: float | None = None) -> Fault:
    hint = {} if retry_after is None else {"x-amz-retry-after": f"{retry_after * 1000:.0f}"}
    return Fault.error("ThrottlingException", headers=hint)


async def fetch_with_faults(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, *faults: Fault
) -> int:
    """Fetch a page whose first attempts meet these faults; return the number of attempts."""
    emulator.clear_faults()
    sent = len(emulator.requests)
    for number, fault in enumerate(faults, 1):
        emulator.fail(fault, at=number, times=1)
    await client.list_opportunities()
    return len(emulator.requests) - sent
