"""The chain of pages: which are fetched, and which of their records belong to a listing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeAlias

from partnercentral_list._pagination.tokens import START, TOKEN_KEY, Position
from partnercentral_list._transport.response import InvalidEntry, Page
from partnercentral_list.errors import (
    InvalidOpportunity,
    TokenExpiredError,
    ValidationException,
)

OnInvalid: TypeAlias = Literal["raise"] | Callable[[InvalidOpportunity], object]
"""What happens to a record that cannot be read: an error, or a call, which may be async."""

FetchPage: TypeAlias = Callable[[Mapping[str, object]], Awaitable[Page]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed, and how."""

    parameters: Mapping[str, object]
    """The request's members as they go over the wire, all but NextToken."""
    max_items: int | None = None
    start: Position = START
    prefetch: int = 1
    on_invalid: OnInvalid = "raise"


@dataclass(frozen=True, slots=True)
class Part:
    """The records of one page that a listing wants, and the places around them."""

    number: int
    """The page's number in this iteration, from 1."""
    token: str | None
    """The token that the page was asked for with."""
    page: Page
    first: int
    """Index of the first record that is wanted."""
    last: int
    """Index behind the last record that is wanted."""
    skip_beyond: int
    """Records to skip on the pages that follow."""
    token_repeats: bool
    """Whether the page names a next one that was read already."""
    is_enough: bool
    """Whether ``max_items`` is reached with it."""

    def after(self, done: int) -> Position | None:
        """Give the place behind the first `done` records; None is the end of the listing."""
        if done < len(self.page.records):
            return Position(self.token, done)
        if self.token_repeats:
            # The page itself: asked for again, it may name a next page that is none of these.
            return Position(self.token, done + self.skip_beyond)
        if self.page.next_token is None:
            return None
        return Position(self.page.next_token, self.skip_beyond or None)


class PartReader:
    """Follows the tokens, empty pages included, until the listing has all that it wants.

    It ends after the last page, after ``max_items``, and at a repeated token.
    """

    def __init__(self, fetch: FetchPage, listing: Listing) -> None:
        self._fetch = fetch
        self._listing = listing
        self._token = listing.start.page_token
        self._skip = listing.start.skip or 0
        self._wanted = listing.max_items
        self._seen = {self._token}
        self._number = 0
        self._ended = self._wanted == 0

    async def next(self) -> Part | None:
        """Fetch the next page; None at the end."""
        if self._ended:
            return None
        self._number += 1
        token = self._token
        parameters = self._listing.parameters
        if token is not None:
            parameters = {**parameters, TOKEN_KEY: token}
        page = await fetch_page(self._fetch, parameters, is_first=self._number == 1)
        first = min(self._skip, len(page.records))
        last = _last_wanted(page, first, self._wanted)
        self._skip -= first
        if self._wanted is not None:
            self._wanted -= _counted(page, first, last)
        repeats = page.next_token is not None and page.next_token in self._seen
        is_enough = self._wanted == 0
        stops = _stops_at_invalid(page, first, last, self._listing)
        self._ended = page.next_token is None or repeats or is_enough or stops
        self._seen.add(page.next_token)
        self._token = page.next_token
        return Part(self._number, token, page, first, last, self._skip, repeats, is_enough)


async def fetch_page(fetch: FetchPage, parameters: Mapping[str, object], *, is_first: bool) -> Page:
    """Fetch a page.

    Args:
        fetch: Sends the request.
        parameters: The request's members as they go over the wire.
        is_first: Whether no other page of the listing was fetched before.

    Raises:
        TokenExpiredError: AWS refused the request's token.
    """
    try:
        return await fetch(parameters)
    except ValidationException as error:
        if TOKEN_KEY not in parameters:
            raise
        # The same request without a token was fine, or AWS says that the token is not.
        if is_first and not _names_the_token(error):
            raise
        raise TokenExpiredError(
            "AWS refused the token of this page: it has expired, or it belongs to a request with "
            "other filters or another sort. It cannot work again. List again from the start, or, "
            "sorted by CreatedDate or LastModifiedDate, from the last date that was read. "
            f"AWS says: {error.message}",
            operation=error.operation,
            attempts=error.attempts,
            request_id=error.request_id,
        ) from error


def _names_the_token(error: ValidationException) -> bool:
    fields = [problem.field_name or problem.message for problem in error.error_list]
    return any(TOKEN_KEY.casefold() in text.casefold() for text in (error.message, *fields))


def _last_wanted(page: Page, first: int, wanted: int | None) -> int:
    last = len(page.records)
    if wanted is None or _counted(page, first, last) < wanted:
        return last
    counted = (
        index for index in range(first, last) if not isinstance(page.records[index], InvalidEntry)
    )
    return next(islice(counted, wanted - 1, None)) + 1


def _counted(page: Page, first: int, last: int) -> int:
    if page.records is page.response.opportunity_summaries:
        return last - first
    wanted = page.records[first:last]
    return sum(not isinstance(record, InvalidEntry) for record in wanted)


def _stops_at_invalid(page: Page, first: int, last: int, listing: Listing) -> bool:
    return listing.on_invalid == "raise" and _counted(page, first, last) < last - first
