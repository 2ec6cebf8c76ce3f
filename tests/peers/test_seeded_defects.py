"""Seeded defects: break one filter or order in the emulator, and the peers disagree."""

from __future__ import annotations

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.expected import expected_ids
from tests.peers.breaking import Breakage, breakages
from tests.peers.matrix import CASES, Case
from tests.peers.peers import Library, Peer
from tests.peers.records import records
from tests.peers.responses import takes

# One that is built on botocore, one that is not, and this library.
CHECKED = ("boto3", "capo", "library")


def distinguishing(breakage: Breakage) -> list[Case]:
    """Return the listings whose only parameter is the broken one."""
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
    response = peer.send(case.to_json(url))
    assert response["error"] is None
    ids = [record["Id"] for record in response["records"]]
    return ids != expected_ids(records(), case.parameters)


@pytest.mark.parametrize("breakage", [pytest.param(b, id=b.name) for b in breakages()])
def test_peers_disagree_with_a_broken_emulator(
    breakage: Breakage, peers: dict[str, Peer | Library]
) -> None:
    cases = distinguishing(breakage)
    with breakage.serving() as url:
        disagreeing = {
            name: any(disagrees(peers[name], case, url) for case in cases if takes(name, case))
            for name in CHECKED
        }
    assert disagreeing == dict.fromkeys(CHECKED, True)


@pytest.mark.parametrize("breakage", [pytest.param(b, id=b.name) for b in breakages()])
def test_peers_agree_with_an_intact_emulator(
    breakage: Breakage, peers: dict[str, Peer | Library], intact: PartnerCentralEmulator
) -> None:
    cases = distinguishing(breakage)
    assert cases
    assert not any(disagrees(peers["library"], case, intact.url) for case in cases)


@pytest.fixture(scope="module")
def intact(servers: dict[str, PartnerCentralEmulator]) -> PartnerCentralEmulator:
    return servers["pipeline"]
