"""Handlers of botocore's events: the headers of an attempt, its permit, and the raw body.

botocore's parser takes ten times as long as pydantic's, and parses a truncated, empty or HTML body
as an empty last page: so the body is taken before. The event ``before-parse`` is not in botocore's
documented list; where it does not fire, the parsed response is used instead.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, cast

import botocore
from aiohttp import BytesPayload
from aiohttp.abc import AbstractStreamWriter
from pydantic.alias_generators import to_snake

from partnercentral_list._transport.response import current_attempt
from partnercentral_list.config import OPERATION, SERVICE
from partnercentral_list.errors import ConfigurationError
from partnercentral_list.models.request import (
    ListOpportunitiesRequest,
    RequestModel,
    nested_model,
)

CALL = f"{SERVICE}.{OPERATION}"

# The members of an error response that must be text for botocore's parser not to fail or show them.
TEXT_MEMBERS = ("__type", "code", "Code", "message", "Message", "Reason")
TEXT_MEMBERS_OF_FIELDS = ("FieldName", "Message", "Code")


def install(client: Any, integration: str | None) -> None:
    """Register the handlers; they leave calls that are not this library's untouched."""
    events = client.meta.events
    # Another protocol would have another body, for which botocore's parser is right.
    if client.meta.service_model.resolved_protocol == "json":
        events.register(f"before-parse.{CALL}", take_body)
    events.register(f"before-send.{CALL}", _prepare_request)
    shape = client.meta.service_model.operation_model(OPERATION).input_shape
    if any(_unknown_members(shape, _all_members(ListOpportunitiesRequest))):
        events.register(f"before-parameter-build.{CALL}", _refuse_unknown_members)
    if integration is not None:

        def name_integration(params: dict[str, Any], **_: Any) -> None:
            params["headers"]["X-Amzn-User-Agent"] = integration

        events.register(f"before-call.{CALL}", name_integration)


def _refuse_unknown_members(params: dict[str, Any], model: Any, **_: Any) -> None:
    # botocore's serializer would raise a KeyError.
    unknown = list(_unknown_members(model.input_shape, params))
    if unknown and current_attempt.get() is not None:
        raise ConfigurationError(
            f"The service model of botocore {botocore.__version__} does not know "
            f"{', '.join(unknown)}: leave it out, or install a newer botocore by a newer "
            "aiobotocore (pip install --upgrade aiobotocore). A model in AWS_DATA_PATH or "
            "~/.aws/models is used before botocore's own.",
            operation=OPERATION,
        )


def _unknown_members(shape: Any, members: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the paths of the members that a shape does not know, by their Python names."""
    # A shape that is no structure has no members.
    known = getattr(shape, "members", {})
    for name, value in members.items():
        path = prefix + to_snake(name)
        if name not in known:
            yield path
        elif isinstance(value, Mapping):
            yield from _unknown_members(known[name], cast("Mapping[str, Any]", value), f"{path}.")


def _all_members(model: type[RequestModel]) -> dict[str, Any]:
    """Return everything that a request can have: structures by their members."""
    nested = {str(field.alias): nested_model(field) for field in model.model_fields.values()}
    return {name: None if part is None else _all_members(part) for name, part in nested.items()}


def _prepare_request(request: Any, **_: Any) -> None:
    # botocore, whose own retries are off, calls each attempt the first one of a new invocation.
    # These headers are not signed, so that they may still change here.
    attempt = current_attempt.get()
    if attempt is None:
        return
    counts = f"attempt={attempt.number}; max={attempt.max_attempts}"
    for name, value in (
        ("amz-sdk-invocation-id", attempt.invocation_id),
        ("amz-sdk-request", counts),
    ):
        # botocore's headers are a mail message's: setting adds another.
        del request.headers[name]
        request.headers[name] = value
    if attempt.before_write is not None:
        request.body = _HeldBody(request.body, attempt.before_write)


class _HeldBody(BytesPayload):
    """A request body that awaits a callable directly before its first byte is written.

    aiohttp writes a body when it has a connection, after waits that nobody bounds: for a place in
    the pool, DNS and TLS. It keeps the headers back until then, too.
    """

    def __init__(self, body: bytes, before_write: Callable[[], Awaitable[None]]) -> None:
        super().__init__(body)
        self._before_write = before_write

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write the body, once the callable has returned."""
        await self._before_write()
        await super().write_with_length(writer, content_length)


def take_body(response_dict: dict[str, Any], **_: Any) -> None:
    """Keep the body of the current attempt from botocore's parser (event ``before-parse``)."""
    attempt = current_attempt.get()
    if attempt is None:
        return
    if 200 <= response_dict["status_code"] < 300:
        attempt.body = response_dict["body"]
        response_dict["body"] = b""
    elif not _is_error_of_aws(response_dict["body"]):
        # A proxy's page, for example. botocore's parser fails on it, or shows it.
        response_dict["body"] = b"{}"


def _is_error_of_aws(body: bytes) -> bool:
    try:
        # As text: of bytes, json would accept UTF-16 too, which botocore does not.
        error = json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    if not _has_text_members(error, TEXT_MEMBERS):
        return False
    fields: object = error.get("ErrorList") or []
    return isinstance(fields, list) and all(
        _has_text_members(field, TEXT_MEMBERS_OF_FIELDS) for field in cast("list[object]", fields)
    )


def _has_text_members(structure: object, names: tuple[str, ...]) -> bool:
    if not isinstance(structure, dict):
        return False
    members = cast("dict[str, object]", structure)
    return all(isinstance(members.get(name), str | None) for name in names)
