"""The tokens that all retries of a client share, counted by a server."""

from __future__ import annotations

import pytest

from partnercentral_list import InternalServerException, RetryPolicy
from partnercentral_list._transport.retry import RETRY_COST, RetryQuota
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient, no_wait

CALLS, ATTEMPTS, RETRIES = 5, 3, 3


async def requests_of_an_outage(make_client: MakeClient, emulator: PartnerCentralEmulator) -> int:
    emulator.fail(Fault.error("InternalServerException", status=500), times=None)
    policy = RetryPolicy(max_attempts=ATTEMPTS, quota=RETRIES * RETRY_COST, sleep=no_wait)
    client = make_client(emulator, retry=policy)
    for _ in range(CALLS):
        with pytest.raises(InternalServerException):
            await client.list_opportunities()
    return len(emulator.requests)


async def test_calls_of_one_client_share_the_quota_of_retries(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    assert await requests_of_an_outage(make_client, emulator) == CALLS + RETRIES


async def test_without_the_quota_an_outage_is_met_with_every_retry(
    make_client: MakeClient, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acquire(self: RetryQuota, cost: int) -> bool:
        return True

    monkeypatch.setattr(RetryQuota, "acquire", acquire)
    assert await requests_of_an_outage(make_client, emulator) == CALLS * ATTEMPTS
