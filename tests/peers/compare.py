"""Comparison of two responses: a time is an instant, and a null is absent.

That is a null everywhere, an empty ``Amount``, which this library reads as no amount, and an empty
``CompanyName``, which is what capo makes of a null where the model requires a member.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

OFTEN_EMPTY = ("Amount", "CompanyName")
TIMES = ("CreatedDate", "LastModifiedDate")


def canonical(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {
            key: canonical(item, key)
            for key, item in value.items()
            if item is not None and not (item == "" and key in OFTEN_EMPTY)
        }
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if name in TIMES:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return value


def token_content(token: str | None) -> Any:
    """Read a resume token, with the service's own part of it, which is opaque, as "opaque"."""
    if token is None:
        return None
    content = json.loads(base64.b64decode(token, validate=True))
    if content["NextToken"] is not None:
        content["NextToken"] = "opaque"
    return content
