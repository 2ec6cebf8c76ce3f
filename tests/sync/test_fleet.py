"""SyncFleet: each account by itself, several at a time, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnercentral_list import (
    AccessDeniedException,
    ConfigurationError,
    Credentials,
    PartnerCentralClient,
    StoreError,
    ThrottlingException,
)
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import (
    FleetDeadlineError,
    FleetReport,
    FleetResult,
    MemoryStore,
    OpportunitySync,
    SQLiteStore,
    SyncFleet,
    SyncReport,
    SyncStore,
)
from tests import virtual_time
from tests.conftest import ONCE, PATIENT, MakeClient
from tests.edited_service import EditedService
from tests.service import DirectClient

LEASE = timedelta(minutes=5)


class SlowClient(DirectClient):
    """Takes some time for each request; says whether it is open."""

    def __init__(self, service: EditedService, seconds: float, opened: set[object]) -> None:
        super().__init__(service)
        self._seconds = seconds
        self._opened_clients = opened
        opened.add(self)

    async def list_opportunities(  # type: ignore[override] # as in the base class
        self, **members: Any
    ) -> Any:
        await asyncio.sleep(self._seconds)
        return await super().list_opportunities(**members)

    async def aclose(self, *, drain: bool = False) -> None:
        # As a connection's end does, it takes a turn of the loop.
        await asyncio.sleep(0)
        self._opened_clients.discard(self)
        await super().aclose(drain=drain)


class Accounts:
    """Accounts on a fake service, each with a store in memory; seconds are those of a request."""

    def __init__(self, *seconds: float, size: int = 3) -> None:
        self.names = [f"account {number}" for number in range(len(seconds))]
        self.services = {
            name: EditedService(random=Random(name), size=size, page_size=2) for name in self.names
        }
        self.seconds = dict(zip(self.names, seconds, strict=True))
        self.stores = {name: MemoryStore() for name in self.names}
        self.clients: set[object] = set()
        self.open_stores: set[str] = set()
        self.most_open = 0
        self.begun: list[str] = []

    @property
    def clients_of(self) -> dict[str, Callable[[], PartnerCentralClient]]:
        return {name: partial(self.make_client, name) for name in self.names}

    def make_client(self, name: str) -> PartnerCentralClient:
        client = SlowClient(self.services[name], self.seconds[name], self.clients)
        self.begun.append(name)
        self.most_open = max(self.most_open, len(self.clients), len(self.open_stores))
        return client

    @asynccontextmanager
    async def store_for(self, name: str) -> AsyncIterator[SyncStore]:
        self.open_stores.add(name)
        try:
            yield self.stores[name]
        finally:
            await asyncio.sleep(0)
            self.open_stores.remove(name)

    def fleet(self, **options: Any) -> SyncFleet:
        return SyncFleet(self.clients_of, self.store_for, **options)

    @property
    def is_everything_closed(self) -> bool:
        return not self.clients and not self.open_stores

    def is_current(self, name: str) -> bool:
        return dict(self.stores[name].records) == self.services[name].expected()


async def results_of(fleet: SyncFleet) -> dict[str, FleetResult]:
    results = [result async for result in fleet.run()]
    found = {result.account: result for result in results}
    assert len(found) == len(results)
    return found


def test_each_account_is_reported_as_it_ends() -> None:
    accounts = Accounts(7.0, 1.0, 600.0, 0.5, 3.0)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        ended: list[tuple[float, FleetResult]] = []
        async for result in accounts.fleet().run():
            ended.append((loop.time() - begun, result))
        assert [accounts.seconds[result.account] for _, result in ended] == [0.5, 1, 3, 7, 600]
        for at, result in ended:
            assert result.error is None
            assert result.report is not None
            assert result.report.created == 3
            assert result.seconds == pytest.approx(at)
            assert at == pytest.approx(accounts.seconds[result.account] * result.report.requests)
        assert all(map(accounts.is_current, accounts.names))
        assert accounts.is_everything_closed

    virtual_time.run(main())


@pytest.mark.parametrize("concurrency", [1, 3, 50])
def test_no_more_accounts_are_open_than_concurrency_says(concurrency: int) -> None:
    accounts = Accounts(*(Random(1).uniform(0.1, 9) for _ in range(12)))
    found = virtual_time.run(results_of(accounts.fleet(concurrency=concurrency)))
    assert sorted(found) == sorted(accounts.names)
    assert accounts.most_open == min(concurrency, 12)
    assert accounts.is_everything_closed


def test_accounts_begin_while_the_body_of_the_loop_waits() -> None:
    accounts = Accounts(*[1.0] * 6)

    async def main() -> None:
        async for _ in accounts.fleet(concurrency=3).run():
            await asyncio.sleep(100)
            assert len(accounts.begun) > 3
            assert accounts.is_everything_closed

    virtual_time.run(main())


def test_a_deadline_ends_the_run_and_the_next_one_resumes() -> None:
    accounts = Accounts(1.0, 1.0, 1.0, 1.0, size=40)
    accounts.seconds["account 1"] = 0.01
    fleet = accounts.fleet(concurrency=1, deadline=timedelta(seconds=30))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        rounds = 0
        while not all(map(accounts.is_current, accounts.names)):
            stored = {name: len(store.records) for name, store in accounts.stores.items()}
            begun = loop.time()
            accounts.begun.clear()
            found = await results_of(fleet)
            assert loop.time() - begun <= 30
            assert accounts.is_everything_closed
            for name, result in found.items():
                if isinstance(result.error, FleetDeadlineError):
                    assert result.error.has_begun == (name in accounts.begun)
                    assert result.is_retryable
                    assert "deadline" in str(result)
                else:
                    assert result.error is None
            # After the deadline, no account begins.
            assert rounds or len(accounts.begun) < 4
            # What was committed is kept.
            for name, store in accounts.stores.items():
                assert len(store.records) >= stored[name]
            rounds += 1
            assert rounds < 20
        assert rounds > 1

    virtual_time.run(main())


def test_a_timeout_of_the_programs_own_is_not_the_deadline() -> None:
    accounts = Accounts(1, 1)

    def late() -> PartnerCentralClient:
        raise TimeoutError

    clients = {**accounts.clients_of, "account 1": late}
    fleet = SyncFleet(clients, accounts.store_for, deadline=timedelta(hours=1))
    found = virtual_time.run(results_of(fleet))
    assert found["account 0"].error is None
    assert type(found["account 1"].error) is TimeoutError


@given(
    count=st.integers(1, 9),
    concurrency=st.integers(1, 9),
    seconds=st.floats(0.5, 20),
)
def test_a_deadline_leaves_no_account_out_again_and_again(
    count: int, concurrency: int, seconds: float
) -> None:
    accounts = Accounts(*[1.0] * count)
    fleet = accounts.fleet(concurrency=concurrency, deadline=timedelta(seconds=seconds))

    async def main() -> None:
        # Each run begins as many as run at once, at least.
        for _ in range(-(-count // min(concurrency, count))):
            await results_of(fleet)
        assert set(accounts.begun) == set(accounts.names)
        # In turn: no account is begun twice as often as another, and once more.
        assert accounts.begun == [
            accounts.names[(accounts.names.index(accounts.begun[0]) + n) % count]
            for n in range(len(accounts.begun))
        ]

    virtual_time.run(main())


def test_fleets_begin_at_different_accounts() -> None:
    accounts = Accounts(*[0.1] * 10)
    firsts: set[str] = set()
    for _ in range(40):
        accounts.begun.clear()
        virtual_time.run(results_of(accounts.fleet(concurrency=1)))
        firsts.add(accounts.begun[0])
    assert len(firsts) > 3


def test_leaving_the_loop_leaves_nothing_behind() -> None:
    async def closed(accounts: Accounts) -> None:
        async with aclosing(accounts.fleet(concurrency=3).run()) as results:
            async for _ in results:
                assert not accounts.is_everything_closed
                break
        assert accounts.is_everything_closed

    async def dropped(accounts: Accounts) -> None:
        async for _ in accounts.fleet(concurrency=3).run():
            break
        for _ in range(20):
            await asyncio.sleep(0)
        assert accounts.is_everything_closed

    async def raised(accounts: Accounts) -> None:
        with pytest.raises(ZeroDivisionError):
            async with aclosing(accounts.fleet(concurrency=3).run()) as results:
                async for _ in results:
                    raise ZeroDivisionError
        assert accounts.is_everything_closed

    for leave in (closed, dropped, raised):
        accounts = Accounts(1, 2, 3, 4, 5, 6, 7)
        virtual_time.run(leave(accounts))
        assert len(accounts.begun) < 7
        # No lease is kept: another run begins at once.
        found = virtual_time.run(results_of(accounts.fleet()))
        assert not [result for result in found.values() if result.error]


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0, 2.5, 9.9])
def test_a_cancelled_run_leaves_nothing_behind(seconds: float) -> None:
    accounts = Accounts(1, 2, 3, 4, 5, 6, 7)

    async def main() -> None:
        task = asyncio.create_task(results_of(accounts.fleet(concurrency=3)))
        await asyncio.sleep(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert accounts.is_everything_closed

    virtual_time.run(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_ends_a_program_ends_the_fleet(error: type[BaseException]) -> None:
    accounts = Accounts(1, 2, 3)

    def make_client() -> PartnerCentralClient:
        raise error

    async def main() -> None:
        fleet = SyncFleet({**accounts.clients_of, "x": make_client}, accounts.store_for)
        accounts.stores["x"] = MemoryStore()
        await results_of(fleet)

    with pytest.raises(error):
        virtual_time.run(main())
    assert accounts.is_everything_closed


async def test_one_accounts_failure_is_its_own(
    make_client: MakeClient, tmp_path: Path, credentials: None
) -> None:
    with (
        PartnerCentralEmulator(30) as emulator,
        PartnerCentralEmulator(30) as refusing,
        PartnerCentralEmulator(30) as throttling,
    ):
        refusing.fail("AccessDeniedException", times=100)
        throttling.fail("ThrottlingException", times=100)
        busy = SQLiteStore(tmp_path / "pipeline.db", account="busy")
        await busy.acquire_lease("another-machine/1/x", "AWS", LEASE)

        async def expired() -> Credentials:
            raise ConfigurationError("The role's session has expired.")

        def forgotten() -> PartnerCentralClient:
            raise LookupError("sensitive: no such tenant")

        def store_for(name: str) -> SQLiteStore:
            if name == "no store":
                raise OSError("sensitive: no database")
            return SQLiteStore(tmp_path / "pipeline.db", account=name)

        def client(target: PartnerCentralEmulator, **options: Any) -> Any:
            return lambda: make_client(target, **options)

        accounts: dict[str, Any] = {f"good {number}": client(emulator) for number in range(4)}
        accounts |= {
            "refused": client(refusing),
            "throttled": client(throttling, retry=ONCE),
            "expired role": client(emulator, credentials=expired),
            "busy": client(emulator),
            "forgotten": forgotten,
            "no store": client(emulator),
            "no client": lambda: None,
        }
        found = await results_of(SyncFleet(accounts, store_for, concurrency=3))
        await busy.aclose()
        for name, result in found.items():
            assert (result.error is None) == name.startswith("good") == (result.report is not None)
        errors = {name: result.error for name, result in found.items() if result.error}
        assert {name: type(error) for name, error in errors.items()} == {
            "refused": AccessDeniedException,
            "throttled": ThrottlingException,
            "expired role": ConfigurationError,
            "busy": StoreError,
            "forgotten": LookupError,
            "no store": OSError,
            "no client": ConfigurationError,
        }
        report = FleetReport(list(found.values()))
        assert {result.account for result in report.retryable} == {"busy", "throttled"}
        assert len(report.failed) == 5
        first, *lines = str(report).splitlines()
        assert first == (
            "11 accounts: 4 synced, 2 to retry, 5 failed; 120 created, 0 updated; 4 requests"
        )
        assert len(lines) >= 7
        assert "  forgotten: LookupError" in lines
        assert "sensitive" not in str(report)


def test_a_report_shows_the_first_errors_only() -> None:
    results = [
        FleetResult(str(number), None, StoreError("The disk is full."), 0.0) for number in range(23)
    ]
    first, *lines = str(FleetReport(results)).splitlines()
    assert first.startswith("23 accounts: 0 synced, 0 to retry, 23 failed")
    assert lines[0] == "  0: StoreError: The disk is full."
    assert len(lines) == 21
    assert lines[-1] == "  … and 3 more"


def test_a_store_that_suppresses_errors_hides_none() -> None:
    accounts = Accounts(1, 1)

    @asynccontextmanager
    async def suppressing(name: str) -> AsyncIterator[SyncStore]:
        with suppress(Exception):
            yield accounts.stores[name]

    def broken() -> PartnerCentralClient:
        raise ValueError

    clients = {**accounts.clients_of, "account 1": broken}
    found = virtual_time.run(results_of(SyncFleet(clients, suppressing)))
    assert found["account 0"].error is None
    with pytest.raises(ConfigurationError, match="suppressed an error"):
        raise found["account 1"].error or AssertionError


def test_a_plain_store_is_left_open() -> None:
    accounts = Accounts(1, 1)
    fleet = SyncFleet(accounts.clients_of, accounts.stores.__getitem__)
    assert all(result.report for result in virtual_time.run(results_of(fleet)).values())
    assert all(map(accounts.is_current, accounts.names))


def test_two_fleets_share_accounts_and_none_is_synced_twice_at_once() -> None:
    accounts = Accounts(*(Random(2).uniform(0.1, 2) for _ in range(12)), size=11)

    async def main() -> list[dict[str, FleetResult]]:
        patient = partial(OpportunitySync, lease_wait=timedelta(minutes=1))
        return await asyncio.gather(
            *(
                results_of(
                    SyncFleet(accounts.clients_of, accounts.stores.__getitem__, make_sync=make_sync)
                )
                for make_sync in (OpportunitySync, OpportunitySync, patient)
            )
        )

    *quick, patient = virtual_time.run(main())
    errors = [result.error for found in quick for result in found.values() if result.error]
    assert errors
    assert {(type(error), getattr(error, "retryable", None)) for error in errors} == {
        (StoreError, True)
    }
    assert not [result for result in patient.values() if result.error]
    for name in accounts.names:
        reports = [found[name].report for found in (*quick, patient)]
        assert sum(report.created for report in reports if report) == 11
        assert accounts.is_current(name)


async def test_many_tenants_of_one_process_stay_few_in_memory(
    tmp_path: Path, credentials: None
) -> None:
    made: weakref.WeakSet[object] = weakref.WeakSet()

    def store_for(name: str) -> SQLiteStore:
        store = SQLiteStore(tmp_path / "pipeline.db", account=name)
        made.add(store)
        return store

    with PartnerCentralEmulator(100) as emulator:

        def make_client() -> PartnerCentralClient:
            client = PartnerCentralClient(
                "AWS", endpoint_url=emulator.url, retry=PATIENT, rate_limit=None
            )
            made.add(client)
            return client

        fleet = SyncFleet(
            {f"tenant {number}": make_client for number in range(40)}, store_for, concurrency=4
        )
        reports: list[SyncReport] = []
        async for result in fleet.run():
            assert result.report, result
            reports.append(result.report)
            if len(reports) % 10 == 0:
                gc.collect()
                # Of each running account, and of each that is done and was not yielded yet.
                assert len(made) <= 2 * 2 * 4
        assert sum(report.created for report in reports) == 4000
        before = len(emulator.requests)
        found = await results_of(fleet)
        assert sum(result.report.created for result in found.values() if result.report) == 0
        # An idle run costs one request for each account.
        assert len(emulator.requests) - before == 40


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"concurrency": 0}, "concurrency must be at least 1"),
        ({"concurrency": 1.5}, "concurrency"),
        ({"deadline": 30}, "deadline"),
        ({"deadline": timedelta(0)}, "deadline must be longer than 0"),
        ({"make_sync": None}, "make_sync must be callable, not NoneType"),
        ({"store_for": {}}, "store_for must be callable, not dict"),
        ({"accounts": ["a"]}, "accounts"),
        ({"accounts": {"a": "profile"}}, "a must be callable, not str"),
    ],
)
def test_a_wrong_argument_is_refused(options: dict[str, Any], problem: str) -> None:
    arguments: dict[str, Any] = {"accounts": {}, "store_for": lambda name: MemoryStore()}
    with pytest.raises(ConfigurationError, match=problem):
        SyncFleet(**arguments | options)


def test_a_fleet_without_accounts_has_no_results() -> None:
    fleet = SyncFleet({}, lambda name: MemoryStore())
    assert virtual_time.run(results_of(fleet)) == {}


async def test_opening_a_client_makes_no_young_garbage_old(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    # What joins the oldest generation with each client counts for no full collection of it.
    await make_client(emulator).list_opportunities()
    thresholds = gc.get_threshold()
    gc.set_threshold(1_000_000, *thresholds[1:])
    try:
        young: list[object] = []
        await make_client(emulator).list_opportunities()
        assert any(found is young for found in gc.get_objects(generation=0))
    finally:
        gc.set_threshold(*thresholds)
