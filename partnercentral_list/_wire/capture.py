"""The raw body of an answer, taken before botocore parses it.

botocore's parser takes ten times as long as pydantic's, and reads a truncated, empty or HTML
answer as an empty last page. The event it is taken at is not in botocore's documented list: where
it does not fire, the parsed answer is used instead.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

BEFORE_PARSE = "before-parse.partnercentral-selling.ListOpportunities"
BEFORE_CALL = "before-call.partnercentral-selling.ListOpportunities"


TEXTS = ("__type", "code", "Code", "message", "Message", "Reason")
PROBLEM_TEXTS = ("FieldName", "Message", "Code")


@dataclass(slots=True)
class Body:
    """The raw body of one call; None if the event did not fire."""

    raw: bytes | None = None


_wanted: ContextVar[Body | None] = ContextVar("partnercentral_list_body", default=None)


@contextmanager
def raw_body() -> Generator[Body]:
    """Take the raw body of the call made inside, in this task."""
    body = Body()
    token = _wanted.set(body)
    try:
        yield body
    finally:
        _wanted.reset(token)


def install(client: Any, integration: str | None) -> None:
    """Have an aiobotocore client hand over its bodies, and send the integration's name."""
    # Another protocol would have another body, for which botocore's parser is right.
    if client.meta.service_model.resolved_protocol == "json":
        client.meta.events.register(BEFORE_PARSE, _take_body)
    if integration is not None:

        def name_integration(params: dict[str, Any], **_: Any) -> None:
            params["headers"]["X-Amzn-User-Agent"] = integration

        client.meta.events.register(BEFORE_CALL, name_integration)


def _take_body(response_dict: dict[str, Any], **_: Any) -> None:
    body = _wanted.get()
    if body is None:
        return
    if 200 <= response_dict["status_code"] < 300:
        body.raw = response_dict["body"]
        response_dict["body"] = b""
    elif not _is_an_error_of_awss(response_dict["body"]):
        # botocore's parser fails on what is no JSON object, or shows it: a proxy's page.
        response_dict["body"] = b"{}"


def _is_an_error_of_awss(body: bytes) -> bool:
    try:
        # As text: of bytes it would take UTF-16 too, which botocore does not.
        error = json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    if not isinstance(error, dict):
        return False
    members = cast("dict[str, object]", error)
    problems: object = members.get("ErrorList") or []
    return _has_texts(members, TEXTS) and (
        isinstance(problems, list)
        and all(_has_texts(problem, PROBLEM_TEXTS) for problem in cast("list[object]", problems))
    )


def _has_texts(structure: object, names: tuple[str, ...]) -> bool:
    if not isinstance(structure, dict):
        return False
    members = cast("dict[str, object]", structure)
    return all(isinstance(members.get(name), str | None) for name in names)
