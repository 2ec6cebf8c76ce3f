"""The matrix bites: break one filter or one order in the emulator, and the peers tell."""

from __future__ import annotations

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.peers.answers import takes
from tests.peers.breaking import Breakage, breakages
from tests.peers.expected import expected_ids
from tests.peers.matrix import CASES, Case
from tests.peers.peers import Library, Peer
from tests.peers.records import records

# One that is built on botocore, one that is not, and this library.
ASKED = ("boto3", "capo", "library")


def telling(breakage: Breakage) -> list[Case]:
    """Pick the listings that ask for nothing but what is broken."""
    name = breakage.parameter
    return [
        case
        for case in CASES
        if case.error is None
        and not case.refused
        and (case.call, case.max_items) == ("items", None)
        and case.parameters.keys() == {"Catalog", name}
        and breakage.value in (None, case.parameters[name])
    ]


def disagrees(peer: Peer | Library, case: Case, url: str) -> bool:
    answer = peer.ask(case.to_json(url))
    assert answer["error"] is None
    ids = [record["Id"] for record in answer["records"]]
    return ids != expected_ids(records(), case.parameters)


@pytest.mark.parametrize("breakage", [pytest.param(b, id=b.name) for b in breakages()])
def test_what_is_broken_in_the_emulator_is_told_by_the_peers(
    breakage: Breakage, monkeypatch: pytest.MonkeyPatch, peers: dict[str, Peer | Library]
) -> None:
    cases = telling(breakage)
    breakage.install(monkeypatch)
    with PartnerCentralEmulator(map(breakage.record, records())) as emulator:
        told = {
            name: any(
                disagrees(peers[name], case, emulator.url) for case in cases if takes(name, case)
            )
            for name in ASKED
        }
    assert told == dict.fromkeys(ASKED, True)


@pytest.mark.parametrize("breakage", [pytest.param(b, id=b.name) for b in breakages()])
def test_nobody_tells_of_an_emulator_that_is_whole(
    breakage: Breakage, peers: dict[str, Peer | Library], whole: PartnerCentralEmulator
) -> None:
    cases = telling(breakage)
    assert cases
    assert not any(disagrees(peers["library"], case, whole.url) for case in cases)


@pytest.fixture(scope="module")
def whole(servers: dict[str, PartnerCentralEmulator]) -> PartnerCentralEmulator:
    return servers["pipeline"]
