"""The raw-body path, and its fallback to what botocore parsed."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.hooks import AioHierarchicalEmitter
from botocore.loaders import Loader

from partnercentral_list import (
    ConfigurationError,
    OpportunitySummary,
    PartnerCentralClient,
    TargetCloseDateFilter,
)
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


@pytest.fixture
def older_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let sessions find a service model that does not know TargetCloseDate."""
    name = "partnercentral-selling"
    loader = Loader()
    document = loader.load_service_model(name, "service-2")
    del document["shapes"]["ListOpportunitiesRequest"]["members"]["TargetCloseDate"]
    folder = tmp_path / name / loader.determine_latest_version(name, "service-2")
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(document))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))


@pytest.mark.usefixtures("older_model")
async def test_a_filter_that_botocore_does_not_know_is_refused_with_the_remedy(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    client = make_client(emulator)
    day = TargetCloseDateFilter(after_target_close_date=date(2026, 1, 31))
    said = "does not know target_close_date: .*pip install --upgrade aiobotocore"
    with pytest.raises(ConfigurationError, match=said) as caught:
        await client.list_opportunities(target_close_date=day)
    assert not caught.value.retryable
    assert not emulator.requests
    assert (await client.list_opportunities(max_results=1)).opportunity_summaries


@pytest.mark.usefixtures("older_model")
async def test_another_call_with_an_unknown_filter_raises_botocores_error(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    session = Clients()
    await make_client(emulator, session=session).list_opportunities()
    with pytest.raises(KeyError, match="TargetCloseDate"):
        await session.made[0].list_opportunities(Catalog="AWS", TargetCloseDate={})


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
