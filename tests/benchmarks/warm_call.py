"""A warm call of an AWS Lambda function: its time beside boto3's, which needs no event loop.

    python -m tests.benchmarks.warm_call [--calls 200] [--rounds 7]

What a module makes at its top is made before, and the first calls are not counted. Each round is a
new process for each way, the ways in turn; a process counts by the median of its calls, and a ratio
is between two processes of one round. The server is a process of its own.

- "page": one page of 100 opportunities over TLS, from a server that costs next to nothing.
- "idle": a sync with nothing to do, which a schedule mostly runs: the lease, a request for what
  changed, the watermark. Beside it boto3 and sqlite3 do the least that keeps a watermark.

A call returns what Lambda can serialize, as a handler has to. It also keeps asyncio from formatting
a page: with the handler of SIGINT that `asyncio.Runner.run` sets, the signal module formats the
task, and so its result, twice a call, which takes 6 ms for a page of 100.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.event_loop import SERVER
from tests.benchmarks.measuring import Rounds, pages, program, shown, table
from tests.benchmarks.starting import trusted
from tests.benchmarks.workloads import REGION, SERVICE

if TYPE_CHECKING:
    # Imported where it is used, so that boto3's process has none of it.
    from partnercentral_list import PartnerCentralClient

Call = Callable[[], object]
Way = Callable[[str], AbstractContextManager[Call]]

PROGRAM = """
import json
from tests.benchmarks.warm_call import WAYS, measure
print(json.dumps(measure(WAYS[{work!r}][{way!r}], {url!r}, {calls})))
"""
BOTO3 = "boto3"
FIRST_CALLS = 20


def boto3_client(url: str) -> Any:
    """Return boto3's client."""
    import boto3

    return boto3.client(SERVICE, region_name=REGION, endpoint_url=url)


@contextmanager
def boto3_page(url: str) -> Iterator[Call]:
    """List one page with boto3."""
    client = boto3_client(url)
    yield lambda: len(
        client.list_opportunities(Catalog="AWS", MaxResults=100)["OpportunitySummaries"]
    )
    client.close()


async def list_page(client: PartnerCentralClient) -> int:
    """List one page and return its length."""
    return len((await client.list_opportunities(max_results=100)).opportunity_summaries)


@contextmanager
def runner_page(url: str) -> Iterator[Call]:
    """List one page in an event loop that stays."""
    from partnercentral_list import PartnerCentralClient

    client = PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None)
    with asyncio.Runner() as runner:
        yield lambda: runner.run(list_page(client))
        runner.run(client.aclose())


@contextmanager
def loops_page(url: str) -> Iterator[Call]:
    """List one page in an event loop of each call."""
    from partnercentral_list import PartnerCentralClient

    client = PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None)
    yield lambda: asyncio.run(list_page(client))


@contextmanager
def boto3_idle(url: str) -> Iterator[Call]:
    """Request what changed since the watermark with boto3, and store the watermark."""
    client = boto3_client(url)
    sort = {"SortBy": "LastModifiedDate", "SortOrder": "ASCENDING"}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder) / "watermark.db")) as database,
    ):
        # As durable as the library's store.
        database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE watermark (value TEXT)")
        newest = client.list_opportunities(
            Catalog="AWS", MaxResults=1, Sort={**sort, "SortOrder": "DESCENDING"}
        )["OpportunitySummaries"][0]["LastModifiedDate"]
        with database:
            database.execute("INSERT INTO watermark VALUES (?)", (newest.isoformat(),))

        def call() -> None:
            (watermark,) = database.execute("SELECT value FROM watermark").fetchone()
            page = client.list_opportunities(
                Catalog="AWS",
                MaxResults=100,
                LastModifiedDate={"AfterLastModifiedDate": watermark},
                Sort=sort,
            )
            last = page["OpportunitySummaries"][-1]["LastModifiedDate"]
            with database:
                database.execute("UPDATE watermark SET value = ?", (last.isoformat(),))

        yield call
    client.close()


@contextmanager
def runner_idle(url: str) -> Iterator[Call]:
    """Sync a file that is current, in an event loop that stays."""
    from partnercentral_list import PartnerCentralClient
    from partnercentral_list.sync import OpportunitySync, SQLiteStore

    client = PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        store = SQLiteStore(Path(folder) / "pipeline.db")
        sync = OpportunitySync(client, store)

        async def run() -> str:
            return str(await sync.run())

        yield lambda: runner.run(run())
        runner.run(store.aclose())
        runner.run(client.aclose())


WAYS: dict[str, dict[str, Way]] = {
    "page": {BOTO3: boto3_page, "one loop": runner_page, "a loop for each call": loops_page},
    "idle": {BOTO3: boto3_idle, "one loop": runner_idle},
}


def measure(way: Way, url: str, calls: int) -> dict[str, float]:
    """Return the median time of a call and the mean of its CPU time, in milliseconds."""
    took: list[float] = []
    with way(url) as call:
        for _ in range(FIRST_CALLS):
            call()
        cpu = time.process_time()
        for _ in range(calls):
            begun = time.perf_counter()
            call()
            took.append(time.perf_counter() - begun)
        spent = time.process_time() - cpu
    return {"ms": statistics.median(took) * 1000, "ms CPU": spent * 1000 / calls}


def compare(work: str, url: str, calls: int, rounds: int, **settings: str) -> None:
    """Measure the ways in turn and print a table."""
    measured = Rounds()
    for _ in range(rounds):
        for way in WAYS[work]:
            text = PROGRAM.format(work=work, way=way, url=url, calls=calls)
            measured.add(way, program(text, **settings))
    rows = [
        [
            way,
            *(f"{measured.median(way, what):.1f}" for what in ("ms", "ms CPU")),
            *(shown(measured.ratios(way, BOTO3, what)) for what in ("ms", "ms CPU")),
        ]
        for way in WAYS[work]
    ]
    head = [work, "ms", "ms CPU", "ms ÷ boto3", "CPU ÷ boto3"]
    print(table(head, rows), end="\n\n", flush=True)


@contextmanager
def emulator() -> Iterator[str]:
    """Serve 250 opportunities from a process of its own; yields its URL."""
    command = [sys.executable, "-c", SERVER, "250"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.communicate()


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with trusted() as bundle, pages(200, tls=True) as url:
        compare("page", url, options.calls, options.rounds, AWS_CA_BUNDLE=bundle)
    with emulator() as url:
        compare("idle", url, options.calls, options.rounds)


if __name__ == "__main__":
    main()
