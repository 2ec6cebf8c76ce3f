"""Tables: the CPU time of an Arrow table beside pandas', and the memory of a streamed Parquet file.

    python -m tests.benchmarks.frames          # two minutes, writes docs/frames.md
    python -m tests.benchmarks.frames --quick  # one round of each, writes nothing

It needs pandas and pyarrow. Each round is a process of its own in which both ways take turns; the
emulator is in another process than what it is read by.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from partnercentral_list import OpportunitySummary, PartnerCentralClient, frames
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.benchmarks.measuring import ROOT, Report, Result, Rounds, program, shown, table
from tests.benchmarks.workloads import peak_memory

DOCUMENT = ROOT / "docs" / "frames.md"
SIZE = 10_000
ROUNDS = 11
#: Opportunities that are streamed, and the rounds of each.
STREAMED = (1_000, 10_000, 100_000)
STREAM_ROUNDS = 3

OURS = "`frames.to_arrow(opportunities)`"
PANDAS = "`pandas.json_normalize([o.model_dump() for o in opportunities])`"


async def _listed(url: str) -> list[OpportunitySummary]:
    async with PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None) as client:
        return await client.iter_opportunities().collect()


def convert(url: str) -> None:
    """Convert the same opportunities in both ways, with Python's collector and without; print."""
    import pandas

    opportunities = asyncio.run(_listed(url))
    ways: dict[str, Callable[[], object]] = {
        OURS: lambda: frames.to_arrow(opportunities),
        PANDAS: lambda: pandas.json_normalize([o.model_dump() for o in opportunities]),
    }
    for way in ways.values():
        way()
    result: Result = {}
    for collector in ("on", "off"):
        gc.collect()
        if collector == "off":
            gc.disable()
        for name, way in ways.items():
            started = time.process_time()
            kept = way()
            result[f"{name} {collector}"] = time.process_time() - started
            assert len(kept) == len(opportunities)
            del kept
    print(json.dumps(result))


async def _stream(url: str, path: Path) -> int:
    from pyarrow.parquet import ParquetWriter

    rows = 0
    async with PartnerCentralClient("AWS", endpoint_url=url, rate_limit=None) as client:
        with ParquetWriter(path, frames.arrow_schema()) as writer:
            batches = frames.arrow_batches(client.iter_opportunities(), size=10_000)
            async for batch in batches:
                writer.write_batch(batch)
                rows += len(batch)
    return rows


def stream(url: str) -> None:
    """Stream a listing into a Parquet file; print the rows and the peak in MB."""
    import pyarrow

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.parquet"
        rows = asyncio.run(_stream(url, path))
        size = path.stat().st_size / 1e6
    pool = pyarrow.default_memory_pool().backend_name
    print(json.dumps({"rows": rows, "peak": peak_memory(), "file": size, "pool": pool}))


def _in_a_process(function: Callable[[str], None], url: str, **settings: str) -> Result:
    text = f"from tests.benchmarks import frames; frames.{function.__name__}({url!r})"
    return program(text, **settings)


def speed(report: Report) -> None:
    """Compare the CPU time of both ways."""
    measured = Rounds()
    with PartnerCentralEmulator(SIZE) as emulator:
        for _ in range(report.rounds(ROUNDS)):
            for side, seconds in _in_a_process(convert, emulator.url).items():
                measured.add(side, {"cpu": seconds})
    rows: list[list[str]] = []
    for collector in ("on", "off"):
        ours, pandas = f"{OURS} {collector}", f"{PANDAS} {collector}"
        ratios = measured.ratios(ours, pandas, "cpu")
        for name, side, ratio in ((OURS, ours, shown(ratios)), (PANDAS, pandas, "")):
            spent = measured.median(side, "cpu") * 1000
            rows.append([name, collector, f"{spent:.0f}", ratio])
        report.reach(f"to_arrow ÷ json_normalize, collector {collector}", ratios, "0.4", "")
    head = [f"{SIZE:,} opportunities", "garbage collector", "CPU, ms", "÷ `json_normalize`"]
    report.parts["speed"] = table(head, rows)


def memory(report: Report) -> None:
    """Compare the peaks of listings of several lengths that become a Parquet file."""
    peaks: dict[str, dict[int, list[float]]] = {}
    for size in STREAMED:
        with PartnerCentralEmulator(size) as emulator:
            for _ in range(report.rounds(STREAM_ROUNDS)):
                for settings in ({}, {"ARROW_DEFAULT_MEMORY_POOL": "system"}):
                    result = _in_a_process(stream, emulator.url, **settings)
                    assert result["rows"] == size, result
                    pool = peaks.setdefault(result["pool"], {})
                    pool.setdefault(size, []).append(result["peak"])
                    print(size, result, flush=True)
    rows: list[list[str]] = []
    for name, sizes in peaks.items():
        few, many = sizes[STREAMED[0]], sizes[STREAMED[-1]]
        more = [m - f for m in many for f in few]
        report.reach(f"MB more, 100,000 against 1,000, {name}", more, "+30", "")
        medians = [f"{statistics.median(sizes[size]):.0f}" for size in STREAMED]
        rows.append([name, *medians, f"+{statistics.median(more):.0f}"])
    head = ["allocator of pyarrow", *(f"{size:,}, MB" for size in STREAMED), "more"]
    report.parts["memory"] = table(head, rows)


def main() -> None:
    """Measure, and write unless `--quick` is given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=("speed", "memory"))
    options = parser.parse_args()
    report = Report(quick=options.quick)
    with_them = ", ".join(f"{name} {version(name)}" for name in ("pandas", "pyarrow", "pydantic"))
    report.parts["versions"] = f"Measured on {os.cpu_count()} processors with {with_them}."
    for measure in (speed, memory):
        if options.only in (None, measure.__name__):
            measure(report)
    if not options.quick:
        report.write(DOCUMENT)


if __name__ == "__main__":
    main()
