"""Opportunities by identifier, any number of them, as many to a request as AWS allows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, TypeAlias

from partnercentral_list._pagination.invalid import await_if_awaitable, invalid_error
from partnercentral_list._pagination.pager import FetchPage, Listing, ListingIteration
from partnercentral_list._pagination.prefetch import Prefetcher
from partnercentral_list._transport.response import Page
from partnercentral_list.errors import (
    InvalidOpportunity,
    OpportunitiesNotFoundError,
    PartnerCentralError,
)
from partnercentral_list.models import OpportunitySummary

OnMissing: TypeAlias = Literal["raise"] | Callable[[str], object]
"""What happens to identifiers that AWS does not return: an error at the end, or a call each,
which may be async."""

Found: TypeAlias = OpportunitySummary | InvalidOpportunity


async def look_up(
    fetch: FetchPage,
    parameters: Mapping[str, object],
    batches: Sequence[Sequence[str]],
    on_missing: OnMissing,
) -> AsyncGenerator[OpportunitySummary, None]:
    """Yield opportunities in the order of their identifiers, of which a request has one batch.

    Raises:
        InvalidOpportunityError: In its place, if one is invalid.
        OpportunitiesNotFoundError: At the end, with all that are missing.
    """
    missing: list[str] = []
    results = Prefetcher(_BatchReader(fetch, parameters, iter(batches)).next, ahead=1)
    try:
        while (batch := await results.next()) is not None:
            for identifier, found in batch.found.items():
                if isinstance(found, OpportunitySummary):
                    yield found
                elif found is not None:
                    raise invalid_error(found, batch.page)
                elif on_missing == "raise":
                    missing.append(identifier)
                else:
                    await await_if_awaitable(on_missing(identifier))
    finally:
        await results.aclose()
    if missing:
        raise OpportunitiesNotFoundError(missing, operation="ListOpportunities")


@dataclass(frozen=True, slots=True)
class _FoundBatch:
    found: Mapping[str, Found | None]
    """By identifier, in the order requested; None is missing."""
    page: Page
    """The last page that was fetched for it."""


class _BatchReader:
    def __init__(
        self,
        fetch: FetchPage,
        parameters: Mapping[str, object],
        batches: Iterator[Sequence[str]],
    ) -> None:
        self._fetch = fetch
        self._parameters = parameters
        self._batches = batches

    async def next(self) -> _FoundBatch | None:
        identifiers = next(self._batches, None)
        if identifiers is None:
            return None
        found: dict[str, Found | None] = dict.fromkeys(identifiers)
        invalid: list[InvalidOpportunity] = []
        pages: list[Page] = []

        async def fetch(parameters: Mapping[str, object]) -> Page:
            pages[:] = [await self._fetch(parameters)]
            return pages[0]

        parameters = {**self._parameters, "Identifier": list(identifiers)}
        listing = Listing(parameters, on_invalid=invalid.append)
        try:
            async with aclosing(ListingIteration(fetch, listing).items(prefetch=0)) as items:
                async for item in items:
                    if item.id in found:
                        found[item.id] = item
        except PartnerCentralError as error:
            # It would be a position in one batch, not in all that was requested.
            error.resume_token = None
            raise
        for record in invalid:
            _place(record, found)
        return _FoundBatch(found, pages[0])


def _place(record: InvalidOpportunity, found: dict[str, Found | None]) -> None:
    if record.id is None:
        # It may be any of those that are missing; if none is, it comes behind the others.
        found[next((name for name, item in found.items() if item is None), "")] = record
    elif record.id in found:
        found[record.id] = record
