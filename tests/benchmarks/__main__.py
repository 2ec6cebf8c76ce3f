"""All measurements, beside every peer in the same run; writes docs/performance.md and its plots.

    python -m nox -s benchmarks                 # a quarter of an hour
    python -m nox -s benchmarks -- --only scan  # one of its tables
    python -m nox -s benchmarks -- --quick      # one round of each, writes nothing

Every measurement is a process of its own; rounds are interleaved, so that what else the machine
does meets all. What counts are the ratios within a round.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from importlib.metadata import version

from tests.benchmarks import listing, plots, scanning, starting
from tests.benchmarks.measuring import ROOT, Report

DOCUMENT = ROOT / "docs" / "performance.md"
MEASURED_WITH = ("aiobotocore", "boto3", "capo-partnercentral-selling", "aiohttp", "pydantic")
MEASURES = {
    measure.__name__: measure
    for measure in (
        *(listing.cpu, listing.memory, starting.cold, scanning.scan),
        *(listing.profile, listing.latency, listing.prefetch),
    )
}


def versions() -> str:
    """Return the versions and the machine that were measured."""
    with_them = ", ".join(f"{name} {version(name)}" for name in MEASURED_WITH)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()}, {os.cpu_count()} processors; {with_them}."


def main() -> None:
    """Measure, and write unless `--quick` is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=MEASURES)
    options = parser.parse_args()
    report = Report(quick=options.quick)
    report.parts["versions"] = versions()
    begun = time.monotonic()
    for name in options.only or MEASURES:
        known = set(report.parts)
        MEASURES[name](report)
        for part in [part for part in report.parts if part not in known]:
            print(report.parts[part], end="\n\n")
        print(f"({time.monotonic() - begun:.0f} s)\n", flush=True)
    if options.quick:
        return
    report.parts["targets"] = report.reached(DOCUMENT)
    report.write(DOCUMENT)
    plots.draw(report.plots, ROOT / "docs")


if __name__ == "__main__":
    main()
