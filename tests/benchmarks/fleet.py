"""Measure a fleet: first load and an idle run of many tenants, in one process.

    python -m tests.benchmarks.fleet [--tenants 50] [--opportunities 300] [--store sqlite|postgres]

One emulator, in a process of its own, has the opportunities of every tenant. The rate limiter is
off. Threads, descriptors and memory are the largest that a sample at each result found; CPU is that
of the process that syncs. "Alone" is for comparison: every tenant at once, each with its own store,
without a fleet; in PostgreSQL with a pool of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from partnercentral_list import ClientConfig, PartnerCentralClient
from partnercentral_list.sync import (
    FleetReport,
    OpportunitySync,
    PostgresStore,
    SQLiteStore,
    SyncFleet,
    SyncReport,
)
from tests.benchmarks.measuring import ROOT

MakeStore = Callable[[str], SQLiteStore | PostgresStore]


class Usage:
    """The seconds and CPU of a run, and the largest use of everything else."""

    def __init__(self) -> None:
        self._begun, self._cpu = time.perf_counter(), time.process_time()
        self.threads = self.descriptors = 0
        self.first_mb = self.most_mb = 0.0

    def sample(self) -> None:
        """Look at this process (Linux only)."""
        self.threads = max(self.threads, threading.active_count())
        self.descriptors = max(self.descriptors, len(os.listdir("/proc/self/fd")))
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        self.first_mb = self.first_mb or memory
        self.most_mb = max(self.most_mb, memory)

    def line(self, what: str, tenants: int, requests: int) -> str:
        """Return a line of a table."""
        seconds, cpu = time.perf_counter() - self._begun, time.process_time() - self._cpu
        return (
            f"{what:12} {seconds:6.2f} s  {cpu * 1000 / tenants:6.1f} ms CPU a tenant  "
            f"{requests / tenants:4.1f} requests a tenant  {self.threads:3} threads  "
            f"{self.descriptors:3} descriptors  {self.first_mb:5.0f} to {self.most_mb:.0f} MB"
        )


async def run_fleet(fleet: SyncFleet, what: str, tenants: int) -> None:
    """Run a fleet, and print what it took."""
    usage = Usage()
    results = []
    async for result in fleet.run():
        results.append(result)
        usage.sample()
    report = FleetReport(results)
    assert len(report.reports) == tenants, report
    print(usage.line(what, tenants, sum(one.requests for one in report.reports)))


async def run_alone(
    make_client: Callable[[], PartnerCentralClient], make_store: MakeStore, names: list[str]
) -> None:
    """Run all at once, without a fleet."""
    usage = Usage()

    async def run_one(name: str) -> SyncReport:
        async with make_client() as client, make_store(name) as store:
            report = await OpportunitySync(client, store).run()
            usage.sample()
            return report

    reports = await asyncio.gather(*map(run_one, names))
    print(usage.line("alone", len(names), sum(report.requests for report in reports)))


@asynccontextmanager
async def stores(folder: Path, dsn: str | None) -> AsyncIterator[tuple[MakeStore, MakeStore]]:
    """Yield what makes a fleet's stores, and what makes others'."""
    if dsn is None:

        def in_one_file(name: str) -> SQLiteStore:
            return SQLiteStore(folder / "fleet.db", account=name)

        def in_another(name: str) -> SQLiteStore:
            return SQLiteStore(folder / "alone.db", account=name)

        yield in_one_file, in_another
        return
    from psycopg_pool import AsyncConnectionPool

    async with AsyncConnectionPool(dsn, min_size=0, max_size=8, open=False) as pool:
        await PostgresStore(pool).setup()
        await PostgresStore(pool, schema="alone").setup()
        yield (
            lambda name: PostgresStore(pool, account=name),
            lambda name: PostgresStore.from_conn_string(dsn, account=name, schema="alone"),
        )


async def measure(url: str, dsn: str | None, folder: Path, tenants: int) -> None:
    """Print the table."""
    names = [f"tenant {number}" for number in range(tenants)]

    def make_client() -> PartnerCentralClient:
        config = ClientConfig(sign_requests=False)
        return PartnerCentralClient("AWS", endpoint_url=url, config=config, rate_limit=None)

    async with make_client() as client:
        # It imports what every other one uses, and has the emulator make the opportunities.
        await client.list_opportunities(max_results=1)
    async with stores(folder, dsn) as (of_fleet, alone):
        fleet = SyncFleet(dict.fromkeys(names, make_client), of_fleet)
        await run_fleet(fleet, "first load", tenants)
        await run_fleet(fleet, "idle run", tenants)
        await run_fleet(fleet, "idle run", tenants)
        await run_alone(make_client, alone, names)


def main() -> None:
    """Start the emulator and the database, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tenants", type=int, default=50)
    parser.add_argument("--opportunities", type=int, default=300)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dsn = None
        if options.store == "postgres":
            from tests.postgres.server import installations, running_server

            server = stack.enter_context(
                running_server(installations()["wheel"], max_connections="500")
            )
            dsn = server.conn_string
        emulator = stack.enter_context(
            subprocess.Popen(
                [
                    *(sys.executable, "-c", EMULATOR, str(options.opportunities)),
                ],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert emulator.stdin
        assert emulator.stdout
        url = json.loads(emulator.stdout.readline())
        asyncio.run(measure(url, dsn, folder, options.tenants))
        emulator.stdin.close()


EMULATOR = """
import json, sys
from partnercentral_list.emulator import PartnerCentralEmulator
with PartnerCentralEmulator(int(sys.argv[1])) as emulator:
    print(json.dumps(emulator.url), flush=True)
    sys.stdin.read()
"""


if __name__ == "__main__":
    main()
