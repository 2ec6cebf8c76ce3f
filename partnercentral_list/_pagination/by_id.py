"""Opportunities by identifier, any number of them, as many to a request as AWS allows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from partnercentral_list._pagination.iteration import Iteration, settled
from partnercentral_list._pagination.parts import FetchPage, Listing
from partnercentral_list._pagination.read_ahead import ReadAhead
from partnercentral_list._pagination.requests import DEFAULT_PAGE_SIZE
from partnercentral_list._transport.response import Page
from partnercentral_list.errors import (
    InvalidOpportunity,
    InvalidOpportunityError,
    OpportunitiesNotFoundError,
    PartnerCentralError,
)
from partnercentral_list.models import Catalog, OpportunitySummary, ResponseMetadata

OnMissing: TypeAlias = Literal["raise"] | Callable[[str], object]
"""What happens to identifiers that AWS does not return: an error at the end, or a call each,
which may be async."""


Found: TypeAlias = OpportunitySummary | InvalidOpportunity


def look_up_request(catalog: Catalog) -> dict[str, object]:
    """Make what every request of a look-up has, but for the identifiers."""
    return {
        "Catalog": catalog.value,
        "MaxResults": DEFAULT_PAGE_SIZE,
        # AWS's own order is by the last change: should it need a second page, an edit could move
        # one to the first, and it would be called missing.
        "Sort": {"SortBy": "Identifier", "SortOrder": "ASCENDING"},
    }


async def read_by_id(
    fetch: FetchPage,
    parameters: Mapping[str, object],
    batches: Sequence[Sequence[str]],
    on_missing: OnMissing,
) -> AsyncGenerator[OpportunitySummary, None]:
    """Yield the opportunities in the order of their identifiers.

    Raises:
        InvalidOpportunityError: In its place, if one cannot be read.
        OpportunitiesNotFoundError: At the end, with all that are missing.
    """
    missing: list[str] = []
    answers = ReadAhead(_Batches(fetch, parameters, iter(batches)).next, ahead=1)
    try:
        while (answer := await answers.next()) is not None:
            for identifier, found in answer.found.items():
                if isinstance(found, OpportunitySummary):
                    yield found
                elif found is not None:
                    raise InvalidOpportunityError(
                        found,
                        operation="ListOpportunities",
                        request_id=answer.metadata.request_id,
                        attempts=answer.metadata.attempts,
                    )
                elif on_missing == "raise":
                    missing.append(identifier)
                else:
                    await settled(on_missing(identifier))
    finally:
        await answers.aclose()
    if missing:
        raise OpportunitiesNotFoundError(missing, operation="ListOpportunities")


@dataclass(slots=True)
class _Answer:
    found: dict[str, Found | None]
    """By identifier, in the order asked for; None is missing."""
    metadata: ResponseMetadata = field(default_factory=ResponseMetadata)
    """Of the batch's last page."""


class _Batches:
    def __init__(
        self,
        fetch: FetchPage,
        parameters: Mapping[str, object],
        batches: Iterator[Sequence[str]],
    ) -> None:
        self._fetch = fetch
        self._parameters = parameters
        self._batches = batches

    async def next(self) -> _Answer | None:
        batch = next(self._batches, None)
        if batch is None:
            return None
        answer = _Answer(dict.fromkeys(batch))
        invalid: list[InvalidOpportunity] = []

        async def fetch(parameters: Mapping[str, object]) -> Page:
            page = await self._fetch(parameters)
            answer.metadata = page.response.response_metadata
            return page

        listing = Listing(
            {**self._parameters, "Identifier": list(batch)}, on_invalid=invalid.append
        )
        try:
            async with aclosing(Iteration(fetch, listing).items(prefetch=0)) as items:
                async for item in items:
                    if item.id in answer.found:
                        answer.found[item.id] = item
        except PartnerCentralError as error:
            # It would be a place in one batch, not in all that was asked for.
            error.resume_token = None
            raise
        for record in invalid:
            _place(record, answer.found)
        return answer


def _place(record: InvalidOpportunity, found: dict[str, Found | None]) -> None:
    if record.id is None:
        # It may be any of those that are missing; if none is, it comes behind the others.
        found[next((name for name, item in found.items() if item is None), "")] = record
    elif record.id in found:
        found[record.id] = record
