"""Fixtures of the tests of the transport."""

from __future__ import annotations

import pytest

from partnercentral_list import RetryPolicy
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient
from tests.transport.retrying import Attempts, fetch_with_faults


@pytest.fixture
def attempts(make_client: MakeClient, emulator: PartnerCentralEmulator) -> Attempts:
    async def fetch(policy: RetryPolicy, *faults: Fault) -> int:
        return await fetch_with_faults(make_client(emulator, retry=policy), emulator, *faults)

    return fetch
