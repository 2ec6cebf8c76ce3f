"""One workload, such as a listing with one library; prints what it cost as JSON.

python -m tests.benchmarks.workloads WORKLOAD URL [--cold] [--work SECONDS] [--prefetch N]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI"}
SERVICE, REGION = "partnercentral-selling", "us-east-1"


class Clock:
    """CPU, time and memory used since `start`, which leaves imports and a first page out."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.first: float | None = None
        self.first_cpu: float | None = None
        self.parts: dict[str, float] = {}
        self.arrivals: list[float] = []
        self.start()

    def start(self) -> None:
        """Start counting."""
        self.wall, self.cpu, self.memory = time.perf_counter(), _cpu(), peak_memory()

    def record(self) -> None:
        """Record when the first opportunity came, as seconds since the process was started."""
        if self.first is None:
            self.first = time.time() - self.options.started
            self.first_cpu = _cpu()

    def arrived(self) -> None:
        """Record when an opportunity came, as seconds since the beginning."""
        self.arrivals.append(round(time.perf_counter() - self.wall, 3))

    def result(self, count: int) -> dict[str, Any]:
        """Return what was used."""
        return {
            "count": count,
            "cpu": _cpu() - self.cpu,
            "wall": time.perf_counter() - self.wall,
            "peak": peak_memory(),
            "grown": peak_memory() - self.memory,
            "first": self.first,
            "first_cpu": self.first_cpu,
            "parts": self.parts,
            "arrivals": self.arrivals,
        }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_memory() -> float:
    """Return the peak in MB; on Linux ru_maxrss may still be that of the parent process."""
    status = Path("/proc/self/status").read_text("ascii")
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak) / 1024


async def ours(url: str, clock: Clock) -> int:
    """List typed, validated opportunities with this library."""
    from partnercentral_list import ClientConfig, PartnerCentralClient

    count, work = 0, clock.options.work
    config = _short_user_agent() if clock.options.variant == "user-agent" else ClientConfig()
    client = PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None, config=config)
    if clock.options.preload:
        client.preload()
        clock.options.started = time.time()
    async with client:
        if not clock.options.cold:
            await client.list_opportunities(max_results=100)
            if clock.options.variant == "frozen":
                gc.collect()
                gc.freeze()
            if clock.options.variant == "collector-off":
                gc.disable()
            clock.start()
        async for _ in client.iter_opportunities(prefetch=clock.options.prefetch):
            clock.record()
            count += 1
            if work and count % 100 == 0:
                await asyncio.sleep(work)
    return count


def _short_user_agent() -> Any:
    from aiobotocore.config import AioConfig

    from partnercentral_list import ClientConfig

    return ClientConfig(aio_config=AioConfig(user_agent="benchmark/1.0"))


async def profile(url: str, clock: Clock) -> int:
    """List with this library, under the profiler."""
    from partnercentral_list import PartnerCentralClient
    from tests.benchmarks.page_profile import profiled

    async with PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None) as client:
        await client.list_opportunities(max_results=100)
        with profiled(clock.parts):
            return sum([1 async for _ in client.iter_opportunities(prefetch=0)])


async def objects(url: str, clock: Clock) -> int:
    """Count what the garbage collector sees of a page of 100."""
    from partnercentral_list import PartnerCentralClient

    async with PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None) as client:
        kept = [await client.list_opportunities(max_results=100)]
        gc.collect()
        before = Counter(map(_kind, gc.get_objects()))
        kept.append(await client.list_opportunities(max_results=100))
        gc.collect()
        made = Counter(map(_kind, gc.get_objects())) - before
        clock.parts |= {"all of them": made.total(), **dict(made.most_common(4))}
        return len(kept)


def _kind(thing: object) -> str:
    from pydantic import BaseModel

    return "models" if isinstance(thing, BaseModel) else f"`{type(thing).__name__}`"


async def aiobotocore(url: str, clock: Clock) -> int:
    """List untyped dicts with aiobotocore's paginator."""
    return await _aiobotocore(url, clock, lambda page: page["OpportunitySummaries"])


async def pydantic(url: str, clock: Clock) -> int:
    """List with aiobotocore's paginator, each page validated by this library's models."""
    from partnercentral_list import ListOpportunitiesResponse

    return await _aiobotocore(
        url,
        clock,
        lambda page: ListOpportunitiesResponse.model_validate(page).opportunity_summaries,
    )


async def _aiobotocore(url: str, clock: Clock, read: Callable[[Any], Any]) -> int:
    from aiobotocore.session import AioSession

    count = 0
    made = AioSession().create_client(SERVICE, region_name=REGION, endpoint_url=url, **KEYS)
    async with made as client:
        if not clock.options.cold:
            page = await client.list_opportunities(Catalog="AWS", MaxResults=100)
            page.pop("ResponseMetadata")
            read(page)
            clock.start()
        pages = client.get_paginator("list_opportunities").paginate(
            Catalog="AWS", PaginationConfig={"PageSize": 100}
        )
        async for page in pages:
            page.pop("ResponseMetadata")
            for _ in read(page):
                clock.record()
                count += 1
    return count


async def boto3(url: str, clock: Clock) -> int:
    """List untyped dicts with boto3's paginator, which is not async."""
    import boto3

    count = 0
    client = boto3.client(SERVICE, region_name=REGION, endpoint_url=url, **KEYS)
    if not clock.options.cold:
        client.list_opportunities(Catalog="AWS", MaxResults=100)
        clock.start()
    for page in client.get_paginator("list_opportunities").paginate(
        Catalog="AWS", PaginationConfig={"PageSize": 100}
    ):
        for _ in page["OpportunitySummaries"]:
            clock.record()
            count += 1
    client.close()
    return count


async def capo(url: str, clock: Clock) -> int:
    """List TypedDicts, not validated, with capo-partnercentral-selling."""
    from capo_partnercentral_selling import AsyncPartnerCentralSellingClient

    count = 0
    # Its keys come from the environment.
    async with AsyncPartnerCentralSellingClient(endpoint=url, region=REGION) as client:
        if not clock.options.cold:
            await client.list_opportunities("AWS", max_results=100)
            clock.start()
        async for _ in client.iter_list_opportunities("AWS", max_results=100):
            clock.record()
            count += 1
    return count


async def floor(url: str, clock: Clock) -> int:
    """List with bare aiohttp and `model_validate_json`: no signatures, retries or rate limit."""
    import aiohttp

    from partnercentral_list import ListOpportunitiesResponse

    count = 0
    async with aiohttp.ClientSession() as session:
        if not clock.options.cold:
            ListOpportunitiesResponse.model_validate_json(await _bare_page(session, url, None))
            clock.start()
        token: str | None = None
        while True:
            page = ListOpportunitiesResponse.model_validate_json(
                await _bare_page(session, url, token), by_alias=True, by_name=False
            )
            for _ in page.opportunity_summaries:
                clock.record()
                count += 1
            token = page.next_token
            if token is None:
                return count


async def _bare_page(session: Any, url: str, token: str | None) -> bytes:
    request: dict[str, Any] = {"Catalog": "AWS", "MaxResults": 100}
    if token is not None:
        request["NextToken"] = token
    headers = {
        "X-Amz-Target": "AWSPartnerCentralSelling.ListOpportunities",
        "Content-Type": "application/x-amz-json-1.0",
    }
    async with session.post(url, data=json.dumps(request), headers=headers) as response:
        body: bytes = await response.read()
        return body


async def scan(url: str, clock: Clock) -> int:
    """Scan with this library, with its default rate limit."""
    return await _rate_limited(url, clock, is_scan=True)


async def sequential(url: str, clock: Clock) -> int:
    """List page after page with this library, with its default rate limit."""
    return await _rate_limited(url, clock, is_scan=False)


async def _rate_limited(url: str, clock: Clock, *, is_scan: bool) -> int:
    from partnercentral_list import PartnerCentralClient

    async with PartnerCentralClient("AWS", endpoint_url=url) as client:
        clock.start()
        listing = client.scan_opportunities() if is_scan else client.iter_opportunities(prefetch=0)
        async for _ in listing:
            clock.arrived()
    return len(clock.arrivals)


WORKLOADS: dict[str, Callable[[str, Clock], Coroutine[Any, Any, int]]] = {
    workload.__name__: workload
    for workload in (
        *(ours, profile, objects, aiobotocore, pydantic, boto3, capo, floor),
        *(scan, sequential),
    )
}


def main() -> None:
    """Run one workload."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("url")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--preload", action="store_true")
    parser.add_argument("--variant", choices=["collector-off", "frozen", "user-agent"])
    parser.add_argument("--started", type=float, default=0.0)
    parser.add_argument("--work", type=float, default=0.0)
    parser.add_argument("--prefetch", type=int, default=1)
    options = parser.parse_args()
    clock = Clock(options)
    count = asyncio.run(WORKLOADS[options.workload](options.url, clock))
    print(json.dumps(clock.result(count)))


if __name__ == "__main__":
    main()
