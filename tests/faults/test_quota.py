"""The tokens that all retries of a client share, counted by a server."""

from __future__ import annotations

import pytest

from partnercentral_list import InternalServerException, RetryPolicy
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient, no_wait

CALLS, ATTEMPTS, RETRIES = 5, 3, 3
RETRY_COST = 14  # AWS's


async def requests_of_an_outage(
    make_client: MakeClient, emulator: PartnerCentralEmulator, quota: int
) -> int:
    emulator.fail(Fault.error("InternalServerException", status=500), times=None)
    policy = RetryPolicy(max_attempts=ATTEMPTS, quota=quota, sleep=no_wait)
    client = make_client(emulator, retry=policy)
    for _ in range(CALLS):
        with pytest.raises(InternalServerException):
            await client.list_opportunities()
    return len(emulator.requests)


async def test_calls_of_one_client_share_the_quota_of_retries(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    requests = await requests_of_an_outage(make_client, emulator, RETRIES * RETRY_COST)
    assert requests == CALLS + RETRIES


async def test_without_the_quota_an_outage_is_met_with_every_retry(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    requests = await requests_of_an_outage(make_client, emulator, quota=1_000_000)
    assert requests == CALLS * ATTEMPTS
