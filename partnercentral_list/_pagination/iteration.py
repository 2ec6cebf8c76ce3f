"""One iteration over a listing, and the place that it has reached."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from inspect import isawaitable
from typing import cast

from partnercentral_list._pagination.parts import (
    FetchPage,
    Listing,
    OnInvalid,
    Part,
    PartReader,
    fetch_page,
)
from partnercentral_list._pagination.read_ahead import ReadAhead
from partnercentral_list._pagination.tokens import TOKEN_KEY, Position
from partnercentral_list._transport.response import InvalidEntry
from partnercentral_list.errors import (
    InvalidOpportunity,
    InvalidOpportunityError,
    PaginationError,
    PartnerCentralError,
)
from partnercentral_list.models import ListOpportunitiesResponse, OpportunitySummary
from partnercentral_list.models.response import part_of


async def read_one(
    fetch: FetchPage, parameters: Mapping[str, object], on_invalid: OnInvalid
) -> ListOpportunitiesResponse:
    """Read a single page, all of it.

    Raises:
        InvalidOpportunityError: A record of it cannot be parsed.
        TokenExpiredError: AWS refused the token.
    """
    page = await fetch_page(fetch, parameters, is_first=True)
    token = cast("str | None", parameters.get(TOKEN_KEY))
    part = Part(1, token, page, 0, len(page.records), 0, token_repeats=False, is_enough=True)
    for index, record in enumerate(page.records):
        if isinstance(record, InvalidEntry):
            if on_invalid == "raise":
                raise invalid(part, index, record)
            await settled(on_invalid(_described(part, index, record)))
    return page.response


def invalid(part: Part, index: int, record: InvalidEntry) -> InvalidOpportunityError:
    """Make the error for a record, with the places before and behind it."""
    before, behind = Position(part.token, index), part.after(index + 1)
    metadata = part.page.response.response_metadata
    return InvalidOpportunityError(
        _described(part, index, record),
        operation="ListOpportunities",
        request_id=metadata.request_id,
        attempts=metadata.attempts,
        resume_token=before.encode(),
        resume_token_after=behind.encode() if behind else None,
    )


def _described(part: Part, index: int, record: InvalidEntry) -> InvalidOpportunity:
    return InvalidOpportunity(record.id, part.number, index, record.problems, record.raw)


async def settled(result: object) -> None:
    """Wait for what a user's callable returned, if it is to be waited for."""
    if isawaitable(result):
        await result


class Iteration:
    """Gives the records of a listing, or its pages, and knows where it can be resumed."""

    def __init__(self, fetch: FetchPage, listing: Listing) -> None:
        self._listing = listing
        self._parts = PartReader(fetch, listing)
        self._part: Part | None = None
        self._done = 0

    @property
    def resume_token(self) -> str | None:
        """The place behind the record yielded last; None at the end of the listing."""
        if self._part is None:
            return self._listing.start.encode()
        position = self._part.after(self._done)
        return position.encode() if position else None

    async def items(self, prefetch: int) -> AsyncGenerator[OpportunitySummary, None]:
        """Yield record after record."""
        reader = ReadAhead(self._parts.next, prefetch)
        try:
            while (part := await self._next(reader)) is not None:
                for index in range(part.first, part.last):
                    record = part.page.records[index]
                    if isinstance(record, InvalidEntry):
                        await self._set_aside(part, index, record)
                        self._reached(part, index + 1)
                    else:
                        self._part, self._done = part, index + 1
                        yield record
                self._end(part)
        finally:
            await reader.aclose()

    async def pages(self, prefetch: int) -> AsyncGenerator[ListOpportunitiesResponse, None]:
        """Yield page after page; the one with an invalid record in two, if that is an error."""
        reader = ReadAhead(self._parts.next, prefetch)
        try:
            while (part := await self._next(reader)) is not None:
                readable: list[OpportunitySummary] = []
                for index in range(part.first, part.last):
                    record = part.page.records[index]
                    if not isinstance(record, InvalidEntry):
                        readable.append(record)
                        continue
                    if readable and self._listing.on_invalid == "raise":
                        self._reached(part, index)
                        yield _with_records(part, readable, index)
                    await self._set_aside(part, index, record)
                self._reached(part, part.last)
                yield _with_records(part, readable, part.last)
                self._end(part)
        finally:
            await reader.aclose()

    async def _next(self, reader: ReadAhead[Part]) -> Part | None:
        try:
            return await reader.next()
        except PartnerCentralError as error:
            error.resume_token = self.resume_token
            raise

    def _reached(self, part: Part, done: int) -> None:
        self._part, self._done = part, done

    def _end(self, part: Part) -> None:
        self._reached(part, part.last)
        if part.token_repeats and not part.is_enough:
            raise PaginationError(
                "AWS repeated the token of a page that was read already, so that the listing "
                "would never end. Every opportunity up to here was yielded; the resume token asks "
                "for the last page again.",
                operation="ListOpportunities",
                request_id=part.page.response.response_metadata.request_id,
                resume_token=self.resume_token,
                retryable=True,
            )

    async def _set_aside(self, part: Part, index: int, record: InvalidEntry) -> None:
        if self._listing.on_invalid == "raise":
            self._reached(part, index)
            raise invalid(part, index, record)
        await settled(self._listing.on_invalid(_described(part, index, record)))


def _with_records(
    part: Part, records: list[OpportunitySummary], last: int
) -> ListOpportunitiesResponse:
    if last - part.first == len(part.page.records):
        return part.page.response
    return part_of(part.page.response, records, range(part.first, last))
