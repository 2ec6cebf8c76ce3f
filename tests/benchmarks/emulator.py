"""The emulator's cost: start and stop, memory, CPU time a page, from a process of its own.

    python tests/benchmarks/emulator.py [--opportunities 10000] [--pages 300]

The client is a bare HTTP connection in another process; what is counted for a page is the CPU time
(user and system) of the emulator's process, and the time that the client waits.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from partnercentral_list.emulator import PartnerCentralEmulator

TARGET = {"X-Amz-Target": "AWSPartnerCentralSelling.ListOpportunities"}


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far; needs /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> float:
    """Resident megabytes of a process; needs /proc."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def fetch(connection: http.client.HTTPConnection, token: str | None = None) -> dict[str, object]:
    """Request a page of 100."""
    request = {"Catalog": "AWS", "MaxResults": 100} | ({"NextToken": token} if token else {})
    connection.request("POST", "/", json.dumps(request), TARGET)
    response: dict[str, object] = json.loads(connection.getresponse().read())
    return response


def serve(opportunities: int, pages: int) -> None:
    """Print what serving costs."""
    with subprocess.Popen(
        [
            *(sys.executable, "-u", "-m", "partnercentral_list.emulator"),
            *("--port", "0", "--opportunities", str(opportunities)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None
        url = next(word for line in emulator.stdout for word in line.split() if "http://" in word)
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        print(f"before the first request   {memory_of(emulator.pid):.0f} MB")
        started = time.perf_counter()
        token = fetch(connection)["NextToken"]
        print(f"the first request          {time.perf_counter() - started:.2f} s")
        before = cpu_of(emulator.pid)
        waits: list[float] = []
        for _ in range(pages):
            started = time.perf_counter()
            response = fetch(connection, str(token) if token else None)
            waits.append(time.perf_counter() - started)
            token = response["NextToken"]
        used = cpu_of(emulator.pid) - before
        print(f"behind it                  {memory_of(emulator.pid):.0f} MB")
        print(f"a page, the emulator's CPU {used / pages * 1000:.2f} ms")
        print(f"a page, the client's wait  {statistics.median(waits) * 1000:.2f} ms, its own work")
        emulator.terminate()


def start_and_stop(rounds: int = 50) -> None:
    """Print what a start and a stop take, once the service model has been read."""
    times: list[tuple[float, float]] = []
    for _ in range(rounds + 1):
        emulator = PartnerCentralEmulator()
        started = time.perf_counter()
        emulator.start()
        running = time.perf_counter()
        emulator.stop()
        times.append((running - started, time.perf_counter() - running))
    print(f"the first start            {times[0][0] * 1000:.0f} ms, with botocore's model")
    for index, name in enumerate(("a start", "a stop")):
        median = statistics.median(time[index] for time in times[1:])
        print(f"{name:<26} {median * 1000:.2f} ms")
    started = time.perf_counter()
    PartnerCentralEmulator(1_000_000)
    print(f"a million, no request     {(time.perf_counter() - started) * 1000:.2f} ms")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--opportunities", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=300)
    options = parser.parse_args()
    start_and_stop()
    serve(options.opportunities, options.pages)


if __name__ == "__main__":
    main()
