"""The time of a page by part, and the number of our functions that it passes through.

``python -m tests.benchmarks.page_profile`` lists the functions.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import partnercentral_list
from partnercentral_list import ClientConfig, PageReceived, PartnerCentralClient
from partnercentral_list.emulator import PartnerCentralEmulator

PACKAGE = Path(partnercentral_list.__file__).parent
EMULATOR = PACKAGE / "emulator"

#: A function's time belongs to the first part whose key its file name contains.
PARTS = {
    "SchemaValidator": "pydantic: the page becomes typed records",
    "contextlib.py": "the garbage collector, which looks at the page's objects",
    "useragent": "botocore: the user agent, made anew for each request",
    "auth": "botocore: signing",
    "signers": "botocore: signing",
    "hmac": "botocore: signing",
    "hashlib": "botocore: signing",
    "botocore": "botocore and aiobotocore: request, endpoint, events, retries",
    "email": "botocore and aiobotocore: request, endpoint, events, retries",
    "partnercentral_list": "this library",
    "tenacity": "this library",
    "aiohttp": "aiohttp and asyncio: the way there and back",
    "asyncio": "aiohttp and asyncio: the way there and back",
    "socket": "aiohttp and asyncio: the way there and back",
    "select": "aiohttp and asyncio: the way there and back",
}
OTHERS = "everything else"


@contextmanager
def profiled(into: dict[str, float]) -> Iterator[None]:
    """Profile the block; its seconds by part go into the dictionary."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        for place, numbers in pstats.Stats(profile).stats.items():
            name = " ".join(map(str, place))
            part = next((PARTS[key] for key in PARTS if key in name), OTHERS)
            into[part] = into.get(part, 0.0) + numbers[2]


@dataclass(frozen=True)
class PageCalls:
    """The functions of this package that run for one page of a listing."""

    calls: Mapping[tuple[str, str], int]
    """How often each function runs, by file and name; those inside another count as its own."""

    @property
    def functions(self) -> int:
        return len(self.calls)

    @property
    def files(self) -> int:
        return len({file for file, _ in self.calls})


def page_calls() -> PageCalls:
    """Count the functions that one page of 50 opportunities passes through, prefetch included."""
    calls: Counter[tuple[str, str]] = Counter()

    def record_call(frame: FrameType, event: str, _: object) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and PACKAGE in file.parents and EMULATOR not in file.parents:
            name = frame.f_code.co_qualname.partition(".<locals>.<")[0]
            calls[file.relative_to(PACKAGE).as_posix(), name] += 1

    async def count(url: str) -> None:
        unsigned = ClientConfig(sign_requests=False)
        received: asyncio.Queue[object] = asyncio.Queue()

        def on_event(event: object) -> None:
            if isinstance(event, PageReceived):
                received.put_nowait(event)

        async with (
            PartnerCentralClient("AWS", endpoint_url=url, config=unsigned, on_event=on_event) as it,
            aclosing(aiter(it.iter_opportunities(page_size=50))) as opportunities,
        ):
            for _ in range(50):
                await anext(opportunities)
            # Two pages have come: the first, and the one behind it. What follows is the third.
            await received.get()
            await received.get()
            sys.setprofile(record_call)
            try:
                for _ in range(50):
                    await anext(opportunities)
                await received.get()
            finally:
                sys.setprofile(None)

    with PartnerCentralEmulator(opportunities=200) as emulator:
        asyncio.run(count(emulator.url))
    return PageCalls(calls)


if __name__ == "__main__":
    measured = page_calls()
    for (file, name), times in sorted(measured.calls.items()):
        print(f"{times:4} {file:32} {name}")
    print(f"{measured.functions} functions in {measured.files} files")
