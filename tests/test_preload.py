"""The first call: its slow steps run in threads, or in preload()."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

from partnercentral_list import (
    ClientClosedError,
    ConfigurationError,
    PartnerCentralClient,
    PartnerCentralError,
)
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.conftest import MakeClient


def run_program(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


IMPORTED = """
import sys
from partnercentral_list import OpportunitySummary, PartnerCentralClient, Stage
heavy = {"aiobotocore", "botocore", "aiohttp"}
client = PartnerCentralClient("AWS")
print(sorted(heavy & set(sys.modules)))
"""


def test_a_program_that_has_made_no_call_has_imported_nothing_heavy() -> None:
    assert run_program(IMPORTED) == "[]"


FIRST_CALL = """
import asyncio, builtins, sys, threading
from partnercentral_list import ClientConfig, PartnerCentralClient

client = PartnerCentralClient("AWS", config=ClientConfig(sign_requests=False), endpoint_url=URL)
if PRELOAD:
    client.preload()

found = []
class Finder:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread():
            found.append(name)

sys.meta_path.insert(0, Finder())

async def main():
    await client.list_opportunities()

if PRELOAD:
    before = set(sys.modules)
asyncio.run(main())
if PRELOAD:
    # What comes with an encoding or a first connection is the interpreter's, and small.
    found = [name for name in set(sys.modules) - before if name.split(".")[0] in OURS]
else:
    found = [name for name in found if name.split(".")[0] in OURS]
print(found)
"""
OURS = {"aiobotocore", "aiohttp", "botocore", "partnercentral_list", "pydantic", "tenacity"}


@pytest.mark.parametrize("preload", [False, True])
def test_the_first_call_imports_nothing_in_the_event_loops_thread(
    emulator: PartnerCentralEmulator, preload: bool
) -> None:
    constants = f"URL = {emulator.url!r}\nPRELOAD = {preload}\nOURS = {OURS!r}\n"
    assert run_program(constants + FIRST_CALL) == "[]"


DATA_FILES = """
import asyncio, threading
from botocore.loaders import JSONFileLoader
from partnercentral_list import ClientConfig, PartnerCentralClient

client = PartnerCentralClient("AWS", config=ClientConfig(sign_requests=False), endpoint_url=URL)
load = JSONFileLoader.load_file
threads = []

def noted(loader, path):
    threads.append(threading.current_thread())
    return load(loader, path)

JSONFileLoader.load_file = noted
asyncio.run(client.list_opportunities())
print(len(threads) > 3, threading.main_thread() in threads, len(set(threads)))
"""


def test_the_event_loop_reads_no_data_file(emulator: PartnerCentralEmulator) -> None:
    # In a process of its own, which has read none before: all are read in one other thread.
    assert run_program(f"URL = {emulator.url!r}\n{DATA_FILES}") == "True False 1"


async def test_models_of_the_users_own_are_found(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    here = Path(Loader.BUILTIN_DATA_PATH, "partnercentral-selling", "2022-07-26")
    there = tmp_path / "partnercentral-selling" / "2099-01-01"
    there.mkdir(parents=True)
    for name in ("service-2.json.gz", "endpoint-rule-set-1.json.gz"):
        there.joinpath(name).write_bytes(here.joinpath(name).read_bytes())
    document = json.loads(gzip.decompress(there.joinpath("service-2.json.gz").read_bytes()))
    document["metadata"]["targetPrefix"] = "Another"
    there.joinpath("service-2.json").write_text(json.dumps(document))
    there.joinpath("service-2.json.gz").unlink()
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    with pytest.raises(PartnerCentralError):
        await make_client(emulator).list_opportunities()
    assert emulator.requests[-1].headers["x-amz-target"] == "Another.ListOpportunities"


def test_preload_needs_no_loop_no_credentials_and_sends_nothing(
    emulator: PartnerCentralEmulator,
) -> None:
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url)
    client.preload()
    client.preload()
    assert emulator.requests == []


async def test_preload_works_beside_a_running_loop(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    await asyncio.to_thread(client.preload)
    await client.list_opportunities()
    assert len(emulator.requests) == 1


def test_preload_says_what_opening_would() -> None:
    with pytest.raises(ConfigurationError, match="no-such-profile"):
        PartnerCentralClient("AWS", profile_name="no-such-profile").preload()


async def test_a_closed_client_does_not_preload(client: PartnerCentralClient) -> None:
    await client.aclose()
    with pytest.raises(ClientClosedError):
        client.preload()


async def test_partners_on_one_session_share_what_it_has_set_up(
    make_client: MakeClient, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import botocore.session
    from aiobotocore.session import AioSession

    from partnercentral_list import Credentials

    async def credentials() -> Credentials:
        return Credentials("AKIDPARTNER", "secret")

    shared = AioSession()
    set_up: list[object] = []
    original = botocore.session.Session.__init__

    def counted(self: Any, *arguments: Any, **options: Any) -> None:
        set_up.append(self)
        original(self, *arguments, **options)

    monkeypatch.setattr(botocore.session.Session, "__init__", counted)
    for _ in range(3):
        await make_client(emulator, session=shared, credentials=credentials).list_opportunities()
    assert set_up == []
