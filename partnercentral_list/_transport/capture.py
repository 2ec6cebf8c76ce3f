"""The raw body of an answer, taken before botocore parses it.

botocore's parser takes ten times as long as pydantic's, and reads a truncated, empty or HTML
answer as an empty last page. The event it is taken at is not in botocore's documented list: where
it does not fire, the parsed answer is used instead.
"""

from __future__ import annotations

import json
from typing import Any, cast

from partnercentral_list._transport.attempt import current

TEXTS = ("__type", "code", "Code", "message", "Message", "Reason")
PROBLEM_TEXTS = ("FieldName", "Message", "Code")


def take_body(response_dict: dict[str, Any], **_: Any) -> None:
    """Keep the body of the attempt under way from botocore's parser (event ``before-parse``)."""
    attempt = current()
    if attempt is None:
        return
    if 200 <= response_dict["status_code"] < 300:
        attempt.body = response_dict["body"]
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
