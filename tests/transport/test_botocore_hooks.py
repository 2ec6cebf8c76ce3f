"""The raw-body path, and its fallback to what botocore parsed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiobotocore.hooks import AioHierarchicalEmitter

from partnercentral_list import OpportunitySummary, PartnerCentralClient
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.aiobotocore_clients import Clients
from tests.conftest import MakeClient


def add_a_member(page: dict[str, Any]) -> dict[str, Any]:
    """Add what botocore's parser drops, since its service model does not have it."""
    for record in page["OpportunitySummaries"]:
        record["Added"] = 1
    return page


async def test_without_the_event_the_parsed_response_gives_the_same_listing(
    make_client: MakeClient, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.fail(Fault.edit_page(add_a_member), times=None)
    raw = await make_client(emulator).iter_opportunities().collect()
    # The event that the raw body is taken at was fired.
    assert all(item.model_extra == {"Added": 1} for item in raw)
    emit = AioHierarchicalEmitter.emit

    async def emit_no_more(emitter: Any, name: str, **options: Any) -> Any:
        return [] if name.startswith("before-parse") else await emit(emitter, name, **options)

    # As if a later botocore had no such event.
    monkeypatch.setattr(AioHierarchicalEmitter, "emit", emit_no_more)
    parsed = await make_client(emulator).iter_opportunities().collect()
    assert not any(item.model_extra for item in parsed)
    fields = set(OpportunitySummary.model_fields)
    assert [item.model_dump(include=fields) for item in parsed] == [
        item.model_dump(include=fields) for item in raw
    ]


async def test_concurrent_calls_get_their_own_bodies(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    identifiers = [record["Id"] for record in emulator.opportunities[:20]]
    pages = await asyncio.gather(
        *(client.list_opportunities(identifier=[identifier]) for identifier in identifiers)
    )
    read = [page.opportunity_summaries[0].id for page in pages]
    assert read == identifiers


async def test_a_call_outside_is_left_alone(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    session = Clients()
    await make_client(emulator, session=session).list_opportunities()
    response = await session.made[0].list_opportunities(Catalog="AWS")
    assert len(response["OpportunitySummaries"]) == 20
