"""Plain HTTP calls of the emulator, without the library."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import pytest
from botocore.loaders import Loader

from partnercentral_list.emulator import AccountQuota, PartnerCentralEmulator

# private: a process reads the installed service model once, and this has it read again.
from partnercentral_list.emulator._model import load_service

TARGET = "AWSPartnerCentralSelling.ListOpportunities"


@dataclass(frozen=True)
class HttpResponse:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.raw))

    @property
    def ids(self) -> list[str]:
        return [record["Id"] for record in self.json["OpportunitySummaries"]]

    @property
    def token(self) -> str | None:
        return cast("str | None", self.json["NextToken"])

    @property
    def code(self) -> str:
        return str(self.json["__type"]).rpartition("#")[2]

    @property
    def problems(self) -> list[tuple[str, str]]:
        return [(entry["FieldName"], entry["Code"]) for entry in self.json["ErrorList"]]


class Caller:
    """One connection to an emulator."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def send(
        self,
        body: bytes,
        *,
        method: str = "POST",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        sent = {"X-Amz-Target": TARGET} if headers is None else dict(headers)
        self.connection.request(method, path, body, sent)
        response = self.connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return HttpResponse(response.status, names, response.read())

    def fetch(self, catalog: str = "AWS", **parameters: Any) -> HttpResponse:
        return self.send(json.dumps({"Catalog": catalog} | parameters).encode())

    def all_ids(self, **parameters: Any) -> list[str]:
        response = self.fetch(**parameters)
        ids = response.ids
        while response.token is not None:
            response = self.fetch(**parameters, NextToken=response.token)
            ids += response.ids
        return ids


@contextmanager
def calling(emulator: PartnerCentralEmulator | str) -> Iterator[Caller]:
    caller = Caller(emulator if isinstance(emulator, str) else emulator.url)
    try:
        yield caller
    finally:
        caller.connection.close()


@contextmanager
def newer_model(change: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    """Patch the service model that emulators load with a function that adds shapes."""
    document = Loader().load_service_model("partnercentral-selling", "service-2")
    change(document["shapes"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loader, "load_service_model", lambda *_: document)
        load_service.cache_clear()
        try:
            yield
        finally:
            load_service.cache_clear()


class Arrival:
    """Waits until a request has reached an emulator, without polling."""

    def __init__(self) -> None:
        self._arrived = threading.Semaphore(0)

    def watch(self, **options: Any) -> PartnerCentralEmulator:
        # The quota reads its clock once for each request that has arrived.
        quota = AccountQuota(1e9, clock=self._clock)
        return PartnerCentralEmulator(1, requests_per_second=quota, **options)

    def wait(self) -> None:
        assert self._arrived.acquire(timeout=30), "no request has arrived"

    def _clock(self) -> float:
        self._arrived.release()
        return 0.0
