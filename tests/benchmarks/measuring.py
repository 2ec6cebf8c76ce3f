"""Workloads measured in turn, each in a process of its own, and the results as a table."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
Result = dict[str, Any]

NAMES = {
    "ours": "this library: typed, validated",
    "aiobotocore": "aiobotocore's paginator: dicts",
    "pydantic": "aiobotocore's paginator, then pydantic",
    "boto3": "boto3's paginator: dicts, not async",
    "capo": "capo-partnercentral-selling: dicts",
    "floor": "the floor: bare aiohttp, then pydantic",
}


def environment() -> dict[str, str]:
    """Return an environment with dummy credentials and none of the machine's AWS settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI"}
    return kept | keys | {"AWS_EC2_METADATA_DISABLED": "true"}


@contextmanager
def pages(opportunities: int, latency: float = 0.0, *, tls: bool = False) -> Iterator[str]:
    """Serve pages that were made before, from a process of its own; yields its URL."""
    module = ["tests.benchmarks.server", str(opportunities), str(latency), *(["tls"] * tls)]
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", *module], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.communicate()


def run(workload: str, url: str, *options: str, **settings: str) -> Result:
    """Measure one workload in a process of its own, with environment variables of its own too."""
    command = [sys.executable, "-m", "tests.benchmarks.workloads", workload, url, *options]
    return _result([*command, "--started", repr(time.time())], environment() | settings)


def program(text: str, **settings: str) -> Result:
    """Run a program that prints what it measured, as JSON, in its last line."""
    return _result([sys.executable, "-c", text], environment() | settings)


def _result(command: Sequence[str], env: dict[str, str]) -> Result:
    done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


@dataclass
class Rounds:
    """The results of several workloads, round by round."""

    results: dict[str, list[Result]] = field(default_factory=dict)

    def add(self, workload: str, result: Result) -> None:
        """Add a result of the current round."""
        self.results.setdefault(workload, []).append(result)

    def median(self, workload: str, what: str) -> float:
        """Return the median over the rounds."""
        return statistics.median(self.all(workload, what))

    def all(self, workload: str, what: str) -> list[float]:
        """Return the results of every round."""
        return [result[what] for result in self.results[workload]]

    def ratios(self, workload: str, to: str, what: str) -> list[float]:
        """Return one workload's results divided by another's, sorted."""
        pairs = zip(self.all(workload, what), self.all(to, what), strict=True)
        return sorted(one / other for one, other in pairs)


def compare(
    url: str, workloads: Sequence[str], rounds: int, count: int, *options: str, **settings: str
) -> Rounds:
    """Run the workloads in turn in every round; the first one once more before, to warm up."""
    measured = Rounds()
    run(workloads[0], url, *options, **settings)
    for number in range(rounds):
        for workload in workloads if number % 2 == 0 else reversed(workloads):
            result = run(workload, url, *options, **settings)
            assert result["count"] == count, (workload, result)
            measured.add(workload, result)
    return measured


def shown(figures: Sequence[float]) -> str:
    """Return the median with its spread, as text."""
    return f"{statistics.median(figures):.2f} ({min(figures):.2f}..{max(figures):.2f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


class Report:
    """Collects what docs/performance.md says in place of its markers, and what its plots show."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.parts: dict[str, str] = {}
        self.targets: list[tuple[str, str, str, str]] = []
        self.plots: dict[str, Any] = {}
        self._listed: dict[int, Rounds] = {}

    def rounds(self, number: int) -> int:
        """Return the number of rounds, or 1 for a quick run."""
        return 1 if self.quick else number

    def reach(self, what: str, measured: Sequence[float], must: str, goal: str) -> None:
        """Add one of the targets."""
        print(f"{what}: {shown(measured)}", flush=True)
        self.targets.append((what, shown(measured), must, goal))

    def listed(self, size: int, rounds: int) -> Rounds:
        """Measure each library's listing of so many records, once for all tables."""
        if size not in self._listed:
            with pages(size) as url:
                measured = compare(url, tuple(NAMES), self.rounds(rounds), size)
            self._listed[size] = measured
        return self._listed[size]

    def reached(self, document: Path) -> str:
        """Return the table of targets; rows that this run did not measure stay as they are."""
        begun = document.read_text("utf-8").split("<!-- targets -->\n")[1]
        known = begun.split("<!-- end -->")[0].splitlines()[2:]
        rows = {row.split(" | ")[0].removeprefix("| "): row for row in known}
        for target in self.targets:
            rows[target[0]] = "| " + " | ".join(target) + " |"
        return "\n".join([table(["", "measured", "must", "goal"], []), *rows.values()])

    def write(self, document: Path) -> None:
        """Write the tables between their markers."""
        text = document.read_text("utf-8")
        for name, part in self.parts.items():
            before, rest = text.split(f"<!-- {name} -->\n")
            after = rest.split("<!-- end -->", 1)[1]
            text = f"{before}<!-- {name} -->\n{part}\n<!-- end -->{after}"
        document.write_text(text, "utf-8")
