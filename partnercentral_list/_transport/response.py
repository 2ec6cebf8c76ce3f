"""Parse the body of a response into a page of typed records, or raise; never half a page."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from partnercentral_list._json import JsonError, JsonText, read_envelope
from partnercentral_list._transport.collector import collector_paused
from partnercentral_list.config import OPERATION
from partnercentral_list.errors import MalformedResponseError
from partnercentral_list.models import (
    ListOpportunitiesResponse,
    OpportunitySummary,
    ResponseMetadata,
)
from partnercentral_list.models import response as response_models
from partnercentral_list.models.response import ResponseSource

SUMMARIES: Final = "OpportunitySummaries"
TOKEN: Final = "NextToken"  # noqa: S105 # the name of a member, no secret

#: The most records that AWS ever puts on a page.
MAX_RECORDS: Final = 100
#: A record takes one kilobyte. A body with more than this for each record requested is
#: parsed in a thread and step by step: what AWS never sends may take half a second, and a million
#: tiny records are refused before they are built.
BYTES_PER_RECORD: Final = 4_096

# A letter of a member's name may be written as an escape, which a search for the name overlooks.
_ESCAPED_LETTER: Final = re.compile(rb"\\u00[4-7]")


@dataclass(slots=True, eq=False, repr=False)
class Attempt:
    """One attempt at fetching a page, as the hooks in aiobotocore read and write it."""

    invocation_id: str
    """The same for all attempts at one page."""
    number: int
    """From 1."""
    max_attempts: int
    """How many attempts the policy allows."""
    before_write: Callable[[], Awaitable[None]] | None = None
    """Awaited when the request's bytes are about to leave; None where nothing has to be."""
    http_status: int | None = None
    """The status of the response; None while there is none."""
    body: bytes | None = None
    """The raw body of the response; None where it was not taken from botocore."""


#: The attempt that a task is making; None if its call is not one of this library's. Other users of
#: the same aiobotocore session never see it.
current_attempt: ContextVar[Attempt | None] = ContextVar(
    "partnercentral_list_attempt", default=None
)


@dataclass(frozen=True, slots=True)
class InvalidEntry:
    """A record that cannot be parsed as an `OpportunitySummary`."""

    id: str | None
    problems: tuple[str, ...]
    raw: object = field(repr=False)


Record: TypeAlias = OpportunitySummary | InvalidEntry


@dataclass(frozen=True, slots=True)
class Page:
    """One response of AWS: every record of it, valid or not, in its place."""

    response: ListOpportunitiesResponse
    """The page with its valid records."""
    records: tuple[Record, ...]
    """Every record; the same tuple as the response's if all are valid."""


async def parse_response(
    response: Mapping[str, Any], attempt: Attempt, elapsed: float, parameters: Mapping[str, object]
) -> Page:
    """Parse a successful response of aiobotocore's.

    Args:
        response: What botocore parsed; without the body's members where the attempt has the body.
        attempt: What was sent.
        elapsed: Seconds since the first attempt began.
        parameters: The request's members, in wire form.
    """
    details = cast("dict[str, Any]", response.get("ResponseMetadata") or {})
    attempt.http_status = details.get("HTTPStatusCode")
    metadata = ResponseMetadata(
        request_id=details.get("RequestId"),
        http_status=attempt.http_status,
        attempts=attempt.number,
        elapsed=elapsed,
        date=_date_header(details),
    )
    # AWS's own default is fewer, but may change.
    max_records = cast("int", parameters.get("MaxResults", MAX_RECORDS))
    # A connection keeps the context in which it was made, and so the attempt, for as long as it is
    # open: not the page as well.
    body, attempt.body = attempt.body, None
    if body is None:
        return parse_parsed(response, metadata, max_records)
    if len(body) > (max_records + 1) * BYTES_PER_RECORD:
        return await asyncio.to_thread(parse_page, body, metadata, max_records)
    return parse_page(body, metadata, max_records)


def _date_header(details: Mapping[str, Any]) -> datetime | None:
    headers = cast("Mapping[str, object]", details.get("HTTPHeaders") or {})
    value = headers.get("date")
    if not isinstance(value, str):
        return None
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_page(body: bytes, metadata: ResponseMetadata, max_records: int = MAX_RECORDS) -> Page:
    """Parse the body of a successful response.

    Args:
        body: The body as it came over the wire.
        metadata: How the page was fetched, which the page keeps.
        max_records: How many records were requested; a page with more is refused.

    Raises:
        MalformedResponseError: It is not a page. A single invalid record does not make it one.
    """
    source = ResponseSource(metadata, body)
    # pydantic takes the last of two members of one name, and builds all records before any count.
    is_simple = (
        len(body) <= (max_records + 1) * BYTES_PER_RECORD
        and body.count(b'"OpportunitySummaries"') == 1
        and body.count(b'"NextToken"') <= 1
        and not (b"\\" in body and _ESCAPED_LETTER.search(body))
    )
    if is_simple:
        try:
            with collector_paused():
                response = ListOpportunitiesResponse.model_validate_json(
                    body, by_alias=True, by_name=False, context=source
                )
        except ValidationError:
            pass
        else:
            if len(response.opportunity_summaries) <= max_records:
                return Page(response, response.opportunity_summaries)
    # Outside the handler: pydantic's error holds the values and must not become a context.
    return parse_record_by_record(body, metadata, max_records)


def parse_parsed(
    response: Mapping[str, object], metadata: ResponseMetadata, max_records: int = MAX_RECORDS
) -> Page:
    """Parse a response that botocore has parsed already: its timestamps are datetimes."""
    members = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    return parse_page(to_json(members), metadata, max_records)


@collector_paused()
def parse_record_by_record(body: bytes, metadata: ResponseMetadata, max_records: int) -> Page:
    """Parse a page of which each record is parsed by itself."""
    try:
        envelope = read_envelope(body, SUMMARIES, max_records)
        is_too_deep = any(record.is_too_deep for record in envelope.entries)
        page = ListOpportunitiesResponse.model_validate_json(
            envelope.rest,
            by_alias=True,
            by_name=False,
            context=ResponseSource(metadata, body, is_too_deep=is_too_deep),
        )
    except JsonError as error:
        problem = str(error)
    except ValidationError as error:
        problem = "; ".join(_problems(error))
    else:
        records = tuple(map(_parse_record, envelope.entries))
        valid = tuple(record for record in records if isinstance(record, OpportunitySummary))
        if len(valid) == len(records):
            records = valid
        return Page(page.model_copy(update={"opportunity_summaries": valid}), records)
    raise MalformedResponseError(
        f"AWS responded with HTTP status {metadata.http_status}, but the {len(body)} bytes are "
        f"not a page of opportunities: {problem}.",
        operation=OPERATION,
        request_id=metadata.request_id,
        retryable=True,
    )


def _parse_record(record: JsonText) -> Record:
    """Return the parsed record, or an `InvalidEntry` that names the problem."""
    try:
        return OpportunitySummary.model_validate_json(record.text, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = tuple(_problems(error))
    return InvalidEntry(_identifier(record.value), problems, record.value)


def _identifier(record: object) -> str | None:
    if not isinstance(record, dict):
        return None
    identifier = cast("dict[str, object]", record).get("Id")
    return identifier if isinstance(identifier, str) else None


def _problems(error: ValidationError) -> Iterator[str]:
    # The first of each field: a union reports one problem for each of its choices. Names that AWS
    # made up since this release stay out, as their values do.
    known = _member_names()
    seen: set[tuple[str, ...]] = set()
    for problem in error.errors(include_input=False, include_context=False, include_url=False):
        member = tuple(
            str(part) for part in problem["loc"] if isinstance(part, int) or part in known
        )
        if member not in seen:
            seen.add(member)
            wrong = "not a string" if problem["type"] == "enum" else problem["msg"].lower()
            yield f"{'.'.join(member) or 'the record'}: {wrong}"


@functools.cache
def _member_names() -> frozenset[str | None]:
    return frozenset(
        field.alias
        for model in vars(response_models).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for field in model.model_fields.values()
    )
