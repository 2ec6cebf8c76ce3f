"""A scan and a sequential listing, at 300 ms a page and 10 requests in any second, in real time."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.benchmarks.measuring import Report, Result, run, table

KINDS = {
    "sequential": "sequential: one page after the other",
    "scan": "scan",
    "seven": "scan, half of the records on seven instants",
}


def scan(report: Report) -> None:
    """Measure both on one pipeline, and a scan of one that is hard to divide."""
    size = 2_000 if report.quick else 10_000
    measured: dict[str, list[Result]] = {kind: [] for kind in KINDS}
    for _ in range(report.rounds(3)):
        for kind in KINDS:
            with _pipeline(size, on_seven_instants=kind == "seven") as emulator:
                workload = "sequential" if kind == "sequential" else "scan"
                measured[kind].append(_measure(emulator, workload, size))
    rows = [
        [
            name,
            *(
                f"{statistics.median(result[key] for result in measured[kind]):.{digits}f}"
                for key, digits in (("wall", 1), ("requests", 0), ("throttled", 0))
            ),
        ]
        for kind, name in KINDS.items()
    ]
    report.parts["scan"] = table(["", "wall, s", "requests", "throttled"], rows)
    report.plots["scan"] = {name: measured[kind][0]["arrivals"] for kind, name in KINDS.items()}
    _targets(report, size, measured)


def _measure(emulator: PartnerCentralEmulator, workload: str, size: int) -> Result:
    result = run(workload, emulator.url)
    assert result["count"] == size, result
    throttled = [
        request for request in emulator.requests if request.error_code == "ThrottlingException"
    ]
    return result | {"requests": len(emulator.requests), "throttled": len(throttled)}


def _targets(report: Report, size: int, measured: dict[str, list[Result]]) -> None:
    def ratios(kind: str, to: str) -> list[float]:
        pairs = zip(measured[kind], measured[to], strict=True)
        return [one["wall"] / other["wall"] for one, other in pairs]

    what = "scan of 10,000 at 300 ms a page ÷ sequential"
    report.reach(what, ratios("scan", "sequential"), "0.45", "0.36")
    requests = [result["requests"] / (size / 100) for result in measured["scan"]]
    report.reach("its requests ÷ ceil(records / 100)", requests, "1.25", "1.10")
    share = [
        100 * result["throttled"] / result["requests"]
        for result in measured["scan"] + measured["seven"]
    ]
    report.reach("its throttled requests, %", share, "2", "0")
    what = "half of the records on seven instants ÷ evenly spread"
    report.reach(what, ratios("seven", "scan"), "1.5", "1.2")


def _pipeline(size: int, *, on_seven_instants: bool) -> PartnerCentralEmulator:
    """A pipeline evenly spread over three years, or half of it on seven instants."""
    random, begun = Random(6), datetime(2023, 1, 1, tzinfo=UTC)
    records: list[dict[str, Any]] = []
    for number in range(size):
        seconds = random.randrange(3 * 365 * 86_400)
        if on_seven_instants and random.random() < 0.5:
            seconds = random.randrange(7) * 150 * 86_400
        created = begun + timedelta(seconds=seconds)
        records.append({"Id": f"O{number}", "CreatedDate": f"{created:%Y-%m-%dT%H:%M:%SZ}"})
    return PartnerCentralEmulator(records, latency=0.3, requests_per_second=10)
