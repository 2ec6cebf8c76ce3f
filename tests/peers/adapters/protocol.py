"""The protocol of every adapter: a case as a line of JSON in, its response as one out.

A case: ``url``, ``call`` ("items" or "page"), ``parameters`` in wire form, and for items
``page_size``, ``max_items`` and ``starting_token``, each of them null if not given. An response:
``records``, ``token`` and ``error``, which is an error's code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

Json = dict[str, Any]


def serve(response: Callable[[Json], Json]) -> None:
    """Respond to the cases on stdin until there are no more."""
    for line in sys.stdin:
        case: Json = json.loads(line)
        print(json.dumps(response(case), default=_encode), file=sys.__stdout__, flush=True)


def found(records: list[Any], token: str | None = None) -> Json:
    return {"records": records, "token": token, "error": None}


def failed(code: str) -> Json:
    return {"records": [], "token": None, "error": code}


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")
