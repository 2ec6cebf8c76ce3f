"""Services with one thing wrong: a filter, a bound or an order."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.expected import instant
from tests.peers.matrix import ALONE, SORTS
from tests.peers.records import records

Json = dict[str, Any]
Change = Callable[[Json], Json]
RANGES = ("LastModifiedDate", "CreatedDate", "TargetCloseDate")


@dataclass(frozen=True)
class Breakage:
    """A seeded defect, and the parameter (of sorts also the value) that reveals it."""

    name: str
    parameter: str
    value: Any
    parameters: Change = lambda sent: sent
    record: Change = lambda record: record

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve other records than those listed, by other parameters than were sent."""
        with (
            PartnerCentralEmulator(map(self.record, records())) as emulator,
            changing(emulator.url, self.parameters) as url,
        ):
            yield url


@contextmanager
def changing(target: str, parameters: Change) -> Iterator[str]:
    """Serve what another server responds to changed parameters."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            sent = {name: value for name, value in body.items() if value is not None}
            headers = {"X-Amz-Target": self.headers["X-Amz-Target"]}
            request = Request(target, json.dumps(parameters(sent)).encode(), headers)  # noqa: S310 # loopback
            with urlopen(request) as response:  # noqa: S310 # loopback
                page = response.read()
                self.send_response(response.status)
                self.send_header("Content-Type", response.headers["Content-Type"])
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _marked(name: str) -> str:
    """Mark capitals, so that names that differ by case only are no longer equal."""
    return re.sub(r"[A-Z]", r"^\g<0>", name)


def _with_marked_name(record: Json) -> Json:
    account = record.get("Customer", {}).get("Account", {})
    if account.get("CompanyName") is None:
        return record
    marked = account | {"CompanyName": _marked(account["CompanyName"])}
    return record | {"Customer": record["Customer"] | {"Account": marked}}


def _marked_names(sent: Json) -> Json:
    return sent | {"CustomerCompanyName": [_marked(name) for name in sent["CustomerCompanyName"]]}


def breakages() -> Iterator[Breakage]:
    other = {"Catalog": "AWS"}
    yield Breakage("the catalog ignored", "Catalog", "Sandbox", lambda sent: sent | other)
    name = "CustomerCompanyName"
    yield Breakage("company names exact", name, None, _marked_names, _with_marked_name)
    for name in ALONE:
        yield Breakage(f"{name} ignored", name, None, _without(name))
        if name not in RANGES:
            yield Breakage(f"{name}: one value only", name, None, _first_value(name))
    for name in RANGES:
        for bound in ("After", "Before"):
            yield Breakage(f"{bound}{name} ignored", name, None, _without_bound(name, bound))
            yield Breakage(f"{bound}{name} exclusive", name, None, _exclusive(name, bound))
    for sort in SORTS:
        title = "{SortBy} {SortOrder}".format(**sort)
        yield Breakage(f"{title} ignored", "Sort", sort, _instead(sort))
        yield Breakage(f"{title} turned round", "Sort", sort, _turned_round(sort))
        if sort["SortBy"] in ("TargetCloseDate", "CustomerCompanyName"):
            place = _nulls_first(sort)
            yield Breakage(f"{title}: nulls first", "Sort", sort, record=place)
        # Neither Ids are equal, nor does a day differ from itself.
        if sort["SortBy"] not in ("Identifier", "TargetCloseDate"):
            yield Breakage(f"{title}: ties turned", "Sort", sort, record=_ties_turned(sort))


def _without(name: str) -> Change:
    return lambda sent: {key: value for key, value in sent.items() if key != name}


def _first_value(name: str) -> Change:
    return lambda sent: sent | {name: sent[name][:1]} if name in sent else sent


def _without_bound(name: str, bound: str) -> Change:
    return lambda sent: sent | {name: _without(bound + name)(sent.get(name, {}))}


def _exclusive(name: str, bound: str) -> Change:
    """Move a bound by the smallest step that there is, so that it excludes what is on it."""
    step = timedelta(days=1) if name == "TargetCloseDate" else timedelta(milliseconds=1)
    read: Any = date.fromisoformat if name == "TargetCloseDate" else datetime.fromisoformat

    def change(sent: Json) -> Json:
        bounds = sent.get(name, {})
        if bound + name not in bounds:
            return sent
        moved = read(bounds[bound + name]) + (step if bound == "After" else -step)
        return sent | {name: bounds | {bound + name: moved.isoformat()}}

    return change


def _instead(sort: Json) -> Change:
    """Order by the default, or, if it is the default that is broken, by something else."""
    is_default = sort == {"SortBy": "LastModifiedDate", "SortOrder": "DESCENDING"}
    wrong = {"Sort": {"SortBy": "Identifier", "SortOrder": "ASCENDING"}} if is_default else {}
    return lambda sent: _without("Sort")(sent) | wrong


def _turned_round(sort: Json) -> Change:
    order = "ASCENDING" if sort["SortOrder"] == "DESCENDING" else "DESCENDING"
    return lambda sent: sent | {"Sort": sort | {"SortOrder": order}}


def _nulls_first(sort: Json) -> Change:
    """Replace nulls with a value that sorts first."""
    down = sort["SortOrder"] == "DESCENDING"
    if sort["SortBy"] == "TargetCloseDate":
        close = "9999-12-31" if down else "0001-01-01"
        return lambda record: _with(record, close, "LifeCycle", "TargetCloseDate")
    company = "\U0010ffff" if down else ""
    return lambda record: _with(record, company, "Customer", "Account", "CompanyName")


def _ties_turned(sort: Json) -> Change:
    """Make equal values differ by less than any others do, against the order of their Ids."""
    name = sort["SortBy"]

    def change(record: Json) -> Json:
        # The complement of each digit, and an end above them all: the opposite order of the texts.
        against = "".join(str(9 - int(digit)) for digit in record["Id"][1:])
        if name in ("LastModifiedDate", "CreatedDate"):
            exact = instant(record[name]).isoformat(timespec="milliseconds")
            # Nanoseconds: the six digits below the millisecond in which the Ids differ.
            return record | {name: exact[:-6] + against[1:7] + "Z"}
        return _ending(record, "\0" + against + "~", "Customer", "Account", "CompanyName")

    return change


def _ending(record: Json, end: str, *path: str) -> Json:
    name, *rest = path
    below = record.get(name)
    if below is None:
        return record
    return record | {name: _ending(below, end, *rest) if rest else below + end}


def _with(record: Json, value: str, *path: str) -> Json:
    name, *rest = path
    below = record.get(name)
    if rest:
        return record | {name: _with(below or {}, value, *rest)}
    return record if below is not None else record | {name: value}
