"""Cold start: the cost of imports, and the time from a process's start to its first record."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.measuring import (
    NAMES,
    Report,
    Result,
    Rounds,
    compare,
    pages,
    program,
    run,
    shown,
    table,
)
from tests.benchmarks.server import CERTIFICATE

LIBRARIES = ("ours", "boto3", "aiobotocore", "capo")
IMPORTS = {
    "ours": "from partnercentral_list import PartnerCentralClient, OpportunitySummary, Stage",
    "boto3": "import boto3",
    "aiobotocore": "import aiobotocore.session",
    "capo": "from capo_partnercentral_selling import AsyncPartnerCentralSellingClient",
    "a model": "import pydantic; pydantic.create_model('Model', name=str)",
    "certificates": "import ssl; ssl.create_default_context()",
}

TIMED = """
import json, time
begun = time.process_time()
{}
print(json.dumps({{"cpu": time.process_time() - begun}}))
"""

#: Prints the CPU seconds of each stage, with public names only.
STAGES = f"""
import json, time
reached = [("the interpreter", time.process_time())]
def record(stage):
    reached.append((stage, time.process_time()))
{IMPORTS["ours"]}
record("the import, with pydantic")
client = PartnerCentralClient("AWS", endpoint_url=URL, rate_limit=None)
record("a client is made")
import aiobotocore.config, aiobotocore.session
record("aiobotocore is imported, with botocore and aiohttp")
client.preload()
record("botocore's data files are read")
import asyncio
async def main():
    async with client:
        async for _ in client.iter_opportunities():
            return record("asyncio, opening, certificates, the first page")
asyncio.run(main())
parts = {{stage: now - before for (_, before), (stage, now) in zip(reached, reached[1:])}}
print(json.dumps({{reached[0][0]: reached[0][1], **parts}}))
"""


def cold(report: Report) -> None:
    """Imports, and from the start of a process to the first record, without TLS and with it."""
    imports = _imports(report)
    with pages(200) as url:
        plain = compare(url, LIBRARIES, report.rounds(11), 200, "--cold")
        _variants(report, url)
        _stages(report, [program(f"URL = {url!r}\n{STAGES}") for _ in range(report.rounds(9))])
    with trusted() as bundle, pages(200, tls=True) as url:
        trusting = {"AWS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}
        encrypted = compare(url, LIBRARIES, report.rounds(11), 200, "--cold", **trusting)
    rows: list[list[str]] = []
    for library in LIBRARIES:
        took = [
            f"{kind.median(library, what) * 1000:.0f}"
            for kind in (plain, encrypted)
            for what in ("first", "first_cpu")
        ]
        ratios = [
            shown(kind.ratios(library, "boto3", "first")) if library != "boto3" else ""
            for kind in (plain, encrypted)
        ]
        rows.append([NAMES[library], *took[:2], ratios[0], *took[2:], ratios[1]])
    head = ["to the first record", "ms", "ms CPU", "÷ boto3", "TLS: ms", "ms CPU", "÷ boto3"]
    report.parts["cold"] = table(head, rows)
    ratios = imports.ratios("ours", "boto3", "cpu")
    report.reach("that import ÷ `import boto3`", ratios, "1.0", "0.6")
    ratios = plain.ratios("ours", "boto3", "first")
    report.reach("process start to first record ÷ boto3", ratios, "1.9", "1.3")
    what = "the same over TLS, without which AWS serves nothing"
    report.reach(what, encrypted.ratios("ours", "boto3", "first"), "1.9", "1.3")


def _imports(report: Report) -> Rounds:
    measured = Rounds()
    for _ in range(report.rounds(11)):
        for name, text in IMPORTS.items():
            measured.add(name, program(TIMED.format(text)))
    rows = [
        [
            f"`{IMPORTS[name]}`",
            f"{measured.median(name, 'cpu') * 1000:.0f}",
            shown(measured.ratios(name, "boto3", "cpu")),
        ]
        for name in IMPORTS
    ]
    report.parts["imports"] = table(["", "ms CPU", "÷ `import boto3`"], rows)
    return measured


def _variants(report: Report, url: str) -> None:
    measured = Rounds()
    for _ in range(report.rounds(7)):
        measured.add("as it is", run("ours", url, "--cold"))
        without = run("ours", url, "--cold", PYDANTIC_DISABLE_PLUGINS="__all__")
        measured.add("with `PYDANTIC_DISABLE_PLUGINS=__all__`", without)
        preloaded = run("ours", url, "--cold", "--preload")
        measured.add("counted from the end of `preload()`", preloaded)
    rows = [
        [
            name,
            f"{measured.median(name, 'first') * 1000:.0f}",
            shown(measured.ratios(name, "as it is", "first")),
        ]
        for name in measured.results
    ]
    report.parts["cold-variants"] = table(["to the first record", "ms", "÷ as it is"], rows)


def _stages(report: Report, stages: list[Result]) -> None:
    medians = {
        stage: statistics.median(result[stage] for result in stages) * 1000 for stage in stages[0]
    }
    rows = [[stage, f"{spent:.0f}"] for stage, spent in medians.items()]
    report.parts["stages"] = table(["", "ms CPU"], rows)
    report.plots["stages"] = medians


@contextmanager
def trusted() -> Iterator[str]:
    """Write a bundle with the server's certificate beside botocore's; its path."""
    # As many certificates as botocore brings, and the server's: reading them is part of a start.
    import botocore

    known = Path(botocore.__file__).parent / "cacert.pem"
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.pem"
        bundle.write_text(f"{known.read_text('utf-8')}\n{CERTIFICATE.read_text('utf-8')}", "utf-8")
        yield str(bundle)
