"""Where the time of a page goes, by the library whose code runs, under Python's own profiler."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Iterator
from contextlib import contextmanager

#: The first that a function's place contains is whose time it is.
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
        for place, numbers in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
            name = " ".join(map(str, place))
            part = next((PARTS[key] for key in PARTS if key in name), OTHERS)
            into[part] = into.get(part, 0.0) + numbers[2]
