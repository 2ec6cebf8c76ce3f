"""The peers: a program in each one's own environment, and this library beside them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, cast

import pydantic

from partnercentral_list import (
    ListOpportunitiesRequest,
    OpportunitySummary,
    PartnerCentralClient,
    RequestValidationError,
    RetryPolicy,
    ServiceError,
    TokenExpiredError,
)

Json = dict[str, Any]
ADAPTERS = Path(__file__).parent / "adapters"
# Seconds that a peer may take for one case: a peer that hangs is ended, and that is a failure.
TIMEOUT_SECONDS = 300.0


def program(peer: str, name: str = "python") -> Path:
    """Return the interpreter that `nox -s peers` has installed for a peer; fail without it."""
    path = Path(os.environ.get("PEER_ENVIRONMENTS", "nowhere")) / peer / "bin" / name
    if not path.exists():
        raise RuntimeError(f"{peer} is not installed: run `nox -s peers`, which installs it")
    return path


def clean_environment(home: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "PYTHONUTF8": "1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
    }


class Peer:
    """A peer's program; ``send`` gives it a case and waits for its response."""

    def __init__(self, name: str) -> None:
        self.name = name
        python = program(name)
        self._home = tempfile.TemporaryDirectory()
        self._said = Path(self._home.name) / "stderr"
        with self._said.open("wb") as said:
            self._program = subprocess.Popen(
                [python, ADAPTERS / f"run_{name}.py"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                encoding="utf-8",
                env=clean_environment(self._home.name),
            )

    def send(self, case: Json) -> Json:
        to, back = cast("IO[str]", self._program.stdin), cast("IO[str]", self._program.stdout)
        # For each case, as all of them together may take long on a busy machine.
        alarm = threading.Timer(TIMEOUT_SECONDS, self._program.kill)
        alarm.daemon = True
        alarm.start()
        try:
            print(json.dumps(case), file=to, flush=True)
            line = back.readline()
        finally:
            alarm.cancel()
        if not line:
            self._program.wait()
            said = self._said.read_text("utf-8")
            raise RuntimeError(f"{self.name} died of {case}:\n{said[-2000:]}")
        return cast("Json", json.loads(line))

    def close(self) -> None:
        self._program.communicate()
        self._home.cleanup()


class Library:
    """This library, called with the same parameters."""

    name = "library"

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._clients: dict[str, PartnerCentralClient] = {}

    def send(self, case: Json) -> Json:
        return self._runner.run(self._respond(case))

    def close(self) -> None:
        for client in self._clients.values():
            self._runner.run(client.aclose())
        self._runner.close()

    async def _respond(self, case: Json) -> Json:
        client = self._client(case["url"])
        try:
            request = ListOpportunitiesRequest.model_validate(case["parameters"])
            if case["call"] == "page":
                page = await client.list_opportunities(request)
                return _found(page.opportunity_summaries, page.next_token)
            paging = {name: case[name] for name in ("page_size", "max_items", "starting_token")}
            pager = client.iter_opportunities(request, **paging)
            return _found(await pager.collect(), pager.resume_token)
        except ServiceError as error:
            return _failed(error.code)
        except TokenExpiredError as error:
            # It is raised from what AWS said, which is what the peers report.
            return _failed(cast("ServiceError", error.__cause__).code)
        except (pydantic.ValidationError, RequestValidationError):
            return _failed("RequestValidationError")

    def _client(self, url: str) -> PartnerCentralClient:
        if url not in self._clients:
            once = RetryPolicy(max_attempts=1)
            self._clients[url] = PartnerCentralClient(
                "AWS", endpoint_url=url, retry=once, rate_limit=None
            )
        return self._clients[url]


def _found(records: list[OpportunitySummary], token: str | None) -> Json:
    wire = [record.model_dump(mode="json", by_alias=True) for record in records]
    return {"records": wire, "token": token, "error": None}


def _failed(code: str) -> Json:
    return {"records": [], "token": None, "error": code}
