"""NextToken: opaque, repeatable, and of use in its own listing only."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.emulator.calls import Caller, HttpResponse, calling


def first_token(caller: Caller, **parameters: Any) -> str:
    token = caller.fetch(**parameters).token
    assert token is not None
    return token


def assert_refused(response: HttpResponse) -> None:
    assert (response.status, response.code) == (400, "ValidationException")
    assert response.json["Reason"] == "REQUEST_VALIDATION_FAILED"
    assert response.problems == [("NextToken", "INVALID_VALUE")]


def test_a_token_looks_like_the_services(caller: Caller) -> None:
    assert re.fullmatch(r"AAMA-[A-Za-z0-9_-]{150,180}={0,2}", first_token(caller))


def test_a_token_does_not_show_its_position(caller: Caller) -> None:
    token = first_token(caller, MaxResults=77)
    raw = base64.urlsafe_b64decode(token.removeprefix("AAMA-"))
    assert (77).to_bytes(8) not in raw


def test_a_token_can_be_used_twice(caller: Caller) -> None:
    token = first_token(caller)
    assert caller.fetch(NextToken=token).raw == caller.fetch(NextToken=token).raw


def test_a_token_survives_a_change_of_the_page_size(caller: Caller) -> None:
    everything = caller.all_ids(MaxResults=100)
    token = first_token(caller, MaxResults=30)
    assert caller.fetch(MaxResults=7, NextToken=token).ids == everything[30:37]


def test_a_token_survives_a_restart() -> None:
    emulator = PartnerCentralEmulator(50)
    with emulator, calling(emulator) as caller:
        token = first_token(caller)
    with emulator, calling(emulator) as caller:
        assert len(caller.fetch(NextToken=token, MaxResults=100).ids) == 30


@pytest.mark.parametrize(
    "changed",
    [
        {"LifeCycleStage": ["Qualified"]},
        {"LastModifiedDate": {"AfterLastModifiedDate": "2020-01-01T00:00:00Z"}},
        {"Sort": {"SortBy": "LastModifiedDate", "SortOrder": "ASCENDING"}},
        {"catalog": "Sandbox"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_token_with_other_parameters_is_refused(caller: Caller, changed: dict[str, Any]) -> None:
    token = first_token(caller)
    assert_refused(caller.fetch(**changed, NextToken=token))


def test_a_token_of_another_seed_is_refused(caller: Caller) -> None:
    with PartnerCentralEmulator(seed=1) as other, calling(other) as other_caller:
        token = first_token(other_caller)
    assert_refused(caller.fetch(NextToken=token))


@pytest.mark.parametrize("token", ["", "garbage", "AAMA-", "AAMA-" + "A" * 160, "é", "AAMA-===="])
def test_garbage_is_refused(caller: Caller, token: str) -> None:
    assert_refused(caller.fetch(NextToken=token))


@pytest.mark.parametrize("position", [6, 40, 60, 100, 150])
def test_a_token_with_one_changed_character_is_refused(caller: Caller, position: int) -> None:
    token = first_token(caller)
    other = "A" if token[position] != "A" else "B"
    assert_refused(caller.fetch(NextToken=token[:position] + other + token[position + 1 :]))


def test_a_record_edited_between_two_pages_moves_the_others() -> None:
    with PartnerCentralEmulator(60) as emulator, calling(emulator) as caller:
        before = caller.all_ids()
        token = first_token(caller)
        emulator.update(before[40], {})
        assert caller.fetch(NextToken=token).ids[0] == before[19]


def test_a_token_after_the_end_leads_to_an_empty_last_page() -> None:
    records = [{"Id": f"O{n}", "LifeCycle": {"Stage": "Qualified"}} for n in range(1, 4)]
    stage = ["Qualified"]
    with PartnerCentralEmulator(records) as emulator, calling(emulator) as caller:
        token = first_token(caller, LifeCycleStage=stage, MaxResults=2)
        for identifier in ("O1", "O2"):
            emulator.update(identifier, {"LifeCycle": {"Stage": "Launched"}})
        response = caller.fetch(LifeCycleStage=stage, NextToken=token)
    assert response.json == {"OpportunitySummaries": [], "NextToken": None}
