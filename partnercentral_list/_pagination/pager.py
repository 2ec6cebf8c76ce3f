"""A listing: pages become one stream of opportunities that can be resumed after any of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from partnercentral_list._pagination.iteration import Iteration
from partnercentral_list._pagination.parts import FetchPage, Listing
from partnercentral_list.models import ListOpportunitiesResponse, OpportunitySummary


class OpportunityPager:
    """The opportunities that match, fetched page by page while they are consumed.

    Iterate over it (``async for opportunity in pager``), over its `pages`, or `collect` it.
    Each iteration starts afresh; two at once do not disturb each other. It is made by
    `PartnerCentralClient.iter_opportunities` and sends nothing until it is iterated over.

    Every iteration is complete for the records that are not edited while it runs, or it raises.

    Raises:
        PartnerCentralError: While iterating; its ``resume_token`` says where to go on.
    """

    def __init__(self, fetch: FetchPage, listing: Listing) -> None:
        self._fetch = fetch
        self._listing = listing
        self._latest = Iteration(fetch, listing)

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
        by ``max_items`` ends, within a page. With ``on_invalid="raise"`` the records before one
        that cannot be read come as a page of their own before the error.
        """
        return self._start().pages(self._listing.prefetch)

    async def collect(self) -> list[OpportunitySummary]:
        """Read the whole listing into a list.

        Raises:
            PartnerCentralError: The listing failed; what was read is gone, and `resume_token`
                points behind it.
        """
        return [opportunity async for opportunity in self]

    async def first(self) -> OpportunitySummary | None:
        """Give the first opportunity of the listing, or None if nothing matches.

        Raises:
            PartnerCentralError: The listing failed before it.
        """
        async with aclosing(self._start().items(prefetch=0)) as items:
            async for opportunity in items:
                return opportunity
        return None

    @property
    def resume_token(self) -> str | None:
        """Where the iteration started last goes on, for ``starting_token``; None: it is complete.

        It is exact after any opportunity: what was yielded is not yielded again, and nothing is
        skipped. It is the AWS CLI's own token (``--starting-token``) and boto3's
        (``StartingToken``), and theirs are taken here. AWS does not say how long it stays valid.
        """
        return self._latest.resume_token

    def _start(self) -> Iteration:
        self._latest = Iteration(self._fetch, self._listing)
        return self._latest
