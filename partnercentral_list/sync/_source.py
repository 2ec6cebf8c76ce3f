"""Pages of a listing, one request each, with their invalid records in place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias, TypeVar, cast

from pydantic import TypeAdapter

from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.errors import (
    InvalidOpportunity,
    PaginationError,
    TokenExpiredError,
    ValidationException,
)
from partnercentral_list.models import (
    Catalog,
    CreatedDateFilter,
    LastModifiedDateFilter,
    OpportunitySort,
    OpportunitySummary,
)
from partnercentral_list.models.fields import MAX_PAGE_SIZE, in_utc
from partnercentral_list.models.request import IDENTIFIERS_PER_REQUEST
from partnercentral_list.sync.store import InvalidRecord

ResultT = TypeVar("ResultT")
SortKey: TypeAlias = Literal["LastModifiedDate", "CreatedDate", "Identifier"]
"""What a listing is sorted by."""

MAX_LISTINGS: Final = 5
SECOND: Final = timedelta(seconds=1)
#: AWS's hosts may disagree on the time by less than this. A watermark that is further ahead of one
#: of them was never reached by any.
MAX_CLOCK_SKEW: Final = timedelta(minutes=1)


def is_ahead(date: datetime, clock: datetime | None) -> bool:
    """Return whether a date is later than the whole second that AWS's clock shows.

    If AWS's clock is not known, no date is known to be ahead of it.
    """
    return clock is not None and date - clock >= SECOND


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A record of a page, valid or not."""

    id: str | None
    modified: datetime | None
    created: datetime | None
    record: OpportunitySummary | InvalidRecord

    @property
    def key(self) -> str:
        """The identifier, or the whole of an invalid record without one."""
        record = self.record
        return self.id or (record.raw if isinstance(record, InvalidRecord) else record.id)

    def date(self, key: SortKey) -> datetime | None:
        """Return the date that a listing is sorted by; None without one."""
        if key == "Identifier":
            return None
        return self.modified if key == "LastModifiedDate" else self.created

    def version(self, key: SortKey) -> object:
        """Return a value that changes with each edit that moves the record in a listing."""
        return self.record.raw if isinstance(self.record, InvalidRecord) else self.date(key)


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A response: its records, and the token of the next page."""

    rows: tuple[SourceRow, ...]
    token: str | None
    clock: datetime | None = None
    """AWS's clock when it sent the response, in whole seconds; None if it did not say."""

    def dates(self, key: SortKey) -> list[datetime]:
        """Return the dates of all rows that have one."""
        return [date for row in self.rows if (date := row.date(key)) is not None]

    def valid_dates(self, key: SortKey) -> list[datetime]:
        """Return the dates of the valid opportunities that have one."""
        valid = [row.date(key) for row in self.rows if isinstance(row.record, OpportunitySummary)]
        return [date for date in valid if date is not None]

    def last_date(self, key: SortKey) -> datetime | None:
        """Return the date to continue from: a valid opportunity's, or any if none is valid."""
        return max(self.valid_dates(key) or self.dates(key), default=None)

    def watermark(self, key: SortKey) -> datetime | None:
        """Return the latest date of a valid opportunity that AWS's clock has reached.

        A later date is a mistake: as a watermark it would hide every change still to come. If
        AWS's clock is not known, no date is known to be reached.
        """
        if self.clock is None:
            return None
        reached = (date for date in self.valid_dates(key) if not is_ahead(date, self.clock))
        return max(reached, default=None)


@dataclass(frozen=True, slots=True)
class SourceQuery:
    """A request for a page of a sorted listing, or for opportunities by identifier."""

    key: SortKey = "LastModifiedDate"
    after: datetime | None = None
    descending: bool = False
    identifiers: tuple[str, ...] | None = None
    token: str | None = None
    has_full_pages: bool = False
    """Whether to fetch pages of the largest size that AWS allows, whatever the source's own."""


class Source(Protocol):
    """Fetches pages, and counts the requests that it sends, retries included."""

    catalog: Catalog
    requests: int

    async def fetch(self, query: SourceQuery) -> SourcePage:
        """Fetch one page.

        Raises:
            TokenExpiredError: AWS refused the token.
            PartnerCentralError: The page could not be fetched.
        """
        ...


class ClientSource:
    """Fetches pages through `PartnerCentralClient.list_opportunities`."""

    def __init__(self, client: PartnerCentralClient, page_size: int) -> None:
        self.catalog = client.catalog
        self.requests = 0
        self._client = client
        self._page_size = page_size

    async def fetch(self, query: SourceQuery) -> SourcePage:
        """Fetch one page."""
        invalid: list[InvalidOpportunity] = []
        modified = created = None
        if query.after is not None and query.key == "LastModifiedDate":
            modified = LastModifiedDateFilter(after_last_modified_date=query.after)
        elif query.after is not None:
            created = CreatedDateFilter(after_created_date=query.after)
        try:
            response = await self._client.list_opportunities(
                max_results=MAX_PAGE_SIZE if query.has_full_pages else self._page_size,
                next_token=query.token,
                on_invalid=invalid.append,
                identifier=query.identifiers,
                last_modified_date=modified,
                created_date=created,
                sort=OpportunitySort(
                    # No edit during a lookup hides a record: identifiers do not change.
                    sort_by="Identifier" if query.identifiers else query.key,
                    sort_order="DESCENDING" if query.descending else "ASCENDING",
                ),
            )
        except ValidationException as error:
            if query.token is None:
                raise
            # The same request without a token was valid.
            raise TokenExpiredError(
                f"AWS refused the token of a page. AWS says: {error.message}",
                operation=error.operation,
                attempts=error.attempts,
                request_id=error.request_id,
            ) from error
        metadata = response.response_metadata
        self.requests += max(1, metadata.attempts)
        rows = [valid_row(record) for record in response.opportunity_summaries]
        for record in sorted(invalid, key=lambda one: one.index):
            rows.insert(record.index, invalid_row(record))
        return SourcePage(tuple(rows), response.next_token, metadata.date)


def valid_row(record: OpportunitySummary) -> SourceRow:
    """Return the row of an opportunity."""
    return SourceRow(record.id, record.last_modified_date, record.created_date, record)


_UNEDITED_FIELDS: Final = ("Id", "Arn", "CreatedDate", "PartnerOpportunityIdentifier")


def invalid_row(record: InvalidOpportunity) -> SourceRow:
    """Return the row of an invalid record, with those of its dates that can be parsed."""
    found: object = record.raw
    raw = json.dumps(found, sort_keys=True)
    # Half a surrogate pair has no encoding, so no database stores it.
    identifier = record.id if record.id and record.id.isprintable() else None
    fields = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    # From fields that an edit does not change: otherwise each edit would be a record of its own.
    unedited = {name: fields[name] for name in _UNEDITED_FIELDS if fields.get(name) is not None}
    text = json.dumps(unedited, sort_keys=True) if unedited else raw
    key = identifier or hashlib.sha256(text.encode()).hexdigest()
    modified, created = (_date(fields.get(date)) for date in ("LastModifiedDate", "CreatedDate"))
    invalid = InvalidRecord(key, identifier, "; ".join(record.problems), raw)
    return SourceRow(identifier, modified, created, invalid)


_DATE: Final = TypeAdapter(datetime)


def _date(value: object) -> datetime | None:
    # pydantic would also parse digits, as seconds since 1970.
    if not isinstance(value, str) or not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}T", value):
        return None
    try:
        return in_utc(_DATE.validate_python(value))
    except ValueError:
        return None


def batched(identifiers: Iterable[str]) -> list[tuple[str, ...]]:
    """Split identifiers into batches of as many as a request may name."""
    every, size = tuple(identifiers), IDENTIFIERS_PER_REQUEST
    return [every[start : start + size] for start in range(0, len(every), size)]


async def look_up(source: Source, identifiers: tuple[str, ...]) -> SourcePage:
    """Fetch opportunities by identifier, of a batch of `batched`, all pages as one."""
    query = SourceQuery(identifiers=identifiers)
    page = await source.fetch(query)
    rows, tokens = list(page.rows), set[str]()
    while page.token is not None:
        page = await source.fetch(next_query(query, page.token, tokens))
        rows += page.rows
    return SourcePage(tuple(rows), None, page.clock)


def next_query(query: SourceQuery, token: str, tokens: set[str]) -> SourceQuery:
    """Return the request for the page of a token, and add it to the tokens of the pages before.

    Raises:
        PaginationError: AWS sent the token before.
    """
    if token in tokens:
        raise PaginationError(
            "AWS repeated a page token, so the listing would never end. The pages before are "
            "stored; run again.",
            operation="ListOpportunities",
            retryable=True,
        )
    tokens.add(token)
    return replace(query, token=token)


async def restarting(listing: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """List, and start again where a token fails, `MAX_LISTINGS` times in all."""
    for _ in range(MAX_LISTINGS - 1):
        with suppress(PaginationError):
            return await listing()
    return await listing()
