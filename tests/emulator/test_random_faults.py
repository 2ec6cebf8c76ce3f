"""RandomFaults: chance that can be repeated, and what it is made of."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from partnercentral_list import (
    InvalidOpportunity,
    PartnerCentralClient,
    PartnerCentralError,
    RetryPolicy,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator, RandomFaults
from tests.conftest import MakeClient, no_wait
from tests.emulator.calls import Caller, calling


def statuses(faults: RandomFaults, requests: int = 60) -> list[int]:
    with PartnerCentralEmulator(1, faults=faults) as emulator, calling(emulator) as caller:
        return [caller.fetch().status for _ in range(requests)]


ERRORS = ("ThrottlingException", Fault.http(503))


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    first = statuses(RandomFaults(0.3, 1, ERRORS))
    assert first == statuses(RandomFaults(0.3, 1, ERRORS))
    assert first != statuses(RandomFaults(0.3, 2, ERRORS))
    assert set(first) == {200, 400, 503}


@pytest.mark.parametrize(("rate", "hit"), [(0, 0), (1, 60)])
def test_never_and_always_are_that(rate: float, hit: int) -> None:
    counts = Counter(statuses(RandomFaults(rate, kinds=["ThrottlingException"])))
    assert counts[400] == hit


def test_the_rate_is_how_many_are_hit() -> None:
    chance = RandomFaults(0.2, kinds=["ThrottlingException"])
    hits = sum(chance.fault_for(number) is not None for number in range(1, 2001))
    assert 340 < hits < 460


def test_a_burst_hits_several_in_a_row() -> None:
    found = statuses(RandomFaults(0.05, 3, ["ThrottlingException"], burst=20))
    runs = "".join("x" if status == 400 else " " for status in found).split()
    assert max(map(len, runs)) > 4


def test_scheduled_faults_come_before_random_ones() -> None:
    faults = [RandomFaults(1, kinds=[Fault.http(503)]), "ThrottlingException", Fault.http(418)]
    with PartnerCentralEmulator(1, faults=faults) as emulator, calling(emulator) as caller:
        assert [caller.fetch().status for _ in range(3)] == [400, 418, 503]
        emulator.clear_faults()
        assert caller.fetch().status == 200


def test_random_faults_can_begin_later_and_end() -> None:
    with PartnerCentralEmulator(1) as emulator, calling(emulator) as caller:
        emulator.fail(RandomFaults(1, kinds=[Fault.http(503)]), at=2, times=1)
        assert [caller.fetch().status for _ in range(3)] == [200, 503, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 1.1},
        {"rate": -0.1},
        {"burst": 0},
        {"burst": 1.5},
        {"kinds": []},
        {"kinds": "x"},
        {"kinds": Fault.truncate()},
    ],
    ids=str,
)
def test_a_value_out_of_bounds_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RandomFaults(**wrong)


def test_what_is_not_a_fault_is_refused_at_once(
    emulator: PartnerCentralEmulator,
) -> None:
    nothing: Any = 503
    with pytest.raises(TypeError, match="503"):
        RandomFaults(kinds=[nothing])
    with pytest.raises(TypeError, match="503"):
        emulator.fail(nothing)
    with pytest.raises(TypeError, match="503"):
        PartnerCentralEmulator(1, faults=[nothing])


@pytest.mark.parametrize("alone", ["ThrottlingException", Fault.truncate()], ids=str)
def test_one_fault_without_a_list_is_refused(alone: Any) -> None:
    with pytest.raises(ValueError, match="faults must be a list"):
        PartnerCentralEmulator(1, faults=alone)


@pytest.mark.parametrize("seed", range(3))
async def test_a_client_that_retries_recovers_from_the_default_kinds(
    seed: int, make_client: MakeClient
) -> None:
    chance = RandomFaults(0.4, seed)
    patient = RetryPolicy(max_attempts=40, quota=100_000, sleep=no_wait)
    with PartnerCentralEmulator(200, faults=chance) as emulator:
        client = make_client(emulator, retry=patient)
        listed = await client.iter_opportunities(page_size=10).collect()
        assert [item.id for item in listed] == list(dict.fromkeys(item.id for item in listed))
        assert {item.id for item in listed} == {r["Id"] for r in emulator.opportunities}
        assert len(emulator.requests) > 25


@pytest.fixture
def client(emulator: PartnerCentralEmulator, make_client: MakeClient) -> PartnerCentralClient:
    return make_client(emulator)


async def test_an_invalid_record_is_one_of_its_page(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient
) -> None:
    emulator.fail(Fault.invalid_record(-1))
    found: list[InvalidOpportunity] = []
    listed = await client.iter_opportunities(on_invalid=found.append).collect()
    assert [(invalid.page, invalid.index) for invalid in found] == [(1, 99)]
    assert len(listed) == 249


def test_a_page_too_short_for_an_invalid_record_is_left_alone(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    before = caller.fetch().json
    for index in (20, -21):
        emulator.fail(Fault.invalid_record(index))
        assert caller.fetch().json == before


async def test_unknown_values_are_parsed(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient
) -> None:
    emulator.fail(Fault.unknown_values())
    page = await client.list_opportunities(max_results=100)
    stages = [item.stage for item in page.opportunity_summaries if item.stage is not None]
    assert stages
    assert not any(stage.is_known for stage in stages)
    assert all(item.model_extra for item in page.opportunity_summaries)


@pytest.mark.parametrize("status", [200, 502])
async def test_a_proxys_html_is_an_error(status: int, make_client: MakeClient) -> None:
    with PartnerCentralEmulator(1, faults=[Fault.proxy(status)] * 2) as emulator:
        client = make_client(emulator, retry=RetryPolicy(max_attempts=2, sleep=no_wait))
        with pytest.raises(PartnerCentralError) as caught:
            await client.list_opportunities()
        assert caught.value.attempts == 2
        assert len((await client.list_opportunities()).opportunity_summaries) == 1
