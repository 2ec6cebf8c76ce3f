"""The pager: one stream of opportunities that can be resumed after any of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from partnercentral_list._pagination.invalid import (
    OnInvalid,
    await_if_awaitable,
    invalid_error,
    invalid_opportunity,
)
from partnercentral_list._pagination.prefetch import Prefetcher
from partnercentral_list._pagination.tokens import START, TOKEN_KEY, Position
from partnercentral_list._transport.response import InvalidEntry, Page
from partnercentral_list.errors import (
    PaginationError,
    PartnerCentralError,
    TokenExpiredError,
    ValidationException,
)
from partnercentral_list.models import ListOpportunitiesResponse, OpportunitySummary
from partnercentral_list.models.response import OpportunityList, part_of

FetchPage: TypeAlias = Callable[[Mapping[str, object]], Awaitable[Page]]


@dataclass(slots=True, eq=False, repr=False)
class Listing:
    """The request of a listing, its limits and its options."""

    parameters: Mapping[str, object]
    """The request's members as they go over the wire, all but NextToken."""
    max_items: int | None = None
    start: Position = START
    prefetch: int = 1
    on_invalid: OnInvalid = "raise"


class OpportunityPager:
    """The opportunities that match, fetched page by page while they are consumed.

    Iterate over it (``async for opportunity in pager``), over its `pages`, or `collect` it.
    Each iteration starts afresh; two at once do not disturb each other. It is made by
    `PartnerCentralClient.iter_opportunities` and sends nothing until it is iterated over.

    Every iteration is complete for the records that are not edited while it runs, or it raises.

    Raises:
        PartnerCentralError: While iterating; resume at its ``resume_token``.
    """

    def __init__(self, fetch: FetchPage, listing: Listing) -> None:
        self._fetch = fetch
        self._listing = listing
        self._latest: ListingIteration | None = None

    def __aiter__(self) -> AsyncGenerator[OpportunitySummary, None]:
        return self._start().items(self._listing.prefetch)

    # Hidden from type checkers, which refuse a plain `for` by themselves.
    if not TYPE_CHECKING:

        def __iter__(self):
            raise TypeError(
                "An OpportunityPager is iterated over with `async for`, or read at once with "
                "`await pager.collect()`; where no event loop runs, "
                "`partnercentral_list.run(pager.collect())`."
            )

    def pages(self) -> AsyncGenerator[ListOpportunitiesResponse, None]:
        """Iterate over whole pages instead, empty ones included.

        Each holds the records that the listing yields of it: a resumed one begins, and one cut
        by ``max_items`` ends, within a page. With ``on_invalid="raise"`` the records before an
        invalid one come as a page of their own before the error.
        """
        return self._start().pages(self._listing.prefetch)

    async def collect(self) -> list[OpportunitySummary]:
        """Return the whole listing as a list.

        Raises:
            PartnerCentralError: The listing failed; what was read is gone, and `resume_token`
                points behind it.
        """
        return OpportunityList([opportunity async for opportunity in self])

    async def first(self) -> OpportunitySummary | None:
        """Return the first opportunity of the listing, or None if nothing matches.

        Raises:
            PartnerCentralError: The listing failed before it.
        """
        async with aclosing(self._start().items(prefetch=0)) as items:
            async for opportunity in items:
                return opportunity
        return None

    @property
    def resume_token(self) -> str | None:
        """The resume token of the latest iteration, for ``starting_token``; None if it is complete.

        It is exact after any opportunity: what was yielded is not yielded again, and nothing is
        skipped. It is the AWS CLI's own token (``--starting-token``) and boto3's
        (``StartingToken``), and theirs are taken here. AWS does not say how long it stays valid.
        """
        if self._latest is None:
            return self._listing.start.encode()
        return self._latest.resume_token

    def _start(self) -> ListingIteration:
        self._latest = ListingIteration(self._fetch, self._listing)
        return self._latest


class ListingIteration:
    """One iteration over a listing, and its position."""

    def __init__(self, fetch: FetchPage, listing: Listing) -> None:
        self._listing = listing
        self._stream = PageStream(fetch, listing)
        self._page: ListedPage | None = None
        self._done = 0

    @property
    def resume_token(self) -> str | None:
        """The resume token after the record yielded last; None at the end of the listing."""
        position = self._page.after(self._done) if self._page else self._listing.start
        return position.encode() if position else None

    async def items(self, prefetch: int) -> AsyncGenerator[OpportunitySummary, None]:
        """Yield record after record."""
        async with aclosing(Prefetcher(self._stream.next, prefetch)) as pages:
            while (page := await self._next(pages)) is not None:
                for index in range(page.first, page.last):
                    record = page.page.records[index]
                    if isinstance(record, InvalidEntry):
                        await self._handle_invalid(page, index, record)
                        self._page, self._done = page, index + 1
                    else:
                        self._page, self._done = page, index + 1
                        yield record
                self._page, self._done = page, page.last
                if page.is_repeated:
                    raise self._repeated_token(page)

    async def pages(self, prefetch: int) -> AsyncGenerator[ListOpportunitiesResponse, None]:
        """Yield page after page; if an invalid record is an error, first the records before it."""
        async with aclosing(Prefetcher(self._stream.next, prefetch)) as pages:
            while (page := await self._next(pages)) is not None:
                valid: list[OpportunitySummary] = []
                for index in range(page.first, page.last):
                    record = page.page.records[index]
                    if not isinstance(record, InvalidEntry):
                        valid.append(record)
                        continue
                    if valid and self._listing.on_invalid == "raise":
                        self._page, self._done = page, index
                        yield page.response(valid, index)
                    await self._handle_invalid(page, index, record)
                self._page, self._done = page, page.last
                yield page.response(valid, page.last)
                if page.is_repeated:
                    raise self._repeated_token(page)

    async def _next(self, pages: Prefetcher[ListedPage]) -> ListedPage | None:
        try:
            return await pages.next()
        except PartnerCentralError as error:
            error.resume_token = self.resume_token
            raise

    def _repeated_token(self, page: ListedPage) -> PaginationError:
        return PaginationError(
            "AWS repeated the token of a page that was read already, so that the listing would "
            "never end. Every opportunity up to here was yielded; resumed, the listing requests "
            "the last page again.",
            operation="ListOpportunities",
            request_id=page.page.response.response_metadata.request_id,
            resume_token=self.resume_token,
            retryable=True,
        )

    async def _handle_invalid(self, page: ListedPage, index: int, record: InvalidEntry) -> None:
        if self._listing.on_invalid == "raise":
            self._page, self._done = page, index
        await page.handle_invalid(index, record, self._listing.on_invalid)


@dataclass(slots=True, eq=False, repr=False)
class ListedPage:
    """A page of a listing: the records to yield, and the positions around them."""

    number: int
    """The page's number in this iteration, from 1."""
    token: str | None
    """The token that the page was requested with."""
    page: Page
    first: int
    """Index of the first record to yield."""
    last: int
    """Index after the last record to yield."""
    skip_beyond: int = 0
    """Records to skip on the pages that follow."""
    token_repeats: bool = False
    """Whether the page's next token was sent before."""
    is_repeated: bool = False
    """Whether the repeated token ends the listing before `max_items` is reached."""

    def after(self, done: int) -> Position | None:
        """Return the position after the first `done` records; None at the end of the listing."""
        if done < len(self.page.records):
            return Position(self.token, done)
        if self.token_repeats:
            # The page itself: requested again, it may name a next page that is none of these.
            return Position(self.token, done + self.skip_beyond)
        next_token = self.page.response.next_token
        if next_token is None:
            return None
        return Position(next_token, self.skip_beyond or None)

    def response(self, valid: list[OpportunitySummary], last: int) -> ListOpportunitiesResponse:
        """Return the page with the valid records to yield, up to the index `last`."""
        if last - self.first == len(self.page.records):
            return self.page.response
        return part_of(self.page.response, valid, range(self.first, last))

    async def handle_invalid(self, index: int, record: InvalidEntry, on_invalid: OnInvalid) -> None:
        """Call `on_invalid` with an invalid record.

        Raises:
            InvalidOpportunityError: It is ``"raise"``.
        """
        invalid = invalid_opportunity(record, self.number, index)
        if on_invalid == "raise":
            before, after = Position(self.token, index), self.after(index + 1)
            token_after = after.encode() if after else None
            metadata = self.page.response.response_metadata
            raise invalid_error(invalid, metadata, before.encode(), token_after)
        await await_if_awaitable(on_invalid(invalid))


class PageStream:
    """Follows page tokens, through empty pages too, to the end of the listing or its limit.

    It ends after the last page, after ``max_items``, at a repeated token, and at a page with an
    invalid record if that is an error.
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

    async def next(self) -> ListedPage | None:
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
        self._skip -= first
        last, stops = self._select(page, first)
        next_token = page.response.next_token
        repeats = next_token is not None and next_token in self._seen
        is_enough = self._wanted == 0
        self._ended = next_token is None or repeats or is_enough or stops
        self._seen.add(next_token)
        self._token = next_token
        is_repeated = repeats and not is_enough
        return ListedPage(self._number, token, page, first, last, self._skip, repeats, is_repeated)

    def _select(self, page: Page, first: int) -> tuple[int, bool]:
        """Return the end of the records to yield, and whether an invalid one there is an error."""
        last = len(page.records)
        if page.records is page.response.opportunity_summaries:
            counted: range | list[int] = range(first, last)
        else:
            counted = [
                index
                for index in range(first, last)
                if not isinstance(page.records[index], InvalidEntry)
            ]
        if self._wanted is not None:
            if len(counted) >= self._wanted:
                counted = counted[: self._wanted]
                last = counted[-1] + 1
            self._wanted -= len(counted)
        has_invalid = len(counted) < last - first
        return last, has_invalid and self._listing.on_invalid == "raise"


async def fetch_page(fetch: FetchPage, parameters: Mapping[str, object], *, is_first: bool) -> Page:
    """Fetch a page of a listing.

    Args:
        fetch: Fetches a page by its parameters.
        parameters: The request's members, in wire form.
        is_first: Whether no other page of the listing was fetched before.

    Raises:
        TokenExpiredError: AWS refused the request's token.
    """
    try:
        return await fetch(parameters)
    except ValidationException as error:
        # The same request without a token was fine, or AWS says that the token is not.
        if TOKEN_KEY not in parameters or (is_first and not _names_the_token(error)):
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


async def fetch_single_page(
    fetch: FetchPage, parameters: Mapping[str, object], on_invalid: OnInvalid
) -> ListOpportunitiesResponse:
    """Fetch one page, with all of its records.

    Raises:
        InvalidOpportunityError: A record of it is invalid, and `on_invalid` is ``"raise"``.
        TokenExpiredError: AWS refused the token.
    """
    page = await fetch_page(fetch, parameters, is_first=True)
    token = cast("str | None", parameters.get(TOKEN_KEY))
    listed = ListedPage(1, token, page, 0, len(page.records))
    for index, record in enumerate(page.records):
        if isinstance(record, InvalidEntry):
            await listed.handle_invalid(index, record, on_invalid)
    return page.response


def _names_the_token(error: ValidationException) -> bool:
    fields = [problem.field_name or problem.message for problem in error.error_list]
    return any(TOKEN_KEY.casefold() in text.casefold() for text in (error.message, *fields))
