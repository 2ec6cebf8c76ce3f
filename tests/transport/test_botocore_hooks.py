"""The raw-body path, and its fallback to what botocore parsed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.hooks import AioHierarchicalEmitter
from botocore.loaders import Loader
from pydantic.alias_generators import to_pascal

from partnercentral_list import (
    ConfigurationError,
    CreatedDateFilter,
    LastModifiedDateFilter,
    ListOpportunitiesRequest,
    OpportunitySort,
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


Forget = Callable[[str, str], None]


@pytest.fixture
def older_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Forget:
    """Let sessions find a service model that does not know a member of a shape."""

    def forget(shape: str, member: str) -> None:
        name = "partnercentral-selling"
        loader = Loader()
        document = loader.load_service_model(name, "service-2")
        del document["shapes"][shape]["members"][member]
        folder = tmp_path / name / loader.determine_latest_version(name, "service-2")
        folder.mkdir(parents=True)
        (folder / "service-2.json").write_text(json.dumps(document))
        monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))

    return forget


DAY = date(2026, 1, 31)
MOMENT = datetime(2026, 1, 31, tzinfo=UTC)
REQUEST = ListOpportunitiesRequest(
    catalog="AWS",
    sort=OpportunitySort(sort_by="CreatedDate", sort_order="ASCENDING"),
    life_cycle_stage=["Qualified"],
    last_modified_date=LastModifiedDateFilter(before_last_modified_date=MOMENT),
    created_date=CreatedDateFilter(after_created_date=MOMENT),
    target_close_date=TargetCloseDateFilter(after_target_close_date=DAY),
)


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        ("ListOpportunitiesRequest", "target_close_date"),
        ("ListOpportunitiesRequest", "life_cycle_stage"),
        ("OpportunitySort", "sort.sort_by"),
        ("LastModifiedDate", "last_modified_date.before_last_modified_date"),
        ("CreatedDateFilter", "created_date.after_created_date"),
    ],
)
async def test_a_member_that_botocore_does_not_know_is_refused_with_the_remedy(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    older_model: Forget,
    shape: str,
    path: str,
) -> None:
    older_model(shape, to_pascal(path.rpartition(".")[2]))
    client = make_client(emulator)
    said = rf"does not know {re.escape(path)}: .*pip install --upgrade aiobotocore"
    with pytest.raises(ConfigurationError, match=said) as caught:
        await client.list_opportunities(REQUEST)
    assert not caught.value.retryable
    assert not emulator.requests
    assert (await client.list_opportunities(max_results=1)).opportunity_summaries


async def test_the_members_beside_an_unknown_one_are_sent(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    older_model: Forget,
) -> None:
    older_model("LastModifiedDate", "BeforeLastModifiedDate")
    after = LastModifiedDateFilter(after_last_modified_date=MOMENT)
    await make_client(emulator).list_opportunities(last_modified_date=after)
    assert emulator.requests[0].body["LastModifiedDate"] == {
        "AfterLastModifiedDate": "2026-01-31T00:00:00Z"
    }


async def test_another_call_with_an_unknown_filter_raises_botocores_error(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    older_model: Forget,
) -> None:
    older_model("ListOpportunitiesRequest", "TargetCloseDate")
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
