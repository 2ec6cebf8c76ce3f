"""The effect of what this library changes in a process: collector, data files, imports.

    python -m tests.benchmarks.process [--rounds 15]

Each variant leaves one of them out. Every measurement is a process of its own; the variants of a
round run one after the other, so that what else the machine does meets all. What counts is the
ratio to the library as it is, within a round.
"""

from __future__ import annotations

import argparse

from tests.benchmarks.measuring import Rounds, pages, program, shown, table

PRELUDE = """
import contextlib, gc, json, resource, time
started = time.perf_counter()

def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

def nothing(*arguments):
    pass

def pausing(pauses, settles):
    if not pauses:
        gc.disable = nothing
    if not settles:
        gc.freeze = gc.unfreeze = nothing

def reading_nothing_ahead():
    # What the library reads before it opens a client, it reads in a thread.
    import threading
    from botocore.loaders import Loader

    for name in ("load_data_with_path", "load_service_model"):
        def load(loader, *what, original=getattr(Loader, name), **more):
            is_ahead = threading.current_thread() is not threading.main_thread()
            return None if is_ahead else original(loader, *what, **more)

        setattr(Loader, name, load)
"""

COLD = """
import asyncio
from partnercentral_list import PartnerCentralClient

async def main():
    async with PartnerCentralClient("AWS", endpoint_url={url!r}, rate_limit=None) as client:
        async for _ in client.iter_opportunities():
            return

asyncio.run(main())
print(json.dumps({{"ms": (time.perf_counter() - started) * 1000, "ms CPU": cpu() * 1000}}))
"""

LISTING = """
import asyncio
from partnercentral_list import PartnerCentralClient

async def main():
    async with PartnerCentralClient("AWS", endpoint_url={url!r}, rate_limit=None) as client:
        await client.list_opportunities()
        begun = cpu()
        async for _ in client.iter_opportunities():
            pass
        return (cpu() - begun) * 1000

print(json.dumps({{"ms CPU": asyncio.run(main())}}))
"""

IMPORT = """
from partnercentral_list import PartnerCentralClient, OpportunitySummary, Stage
print(json.dumps({"ms CPU": cpu() * 1000}))
"""

#: What an event loop would wait for when Python next collects the young objects.
YOUNG = """
from partnercentral_list import PartnerCentralClient
PartnerCentralClient("AWS").preload()
begun = time.perf_counter()
gc.collect(1)
print(json.dumps({"ms": (time.perf_counter() - begun) * 1000}))
"""

AS_IT_IS = "as it is"
COLD_VARIANTS = {
    AS_IT_IS: "",
    "the collector runs during imports": "pausing(pauses=False, settles=False)",
    "it is paused, and what was imported stays young": "pausing(pauses=True, settles=False)",
    "nothing is read before the client opens": "reading_nothing_ahead()",
}
YOUNG_VARIANTS = {
    AS_IT_IS: "",
    "what was imported stays young": "pausing(pauses=True, settles=False)",
}
LISTING_VARIANTS = {
    AS_IT_IS: "",
    "the collector runs while a page is parsed": "pausing(pauses=False, settles=True)",
}
IMPORT_VARIANTS = {
    AS_IT_IS: "",
    "asyncio and tenacity are imported too": "import asyncio, tenacity",
    "aiobotocore is imported too": "import aiobotocore.session",
}


def measure(title: str, rounds: int, variants: dict[str, str], text: str) -> None:
    """Measure the variants in turn, and print a table."""
    measured = Rounds()
    for _ in range(rounds):
        for name, change in variants.items():
            measured.add(name, program(f"{PRELUDE}{change}{text}"))
    what = list(measured.results[AS_IT_IS][0])
    rows = [
        [
            name,
            *(f"{measured.median(name, each):.1f}" for each in what),
            shown(measured.ratios(name, AS_IT_IS, what[-1])),
        ]
        for name in variants
    ]
    print(table([title, *what, "÷ as it is"], rows), end="\n\n")


def main() -> None:
    """Measure all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    measure("import of the client and models", rounds, IMPORT_VARIANTS, IMPORT)
    measure("a collection after preload()", rounds, YOUNG_VARIANTS, YOUNG)
    with pages(10_000) as url:
        measure("to the first record", rounds, COLD_VARIANTS, COLD.format(url=url))
        measure("10,000 records", rounds, LISTING_VARIANTS, LISTING.format(url=url))


if __name__ == "__main__":
    main()
