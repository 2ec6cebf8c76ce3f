"""Measure a sync: the first load, a run with nothing to do, and one with 100 changes.

    python tests/benchmarks/sync.py [--opportunities 10000]

The emulator runs in this process, so time and memory are those of both. The rate limiter is off:
against AWS 100 pages take at least 10 seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from partnercentral_list import ClientConfig, PartnerCentralClient
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import OpportunitySync, SQLiteStore


def memory() -> float:
    """Return the peak size of this process, in MB (Linux counts it in kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(size: int) -> None:
    """Run the three and print a line for each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        PartnerCentralEmulator(size) as emulator,
    ):
        config = ClientConfig(sign_requests=False)
        client = PartnerCentralClient(
            "AWS", endpoint_url=emulator.url, config=config, rate_limit=None
        )
        path = Path(folder) / "pipeline.db"
        async with client, SQLiteStore(path) as store:
            # The first request has the emulator generate and sort them.
            await client.list_opportunities(max_results=1)
            before = memory()
            sync = OpportunitySync(client, store, lookback=timedelta(seconds=1))
            for what in ("first load", "idle run", "100 changes"):
                if what == "100 changes":
                    for record in emulator.opportunities[:100]:
                        emulator.update(record["Id"], {"LifeCycle": {"NextSteps": "Call"}})
                started = time.perf_counter()
                report = await sync.run()
                elapsed = time.perf_counter() - started
                rows = report.created + report.updated
                print(
                    f"{what:12} {elapsed:7.3f} s {report.requests:4} requests "
                    f"{rows / elapsed:7.0f} rows/s"
                )
            print(f"memory: {memory() - before:.0f} MB more")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opportunities", type=int, default=10_000)
    asyncio.run(main(parser.parse_args().opportunities))
