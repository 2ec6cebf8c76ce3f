"""A server whose listing never ends, and which keeps nothing of it; in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: Runs the command, and writes its peak memory in kilobytes behind what it says on stderr.
PEAK = """
import resource, sys
from partnercentral_list.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@contextmanager
def serving_endlessly() -> Iterator[str]:
    """Yield its URL while it runs."""
    with subprocess.Popen(
        [sys.executable, __file__], stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def page(start: int) -> bytes:
    """Make the page that begins with that record; ids have the same length everywhere."""
    records = [
        {
            "Catalog": "AWS",
            "Id": f"O{10_000_000 + number}",
            "LastModifiedDate": "2026-01-31T10:00:00.123Z",
            "CreatedDate": "2025-01-31T10:00:00.123Z",
            "LifeCycle": {"Stage": "Qualified", "NextSteps": "x" * 200},
            "Customer": {"Account": {"CompanyName": f"Customer {number}", "Address": None}},
            "Project": {"ExpectedCustomerSpend": [{"Amount": "531.0", "CurrencyCode": "USD"}]},
        }
        for number in range(start, start + 100)
    ]
    response = {"OpportunitySummaries": records, "NextToken": f"AAMA-{start + 100}"}
    return json.dumps(response, separators=(",", ":")).encode()


def main() -> None:
    """Serve until the process is ended."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = page(int(request.get("NextToken", "-0").rpartition("-")[2]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
