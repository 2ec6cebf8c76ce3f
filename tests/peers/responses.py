"""The response of each peer to each case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.peers.matrix import Case
from tests.peers.peers import Library, Peer

NAMES = ("awscli", "boto3", "aiobotocore", "capo", "library")
# These stop a listing early and resume from its token; capo has neither.
RESUMING = ("awscli", "boto3", "aiobotocore", "library")

Servers = dict[str, PartnerCentralEmulator]
Json = dict[str, Any]


def takes(name: str, case: Case) -> bool:
    return name in RESUMING or (case.max_items is None and case.starting_token is None)


class Responses:
    """The responses of every peer by the case's name; a case is sent once."""

    def __init__(self, peers: Mapping[str, Peer | Library], servers: Servers) -> None:
        self.peers = peers
        self._servers = servers
        self._received: dict[tuple[str, str], Json] = {}

    def send_all(self, name: str, cases: Iterable[Case]) -> None:
        for case in cases:
            if takes(name, case):
                self.of(name, case)

    def of(self, name: str, case: Case) -> Json:
        key = (name, repr(case))
        if key not in self._received:
            url = self._servers[case.server].url
            self._received[key] = self.peers[name].send(case.to_json(url))
        return self._received[key]
