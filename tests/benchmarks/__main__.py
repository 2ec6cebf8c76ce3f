"""All measurements, beside every peer in the same run; writes docs/performance.md and its plots.

    python -m nox -s benchmarks                 # a few minutes
    python -m nox -s benchmarks -- --only scan  # one of its tables
    python -m nox -s benchmarks -- --quick      # one round of each, writes nothing

Every measurement is a process of its own; rounds are interleaved, so that what else the machine
does meets all. What counts are the ratios within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.benchmarks import plots

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
IMPORT = "from partnercentral_list import PartnerCentralClient, OpportunitySummary, Stage"
PEERS = ("aiobotocore", "pydantic", "boto3", "capo", "floor")
Result = dict[str, Any]


def environment() -> dict[str, str]:
    """Credentials for who insists, and none of the machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
    return kept | keys | {"AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def pages(opportunities: int, latency: float = 0.0) -> Iterator[str]:
    """Serve pages that were made before, from a process of its own; gives its URL."""
    module = ["tests.benchmarks.server", str(opportunities), str(latency)]
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", *module], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.communicate()


def run(side: str, url: str, *options: str) -> Result:
    """Measure one side in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.sides", side, url, *options]
    done = subprocess.run(
        [*command, "--started", repr(time.time())],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


@dataclass
class Rounds:
    """What several sides took, round by round."""

    results: dict[str, list[Result]] = field(default_factory=dict)

    def add(self, side: str, result: Result) -> None:
        """Note a result of the round under way."""
        self.results.setdefault(side, []).append(result)

    def median(self, side: str, what: str) -> float:
        """The median over the rounds."""
        return statistics.median(result[what] for result in self.results[side])

    def ratios(self, side: str, to: str, what: str) -> list[float]:
        """One side over another, in each round."""
        pairs = zip(self.results[side], self.results[to], strict=True)
        return sorted(one[what] / other[what] for one, other in pairs)


def compare(url: str, sides: Sequence[str], rounds: int, count: int, *options: str) -> Rounds:
    """Run the sides in turn, each in every round; the first one once more before, to warm up."""
    measured = Rounds()
    run(sides[0], url, *options)
    for number in range(rounds):
        for side in sides if number % 2 == 0 else reversed(sides):
            result = run(side, url, *options)
            assert result["count"] == count, (side, result)
            measured.add(side, result)
    return measured


def shown(ratios: Sequence[float]) -> str:
    """A median with its spread."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


NAMES = {
    "ours": "this library: typed, validated",
    "aiobotocore": "aiobotocore's paginator: dicts",
    "pydantic": "aiobotocore's paginator, then pydantic",
    "boto3": "boto3's paginator: dicts, not async",
    "capo": "capo-partnercentral-selling: dicts",
    "floor": "the floor: bare aiohttp, then pydantic",
}


class Report:
    """Measures, and collects what docs/performance.md says in place of its markers."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.parts: dict[str, str] = {}
        self.targets: list[tuple[str, str, str, str]] = []
        self.linear: dict[str, dict[int, float]] = {}

    def rounds(self, number: int) -> int:
        """So many, or one if somebody only looks."""
        return 1 if self.quick else number

    def reach(self, what: str, measured: Sequence[float], must: str, goal: str) -> None:
        """Note one of the ratios to be reached."""
        print(f"{what}: {shown(measured)}", flush=True)
        self.targets.append((what, shown(measured), must, goal))

    def cpu(self) -> None:
        """CPU and wall time of a listing, by size."""
        rows: list[list[str]] = []
        for size, rounds in ((1_000, 5), (10_000, 7), (100_000, 1)):
            with pages(size) as url:
                measured = compare(url, ("ours", *PEERS), self.rounds(rounds), size)
            for side, name in NAMES.items():
                cpu, wall = measured.median(side, "cpu"), measured.median(side, "wall")
                ratio = shown(measured.ratios("ours", side, "cpu")) if side != "ours" else ""
                rows.append([f"{size:,}", name, f"{cpu:.3f}", f"{wall:.3f}", ratio])
                self.linear.setdefault(side, {})[size] = cpu
            if size == 10_000:
                self._cpu_targets(measured)
            if self.quick and size == 10_000:
                break
        head = ["records", "library", "CPU, s", "wall, s", "this library's CPU ÷ its"]
        self.parts["cpu"] = table(head, rows)

    def _cpu_targets(self, measured: Rounds) -> None:
        for side, name, must, goal in (
            ("aiobotocore", "aiobotocore's paginator", "0.30", "0.20"),
            ("capo", "capo", "1.35", "1.0"),
            ("floor", "the floor", "1.6", "1.4"),
        ):
            what = f"CPU for 10,000 records ÷ {name}"
            self.reach(what, measured.ratios("ours", side, "cpu"), must, goal)

    def profile(self) -> None:
        """Where the time of a page goes."""
        with pages(10_000) as url:
            parts: dict[str, float] = run("profile", url)["parts"]
            self._variants(url)
        whole = sum(parts.values())
        rows = [
            [part, f"{100 * spent / whole:.0f} %"]
            for part, spent in sorted(parts.items(), key=lambda item: -item[1])
        ]
        self.parts["profile"] = table(["", "of the time, under the profiler"], rows)

    def _variants(self, url: str) -> None:
        measured = Rounds()
        variants = {
            "": "as it is",
            "collector-off": "the program turns the garbage collector off",
            "frozen": "the program calls `gc.freeze()` after opening the client",
            "user-agent": 'the program passes `AioConfig(user_agent="...")`',
        }
        for _ in range(self.rounds(5)):
            for variant in variants:
                options = ("--variant", variant) if variant else ()
                measured.add(variant, run("ours", url, *options))
        rows = [
            [name, shown(measured.ratios(variant, "", "cpu"))] for variant, name in variants.items()
        ]
        self.parts["variants"] = table(["", "CPU ÷ as it is"], rows)

    def latency(self) -> None:
        """Wall time of a listing, by the latency of a page."""
        rows: list[list[str]] = []
        for latency, size in ((0.05, 5_000), (0.3, 2_000)):
            with pages(size, latency) as url:
                measured = compare(url, ("ours", *PEERS), 1, size)
            for side, name in NAMES.items():
                wall = measured.median(side, "wall")
                rows.append([f"{latency * 1000:.0f}", f"{size:,}", name, f"{wall:.2f}"])
        self.parts["latency"] = table(["ms a page", "records", "library", "wall, s"], rows)

    def prefetch(self) -> None:
        """A consumer that takes as long for a page as the page takes."""
        rows: list[list[str]] = []
        with pages(2_000, 0.1) as url:
            measured = Rounds()
            for _ in range(self.rounds(3)):
                for ahead in ("0", "1", "4"):
                    result = run("ours", url, "--work", "0.1", "--prefetch", ahead)
                    measured.add(ahead, result)
        for ahead in measured.results:
            ratios = shown(measured.ratios(ahead, "0", "wall"))
            rows.append([ahead, f"{measured.median(ahead, 'wall'):.2f}", ratios])
        self.parts["prefetch"] = table(["prefetch", "wall, s", "÷ prefetch=0"], rows)

    def memory(self) -> None:
        """Peak memory while iterating, by size."""
        rows: list[list[str]] = []
        measured = Rounds()
        sizes = (1_000, 10_000, 100_000)
        for size in sizes:
            with pages(size) as url:
                for _ in range(self.rounds(3)):
                    measured.add(str(size), run("ours", url))
        for size in sizes:
            rows.append([f"{size:,}", f"{measured.median(str(size), 'peak'):.1f}"])
        self.parts["memory"] = table(["records", "peak, MB"], rows)
        pairs = zip(measured.results["100000"], measured.results["1000"], strict=True)
        more = [many["peak"] - few["peak"] for many, few in pairs]
        self.reach("MB more at the peak, 100,000 records against 1,000", more, "+20", "+5")

    def cold(self) -> None:
        """Imports, and from the start of a process to the first record."""
        imports = Rounds()
        programs = {"ours": IMPORT, "boto3": "import boto3", "capo": _IMPORT_CAPO}
        for _ in range(self.rounds(11)):
            for side, program in programs.items():
                imports.add(side, _import(program))
        sides = ("ours", "boto3", "aiobotocore", "capo")
        with pages(200) as url:
            first = compare(url, sides, self.rounds(9), 200, "--cold")
            preloaded = compare(url, ("ours",), self.rounds(5), 200, "--cold", "--preload")
        rows: list[list[str]] = []
        for side in sides:
            spent = f"{imports.median(side, 'cpu') * 1000:.0f}" if side in programs else ""
            took = (first.median(side, what) * 1000 for what in ("first", "first_cpu"))
            rows.append([NAMES[side], spent, *(f"{milliseconds:.0f}" for milliseconds in took)])
        after = f"{preloaded.median('ours', 'first') * 1000:.0f}"
        rows.append(["this library, counted from the end of `preload()`", "", after, ""])
        head = ["library", "import, ms CPU", "start to first record, ms", "the same, ms CPU"]
        self.parts["cold"] = table(head, rows)
        ratios = imports.ratios("ours", "boto3", "cpu")
        self.reach("that import ÷ `import boto3`", ratios, "1.0", "0.6")
        ratios = first.ratios("ours", "boto3", "first")
        self.reach("process start to first record ÷ boto3", ratios, "1.9", "1.3")
        print("the same in CPU:", shown(first.ratios("ours", "boto3", "first_cpu")), flush=True)

    def scan(self) -> None:
        """A scan against the chain, at 300 ms a page and 10 requests in any second."""
        size = 2_000 if self.quick else 10_000
        measured: dict[str, list[Result]] = {}
        for kind in ("even", "seven"):
            with _pipeline(size, on_seven_instants=kind == "seven") as emulator:
                for side in ("chain", "scan") if kind == "even" else ("scan",):
                    for _ in range(1 if side == "chain" else self.rounds(3)):
                        begun = len(emulator.requests)
                        result = run(side, emulator.url)
                        assert result["count"] == size, result
                        sent = emulator.requests[begun:]
                        throttled = [r for r in sent if r.error_code == "ThrottlingException"]
                        result |= {"requests": len(sent), "throttled": len(throttled)}
                        measured.setdefault(f"{side} {kind}", []).append(result)
                        time.sleep(1.1)  # The quota remembers a second.
        self._scan_targets(size, measured)

    def _scan_targets(self, size: int, measured: dict[str, list[Result]]) -> None:
        rows = [
            [
                name,
                *(
                    f"{statistics.median(r[key] for r in results):.{digits}f}"
                    for key, digits in (("wall", 1), ("requests", 0), ("throttled", 0))
                ),
            ]
            for name, results in (
                ("chain: one page after the other", measured["chain even"]),
                ("scan", measured["scan even"]),
                ("scan, half of the records on seven instants", measured["scan seven"]),
            )
        ]
        self.parts["scan"] = table(["", "wall, s", "requests", "throttled"], rows)
        (chain,) = measured["chain even"]
        scans, skewed = measured["scan even"], measured["scan seven"]
        self.reach(
            "scan of 10,000 at 300 ms a page ÷ the chain",
            [scan["wall"] / chain["wall"] for scan in scans],
            *("0.45", "0.36"),
        )
        requests = [scan["requests"] / (size / 100) for scan in scans]
        self.reach("its requests ÷ ceil(records / 100)", requests, "1.25", "1.10")
        share = [100 * scan["throttled"] / scan["requests"] for scan in scans + skewed]
        self.reach("its throttled requests, %", share, "2", "0")
        even = statistics.median(scan["wall"] for scan in scans)
        ratios = [scan["wall"] / even for scan in skewed]
        self.reach("half of the records on seven instants ÷ evenly spread", ratios, "1.5", "1.2")

    def write(self, *, with_targets: bool) -> None:
        """Put the tables between their markers in docs/performance.md, and draw the plot."""
        if with_targets:
            head = ["", "measured", "must", "goal"]
            self.parts["targets"] = table(head, [list(target) for target in self.targets])
        text = DOCUMENT.read_text("utf-8")
        for name, part in self.parts.items():
            before, rest = text.split(f"<!-- {name} -->\n")
            after = rest.split("<!-- end -->", 1)[1]
            text = f"{before}<!-- {name} -->\n{part}\n<!-- end -->{after}"
        DOCUMENT.write_text(text, "utf-8")
        if self.linear:
            plots.growth(ROOT / "docs" / "performance-growth.svg", self.linear, NAMES)


_IMPORT_CAPO = "from capo_partnercentral_selling import AsyncPartnerCentralSellingClient"


def _import(program: str) -> Result:
    timed = f"import time; t = time.process_time()\n{program}\nprint(time.process_time() - t)"
    done = subprocess.run(
        [sys.executable, "-c", timed], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {"cpu": float(done.stdout)}


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


def main() -> None:
    """Measure, and write unless somebody only looks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", help="cpu, latency, prefetch, memory, …")
    options = parser.parse_args()
    report = Report(quick=options.quick)
    begun = time.monotonic()
    names = options.only or ["cpu", "profile", "latency", "prefetch", "memory", "cold", "scan"]
    for name in names:
        getattr(report, name)()
        print(f"{report.parts[name]}\n({time.monotonic() - begun:.0f} s)\n", flush=True)
    if not options.quick:
        report.write(with_targets=not options.only)


if __name__ == "__main__":
    main()
