"""The time for which this library blocks an event loop, once and for each page.

    python tests/benchmarks/event_loop.py [--opportunities 10000] [--rounds 5]

A task beats every millisecond in the loop that a client is opened and used in; what it comes late
is what others would have waited. The emulator runs in a process of its own. Each round is a new
process, because what is imported and read once stays. The machine may be busy, and its other
programs make the beat late too: go by the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

TICK_SECONDS = 0.001
VARIANTS = (
    *("as it is", "with preload()", "with preload() and gc.freeze()"),
    "as it is, but data files are read in the event loop",
)


@asynccontextmanager
async def beating() -> AsyncIterator[list[float]]:
    """Collect how late each beat comes, in milliseconds."""
    late: list[float] = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.perf_counter()
            late.append((now - last - TICK_SECONDS) * 1000)
            last = now

    beats = asyncio.create_task(beat())
    await asyncio.sleep(0.02)
    late.clear()
    try:
        yield late
    finally:
        await asyncio.sleep(2 * TICK_SECONDS)
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


def read_nothing_in_a_thread() -> None:
    """Leave the data files to aiobotocore, which reads them in the event loop."""
    from botocore.loaders import Loader

    def loading(original: Callable[..., object]) -> Callable[..., object]:
        def load(*arguments: object, **options: object) -> object:
            is_in_loop = threading.current_thread() is threading.main_thread()
            return original(*arguments, **options) if is_in_loop else None

        return load

    for name in ("load_data_with_path", "load_service_model"):
        setattr(Loader, name, loading(getattr(Loader, name)))


async def one_round(url: str, variant: str) -> dict[str, float]:
    """Measure a client's opening, its first page, and a listing."""
    from partnercentral_list import ClientConfig, PartnerCentralClient

    config = ClientConfig(sign_requests=False)
    client = PartnerCentralClient("AWS", endpoint_url=url, config=config, rate_limit=None)
    if variant == VARIANTS[3]:
        read_nothing_in_a_thread()
    started = time.perf_counter()
    if "preload" in variant:
        client.preload()
    if variant == VARIANTS[2]:
        gc.freeze()
    preloaded = time.perf_counter()
    async with beating() as opening:
        await client.list_opportunities(max_results=100)
    opened = time.perf_counter()
    async with beating() as listing:
        async for _ in client.iter_opportunities():
            pass
    await client.aclose()
    ordered = sorted(listing)
    return {
        "preload takes": (preloaded - started) * 1000,
        "opening and first page take": (opened - preloaded) * 1000,
        "worst beat while opening": max(opening),
        "listing, median": statistics.median(ordered),
        "listing, 99th percentile": ordered[int(len(ordered) * 0.99)],
        "listing, worst": ordered[-1],
    }


def main() -> None:
    """Run the rounds and print medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--opportunities", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.url:
        print(json.dumps(asyncio.run(one_round(arguments.url, arguments.variant))))
        return
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(arguments.opportunities)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    try:
        for variant in VARIANTS:
            rounds = [_measure(url, variant) for _ in range(arguments.rounds)]
            print(variant)
            for name in rounds[0]:
                values = [each[name] for each in rounds]
                spread = f"{min(values):.1f} to {max(values):.1f}"
                print(f"  {name:30} {statistics.median(values):7.1f} ms  ({spread})")
    finally:
        server.communicate()


SERVER = """
import sys
from partnercentral_list.emulator import PartnerCentralEmulator
with PartnerCentralEmulator(int(sys.argv[1])) as emulator:
    import urllib.request
    body = b'{"Catalog": "AWS", "MaxResults": 1}'
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AWSPartnerCentralSelling.ListOpportunities",
    }
    urllib.request.urlopen(urllib.request.Request(emulator.url, body, headers)).read()
    print(emulator.url, flush=True)
    sys.stdin.read()
"""


def _measure(url: str, variant: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--url", url, "--variant", variant]
    response = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    measured: dict[str, float] = json.loads(response)
    return measured


if __name__ == "__main__":
    main()
