"""Where pages come from: one request each, invalid records included, in AWS's order."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias, cast

from pydantic import TypeAdapter, ValidationError

from partnercentral_list._pagination.tokens import Position
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
from partnercentral_list.models.request import PAGE_SIZE
from partnercentral_list.sync.store import InvalidRecord

Key: TypeAlias = Literal["LastModifiedDate", "CreatedDate", "Identifier"]
"""What a listing is sorted by."""

SECOND: Final = timedelta(seconds=1)


def is_ahead(date: datetime, clock: datetime | None) -> bool:
    """Return whether a date is later than the whole second that AWS's clock shows.

    Without AWS's clock nothing is known to be ahead of it.
    """
    return clock is not None and date - clock >= SECOND


@dataclass(frozen=True, slots=True)
class Row:
    """A record in its place on a page, whether it can be read or not."""

    id: str | None
    modified: datetime | None
    created: datetime | None
    record: OpportunitySummary | InvalidRecord

    def date(self, key: Key) -> datetime | None:
        """Return the date that a listing is sorted by; None if it has none or is not by date."""
        if key == "Identifier":
            return None
        return self.modified if key == "LastModifiedDate" else self.created

    @property
    def key(self) -> str:
        """What tells it from other records: its identifier, or a digest of all of it."""
        record = self.record
        return self.id or (record.key if isinstance(record, InvalidRecord) else record.id)

    def version(self, key: Key) -> object:
        """Return what changes if an edit moves it in a listing sorted by `key`."""
        return self.record.raw if isinstance(self.record, InvalidRecord) else self.date(key)


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One answer."""

    rows: tuple[Row, ...]
    token: str | None
    clock: datetime | None = None
    """AWS's own clock when it sent the page, to the second; None if it did not say."""

    def dates(self, key: Key) -> list[datetime]:
        """Give the dates of the rows that have one."""
        return [date for row in self.rows if (date := row.date(key)) is not None]

    def proven(self, key: Key) -> datetime | None:
        """Give the latest date of an opportunity that can be read: any other may be nonsense."""
        read = [row.date(key) for row in self.rows if isinstance(row.record, OpportunitySummary)]
        return max((date for date in read if date is not None), default=None)

    def watermark(self, key: Key) -> datetime | None:
        """Return the latest date of a valid opportunity that AWS's clock has reached.

        A later date is a mistake: as a watermark it would hide every change that is still to
        come. Without AWS's clock no date is known to be reached.
        """
        if self.clock is None:
            return None
        dates = [row.date(key) for row in self.rows if isinstance(row.record, OpportunitySummary)]
        reached = (d for d in dates if d is not None and not is_ahead(d, self.clock))
        return max(reached, default=None)

    def last(self, key: Key) -> datetime | None:
        """Give the latest date to go on from."""
        return self.proven(key) or max(self.dates(key), default=None)


@dataclass(frozen=True, slots=True)
class Query:
    """One request: a span of a sorted listing, or opportunities by their identifiers."""

    key: Key = "LastModifiedDate"
    after: datetime | None = None
    descending: bool = False
    identifiers: tuple[str, ...] | None = None
    token: str | None = None
    has_full_pages: bool = False
    """Whether pages hold as many records as AWS allows, and not as many as the source was told."""


class Source(Protocol):
    """Fetches pages, and counts the requests that it took."""

    @property
    def catalog(self) -> Catalog:
        """The catalog that is read."""
        ...

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        ...

    async def fetch(self, query: Query) -> SourcePage:
        """Fetch one page.

        Raises:
            TokenExpiredError: The token was refused.
            PartnerCentralError: The page could not be fetched.
        """
        ...


class ClientSource:
    """The pages of a client, through what every user of it can call."""

    def __init__(self, client: PartnerCentralClient, page_size: int) -> None:
        self._client = client
        self._page_size = page_size
        self._requests = 0

    @property
    def catalog(self) -> Catalog:
        """The catalog that is read."""
        return self._client.catalog

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self._requests

    async def fetch(self, query: Query) -> SourcePage:
        """Fetch one page."""
        invalid: list[InvalidOpportunity] = []
        modified = created = None
        if query.after is not None and query.key == "LastModifiedDate":
            modified = LastModifiedDateFilter(after_last_modified_date=query.after)
        elif query.after is not None:
            created = CreatedDateFilter(after_created_date=query.after)
        pager = self._client.iter_opportunities(
            page_size=PAGE_SIZE.maximum if query.has_full_pages else self._page_size,
            prefetch=0,
            starting_token=Position(query.token, None).encode() if query.token else None,
            on_invalid=invalid.append,
            identifier=query.identifiers,
            last_modified_date=modified,
            created_date=created,
            sort=_sort(query),
        )
        try:
            # Only its first page is asked for, and it is closed before anything else happens.
            async with aclosing(pager.pages()) as pages:
                response = await anext(pages)
        except ValidationException as error:
            if query.token is None:
                raise
            raise TokenExpiredError(
                f"AWS refused the token of a page. AWS says: {error.message}",
                operation=error.operation,
                attempts=error.attempts,
                request_id=error.request_id,
            ) from error
        self._requests += max(1, response.response_metadata.attempts)
        rows = [valid_row(record) for record in response.opportunity_summaries]
        for record in sorted(invalid, key=lambda one: one.index):
            rows.insert(record.index, invalid_row(record))
        clock = response.response_metadata.date
        return SourcePage(tuple(rows), response.next_token, clock)


def _sort(query: Query) -> OpportunitySort:
    if query.identifiers:
        # No edit between two pages can hide one that is looked up.
        return OpportunitySort(sort_by="Identifier", sort_order="ASCENDING")
    return OpportunitySort(
        sort_by=query.key, sort_order="DESCENDING" if query.descending else "ASCENDING"
    )


def valid_row(record: OpportunitySummary) -> Row:
    """Make a row of an opportunity."""
    return Row(record.id, record.last_modified_date, record.created_date, record)


def invalid_row(record: InvalidOpportunity) -> Row:
    """Make a row of a record that cannot be read; its dates count where they can be."""
    found: object = record.raw
    raw = json.dumps(found, sort_keys=True)
    # Half a surrogate pair is in no encoding, and so in no database.
    name = record.id if record.id and record.id.isprintable() else None
    members = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    key = name or _key_of_nameless(members, raw)
    unparsed = InvalidRecord(key, name, "; ".join(record.problems), raw)
    modified, created = (_date(members.get(date)) for date in ("LastModifiedDate", "CreatedDate"))
    return Row(name, modified, created, unparsed)


_STABLE_MEMBERS = ("Id", "Arn", "CreatedDate", "PartnerOpportunityIdentifier")


def _key_of_nameless(members: Mapping[str, object], raw: str) -> str:
    # What an edit does not change comes first: each edit would be another record otherwise.
    stable = {name: members[name] for name in _STABLE_MEMBERS if members.get(name) is not None}
    text = json.dumps(stable, sort_keys=True) if stable else raw
    return hashlib.sha256(text.encode()).hexdigest()


_DATE = TypeAdapter(datetime)


def _date(value: object) -> datetime | None:
    # pydantic also takes digits for seconds since 1970.
    if not isinstance(value, str) or not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}T", value):
        return None
    try:
        moment = _DATE.validate_python(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValidationError, OverflowError):
        return None


async def follow(source: Source, query: Query) -> SourcePage:
    """Fetch all pages of a short listing as one.

    Raises:
        PaginationError: A token came a second time.
    """
    page = await source.fetch(query)
    rows, seen = list(page.rows), {page.token}
    while page.token is not None:
        page = await source.fetch(replace(query, token=page.token))
        rows += page.rows
        if page.token is not None and page.token in seen:
            raise repeated()
        seen.add(page.token)
    return SourcePage(tuple(rows), None, page.clock)


def repeated() -> PaginationError:
    """Make the error for a token that came a second time."""
    return PaginationError(
        "AWS repeated the token of a page, so that the listing would never end. What was read so "
        "far is stored; run again.",
        operation="ListOpportunities",
        retryable=True,
    )
