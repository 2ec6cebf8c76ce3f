"""Opportunities by identifier, any number of them, as many to a request as AWS allows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Literal, TypeAlias

from partnercentral_list._listing.iteration import Iteration, settled
from partnercentral_list._listing.parts import FetchPage, Listing
from partnercentral_list._listing.read_ahead import ReadAhead
from partnercentral_list.errors import (
    InvalidOpportunity,
    InvalidOpportunityError,
    OpportunitiesNotFoundError,
    PartnerCentralError,
)
from partnercentral_list.models import OpportunitySummary

OnMissing: TypeAlias = Literal["raise"] | Callable[[str], object]
"""What happens to identifiers that AWS does not return: an error at the end, or a call each,
which may be async."""


Found: TypeAlias = OpportunitySummary | InvalidOpportunity


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
            for identifier, found in answer.items():
                if isinstance(found, OpportunitySummary):
                    yield found
                elif found is not None:
                    raise InvalidOpportunityError(found, operation="ListOpportunities")
                elif on_missing == "raise":
                    missing.append(identifier)
                else:
                    await settled(on_missing(identifier))
    finally:
        await answers.aclose()
    if missing:
        raise OpportunitiesNotFoundError(missing, operation="ListOpportunities")


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

    async def next(self) -> dict[str, Found | None] | None:
        batch = next(self._batches, None)
        if batch is None:
            return None
        wanted: dict[str, Found | None] = dict.fromkeys(batch)
        invalid: list[InvalidOpportunity] = []
        listing = Listing(
            {**self._parameters, "Identifier": list(batch)}, on_invalid=invalid.append
        )
        try:
            async with aclosing(Iteration(self._fetch, listing).items(prefetch=0)) as items:
                wanted |= {item.id: item async for item in items if item.id in wanted}
        except PartnerCentralError as error:
            # It would be a place in one batch, not in all that was asked for.
            error.resume_token = None
            raise
        for record in invalid:
            # One without a readable identifier may be any of those that are missing.
            lost = record.id or next((name for name in batch if wanted[name] is None), batch[-1])
            wanted[lost] = record
        return wanted
