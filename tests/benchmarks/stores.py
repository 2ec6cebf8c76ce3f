"""Measure a sync into PostgreSQL against one into an SQLite file.

    python -m tests.benchmarks.stores [--opportunities 10000] [--rounds 5]

The emulator runs in a process of its own, PostgreSQL with fsync on, as the file has it. The rate
limiter is off: against AWS 100 pages take at least 10 seconds. Each round loads both in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

from partnercentral_list import ClientConfig, PartnerCentralClient
from partnercentral_list.sync import OpportunitySync, PostgresStore, SQLiteStore
from tests.postgres.server import installations, running_server

SERVE = """
import sys
from partnercentral_list.emulator import PartnerCentralEmulator
with PartnerCentralEmulator(int(sys.argv[1])) as emulator:
    print(emulator.url, flush=True)
    sys.stdin.read()
"""
#: A first load, and an idle run that opens a client and the store: seconds, and CPU seconds.
Figures = tuple[float, float, float, float]


@contextmanager
def serving(opportunities: int) -> Generator[str, None, None]:
    command = [sys.executable, "-c", SERVE, str(opportunities)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("")


def client_of(url: str) -> PartnerCentralClient:
    config = ClientConfig(sign_requests=False)
    return PartnerCentralClient("AWS", endpoint_url=url, config=config, rate_limit=None)


async def load(
    url: str, opportunities: int, open_store: Callable[[], SQLiteStore | PostgresStore]
) -> Figures:
    async with client_of(url) as client, open_store() as store:
        await client.list_opportunities(max_results=1)
        if isinstance(store, PostgresStore):
            await store.setup()
        started, cpu = time.perf_counter(), time.process_time()
        report = await OpportunitySync(client, store).run()
        assert report.created == opportunities
        elapsed, used = time.perf_counter() - started, time.process_time() - cpu
    started, cpu = time.perf_counter(), time.process_time()
    async with client_of(url) as client, open_store() as store:
        report = await OpportunitySync(client, store, lookback=timedelta(seconds=1)).run()
        assert report.created == 0
    return elapsed, used, time.perf_counter() - started, time.process_time() - cpu


def measure(opportunities: int, rounds: int) -> None:
    """Print the medians, and the median of the ratios of the rounds."""
    results: dict[str, list[Figures]] = {"SQLite": [], "PostgreSQL": []}
    with (
        serving(opportunities) as url,
        running_server(installations()["wheel"], fsync="on") as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        for number in range(rounds):
            stores: dict[str, Callable[[], SQLiteStore | PostgresStore]] = {
                "SQLite": lambda n=number: SQLiteStore(Path(folder) / f"{n}.db"),  # type: ignore[misc] # bound now
                "PostgreSQL": lambda n=number: PostgresStore.from_conn_string(  # type: ignore[misc] # bound now
                    server.conn_string, schema=f"round_{n}"
                ),
            }
            for name, open_store in stores.items():
                results[name].append(asyncio.run(load(url, opportunities, open_store)))
    for name, found in results.items():
        time_of_load, cpu_of_load, time_of_run, cpu_of_run = (
            median(values) for values in zip(*found, strict=True)
        )
        print(
            f"{name:10}  first load {time_of_load:6.2f} s, CPU {cpu_of_load:5.2f} s; "
            f"idle run {time_of_run * 1000:5.0f} ms, CPU {cpu_of_run * 1000:4.0f} ms"
        )
    ratios = [p[0] / s[0] for s, p in zip(results["SQLite"], results["PostgreSQL"], strict=True)]
    spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
    print(f"PostgreSQL / SQLite, first load: {median(ratios):.2f} ({spread})")
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opportunities", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    measure(arguments.opportunities, arguments.rounds)
