"""The cost of each further open client of a process: milliseconds, and memory.

    python -m tests.benchmarks.open_clients [--clients 50] [--rounds 5]

Clients share an aiobotocore session, as those of many partners do; each has its own credentials,
fetches one page over TLS, and stays open. Each round is a new process, the variants in turn:

- "connected": every client keeps its connection, as it does for 12 seconds after a page;
- "idle": each connection closes before the next client opens, as an unused one does after that time
  (shortened here);
- "apart": connected, and no two share a TLS context, since each has a CA bundle of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import time
from typing import Any

from tests.benchmarks.measuring import pages, program
from tests.benchmarks.starting import trusted

VARIANTS = ("connected", "idle", "apart")
KEEPALIVE_SECONDS = 0.01

PROGRAM = """
import asyncio, json
from tests.benchmarks.open_clients import measure
print(json.dumps(asyncio.run(measure({url!r}, {clients}, {variant!r}))))
"""


def memory() -> float:
    """Return the megabytes of this process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure(url: str, clients: int, variant: str) -> dict[str, float]:
    """Open clients one after the other, and say what each but the first took."""
    from aiobotocore.config import AioConfig
    from aiobotocore.session import AioSession

    from partnercentral_list import ClientConfig, Credentials, PartnerCentralClient

    bundle = os.environ["AWS_CA_BUNDLE"]
    session = AioSession()
    keepalive: Any = {"keepalive_timeout": KEEPALIVE_SECONDS} if variant == "idle" else {}
    aio_config = AioConfig(connector_args=keepalive) if keepalive else None

    async def credentials() -> Credentials:
        return Credentials("AKIDEXAMPLE", "secret")

    def client(number: int) -> PartnerCentralClient:
        own = bundle
        if variant == "apart":
            own = f"{bundle}.{number}"
            shutil.copy(bundle, own)
        return PartnerCentralClient(
            "AWS",
            endpoint_url=url,
            session=session,
            credentials=credentials,
            config=ClientConfig(verify=own, aio_config=aio_config),
            rate_limit=None,
        )

    took = spent = 0.0

    async def open_one(client: PartnerCentralClient) -> None:
        nonlocal took, spent
        begun, cpu = time.perf_counter(), time.process_time()
        await client.__aenter__()
        await client.list_opportunities(max_results=100)
        took, spent = took + time.perf_counter() - begun, spent + time.process_time() - cpu
        if variant == "idle":
            await asyncio.sleep(KEEPALIVE_SECONDS * 5)

    opened = [client(number) for number in range(clients + 3)]
    for first in opened[:3]:
        await open_one(first)
    before, took, spent = memory(), 0.0, 0.0
    for another in opened[3:]:
        await open_one(another)
    grown = memory() - before
    for each in opened:
        await each.aclose()
    return {
        "ms": took * 1000 / clients,
        "ms CPU": spent * 1000 / clients,
        "MB": grown / clients,
    }


def main() -> None:
    """Run the rounds and print medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    measured: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
    with trusted() as bundle, pages(200, tls=True) as url:
        for _ in range(options.rounds):
            for variant in VARIANTS:
                text = PROGRAM.format(url=url, clients=options.clients, variant=variant)
                measured[variant].append(program(text, AWS_CA_BUNDLE=bundle))
    for variant, rounds in measured.items():
        print(variant)
        for name in rounds[0]:
            values = [each[name] for each in rounds]
            spread = f"{min(values):.2f} to {max(values):.2f}"
            print(f"  {name:8} {statistics.median(values):7.2f}  ({spread})")


if __name__ == "__main__":
    main()
