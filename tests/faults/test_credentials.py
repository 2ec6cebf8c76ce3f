"""Credentials that expire during a listing: an error to resume from, never a short list."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from partnercentral_list import ConfigurationError, Credentials
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.expected import expected_ids
from tests.faults.cases import Case
from tests.faults.matrix import PAGE_SIZE, RECORDS, Hit, Loop, check_listing

CASE = Case(
    "expired credentials",
    source=lambda: AssertionError("stands for expired ones"),
    once=ConfigurationError,
    always=ConfigurationError,
)


class Expiring(Hit):
    """The source returns credentials that have expired, where the case strikes."""

    async def credentials(self) -> Credentials:
        try:
            return await super().credentials()
        except AssertionError:
            return Credentials("AKIDEXAMPLE", "Canary", None, datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_listing_whose_credentials_expire_can_be_completed(page: int, times: int | None) -> None:
    with PartnerCentralEmulator(RECORDS) as emulator:
        ids = expected_ids(emulator.opportunities, {"Catalog": "AWS"})
        hit = Expiring(CASE, page, times, emulator)
        with asyncio.Runner(loop_factory=Loop) as runner:
            error = runner.run(check_listing(hit, ids, 1))
        assert isinstance(error, ConfigurationError)
        assert "expired" in str(error)
        assert "Canary" not in f"{error!r} {error} {error.args} {error.__cause__!r}"
        assert len(emulator.requests) >= RECORDS // PAGE_SIZE
