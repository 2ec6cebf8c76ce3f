"""Invalid records of a copy: one row for each, and only for as long as it is invalid."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import MemoryStore, OpportunitySync
from tests.conftest import MakeClient
from tests.sync.test_sync import some, stored, wire

UNMOVED = {"LastModifiedDate": "2025-01-01T00:00:03Z"}
BROKEN: dict[str, Any] = {"LifeCycle": "not an object"}
MENDED = {"LifeCycle": {"Stage": "Qualified"}}


async def test_a_record_that_is_valid_again_is_no_longer_invalid(
    make_client: MakeClient,
) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator(some(5, **MENDED)) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        emulator.update("O3", BROKEN | UNMOVED)
        assert (await sync.run()).invalid == 1
        assert set(store.invalid) == {"O3"}
        # With the date and the content that the copy has already.
        emulator.update("O3", MENDED | UNMOVED)
        report = await sync.run()
        assert (report.updated, report.invalid) == (0, 0)
        assert store.invalid == {}


@pytest.mark.parametrize(
    "identity",
    [{"Id": None}, {"Id": 7}, {"Id": None, "CreatedDate": None, "Arn": "arn:aws:x:O9"}],
    ids=["CreatedDate", "Id", "Arn"],
)
async def test_each_edit_of_a_record_without_an_id_replaces_the_one_before(
    identity: dict[str, Any], make_client: MakeClient
) -> None:
    store = MemoryStore()
    nameless = some(1)[0] | identity
    for second in range(3):
        edited = nameless | {"LastModifiedDate": f"2025-01-01T00:01:0{second}Z"}
        with PartnerCentralEmulator([*some(5), edited]) as emulator:
            await OpportunitySync(make_client(emulator), store).run()
    (kept,) = store.invalid.values()
    assert "00:01:02" in kept.raw


async def test_no_invalid_record_takes_the_place_of_another(make_client: MakeClient) -> None:
    # Alike in all that an edit does not change.
    store = MemoryStore()
    first, second = (
        some(1)[0] | {"Id": None, "LifeCycle": {"NextSteps": text}} for text in ("one", "two")
    )
    edited = second | {"LifeCycle": {"NextSteps": "3"}, "LastModifiedDate": "2025-01-01T01:00:00Z"}
    with PartnerCentralEmulator([*some(5), first, second]) as emulator:
        report = await OpportunitySync(make_client(emulator), store).run()
    assert report.invalid == len(store.invalid) == 2
    lookback = timedelta(seconds=1)
    with PartnerCentralEmulator([*some(5), first, edited]) as emulator:
        sync = OpportunitySync(make_client(emulator), store, lookback=lookback)
        await sync.run()
        assert texts(store) >= {"one", "3"}
        await sync.reconcile()
    assert texts(store) == {"one", "3"}
    assert len(store.invalid) == 2


def texts(store: MemoryStore) -> set[str]:
    return {json.loads(kept.raw)["LifeCycle"]["NextSteps"] for kept in store.invalid.values()}


async def test_reconciling_forgets_invalid_records_that_are_gone(
    make_client: MakeClient,
) -> None:
    store = MemoryStore()
    without_identity = {"LifeCycle": {"Stage": "Prospect"}, **UNMOVED}
    with PartnerCentralEmulator([*some(5), without_identity, {"Id": "O7", **BROKEN}]) as emulator:
        await OpportunitySync(make_client(emulator), store).reconcile()
        assert len(store.invalid) == 2
    with PartnerCentralEmulator([*some(5), {"Id": "O7", **BROKEN}]) as emulator:
        report = await OpportunitySync(make_client(emulator), store).reconcile()
    assert set(store.invalid) == {"O7"}
    assert "the copy is what AWS lists except for the invalid records" in str(report)


async def test_what_was_invalid_is_not_called_missed(make_client: MakeClient) -> None:
    store = MemoryStore()
    records = some(12)
    records[2] |= BROKEN
    with PartnerCentralEmulator(records) as emulator:
        sync = OpportunitySync(make_client(emulator), store, lookback=timedelta(seconds=1))
        await sync.run()
        emulator.update("O3", MENDED | UNMOVED)
        report = await sync.reconcile()
        assert (report.silent, report.missed) == (("O3",), ())
        assert store.invalid == {}
        assert await stored(store) == wire(emulator)


async def test_reconciling_stores_and_reports_what_has_no_date(make_client: MakeClient) -> None:
    store = MemoryStore()
    undated = {"Id": "O999", "LifeCycle": {"Stage": "Prospect"}}
    with PartnerCentralEmulator([*some(12), undated]) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=4)
        await sync.run()
        report = await sync.reconcile()
        assert report.undated == ("O999",)
        assert report.listed == 13
        assert "changed and without a date: O999" in str(report)
        assert await stored(store) == wire(emulator)
        emulator.update("O999", {"LastModifiedDate": None, **MENDED})
        assert (await sync.reconcile()).undated == ("O999",)
        assert await stored(store) == wire(emulator)


async def test_what_cannot_be_looked_up_is_called_unverified(make_client: MakeClient) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator([*some(5), {**some(1)[0], "Id": "odd"}]) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        emulator.remove("odd")
        report = await sync.reconcile()
        assert (report.gone, report.unverified) == ((), ("odd",))
        assert "not proven to be current: odd" in str(report)
        assert "the copy is what AWS lists" not in str(report)
