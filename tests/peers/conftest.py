"""The emulators, and the peers, one of each for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.peers.matrix import CASES, SERVICE_ERRORS
from tests.peers.peers import Library, Peer, clean_environment
from tests.peers.records import records
from tests.peers.responses import NAMES, Responses, Servers


@pytest.fixture(autouse=True)
def loopback_only() -> None:
    """Stands in for the guard of the other tests: the clients live longer than one test."""


@pytest.fixture(autouse=True)
def no_aws_settings() -> None:
    """Stands in for the settings of the other tests: these are made once, in ``peers``."""


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Peer | Library]]:
    nowhere = tmp_path_factory.mktemp("home") / "nothing"
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in clean_environment(str(nowhere)).items():
            patch.setenv(name, value)
        yield {
            name: stack.enter_context(closing(Library() if name == "library" else Peer(name)))
            for name in NAMES
        }


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        running = {"pipeline": stack.enter_context(PartnerCentralEmulator(records()))}
        for code in SERVICE_ERRORS:
            running[code] = stack.enter_context(PartnerCentralEmulator(records()))
            running[code].fail(code, times=None)
        yield running


@pytest.fixture(scope="session")
def responses(peers: dict[str, Peer | Library], servers: Servers) -> Responses:
    with ThreadPoolExecutor(len(NAMES)) as threads:
        responses = Responses(peers, servers)
        for done in [threads.submit(responses.send_all, name, CASES) for name in NAMES]:
            done.result()
        return responses
