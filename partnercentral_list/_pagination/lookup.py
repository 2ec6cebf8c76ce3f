"""Lookup of any number of opportunities by identifier, as many to a request as AWS allows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Literal, TypeAlias

from partnercentral_list._pagination.invalid import await_if_awaitable, invalid_error
from partnercentral_list._pagination.pager import FetchPage, Listing, ListingIteration
from partnercentral_list._pagination.prefetch import Prefetcher
from partnercentral_list.errors import (
    InvalidOpportunity,
    InvalidOpportunityError,
    OpportunitiesNotFoundError,
    PartnerCentralError,
)
from partnercentral_list.models import OpportunitySummary, ResponseMetadata

OnMissing: TypeAlias = Literal["raise"] | Callable[[str], object]
"""What happens to identifiers that AWS does not return: an error at the end, or a call each,
which may be async."""

Found: TypeAlias = OpportunitySummary | InvalidOpportunityError


async def look_up(
    fetch: FetchPage,
    parameters: Mapping[str, object],
    batches: Sequence[Sequence[str]],
    on_missing: OnMissing,
) -> AsyncGenerator[OpportunitySummary, None]:
    """Yield opportunities in the order of their identifiers; send one request for each batch.

    Raises:
        InvalidOpportunityError: In its place, if one is invalid.
        OpportunitiesNotFoundError: At the end, with all that are missing.
    """
    missing: list[str] = []
    read_batch = partial(_read_batch, fetch, parameters, iter(batches))
    async with aclosing(Prefetcher(read_batch, ahead=1)) as results:
        while (batch := await results.next()) is not None:
            for identifier, found in batch.items():
                if isinstance(found, OpportunitySummary):
                    yield found
                elif found is not None:
                    raise found
                elif on_missing == "raise":
                    missing.append(identifier)
                else:
                    await await_if_awaitable(on_missing(identifier))
    if missing:
        raise OpportunitiesNotFoundError(missing, operation="ListOpportunities")


async def _read_batch(
    fetch: FetchPage, parameters: Mapping[str, object], batches: Iterator[Sequence[str]]
) -> dict[str, Found | None] | None:
    """Read the next batch, by identifier in the order requested; None at the end."""
    identifiers = next(batches, None)
    if identifiers is None:
        return None
    found: dict[str, Found | None] = dict.fromkeys(identifiers)
    invalid: list[InvalidOpportunity] = []
    metadata = ResponseMetadata()
    parameters = {**parameters, "Identifier": list(identifiers)}
    listing = Listing(parameters, on_invalid=invalid.append)
    try:
        async with aclosing(ListingIteration(fetch, listing).pages(prefetch=0)) as pages:
            async for page in pages:
                metadata = page.response_metadata
                requested = (one for one in page.opportunity_summaries if one.id in found)
                found |= {record.id: record for record in requested}
    except PartnerCentralError as error:
        # It would be a position in one batch, not in all that was requested.
        error.resume_token = None
        raise
    for record in invalid:
        problem = invalid_error(record, metadata)
        if record.id is None:
            # It may be any of those that are missing; if none is, it comes behind the others.
            found[next((name for name, item in found.items() if item is None), "")] = problem
        elif record.id in found:
            found[record.id] = problem
    return found
