"""Workers of one fleet that are killed at random moments, over and over, on one database.

Every other worker is on another machine, as far as leases know: its host has a name of its own. The
leases of one that was killed there expire by the server's clock, which the test moves on.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import aiobotocore.session  # noqa: F401 # before workers are forked, for a fast start
import psycopg
from psycopg_pool import AsyncConnectionPool

from partnercentral_list import ClientConfig, PartnerCentralClient, StoreError
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import FleetReport, PostgresStore, SyncFleet, SyncState
from tests.sync.test_sync import wire

ACCOUNTS = 20
WORKERS = 4
TERM = timedelta(minutes=5)
LINE_BYTES = 60


class Log:
    """Lines that processes append to one file, in their true order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())

    def lines(self) -> list[list[str]]:
        return [line.split(" ") for line in self.path.read_text().splitlines()]


class LoggingStore(PostgresStore):
    """Logs a lease after it was acquired, and before it is released."""

    log: Log
    name: str

    async def acquire_lease(self, owner: str, catalog: str, lease: timedelta) -> SyncState:
        state = await super().acquire_lease(owner, catalog, lease)
        self.log.write("+", self.name, owner)
        return state

    async def release_lease(self, owner: str) -> None:
        self.log.write("-", self.name, owner)
        await super().release_lease(owner)


def new_fleet(pool: AsyncConnectionPool[Any], urls: Mapping[str, str], log: Log) -> SyncFleet:
    def make_client(url: str) -> PartnerCentralClient:
        config = ClientConfig(sign_requests=False)
        return PartnerCentralClient("AWS", endpoint_url=url, config=config, rate_limit=None)

    def store_for(name: str) -> LoggingStore:
        store = LoggingStore(pool, account=name)
        store.log, store.name = log, name
        return store

    clients = {name: lambda url=url: make_client(url) for name, url in urls.items()}
    return SyncFleet(clients, store_for, concurrency=3)


async def run_forever(dsn: str, urls: Mapping[str, str], log: Log) -> None:
    async with AsyncConnectionPool(dsn, min_size=0, max_size=3, open=False) as pool:
        fleet = new_fleet(pool, urls, log)
        while True:
            async for result in fleet.run():
                error = result.error
                if error and not (isinstance(error, StoreError) and error.retryable):
                    log.write("!", repr(error))


def work(dsn: str, urls: Mapping[str, str], path: Path, host: str | None) -> None:
    if host is not None:
        socket.gethostname = lambda: host
    asyncio.run(run_forever(dsn, urls, Log(path)))


def overlaps(lines: Iterable[list[str]]) -> list[str]:
    """Return the accounts that two workers synced at once, by the lines of a log."""
    holders: dict[str, str] = {}
    killed: set[str] = set()
    found: list[str] = []
    for kind, *words in lines:
        if kind == "x":
            killed.add(words[0])
        elif kind in "+-":
            *names, owner = words
            name = " ".join(names)
            holder = holders.get(name)
            if kind == "-":
                if holder == owner:
                    del holders[name]
            else:
                if holder is not None and holder.split("/")[1] not in killed:
                    found.append(name)
                holders[name] = owner
    return found


@dataclass
class Outcome:
    """The state in the end, and the counts of what happened before."""

    killed_with_a_lease: int = 0
    too_long: int = 0
    counts: Counter[str] = field(default_factory=Counter[str])
    overlaps: list[str] = field(default_factory=list[str])
    errors: list[list[str]] = field(default_factory=list[list[str]])
    report: FleetReport = field(default_factory=lambda: FleetReport([]))
    leases_left: int = 0
    differing: list[str] = field(default_factory=list[str])


async def kill_workers(dsn: str, folder: Path, kills: int, seed: int) -> Outcome:
    """Kill workers and replace them, while accounts are edited; then compare everything."""
    rng = Random(seed)
    outcome = Outcome()
    log = Log(folder / "log")
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.postgres.fleet_kills"])
    numbers = iter(range(kills + WORKERS))
    with ExitStack() as stack:
        emulators = {
            f"tenant-{number}": stack.enter_context(PartnerCentralEmulator(150, seed=number))
            for number in range(ACCOUNTS)
        }
        urls = {name: emulator.url for name, emulator in emulators.items()}
        database = stack.enter_context(psycopg.connect(dsn, autocommit=True))

        def start() -> tuple[Any, bool]:
            number = next(numbers)
            host = f"machine-{number}" if number % 2 else None
            process = context.Process(target=work, args=(dsn, urls, log.path, host), daemon=True)
            process.start()
            return process, host is not None

        def kill(process: Any, is_elsewhere: bool) -> None:
            assert process.is_alive(), "a worker ended by itself"
            # Before it, so that whoever takes over logs that later.
            log.write("x", process.pid)
            process.kill()
            process.join()
            process.close()

        def look_at(pid: int, is_elsewhere: bool) -> None:
            leases = database.execute(LEASES, {"owner": f"%/{pid}/%", "term": TERM}).fetchall()
            outcome.killed_with_a_lease += bool(leases)
            outcome.too_long += sum(is_too_long for (is_too_long,) in leases)
            if is_elsewhere:
                # The term passes.
                database.execute(EXPIRE, {"owner": f"%/{pid}/%", "term": TERM})

        async with AsyncConnectionPool(dsn, min_size=0, max_size=3, open=False) as pool:
            await PostgresStore(pool).setup()
            workers = [start() for _ in range(WORKERS)]
            try:
                for _ in range(kills):
                    await until_longer(log, rng.randrange(1, 40))
                    victim = workers.pop(rng.randrange(WORKERS))
                    pid = victim[0].pid
                    kill(*victim)
                    look_at(pid, victim[1])
                    workers.append(start())
                    edit(rng, list(emulators.values()))
            finally:
                for process, is_elsewhere in workers:
                    pid = process.pid
                    kill(process, is_elsewhere)
                    look_at(pid, is_elsewhere)
            lines = log.lines()
            outcome.counts = Counter(kind for kind, *_ in lines)
            outcome.overlaps = overlaps(lines)
            outcome.errors = [line for line in lines if line[0] == "!"]
            # Everybody's term passes: the process ids of the dead may be others' by now.
            database.execute(EXPIRE, {"owner": "%", "term": TERM})
            fleet = new_fleet(pool, urls, log)
            outcome.report = FleetReport([result async for result in fleet.run()])
            for name, emulator in emulators.items():
                store = PostgresStore(pool, account=name)
                if dict(await store.get(await store.identifiers())) != wire(emulator):
                    outcome.differing.append(name)
            outcome.leases_left = len(
                database.execute(LEASES, {"owner": "%", "term": TERM}).fetchall()
            )
    return outcome


LEASES = (
    "SELECT lease_until - clock_timestamp() > %(term)s FROM partner_central.accounts "
    "WHERE lease_owner LIKE %(owner)s"
)
EXPIRE = (
    "UPDATE partner_central.accounts SET lease_until = lease_until - %(term)s "
    "WHERE lease_owner LIKE %(owner)s"
)


async def until_longer(log: Log, lines: int) -> None:
    """Wait until the log, which other processes write, has about so many more lines."""
    wanted = log.path.stat().st_size + lines * LINE_BYTES
    while log.path.stat().st_size < wanted:  # noqa: ASYNC110 # it is written by others
        await asyncio.sleep(0.005)


def edit(rng: Random, emulators: list[PartnerCentralEmulator]) -> None:
    for emulator in rng.sample(emulators, 3):
        for record in rng.sample(emulator.opportunities, rng.choice([0, 1, 20])):
            emulator.update(record["Id"], {"LifeCycle": {"NextSteps": str(rng.random())}})
        emulator.add()
    if rng.random() < 0.1:
        rng.choice(emulators).touch_all()
