"""Reconciling finds an opportunity without a date, even while others are deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from partnercentral_list import PaginationError
from partnercentral_list.emulator import Behavior, Fault, PartnerCentralEmulator
from partnercentral_list.sync import MemoryStore, OpportunitySync
from tests.conftest import MakeClient
from tests.sync.test_sync import some, stored, wire

SECOND = timedelta(seconds=1)


def with_undated(count: int, number: int) -> list[dict[str, Any]]:
    records = some(count)
    records[number - 1] |= {"LastModifiedDate": None, "CreatedDate": None}
    return records


async def test_a_deletion_meanwhile_hides_no_opportunity_without_a_date(
    make_client: MakeClient,
) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator(with_undated(12, 6)) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=4, lookback=SECOND)
        await sync.run()
        assert "O6" not in await stored(store)

        def delete(page: dict[str, Any]) -> dict[str, Any]:
            # O6, the first of the next page, moves up to this one.
            names = [record["Id"] for record in page["OpportunitySummaries"]]
            assert names == ["O2", "O3", "O4", "O5"]
            emulator.remove("O1")
            return page

        emulator.fail(Fault.edit_page(delete), at=4)
        report = await sync.reconcile()
        assert report.undated == ("O6",)
        held = await stored(store)
        del held["O1"]
        assert held == wire(emulator)


async def test_deletions_during_each_listing_are_an_error(make_client: MakeClient) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator(with_undated(60, 6)) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=30, lookback=SECOND)
        await sync.run()

        def delete(page: dict[str, Any]) -> dict[str, Any]:
            emulator.remove(page["OpportunitySummaries"][0]["Id"])
            return page

        emulator.fail(Fault.edit_page(delete), at=2, times=None)
        with pytest.raises(PaginationError, match="deleted during each of 5 listings") as caught:
            await sync.reconcile()
        assert caught.value.retryable


async def test_a_token_that_expires_begins_the_listing_again(make_client: MakeClient) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator(with_undated(12, 6)) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=4, lookback=SECOND)
        await sync.run()
        emulator.fail(Fault.expired_token(), at=4)
        assert (await sync.reconcile()).undated == ("O6",)


async def test_tokens_that_do_not_last_are_an_error(make_client: MakeClient) -> None:
    store = MemoryStore()
    short = Behavior(token_life_seconds=1e-9)
    with PartnerCentralEmulator(with_undated(12, 6), behavior=short) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=4, lookback=SECOND)
        with pytest.raises(PaginationError):
            await sync.reconcile()


async def test_tokens_in_a_circle_are_an_error(make_client: MakeClient) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator(with_undated(12, 6)) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=4, lookback=SECOND)
        await sync.run()
        emulator.fail(Fault.cycle_token(), at=3, times=None)
        with pytest.raises(PaginationError):
            await sync.reconcile()
