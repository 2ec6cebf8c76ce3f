"""A date that AWS's own clock has not reached is a mistake, and hides no change."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partnercentral_list import OpportunitySummary
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from partnercentral_list.sync import MemoryStore, OpportunitySync, SyncBatch, SyncReport
from tests.conftest import MakeClient
from tests.sync.test_sync import some, stored, wire

FUTURE = "2999-12-31T23:59:59Z"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
JSON = "application/x-amz-json-1.0"


class Clock:
    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration).total_seconds()


def stage_of(record: OpportunitySummary) -> object:
    return record.life_cycle and record.life_cycle.stage


@pytest.mark.parametrize("ahead", [1, 7], ids=["one", "more than a page"])
async def test_a_date_of_the_future_hides_no_later_change(
    ahead: int, make_client: MakeClient
) -> None:
    clock, store = Clock(), MemoryStore()
    with PartnerCentralEmulator(some(12), clock=clock) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        for number in range(1, ahead + 1):
            emulator.update(f"O{number}", {"LastModifiedDate": FUTURE})
        first = await sync.run()
        assert (first.created, first.ahead) == (12, ahead)
        assert f"{ahead} dated ahead of AWS" in str(first)
        assert first.watermark == datetime(2025, 1, 1, 0, 0, 12, tzinfo=UTC)
        for number in range(8, 13):
            clock.forward(hours=1)
            emulator.update(f"O{number}", {"LifeCycle": {"Stage": "Committed"}})
            report = await sync.run()
            assert report.watermark == datetime.fromtimestamp(clock.now, UTC)
        assert await stored(store) == wire(emulator)


async def test_a_date_of_the_future_from_the_start_hides_no_change(
    make_client: MakeClient,
) -> None:
    store = MemoryStore()
    records = some(12)
    records[4]["LastModifiedDate"] = FUTURE
    with PartnerCentralEmulator(records) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        await sync.run()
        for minute in range(10, 40, 10):
            later = {"LastModifiedDate": f"2025-01-01T00:{minute}:00Z"}
            emulator.update("O2", {"LifeCycle": {"NextSteps": str(minute)}} | later)
            assert (await sync.run()).updated == 1
        assert await stored(store) == wire(emulator)


async def test_a_date_that_is_corrected_is_corrected_in_the_replica(
    make_client: MakeClient,
) -> None:
    clock, store = Clock(), MemoryStore()
    with PartnerCentralEmulator(some(12), clock=clock) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        emulator.update("O3", {"LastModifiedDate": FUTURE})
        await sync.run()
        clock.forward(hours=1)
        emulator.update("O3", {"LifeCycle": {"Stage": "Launched"}})
        report = await sync.run()
        assert (report.updated, report.ahead) == (1, 0)
        assert await stored(store) == wire(emulator)


async def keep(store: MemoryStore, watermark: datetime) -> None:
    await store.acquire_lease("me", "AWS", timedelta(minutes=5))
    await store.commit("me", SyncBatch(watermark=watermark), timedelta(minutes=5))
    await store.release_lease("me")


async def test_a_run_discards_a_watermark_that_awss_clock_has_not_reached(
    make_client: MakeClient,
) -> None:
    store = MemoryStore()
    await keep(store, datetime.fromisoformat(FUTURE))
    with PartnerCentralEmulator(some(12), clock=Clock()) as emulator:
        lookback = timedelta(seconds=1)
        sync = OpportunitySync(make_client(emulator), store, page_size=5, lookback=lookback)
        report = await sync.run()
        assert report.created == 12
        assert report.discarded_watermark == datetime.fromisoformat(FUTURE)
        assert "the watermark 2999-12-31T23:59:59Z was ahead and is discarded" in str(report)
        again = await sync.run()
        assert again.watermark == report.watermark == datetime(2025, 1, 1, 0, 0, 12, tzinfo=UTC)
        assert (again.discarded_watermark, again.requests) == (None, 1)


@pytest.mark.parametrize(("seconds", "is_kept"), [(1, True), (59, True), (60, False)])
async def test_a_watermark_within_the_skew_of_awss_clocks_is_kept(
    seconds: int, is_kept: bool, make_client: MakeClient
) -> None:
    store, watermark = MemoryStore(), NOW + timedelta(seconds=seconds)
    await keep(store, watermark)
    with PartnerCentralEmulator(some(12), clock=Clock()) as emulator:
        report = await OpportunitySync(make_client(emulator), store).run()
        assert (report.discarded_watermark is None) == is_kept
        assert (report.watermark == watermark) == is_kept
        assert report.created == (0 if is_kept else 12)


async def test_a_late_clock_of_aws_hides_no_change(make_client: MakeClient) -> None:
    # The change is dated by the late clock, and is older than the lookback window of the watermark.
    store, clock = MemoryStore(), Clock()
    await keep(store, NOW + timedelta(seconds=30))
    with PartnerCentralEmulator(some(12), clock=clock) as emulator:
        emulator.update("O3", {"LifeCycle": {"Stage": "Launched"}})
        lookback = timedelta(seconds=1)
        report = await OpportunitySync(make_client(emulator), store, lookback=lookback).run()
        assert (report.created, report.discarded_watermark) == (1, None)


async def test_reconciling_sets_back_a_watermark_that_is_ahead_of_all(
    make_client: MakeClient,
) -> None:
    clock, store = Clock(), MemoryStore()
    with PartnerCentralEmulator(some(12), clock=clock) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        await sync.run()
        # Of a time when AWS's clock had not reached it, which is past now.
        await keep(store, NOW - timedelta(minutes=10))
        emulator.add({**some(1)[0], "Id": "O99", "LastModifiedDate": "2025-06-01T00:00:00Z"})
        assert (await sync.run()).created == 0
        report = await sync.reconcile()
        assert (report.changed, report.missed) == (("O99",), ())
        assert report.discarded_watermark == NOW - timedelta(minutes=10)
        assert report.watermark == datetime(2025, 6, 1, tzinfo=UTC)
        assert "was ahead and is discarded" in str(report)
        emulator.add({**some(1)[0], "Id": "O98", "LastModifiedDate": "2025-06-02T00:00:00Z"})
        assert (await sync.run()).created == 1
        assert (await sync.reconcile()).discarded_watermark is None


async def test_reconciling_takes_over_a_version_that_aws_went_back_to(
    make_client: MakeClient,
) -> None:
    clock, store = Clock(), MemoryStore()
    with PartnerCentralEmulator(some(12), clock=clock) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        clock.forward(hours=1)
        emulator.update("O3", {"LifeCycle": {"Stage": "Launched"}})
        await sync.run()
        older = {"LastModifiedDate": "2025-05-01T00:00:00Z", "LifeCycle": {"Stage": "Qualified"}}
        emulator.update("O3", older)
        assert (await sync.reconcile()).silent == ("O3",)
        assert await stored(store) == wire(emulator)


async def test_a_version_that_may_only_be_late_is_called_unverified(
    make_client: MakeClient,
) -> None:
    def send_older(page: dict[str, Any]) -> dict[str, Any]:
        records = [
            {**record, "LastModifiedDate": "2024-12-31T23:59:59Z"}
            if record["Id"] == "O3"
            else record
            for record in page["OpportunitySummaries"]
        ]
        return {**page, "OpportunitySummaries": records}

    store = MemoryStore()
    with PartnerCentralEmulator(some(12), clock=Clock()) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        sent = len(emulator.requests)
        emulator.fail(Fault.edit_page(send_older), at=3, times=2)
        report = await sync.reconcile()
        assert len(emulator.requests) - sent == 4
        assert report.unverified == ("O3",)
        assert "the copy is what AWS lists" not in str(report)
        assert await stored(store) == wire(emulator)
        assert (await sync.reconcile()).unverified == ()


async def runs_without_date_headers(
    emulator: PartnerCentralEmulator, sync: OpportunitySync
) -> list[SyncReport]:
    records = sorted(emulator.opportunities, key=lambda record: record["LastModifiedDate"])
    body = json.dumps({"OpportunitySummaries": records}).encode()
    emulator.fail(Fault.http(200, body, content_type=JSON, headers={"Date": ""}), times=None)
    return [await sync.run(), await sync.run()]


async def test_without_awss_clock_the_replica_is_whole_and_has_no_watermark(
    make_client: MakeClient,
) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator(some(12)) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        first, second = await runs_without_date_headers(emulator, sync)
        assert (first.created, second.unchanged) == (12, 12)
        assert (first.ahead, second.ahead) == (12, 12)
        assert first.watermark is second.watermark is None
        assert await stored(store) == wire(emulator)


async def test_without_awss_clock_a_watermark_stays_as_it_is(make_client: MakeClient) -> None:
    store = MemoryStore()
    with PartnerCentralEmulator(some(12)) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        watermark = (await sync.run()).watermark
        emulator.update("O1", {"LifeCycle": {"Stage": "Launched"}})
        reports = await runs_without_date_headers(emulator, sync)
        assert [report.watermark for report in reports] == [watermark, watermark]
        assert stage_of((await stored(store))["O1"]) == "Launched"
