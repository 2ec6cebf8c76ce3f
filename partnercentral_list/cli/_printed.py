"""A record of the wire as the AWS CLI prints it: its order of members, its form of timestamps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from partnercentral_list.cli._json import SentNumber, is_list, is_object
from partnercentral_list.cli._shapes import MOMENT, OPPORTUNITY, Shape


def printed(sent: object) -> Any:
    """Put a record in the AWS CLI's form.

    Members come in the service model's order, those that it does not know behind them; null members
    are left out; a timestamp is written to the microsecond with its offset. All else stays as it
    was sent.
    """
    return _printed(OPPORTUNITY, sent)


def _printed(shape: Shape, value: object) -> Any:
    if shape == MOMENT:
        return _timestamp(value)
    if isinstance(shape, Mapping) and is_object(value):
        return _structure(shape, value)
    if isinstance(shape, list) and is_list(value):
        return [_printed(shape[0], entry) for entry in value]
    return _exact(value)


def _structure(shape: Mapping[str, Shape], value: dict[str, Any]) -> dict[str, Any]:
    known = {
        name: _printed(member, value[name])
        for name, member in shape.items()
        if value.get(name) is not None
    }
    if len(known) < len(value):
        known.update(
            (name, _exact(member))
            for name, member in value.items()
            if member is not None and name not in known
        )
    return known


def _exact(value: object) -> Any:
    if isinstance(value, Decimal):
        return SentNumber(value)
    if is_object(value):
        return {name: _exact(member) for name, member in value.items()}
    if is_list(value):
        return [_exact(entry) for entry in value]
    return value


def _timestamp(value: object) -> object:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).isoformat()
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return datetime.fromtimestamp(float(value), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        pass
    return _exact(value)
