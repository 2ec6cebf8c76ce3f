"""CPU time of a listing of typed opportunities against aiobotocore's paginator of untyped dicts.

    python tests/benchmarks/listing_cpu.py [--opportunities 10000] [--rounds 7]

One emulator in a process of its own serves both. Each round runs each side once, in another
process, after a warm-up of one page; what is counted is the CPU time (user and system) of the
listing, without pacing. The machine may be busy: go by the ratio, which is taken round by round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable

CREDENTIALS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI"}


async def ours(url: str) -> int:
    """List typed opportunities."""
    from partnercentral_list import PartnerCentralClient

    async with PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None) as client:
        await client.list_opportunities(max_results=100)
        start_clock()
        return sum([1 async for _ in client.iter_opportunities()])


async def paginator(url: str) -> int:
    """List untyped dicts with aiobotocore's own paginator."""
    from aiobotocore.session import AioSession

    async with AioSession().create_client(
        "partnercentral-selling", region_name="us-east-1", endpoint_url=url, **CREDENTIALS
    ) as client:
        await client.list_opportunities(Catalog="AWS", MaxResults=100)
        start_clock()
        pages = client.get_paginator("list_opportunities").paginate(
            Catalog="AWS", PaginationConfig={"PageSize": 100}
        )
        return sum([len(page["OpportunitySummaries"]) async for page in pages])


SIDES: dict[str, Callable[[str], Awaitable[int]]] = {"ours": ours, "paginator": paginator}
started = 0.0


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def start_clock() -> None:
    """Leave imports, opening and the warm-up out of the count."""
    global started  # noqa: PLW0603 # one measurement a process
    started = cpu()


def measure(side: str, url: str, expected: int) -> float:
    """Run one side in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
    environment |= {name.upper(): value for name, value in CREDENTIALS.items()}
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, "--url", url],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    assert result["count"] == expected, result
    return float(result["cpu"])


def compare(opportunities: int, rounds: int) -> None:
    """Print both sides' CPU time and their ratio."""
    emulator = subprocess.Popen(
        [
            *(sys.executable, "-u", "-m", "partnercentral_list.emulator"),
            *("--port", "0", "--opportunities", str(opportunities)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert emulator.stdout is not None
        url = next(word for line in emulator.stdout for word in line.split() if "http://" in word)
        measure("ours", url, opportunities)
        pairs = [
            tuple(measure(side, url, opportunities) for side in ("ours", "paginator"))
            for _ in range(rounds)
        ]
    finally:
        emulator.terminate()
        emulator.communicate()
    for index, side in enumerate(("ours", "paginator")):
        times = [pair[index] for pair in pairs]
        print(
            f"{side:<10} {statistics.median(times):.3f} s CPU ({min(times):.3f}..{max(times):.3f})"
        )
    ratios = [ours / theirs for ours, theirs in pairs]
    print(f"ratio      {statistics.median(ratios):.3f} ({min(ratios):.3f}..{max(ratios):.3f})")


def main() -> None:
    """Compare, or run one side."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--opportunities", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side is None:
        compare(options.opportunities, options.rounds)
        return
    count = asyncio.run(SIDES[options.side](options.url))  # type: ignore[arg-type]
    print(json.dumps({"count": count, "cpu": cpu() - started}))


if __name__ == "__main__":
    main()
