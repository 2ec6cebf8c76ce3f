"""The guarantees of OpportunitySync, over real HTTP against the emulator."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list import (
    ConfigurationError,
    InternalServerException,
    MalformedResponseError,
    OpportunitySummary,
    PaginationError,
    PartnerCentralClient,
    RequestValidationError,
    StoreError,
)
from partnercentral_list.emulator import Behavior, Fault, PartnerCentralEmulator
from partnercentral_list.eventbridge import OtherEvent, parse_events
from partnercentral_list.sync import (
    InvalidRecordStored,
    MemoryStore,
    OpportunitySync,
    PageCommitted,
    SQLiteStore,
    SyncEvent,
    SyncFinished,
    SyncStarted,
)
from tests.conftest import ONCE, MakeClient


def wire(emulator: PartnerCentralEmulator) -> dict[str, OpportunitySummary]:
    records = [json.dumps(record) for record in emulator.opportunities]
    read = [OpportunitySummary.model_validate_json(record) for record in records]
    return {record.id: record for record in read}


def some(count: int, **members: Any) -> list[dict[str, Any]]:
    return [
        {
            "Catalog": "AWS",
            "Id": f"O{number}",
            "LastModifiedDate": f"2025-01-01T00:00:{number % 60:02}Z",
            "CreatedDate": f"2024-01-01T00:{number // 60:02}:{number % 60:02}Z",
            **members,
        }
        for number in range(1, count + 1)
    ]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    async with SQLiteStore(tmp_path / "pipeline.db") as opened:
        yield opened


async def stored(store: SQLiteStore | MemoryStore) -> dict[str, OpportunitySummary]:
    return dict(await store.get(await store.identifiers()))


async def test_the_first_run_reads_everything_and_the_next_costs_one_request(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient, store: SQLiteStore
) -> None:
    sync = OpportunitySync(client, store)
    first = await sync.run()
    assert await stored(store) == wire(emulator)
    assert (first.created, first.updated, first.unchanged) == (250, 0, 0)
    assert first.requests == len(emulator.requests) <= 3 + 3
    again = await sync.run()
    assert (again.created, again.updated, again.requests) == (0, 0, 1)
    assert again.watermark == first.watermark


async def test_a_lookback_longer_than_all_time_reads_everything_again(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient, store: SQLiteStore
) -> None:
    sync = OpportunitySync(client, store, lookback=timedelta.max)
    await sync.run()
    assert (await sync.reconcile()).run.unchanged == 250
    assert await stored(store) == wire(emulator)


async def test_a_hundred_changes_cost_at_most_five_requests(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient, store: SQLiteStore
) -> None:
    sync = OpportunitySync(client, store, lookback=timedelta(seconds=1))
    await sync.run()
    for record in emulator.opportunities[:100]:
        emulator.update(record["Id"], {"LifeCycle": {"NextSteps": "Call again"}})
    report = await sync.run()
    assert report.updated == 100
    assert report.requests <= 5
    assert await stored(store) == wire(emulator)


async def test_a_run_requests_changes_since_the_watermark_less_lookback(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient, store: SQLiteStore
) -> None:
    report = await OpportunitySync(client, store).run()
    assert report.watermark == max(
        record.last_modified_date
        for record in wire(emulator).values()
        if record.last_modified_date is not None
    )
    await OpportunitySync(client, store, lookback=timedelta(hours=1)).run()
    body = emulator.requests[-1].body
    assert body is not None
    after = datetime.fromisoformat(body["LastModifiedDate"]["AfterLastModifiedDate"])
    assert report.watermark is not None
    assert after == report.watermark - timedelta(hours=1)
    assert body["Sort"] == {"SortBy": "LastModifiedDate", "SortOrder": "ASCENDING"}


HARSH = {
    "exclusive, seconds": Behavior(
        exclusive_bounds=["AfterLastModifiedDate", "AfterCreatedDate"],
        filter_precision="s",
        timestamps="s",
    ),
    "edits": Behavior(edits_per_request=3, tie_order="reverse"),
    "snapshot": Behavior(tokens="snapshot", edits_per_request=2, end_token="absent"),
    "keyset": Behavior(tokens="keyset", edits_per_request=2, end_token="empty"),
    "odd pages": Behavior(empty_pages=0.2, short_pages=0.5, token_at_end=True),
    "late": Behavior(late_requests=3, edits_per_request=2),
    "short-lived tokens": Behavior(token_life_requests=3, empty_pages=0.3),
}


@pytest.mark.parametrize("name", HARSH)
@pytest.mark.parametrize("seed", range(3))
async def test_over_http_the_replica_is_exact_in_the_end(
    name: str, seed: int, make_client: MakeClient, tmp_path: Path
) -> None:
    with PartnerCentralEmulator(60, seed=seed, behavior=HARSH[name]) as emulator:
        client = make_client(emulator, retry=ONCE)
        async with SQLiteStore(tmp_path / "pipeline.db") as store:
            sync = OpportunitySync(client, store, page_size=7)
            for number in range(4):
                emulator.fail("InternalServerException", at=3 + number)
                if number == 2:
                    emulator.touch_all()
                with pytest.raises(InternalServerException):
                    await sync.run()
                    await sync.run()
                    await sync.run()
                emulator.clear_faults()
                emulator.add()
            # Quiet: the same pipeline without the edits.
            with PartnerCentralEmulator(emulator.opportunities, seed=seed) as quiet:
                await OpportunitySync(make_client(quiet), store, page_size=7).run()
                assert await stored(store) == wire(quiet)


async def test_an_older_version_does_not_replace_a_newer_one(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    def lag(page: Any) -> Any:
        (record,) = page["OpportunitySummaries"]
        old = {**record, "LastModifiedDate": "2024-12-31T23:59:59Z", "LifeCycle": None}
        return {**page, "OpportunitySummaries": [old]}

    with PartnerCentralEmulator(some(1, LifeCycle={"Stage": "Launched"})) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        emulator.fail(Fault.edit_page(lag))
        report = await sync.run()
        assert (report.updated, report.unchanged) == (0, 1)
        assert await stored(store) == wire(emulator)


async def test_pages_out_of_order_are_refused(make_client: MakeClient, store: SQLiteStore) -> None:
    def reverse(page: Any) -> Any:
        return {**page, "OpportunitySummaries": page["OpportunitySummaries"][::-1]}

    with PartnerCentralEmulator(some(30), faults=[Fault.edit_page(reverse)]) as emulator:
        client = make_client(emulator, retry=ONCE)
        with pytest.raises(MalformedResponseError, match="not sorted by LastModifiedDate"):
            await OpportunitySync(client, store).run()
        assert await stored(store) == {}


@pytest.mark.parametrize("tokens", ["offset", "keyset"])
async def test_tied_records_in_an_order_that_changes_end_in_an_error(
    tokens: Any, make_client: MakeClient, store: SQLiteStore
) -> None:
    same = some(130, LastModifiedDate="2025-01-01T00:00:00Z")
    behavior = Behavior(tie_order="random", tokens=tokens)
    with PartnerCentralEmulator(same, behavior=behavior) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        with pytest.raises(PaginationError, match="5 passes"):
            await sync.run()


@pytest.mark.parametrize("tokens", ["offset", "keyset", "snapshot"])
async def test_a_hundred_tied_records_are_read_in_whatever_order_they_come(
    tokens: Any, make_client: MakeClient
) -> None:
    same = some(3, LastModifiedDate="2025-01-01T00:00:00Z")
    for seed in range(40):
        behavior = Behavior(tie_order="random", tokens=tokens)
        with PartnerCentralEmulator(same, behavior=behavior, seed=seed) as emulator:
            memory = MemoryStore()
            await OpportunitySync(make_client(emulator), memory, page_size=2).run()
            assert await stored(memory) == wire(emulator)


@pytest.mark.parametrize("exclusive", [[], ["AfterLastModifiedDate"]], ids=["incl", "excl"])
async def test_the_pages_of_one_second_are_read_about_twice(
    exclusive: Any, make_client: MakeClient, store: SQLiteStore
) -> None:
    records = some(200)
    for number, record in enumerate(records):
        record["LastModifiedDate"] = f"2025-01-01T00:00:00.{number:03d}Z"
    coarse = Behavior(filter_precision="s", exclusive_bounds=exclusive)
    with PartnerCentralEmulator(records, behavior=coarse) as emulator:
        report = await OpportunitySync(make_client(emulator), store, page_size=10).run()
        assert await stored(store) == wire(emulator)
    # 20 pages: twice, and a few to find out.
    assert report.requests < 3 * 20


async def test_tied_records_with_tokens_that_do_not_last_end_in_an_error(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    same = some(130, LastModifiedDate="2025-01-01T00:00:00Z")
    short = Behavior(token_life_seconds=1e-9)
    with PartnerCentralEmulator(same, behavior=short) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        with pytest.raises(PaginationError, match="refuses or repeats the page tokens"):
            await asyncio.wait_for(sync.run(), 30)
        assert len(emulator.requests) < 30


@pytest.mark.parametrize("order", ["first", "last", "always_first", "always_last", "filtered_out"])
async def test_records_without_a_date_keep_no_other_from_being_read(
    order: Any, make_client: MakeClient, store: SQLiteStore
) -> None:
    records = some(40)
    for record in records[:15]:
        record["LastModifiedDate"] = None
    for record in records[10:20]:
        record["CreatedDate"] = None
    behavior = Behavior(null_order={"LastModifiedDate": order, "CreatedDate": order})
    with PartnerCentralEmulator(records, behavior=behavior) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=4)
        await sync.run()
        report = await sync.reconcile()
        assert report.gone == report.missed == report.silent == ()
        # A listing after a date has none of those that lack it.
        is_found_by_run = order in ("first", "always_first")
        undated = set() if is_found_by_run else {f"O{number}" for number in range(1, 16)}
        assert set(report.undated) == undated
        assert await stored(store) == wire(emulator)
        assert "the copy is what AWS lists" in str(await sync.reconcile())


def rows_of(path: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_an_invalid_record_is_stored_as_invalid_and_reported(
    make_client: MakeClient, store: SQLiteStore, tmp_path: Path
) -> None:
    records = some(12)
    records[4]["LifeCycle"] = "not an object"
    records[11]["Id"] = None
    events: list[SyncEvent] = []
    with PartnerCentralEmulator(records) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5, on_event=events.append)
        report = await sync.run()
        assert (report.created, report.invalid) == (10, 2)
        assert "2 invalid" in str(report)
        path = tmp_path / "pipeline.db"
        rows = rows_of(path, "SELECT id, reason, raw FROM invalid ORDER BY id")
        assert [row[0] for row in rows] == [None, "O5"]
        assert "LifeCycle" in rows[1][1]
        assert "not an object" in rows[1][2]
        found = [event for event in events if isinstance(event, InvalidRecordStored)]
        assert {event.id for event in found} == {"O5", None}
        emulator.update("O5", {"LifeCycle": {"Stage": "Qualified"}})
        await sync.run()
        assert "O5" in await stored(store)
        assert rows_of(path, "SELECT id FROM invalid") == [(None,)]


@pytest.mark.parametrize("date", ["2999-12-31T23:59:59Z", "2025-01-01T00:00:12Z"])
async def test_the_date_of_an_invalid_record_hides_no_change(
    make_client: MakeClient, store: SQLiteStore, date: str
) -> None:
    records = some(12)
    records[11] |= {"LifeCycle": "not an object", "LastModifiedDate": date}
    with PartnerCentralEmulator(records) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        report = await sync.run()
        assert (report.created, report.invalid) == (11, 1)
        later = {"LastModifiedDate": "2025-01-01T00:10:00Z"}
        emulator.update("O2", {"LifeCycle": {"Stage": "Committed"}} | later)
        await sync.run()
        life_cycle = (await stored(store))["O2"].life_cycle
        assert life_cycle is not None
        assert life_cycle.stage == "Committed"


async def test_changes_come_at_least_once_and_are_stored_when_consumed(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(20)) as emulator:
        sync = OpportunitySync(make_client(emulator), store, page_size=5)
        seen: list[str] = []
        changes = sync.changes()
        async for change in changes:
            assert (change.kind, change.before) == ("created", None)
            seen.append(change.after.id)
            if len(seen) == 7:
                break
        await changes.aclose()
        assert len(await stored(store)) == 5
        rest = [change.after.id async for change in sync.changes()]
        assert rest[:2] == seen[5:]
        assert {*seen, *rest} == set(wire(emulator))
        emulator.update("O3", {"LifeCycle": {"Stage": "Launched"}})
        (change,) = [change async for change in sync.changes()]
        assert change.kind == "updated"
        assert change.before is not None
        assert (change.before.stage, change.after.stage) == (None, "Launched")
        assert "Launched" in repr(change)


@pytest.mark.parametrize("kind", [MemoryStore, SQLiteStore])
async def test_a_loop_that_is_left_early_frees_the_store_for_the_next_run(
    make_client: MakeClient, tmp_path: Path, kind: type[MemoryStore | SQLiteStore]
) -> None:
    async with AsyncExitStack() as stack:
        copy: MemoryStore | SQLiteStore = MemoryStore()
        if kind is SQLiteStore:
            copy = await stack.enter_async_context(SQLiteStore(tmp_path / "pipeline.db"))
        emulator = stack.enter_context(PartnerCentralEmulator(some(20)))
        sync = OpportunitySync(make_client(emulator), copy, page_size=5)
        async for _ in sync.changes():
            break
        with pytest.raises(ZeroDivisionError):
            async for _ in sync.changes():
                raise ZeroDivisionError
        assert (await sync.run()).created == 20


async def test_two_programs_do_not_work_on_one_store(
    make_client: MakeClient, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.db"
    with PartnerCentralEmulator(some(20)) as emulator:
        client = make_client(emulator)
        async with SQLiteStore(path) as one, SQLiteStore(path) as two:
            changes = OpportunitySync(client, one, page_size=5).changes()
            await anext(changes)
            with pytest.raises(StoreError, match="Another call in this program") as caught:
                await OpportunitySync(client, two).run()
            assert caught.value.retryable
            await changes.aclose()
            assert (await OpportunitySync(client, two).run()).created == 20


async def test_a_run_whose_lease_was_taken_over_is_refused_at_its_next_page(
    make_client: MakeClient,
) -> None:
    now = [0.0]
    store = MemoryStore(clock=lambda: now[0])
    with PartnerCentralEmulator(some(20)) as emulator:
        client = make_client(emulator)
        changes = OpportunitySync(client, store, page_size=5).changes()
        await anext(changes)
        now[0] = 301.0
        assert (await OpportunitySync(client, store).run()).created == 20
        await store.acquire_lease("another", "AWS", timedelta(minutes=5))
        with pytest.raises(StoreError, match="Another run has acquired"):
            async for _ in changes:
                pass


def arrived(emulator: PartnerCentralEmulator) -> None:
    while not emulator.requests:
        time.sleep(0.001)


async def test_a_cancelled_run_leaves_the_store_free(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(20), faults=[Fault.hang()]) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        task = asyncio.create_task(sync.run())
        await asyncio.to_thread(arrived, emulator)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await sync.run()).created == 20


async def test_a_store_remembers_its_catalog_and_refuses_another(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient, store: SQLiteStore
) -> None:
    await OpportunitySync(client, store).run()
    sandbox = PartnerCentralClient("Sandbox", endpoint_url=emulator.url)
    sent = len(emulator.requests)
    with pytest.raises(StoreError, match=r"catalog 'AWS'.*reads 'Sandbox'"):
        await OpportunitySync(sandbox, store).run()
    assert len(emulator.requests) == sent
    await OpportunitySync(client, store).run()


async def test_accounts_in_one_file_are_kept_apart(make_client: MakeClient, tmp_path: Path) -> None:
    path = tmp_path / "partners.db"
    with (
        PartnerCentralEmulator(some(3)) as one,
        PartnerCentralEmulator(some(5, ReviewStatus="x")) as two,
    ):
        for emulator, account in ((one, "One"), (two, "Two")):
            async with SQLiteStore(path, account=account) as store:
                await OpportunitySync(make_client(emulator), store).run()
        for emulator, account in ((one, "One"), (two, "Two")):
            async with SQLiteStore(path, account=account) as store:
                assert await stored(store) == wire(emulator)


# Events


async def test_events_are_fetched_once_each_and_leave_the_watermark(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(50), behavior=Behavior(duplicate_events=3)) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        watermark = (await sync.run()).watermark
        for number in range(1, 31):
            emulator.update(f"O{number}", {"LifeCycle": {"Stage": "Launched"}})
        emulator.add({**some(1)[0], "Id": "O77"})
        sent = len(emulator.requests)
        report = await sync.apply(parse_events(emulator.take_events()))
        assert len(emulator.requests) - sent == report.requests == 2
        assert len(report.changes) == 31
        assert str(report) == "1 created, 30 updated, 0 unchanged; 2 requests"
        assert await stored(store) == wire(emulator)
        assert (await sync.run()).watermark != watermark
        again = await sync.apply([*parse_events(emulator.take_events()), OtherEvent("x", "y")])
        assert again.requests == 0


async def test_what_an_event_names_before_aws_lists_it_is_looked_up_again(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(5)) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        other = PartnerCentralEmulator(0)
        other.add({**some(1)[0], "Id": "O99", "LastModifiedDate": "2020-01-01T00:00:00Z"})
        events = parse_events(other.take_events())
        report = await sync.apply(events)
        assert report.pending == ("O99",)
        assert (await sync.run()).pending == 1
        assert (await sync.reconcile()).gone == ()
        emulator.add(other.opportunities[0])
        run = await sync.run()
        assert (run.created, run.pending) == (1, 0)
        assert (await sync.run()).requests == 1
        assert await stored(store) == wire(emulator)


async def test_an_edit_between_two_pages_of_a_lookup_leaves_none_pending(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(20), behavior=Behavior(edits_per_request=5)) as emulator:
        for number in range(1, 21):
            emulator.update(f"O{number}", {"LifeCycle": {"Stage": "Launched"}})
        sync = OpportunitySync(make_client(emulator), store, page_size=3)
        report = await sync.apply(parse_events(emulator.take_events()))
        assert report.pending == ()
        assert len(report.changes) == 20


async def test_events_of_another_catalog_are_refused_before_anything_is_sent(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient, store: SQLiteStore
) -> None:
    sandbox = PartnerCentralEmulator(0, catalog="Sandbox")
    sandbox.add()
    with pytest.raises(RequestValidationError, match=r"events\[0\].catalog"):
        await OpportunitySync(client, store).apply(parse_events(sandbox.take_events()))
    assert emulator.requests == []


# Reconciling


async def test_reconciling_finds_what_no_run_can_see(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(30)) as emulator:
        lookback = timedelta(seconds=1)
        sync = OpportunitySync(make_client(emulator), store, page_size=4, lookback=lookback)
        await sync.run()
        unmoved = emulator.opportunities[6]["LastModifiedDate"]
        emulator.update("O7", {"LastModifiedDate": unmoved, "LifeCycle": {"Stage": "Launched"}})
        emulator.remove("O9")
        old = {**some(1)[0], "Id": "O99", "LastModifiedDate": "2020-01-01T00:00:00Z"}
        emulator.add(old)
        report = await sync.reconcile()
        assert (report.silent, report.gone, report.missed) == (("O7",), ("O9",), ("O99",))
        assert report.changed == ()
        assert "no longer listed: O9" in str(report)
        assert await stored(store) == wire(emulator)
        assert (await sync.reconcile()).gone == ()


async def test_nothing_is_called_gone_that_a_look_up_finds(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(30)) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()

        def lose(page: Any) -> Any:
            return {**page, "OpportunitySummaries": page["OpportunitySummaries"][5:]}

        emulator.fail(Fault.edit_page(lose), at=2)
        report = await sync.reconcile()
        assert report.gone == ()
        assert report.listed == 30
        assert "the copy is what AWS lists" in str(report)


async def test_an_identifier_that_aws_would_refuse_is_not_looked_up(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator([*some(5), {**some(1)[0], "Id": "odd"}]) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        emulator.remove("odd")
        assert (await sync.reconcile()).gone == ()


async def test_a_lookup_with_an_invalid_record_is_no_proof_of_absence(
    make_client: MakeClient, store: SQLiteStore
) -> None:
    with PartnerCentralEmulator(some(5)) as emulator:
        sync = OpportunitySync(make_client(emulator), store)
        await sync.run()
        lost = Fault.edit_page(lambda page: {**page, "OpportunitySummaries": []})
        nameless = Fault.edit_page(lambda page: {**page, "OpportunitySummaries": [{"Id": 7}]})
        emulator.fail(lost, at=2)
        emulator.fail(nameless, at=3)
        emulator.fail(nameless, at=4)
        assert (await sync.reconcile()).gone == ()


# Progress, and bad arguments


async def test_events_have_no_sensitive_value(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient, store: SQLiteStore
) -> None:
    events: list[SyncEvent] = []
    report = await OpportunitySync(client, store, on_event=events.append).run()
    kinds = [type(event) for event in events]
    assert kinds[0] is SyncStarted
    assert kinds[-1] is SyncFinished
    pages = [event for event in events if isinstance(event, PageCommitted)]
    assert sum(page.created for page in pages) == 250
    assert pages[-1].watermark == report.watermark
    text = "".join(map(str, events)) + repr(events)
    names = {record.company_name for record in wire(emulator).values() if record.company_name}
    assert not [name for name in names if len(name) > 3 and name in text]


async def test_a_callback_that_fails_does_not_end_a_run(
    client: PartnerCentralClient, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: SyncEvent) -> None:
        raise RuntimeError("a bug in the program")

    assert (await OpportunitySync(client, MemoryStore(), on_event=fail).run()).created == 250
    assert "on_event failed with a SyncStarted" in caplog.text


async def late(event: SyncEvent) -> None: ...


class Late:
    async def __call__(self, event: SyncEvent) -> None: ...


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"lookback": timedelta(0)}, "at least 1 second"),
        ({"lookback": 300}, "lookback must be timedelta"),
        ({"page_size": 101}, "1..100"),
        ({"page_size": True}, "page_size"),
        ({"on_event": 7}, "callable"),
        ({"on_event": late}, "async"),
        ({"on_event": Late()}, "async"),
    ],
)
def test_a_bad_argument_is_refused(options: dict[str, Any], says: str) -> None:
    client = PartnerCentralClient("AWS", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=says):
        OpportunitySync(client, MemoryStore(), **options)


def test_a_report_of_an_empty_pipeline_reads_well() -> None:
    from partnercentral_list.sync import SyncReport

    report = SyncReport(0, 0, 0, 0, 2, 1, None)
    assert str(report) == "0 created, 0 updated, 0 unchanged, 2 pending; 1 request; empty"
    full = SyncReport(1, 2, 3, 4, 0, 5, datetime(2025, 1, 2, tzinfo=UTC))
    assert str(full).endswith("4 invalid; 5 requests; current to 2025-01-02T00:00:00Z")


@pytest.mark.parametrize("edited_behind", range(3, 12))
async def test_tied_records_that_leave_do_not_hide_those_behind_them(
    make_client: MakeClient, edited_behind: int
) -> None:
    # Two hundred records on one date end with a page. Whichever page they are edited behind, none
    # of the records that then move up may slip past the next page's token.
    tied = some(200, LastModifiedDate="2025-01-01T00:00:00Z")
    behind = [
        record | {"LastModifiedDate": f"2025-01-02T{number // 60:02}:{number % 60:02}:00Z"}
        for number, record in enumerate(some(450)[200:])
    ]
    with PartnerCentralEmulator([*tied, *behind]) as emulator:

        def edit(page: dict[str, Any]) -> dict[str, Any]:
            for record in tied:
                emulator.update(record["Id"], {"LifeCycle": {"NextSteps": "Call again"}})
            return page

        emulator.fail(Fault.edit_page(edit), at=edited_behind)
        memory = MemoryStore()
        sync = OpportunitySync(
            make_client(emulator), memory, lookback=timedelta(seconds=1), page_size=100
        )
        await sync.run()
        await sync.run()
        assert await stored(memory) == wire(emulator)
