"""AWS's events about opportunities, as EventBridge, Lambda, SQS and SNS deliver them.

An event names an opportunity and says no more about it: fetch it by its identifier. Events are
delivered at best effort, late, twice or never, so a listing has to make up for them
(`partnercentral_list.sync` does).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, cast

from partnercentral_list.models import Catalog
from partnercentral_list.models.fields import in_utc, is_identifier

__all__ = ["EventKind", "OpportunityEvent", "OtherEvent", "parse_event", "parse_events"]

SOURCE: Final = "aws.partnercentral-selling"
EventKind: TypeAlias = Literal["created", "updated"]
"""What happened to the opportunity."""

KINDS: Final[Mapping[str, EventKind]] = {
    "Opportunity Created": "created",
    "Opportunity Updated": "updated",
}


@dataclass(frozen=True, slots=True)
class OpportunityEvent:
    """An opportunity was created, or updated, maybe in a member that a summary does not show."""

    kind: EventKind
    """What happened."""
    identifier: str
    """The opportunity."""
    catalog: Catalog
    """The set of opportunities it belongs to."""
    event_id: str | None
    """EventBridge's id of the event. The same change may come again under another one."""
    time: datetime | None
    """When it happened, in UTC, by EventBridge's clock; not its LastModifiedDate."""
    message_id: str | None = None
    """The SQS message that brought it, for a batch's partial failures."""
    account: str | None = None
    """The AWS account that it happened in, such as ``"111122223333"``."""


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """Any other event, such as one about an engagement, or one that this release cannot read."""

    source: str | None
    """Who sent it, such as ``"aws.partnercentral-selling"``."""
    detail_type: str | None
    """What AWS calls it, such as ``"Engagement Invitation Created"``."""
    event_id: str | None = None
    """EventBridge's id of the event."""
    message_id: str | None = None
    """The SQS message that brought it."""


def parse_event(payload: Mapping[str, object] | str | bytes) -> OpportunityEvent | OtherEvent:
    """Read one event: what EventBridge gives to a Lambda function, or its JSON text.

    Raises:
        ValueError: It is not an event, or it is a batch of several (`parse_events` reads both).
    """
    events = parse_events(payload)
    if len(events) != 1:
        raise ValueError(f"a batch of {len(events)} events: use parse_events")
    return events[0]


def parse_events(
    payload: Mapping[str, object] | Sequence[Mapping[str, object]] | str | bytes,
) -> list[OpportunityEvent | OtherEvent]:
    """Read one event or a batch of them: a Lambda event, an SQS or SNS batch, a list, or JSON text.

    A record of a batch that is no event becomes an `OtherEvent`, so that one of them does not keep
    the others from being read.

    Raises:
        ValueError: It is neither.
    """
    content = _json(payload) if isinstance(payload, str | bytes | bytearray) else payload
    if isinstance(content, list | tuple):
        return [_event(entry, None) for entry in cast("Sequence[object]", content)]
    members = _mapping(content)
    records = members.get("Records")
    if isinstance(records, list):
        return [_message(record) for record in cast("list[object]", records)]
    return [_event(members, None)]


def _json(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("not an EventBridge event: it is not JSON") from None


def _mapping(content: object) -> Mapping[str, object]:
    if not isinstance(content, Mapping):
        raise ValueError("not an EventBridge event: it is not a JSON object")
    return cast("Mapping[str, object]", content)


def _members(content: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", content) if isinstance(content, Mapping) else {}


def _message(record: object) -> OpportunityEvent | OtherEvent:
    message = _members(record)
    message_id = _text(message.get("messageId"))
    try:
        # SNS sends to a Lambda function under "Sns", or to SQS in a body; SQS has "body" only.
        return _event(_unwrapped(message.get("body", message.get("Sns"))), message_id)
    except ValueError:
        return OtherEvent(None, None, None, message_id)


def _unwrapped(body: object) -> object:
    content = _json(body) if isinstance(body, str) else body
    members = _mapping(content)
    # A rule may send to SNS, and SNS to SQS, in an envelope of its own.
    if "detail-type" not in members and isinstance(members.get("Message"), str):
        return _json(cast("str", members["Message"]))
    return members


def _event(content: object, message_id: str | None) -> OpportunityEvent | OtherEvent:
    members = _mapping(content)
    source, detail_type = _text(members.get("source")), _text(members.get("detail-type"))
    if source is None or detail_type is None:
        raise ValueError("not an EventBridge event: it has no source and detail-type")
    event_id = _text(members.get("id"))
    if source == SOURCE and detail_type in KINDS:
        detail = _members(members.get("detail"))
        identifier = _text(_members(detail.get("opportunity")).get("identifier"))
        catalog = _text(detail.get("catalog"))
        # Fetched by it later: one that AWS would refuse fails all that are fetched with it.
        if identifier and catalog and is_identifier(identifier):
            kind, time = KINDS[detail_type], _time(members.get("time"))
            known = Catalog.unknown(catalog)
            account = _text(members.get("account"))
            return OpportunityEvent(kind, identifier, known, event_id, time, message_id, account)
    return OtherEvent(source, detail_type, event_id, message_id)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return in_utc(datetime.fromisoformat(value))
    except ValueError:
        return None


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
