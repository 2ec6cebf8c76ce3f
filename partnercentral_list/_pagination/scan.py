"""A scan: everything that matches, several pages at a time, as fast as the quota allows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from partnercentral_list._pagination.iteration import settled
from partnercentral_list._pagination.parts import OnInvalid
from partnercentral_list._pagination.scan_run import Batch, FetchChosen, ScanRun
from partnercentral_list._pagination.scan_window import Query
from partnercentral_list._transport.events import ScanFinished
from partnercentral_list._transport.response import InvalidEntry
from partnercentral_list.errors import InvalidOpportunity, InvalidOpportunityError
from partnercentral_list.models import ListOpportunitiesResponse, OpportunitySummary
from partnercentral_list.models.response import part_of


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What is scanned, and how."""

    query: Query
    concurrency: int = 8
    on_invalid: OnInvalid = "raise"


class OpportunityScan:
    """The opportunities that match, each once, in no order, several pages at a time.

    Iterate over it (``async for opportunity in scan``) or `collect` it. Each iteration starts
    afresh; two at once do not disturb each other. It is made by
    `PartnerCentralClient.scan_opportunities` and sends nothing until it is iterated over.

    Every iteration gives all that matched from its beginning to its end, edited meanwhile or not,
    or it raises. Only opportunities without a creation date, of which AWS documents none, it may
    miss, where AWS sorts them last in both directions or leaves them out: the event `ScanFinished`
    at its end says whether it may. What is created or begins to match while it runs may be in it
    or not. An opportunity is given as the page that it came with first had it. A scan cannot be
    resumed.

    Raises:
        PartnerCentralError: While iterating; what else was under way has been cancelled.
    """

    def __init__(
        self, fetch: FetchChosen, request: ScanRequest, notify: Callable[[ScanFinished], None]
    ) -> None:
        self._fetch = fetch
        self._request = request
        self._notify = notify

    def __aiter__(self) -> AsyncGenerator[OpportunitySummary, None]:
        return self._items()

    def pages(self) -> AsyncGenerator[ListOpportunitiesResponse, None]:
        """Iterate over pages instead, in the order in which they came.

        Each holds the records that no page before had; one without any is left out. With
        ``on_invalid="raise"`` a page with an invalid record raises as a whole.
        """
        return self._pages()

    async def collect(self) -> list[OpportunitySummary]:
        """Read all of it into a list.

        Raises:
            PartnerCentralError: The scan failed; what was read is gone.
        """
        return [opportunity async for opportunity in self]

    async def _items(self) -> AsyncGenerator[OpportunitySummary, None]:
        run = self._start()
        opportunities = invalid = 0
        try:
            while (batch := await run.next()) is not None:
                for place, record in batch.records:
                    if isinstance(record, InvalidEntry):
                        invalid += 1
                        await self._set_aside(batch, place, record)
                    else:
                        opportunities += 1
                        yield record
        finally:
            await run.aclose()
        self._finished(run, opportunities, invalid)

    async def _pages(self) -> AsyncGenerator[ListOpportunitiesResponse, None]:
        run = self._start()
        opportunities = invalid = 0
        try:
            while (batch := await run.next()) is not None:
                valid: list[OpportunitySummary] = []
                for place, record in batch.records:
                    if isinstance(record, InvalidEntry):
                        await self._set_aside(batch, place, record)
                    else:
                        valid.append(record)
                opportunities += len(valid)
                invalid += len(batch.records) - len(valid)
                places = [place for place, _ in batch.records]
                yield part_of(batch.page.response, valid, places)
        finally:
            await run.aclose()
        self._finished(run, opportunities, invalid)

    def _start(self) -> ScanRun:
        return ScanRun(self._fetch, self._request.query, self._request.concurrency)

    def _finished(self, run: ScanRun, opportunities: int, invalid: int) -> None:
        lacks = not run.has_undated
        self._notify(ScanFinished(opportunities, invalid, run.pages, may_lack_undated=lacks))

    async def _set_aside(self, batch: Batch, place: int, record: InvalidEntry) -> None:
        invalid = InvalidOpportunity(record.id, batch.number, place, record.problems, record.raw)
        if self._request.on_invalid != "raise":
            await settled(self._request.on_invalid(invalid))
            return
        metadata = batch.page.response.response_metadata
        raise InvalidOpportunityError(
            invalid,
            operation="ListOpportunities",
            request_id=metadata.request_id,
            attempts=metadata.attempts,
        )
