"""The raw-body path, and its fallback to what botocore parsed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from partnercentral_list import PartnerCentralClient
from partnercentral_list._transport import botocore_hooks
from partnercentral_list._transport.response import parse_parsed
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.conftest import MakeClient


async def test_the_event_that_the_raw_body_is_taken_at_fires(
    client: PartnerCentralClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("botocore no longer fires before-parse: the fallback is in use")

    monkeypatch.setattr("partnercentral_list._transport.response.parse_parsed", refuse)
    assert len(await client.iter_opportunities().collect()) == 250


async def test_without_the_event_the_parsed_response_gives_the_same_listing(
    make_client: MakeClient, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = await make_client(emulator).iter_opportunities().collect()
    monkeypatch.setattr(botocore_hooks, "take_body", lambda **_: None)
    used: list[object] = []

    def counted(*arguments: Any) -> Any:
        used.append(arguments)
        return parse_parsed(*arguments)

    monkeypatch.setattr("partnercentral_list._transport.response.parse_parsed", counted)
    parsed = await make_client(emulator).iter_opportunities().collect()
    assert len(used) == 3
    assert [item.model_dump() for item in parsed] == [item.model_dump() for item in raw]


async def test_concurrent_calls_get_their_own_bodies(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    identifiers = [record["Id"] for record in emulator.opportunities[:20]]
    pages = await asyncio.gather(
        *(client.list_opportunities(identifier=[identifier]) for identifier in identifiers)
    )
    read = [page.opportunity_summaries[0].id for page in pages]
    assert read == identifiers


async def test_a_call_outside_is_left_alone(client: PartnerCentralClient) -> None:
    await client.list_opportunities()
    connection = await client._transport._connections.get()
    response = await connection.client.list_opportunities(Catalog="AWS")
    assert len(response["OpportunitySummaries"]) == 20
