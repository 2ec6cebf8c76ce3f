"""A server that responds as the one did from which the AWS CLI's responses were recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.expected import Rules, in_order, matching

TOKEN = "AWSS-OWN"
PAGE = 20
#: How that service ordered records without a value.
RULES = Rules(nulls="low")

Record = dict[str, Any]


class RecordedServer:
    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self._tokens: dict[str, int] = {}

    def response(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests.append(request)
        start = self._start(request.get("NextToken"))
        if start is None:
            return 400, {
                "__type": "ValidationException",
                "Message": "Invalid NextToken",
                "Reason": "REQUEST_VALIDATION_FAILED",
            }
        found = in_order(matching(self.records, request, RULES), request, RULES)
        end = start + request.get("MaxResults", PAGE)
        response = {"OpportunitySummaries": found[start:end], "NextToken": None}
        if end < len(found):
            response["NextToken"] = f"{TOKEN}-{len(self._tokens)}"
            self._tokens[response["NextToken"]] = end
        return 200, response

    def _start(self, token: str | None) -> int | None:
        return 0 if token is None else self._tokens.get(token)


@contextmanager
def serving(records: list[Record]) -> Iterator[RecordedServer]:
    recorded = RecordedServer(records)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, response = recorded.response(json.loads(body))
            data = json.dumps(response).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        recorded.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield recorded
        finally:
            server.shutdown()
            thread.join()
