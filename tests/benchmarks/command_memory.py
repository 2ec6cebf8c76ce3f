"""Peak memory of `partnercentral-list opportunities --output jsonl`, by the length of the listing.

    python tests/benchmarks/command_memory.py [--opportunities 1000000] [--output jsonl]

A server in a process of its own makes pages on request, without keeping any. The command
runs once for ten thousand opportunities and once for all of them, unpaced.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from tests.cli.endless import PEAK, serving_endlessly


def measure(url: str, opportunities: int, output: str) -> tuple[int, float, int]:
    """Return the peak in kilobytes, the seconds taken, and the bytes written."""
    where = ["--catalog", "AWS", "--endpoint-url", url, "--no-sign-request"]
    words = ["--output", output, "--requests-per-second", "0"]
    count = ["--page-size", "100", "--max-items", str(opportunities)]
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", PEAK, "opportunities", *where, *words, *count],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        size = sum(len(data) for data in iter(lambda: process.stdout.read(65_536), b""))
        peak = int(process.stderr.read().split()[-1])
    return peak, time.monotonic() - started, size


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--opportunities", type=int, default=1_000_000)
    parser.add_argument("--output", default="jsonl", choices=("jsonl", "csv", "parquet"))
    options = parser.parse_args()
    with serving_endlessly() as url:
        for opportunities in (10_000, options.opportunities):
            peak, seconds, size = measure(url, opportunities, options.output)
            print(
                f"{opportunities:>9,} opportunities: {peak / 1024:.0f} MB, {seconds:.0f} s, "
                f"{size:,} bytes written"
            )


if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())
    main()
