"""A server that responds as the one did from which the AWS CLI's responses were recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "AWSS-OWN"
PAGE = 20

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
        found = self._sorted([r for r in self.records if matches(r, request)], request)
        end = start + request.get("MaxResults", PAGE)
        response = {"OpportunitySummaries": found[start:end], "NextToken": None}
        if end < len(found):
            response["NextToken"] = f"{TOKEN}-{len(self._tokens)}"
            self._tokens[response["NextToken"]] = end
        return 200, response

    def _start(self, token: str | None) -> int | None:
        return 0 if token is None else self._tokens.get(token)

    def _sorted(self, found: list[Record], request: Mapping[str, Any]) -> list[Record]:
        sort = request.get("Sort", {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"})
        key = SORT_KEYS[sort["SortBy"]]
        return sorted(
            found,
            key=lambda record: (key(record) or "", record["Id"]),
            reverse=sort["SortOrder"] == "DESCENDING",
        )


def stage(record: Record) -> Any:
    return record["LifeCycle"]["Stage"]


def review_status(record: Record) -> Any:
    return record["LifeCycle"]["ReviewStatus"]


def close_date(record: Record) -> Any:
    return record["LifeCycle"]["TargetCloseDate"]


def company(record: Record) -> Any:
    return record["Customer"]["Account"]["CompanyName"]


SORT_KEYS: Mapping[str, Callable[[Record], Any]] = {
    "LastModifiedDate": lambda record: record["LastModifiedDate"],
    "CreatedDate": lambda record: record["CreatedDate"],
    "Identifier": lambda record: record["Id"],
    "CustomerCompanyName": company,
    "TargetCloseDate": close_date,
}
LISTS: Mapping[str, Callable[[Record], Any]] = {
    "Identifier": SORT_KEYS["Identifier"],
    "LifeCycleStage": stage,
    "LifeCycleReviewStatus": review_status,
    "CustomerCompanyName": lambda record: (company(record) or "").casefold(),
}


def matches(record: Record, request: Mapping[str, Any]) -> bool:
    if record["Catalog"] != request["Catalog"]:
        return False
    for name, value_of in LISTS.items():
        wanted = request.get(name)
        if name == "CustomerCompanyName" and wanted:
            wanted = [text.casefold() for text in wanted]
        if wanted and value_of(record) not in wanted:
            return False
    return all(
        within(SORT_KEYS[name](record), request.get(name, {}))
        for name in ("LastModifiedDate", "CreatedDate", "TargetCloseDate")
    )


def within(value: str | None, span: Mapping[str, str]) -> bool:
    # Texts of one form each, which are ordered like what they mean.
    if not span:
        return True
    if value is None:
        return False
    return all(
        value >= bound if name.startswith("After") else value <= bound
        for name, bound in span.items()
    )


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
