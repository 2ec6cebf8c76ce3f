"""What an answer means: a body becomes a page of typed records, or an error; never half a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias, cast

from pydantic import ValidationError
from pydantic_core import to_json

from partnercentral_list._transport.collector import collector_paused
from partnercentral_list.errors import MalformedResponseError
from partnercentral_list.models import (
    ListOpportunitiesResponse,
    OpportunitySummary,
    ResponseMetadata,
)


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """A record that is not an `OpportunitySummary`."""

    id: str | None
    problems: tuple[str, ...]
    raw: object


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of AWS: every record of it, read or not, in its place."""

    response: ListOpportunitiesResponse
    """The page with the records that can be read."""
    records: tuple[OpportunitySummary | InvalidEntry, ...]
    """Every record; the same tuple as the response's if all can be read."""

    @property
    def next_token(self) -> str | None:
        """AWS's token of the next page; None on the last one."""
        return self.response.next_token


Record: TypeAlias = OpportunitySummary | InvalidEntry

#: Reads a page in place of `read_page`, in the context where it is set (see `as_sent`).
reader: ContextVar[Callable[[bytes, ResponseMetadata], Page] | None] = ContextVar(
    "partnercentral_list page reader", default=None
)


def read_page(body: bytes, metadata: ResponseMetadata) -> Page:
    """Read the body of a successful answer.

    Raises:
        MalformedResponseError: It is not a page. A single record that cannot be read is none.
    """
    other = reader.get()
    if other is not None:
        return other(body, metadata)
    try:
        with collector_paused():
            response = ListOpportunitiesResponse.model_validate_json(
                body, by_alias=True, by_name=False, context=metadata
            )
    except ValidationError:
        pass
    else:
        return Page(response, response.opportunity_summaries)
    # Outside the handler: pydantic's error holds the values and must not become a context.
    return read_record_by_record(body, metadata, read_record)


def read_parsed(answer: Mapping[str, object], metadata: ResponseMetadata) -> Page:
    """Read an answer that botocore has parsed already: its timestamps are datetimes.

    Raises:
        MalformedResponseError: It is not a page.
    """
    members = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    return read_page(to_json(members), metadata)


def read_record_by_record(
    body: bytes, metadata: ResponseMetadata, read: Callable[[object], Record]
) -> Page:
    """Read a page of which each record is read by itself.

    Raises:
        MalformedResponseError: It is not a page.
    """
    answer, problem = _json_object(body)
    wire_records = answer.get("OpportunitySummaries")
    next_token = answer.get("NextToken")
    if not isinstance(wire_records, list):
        problem = problem or "it has no list of OpportunitySummaries"
    elif not isinstance(next_token, str | None):
        problem = "its NextToken is not a string"
    if problem:
        raise MalformedResponseError(
            f"AWS answered with HTTP status {metadata.http_status}, but the {len(body)} bytes are "
            f"not a page of opportunities: {problem}.",
            operation="ListOpportunities",
            request_id=metadata.request_id,
            retryable=True,
        )
    records = tuple(read(record) for record in cast("list[object]", wire_records))
    readable = [record for record in records if isinstance(record, OpportunitySummary)]
    response = ListOpportunitiesResponse.model_validate(
        answer | {"OpportunitySummaries": readable}, context=metadata
    )
    return Page(response, records)


def _json_object(body: bytes) -> tuple[dict[str, object], str | None]:
    if not body:
        return {}, "it is empty"
    try:
        # As text: of bytes it would take UTF-16 too.
        answer = json.loads(body.decode())
    except (ValueError, RecursionError):
        return {}, "it is not JSON"
    if not isinstance(answer, dict):
        return {}, "it is not a JSON object"
    return cast("dict[str, object]", answer), None


def read_record(record: object) -> Record:
    """Read a record, or say what is wrong with it."""
    try:
        text = json.dumps(record)
        return OpportunitySummary.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = tuple(_problems(error))
    return InvalidEntry(_identifier(record), problems, record)


def _identifier(record: object) -> str | None:
    if not isinstance(record, dict):
        return None
    identifier = cast("dict[str, object]", record).get("Id")
    return identifier if isinstance(identifier, str) else None


def _problems(error: ValidationError) -> Iterator[str]:
    # The first of each member: a union reports one problem for each of its choices.
    seen: set[tuple[str, ...]] = set()
    for problem in error.errors(include_input=False, include_context=False, include_url=False):
        member = tuple(
            part for part in map(str, problem["loc"]) if part[:1].isupper() or part.isdigit()
        )
        if member not in seen:
            seen.add(member)
            wrong = "not a string" if problem["type"] == "enum" else problem["msg"].lower()
            yield f"{'.'.join(member) or 'the record'}: {wrong}"
