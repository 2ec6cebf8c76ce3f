"""AWS's events are read in every envelope that they come in, and nothing else is taken for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnercentral_list import Catalog
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.eventbridge import (
    OpportunityEvent,
    OtherEvent,
    parse_event,
    parse_events,
)


def event(**members: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "0f2c",
        "detail-type": "Opportunity Created",
        "source": "aws.partnercentral-selling",
        "account": "111122223333",
        "time": "2025-03-01T12:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "schemaVersion": "1",
            "catalog": "AWS",
            "opportunity": {"identifier": "O1234567"},
        },
    } | members


READ = OpportunityEvent(
    *("created", "O1234567", Catalog.AWS, "0f2c", datetime(2025, 3, 1, 12, tzinfo=UTC)),
    account="111122223333",
)


def test_an_event_is_read_from_a_lambdas_event_or_its_text() -> None:
    assert parse_event(event()) == READ
    assert parse_event(json.dumps(event())) == READ
    assert parse_event(json.dumps(event()).encode()) == READ
    assert parse_events([event(), event()]) == [READ, READ]


def test_an_update_is_distinguished_from_a_creation() -> None:
    updated = parse_event(event(**{"detail-type": "Opportunity Updated"}))
    assert isinstance(updated, OpportunityEvent)
    assert updated.kind == "updated"


def test_a_batch_of_sqs_is_read_with_its_message_ids() -> None:
    wrapped = {"Type": "Notification", "Message": json.dumps(event())}
    batch = {
        "Records": [
            {"messageId": "m1", "body": json.dumps(event())},
            {"messageId": "m2", "body": json.dumps(wrapped)},
            {"messageId": "m3", "body": "no event"},
            {"messageId": "m4"},
            7,
        ]
    }
    first, second, *others = parse_events(batch)
    assert isinstance(first, OpportunityEvent)
    assert isinstance(second, OpportunityEvent)
    assert (first.message_id, second.message_id) == ("m1", "m2")
    assert first.identifier == second.identifier == "O1234567"
    assert [other.message_id for other in others] == ["m3", "m4", None]
    assert all(isinstance(other, OtherEvent) for other in others)


def test_a_batch_of_sns_is_read() -> None:
    message = {"Type": "Notification", "MessageId": "n1", "Message": json.dumps(event())}
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": message}
    assert parse_event({"Records": [record]}) == READ
    assert parse_event(json.dumps({"Records": [record]})) == READ
    broken = {**record, "Sns": {**message, "Message": "no event"}}
    other, read = parse_events({"Records": [broken, record]})
    assert isinstance(other, OtherEvent)
    assert read == READ


def test_events_of_many_accounts_are_distinguished() -> None:
    accounts = ["111122223333", "444455556666", None]
    bodies = [json.dumps(event(account=account)) for account in accounts]
    records = [{"messageId": body, "body": body} for body in bodies]
    found = parse_events({"Records": records})
    assert [getattr(one, "account", "") for one in found] == accounts


@pytest.mark.parametrize(
    "members",
    [
        {"source": "aws.s3"},
        {"detail-type": "Engagement Invitation Created"},
        {"detail": None},
        {"detail": {"catalog": "AWS"}},
        {"detail": {"catalog": "AWS", "opportunity": {"identifier": 7}}},
        {"detail": {"catalog": "AWS", "opportunity": {"identifier": "arn:aws:x"}}},
        {"detail": {"opportunity": {"identifier": "O1"}}},
    ],
)
def test_what_is_no_event_about_an_opportunity_is_another_event(members: dict[str, Any]) -> None:
    other = parse_event(event(**members))
    assert isinstance(other, OtherEvent)
    assert other.event_id == "0f2c"


def test_an_unknown_catalog_is_kept() -> None:
    detail = {"catalog": "Tomorrow", "opportunity": {"identifier": "O1"}}
    read = parse_event(event(detail=detail))
    assert isinstance(read, OpportunityEvent)
    assert read.catalog == "Tomorrow"
    assert not read.catalog.is_known


@pytest.mark.parametrize("time", ["yesterday", None, 7, "0001-01-01T00:00:00+14:00"])
def test_an_invalid_time_is_none(time: object) -> None:
    read = parse_event(event(time=time))
    assert isinstance(read, OpportunityEvent)
    assert read.time is None


@pytest.mark.parametrize(
    "payload", ["", "[", "7", "{}", {}, {"source": 1, "detail-type": 2}, "[1]"]
)
def test_what_is_no_event_is_refused(payload: Any) -> None:
    with pytest.raises(ValueError, match="not an EventBridge event"):
        parse_event(payload)


def test_a_batch_is_not_one_event() -> None:
    with pytest.raises(ValueError, match="batch of 2 events: use parse_events"):
        parse_event({"Records": [{}, {}]})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_events_or_a_value_error(payload: Any) -> None:
    try:
        read = parse_events({"Records": payload, "source": "x", "detail-type": "y"})
    except ValueError:
        return
    assert all(isinstance(one, OpportunityEvent | OtherEvent) for one in read)


def test_the_emulators_events_are_read() -> None:
    emulator = PartnerCentralEmulator(3)
    name = emulator.add()["Id"]
    emulator.update(name, {"LifeCycle": {"Stage": "Launched"}})
    created, updated = parse_events(emulator.take_events())
    assert isinstance(created, OpportunityEvent)
    assert isinstance(updated, OpportunityEvent)
    assert (created.kind, updated.kind) == ("created", "updated")
    assert created.identifier == updated.identifier == name
