"""Reconciling: everything that AWS lists against everything that is stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from partnercentral_list.errors import PaginationError
from partnercentral_list.models.request import IDENTIFIERS_PER_REQUEST
from partnercentral_list.sync._source import Query, SourcePage, follow, repeated
from partnercentral_list.sync._walk import Step, Walk
from partnercentral_list.sync._work import Work
from partnercentral_list.sync.reports import OpportunityChange, ReconcileReport, SyncReport

MAX_PASSES: Final = 5


class Reconciliation:
    """Finds what a run cannot see, and what is no longer there.

    Everything is listed by CreatedDate, which never changes, so that no edit hides a record; and
    by Identifier, because a listing by a date need not have the records without one. A record
    that is in neither is looked up by its identifier before it is called gone. Nothing is deleted.

    Args:
        work: The work on the store.
        run: What the run before found.
    """

    def __init__(self, work: Work, run: SyncReport) -> None:
        self._work = work
        self._run = run
        self._listed: set[str] = set()
        self._changed: list[str] = []
        self._silent: list[str] = []
        self._undated: list[str] = []
        self._missed: list[str] = []
        self._outdated: frozenset[str] = frozenset()
        # What a watermark that was ahead has hidden, earlier runs could not find.
        was_ahead = work.has_watermark_ahead_of_all or run.discarded_watermark is not None
        self._covered = None if was_ahead else work.settled

    async def report(self, walk: Walk) -> ReconcileReport:
        """Compare with what AWS lists, look up the rest, and say what was found."""
        seen = await self._list_by_identifier()
        while (step := await walk.next()) is not None:
            await self._take(step)
            seen -= {row.key for row in step.rows}
        await self._prove_complete(seen)
        gone, unverified = await self._absent()
        return ReconcileReport(
            run=self._run,
            listed=len(self._listed),
            changed=tuple(self._changed),
            silent=tuple(self._silent),
            missed=tuple(self._missed),
            gone=gone,
            invalid=self._work.invalid,
            requests=self._work.source.requests,
            undated=tuple(self._undated),
            unverified=unverified,
            watermark=self._work.state.watermark,
            discarded_watermark=self._work.discarded_watermark,
        )

    async def _list_by_identifier(self) -> set[str]:
        """List everything by page tokens, and return what may have left meanwhile."""
        for _ in range(MAX_PASSES - 1):
            try:
                return await self._pass_by_identifier()
            except PaginationError:
                continue
        return await self._pass_by_identifier()

    async def _pass_by_identifier(self) -> set[str]:
        query = Query("Identifier")
        seen: set[str] = set()
        tokens: set[str] = set()
        while True:
            page = await self._work.source.fetch(query)
            await self._take(_step(page))
            if page.token is None and not tokens:
                # One response is one instant: nothing can have moved within it.
                return set()
            seen |= {row.key for row in page.rows}
            if page.token is None:
                return seen
            if page.token in tokens:
                raise repeated()
            tokens.add(page.token)
            query = replace(query, token=page.token)

    async def _prove_complete(self, seen: set[str]) -> None:
        """List by Identifier again until nothing has left during a pass.

        A token may be a position: where a record leaves, another one moves up to a page that was
        read already. The one that left had been seen, so it is missing afterwards.

        Args:
            seen: What the first pass has seen, and no listing after it.

        Raises:
            PaginationError: Something left during each pass.
        """
        for _ in range(MAX_PASSES - 1):
            if not seen:
                return
            again = await self._list_by_identifier()
            if not again or seen <= again:
                return
            seen = again
        raise PaginationError(
            f"Opportunities were deleted during each of {MAX_PASSES} listings, so that others may "
            "have been missed. What was read is stored; reconcile again.",
            operation="ListOpportunities",
            retryable=True,
        )

    async def _take(self, step: Step) -> None:
        self._listed.update(row.id for row in step.rows if row.id is not None)
        invalid = self._work.state.invalid
        planned = await self._work.plan(step)
        await self._work.commit(planned, step)
        self._outdated = (self._outdated - planned.valid) | planned.outdated
        for change in planned.changes:
            self._kind_of(change, invalid).append(change.after.id)

    def _kind_of(self, change: OpportunityChange, invalid: frozenset[str]) -> list[str]:
        modified, before = change.after.last_modified_date, change.before
        if modified is None:
            return self._undated
        had = None if before is None else before.last_modified_date
        if before is not None and (had is None or modified <= had):
            return self._silent
        if self._covered is None or modified > self._covered:
            return self._changed
        return self._silent if change.after.id in invalid else self._missed

    async def _absent(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what is gone, and of what nothing is proven."""
        stored = frozenset(await self._work.store.identifiers())
        absent = sorted((stored | self._work.state.pending) - self._listed)
        # AWS refuses to look up any other identifier, so that nothing could be said about it.
        wanted = [name for name in absent if re.fullmatch("O[0-9]{1,19}", name)]
        for start in range(0, len(wanted), IDENTIFIERS_PER_REQUEST):
            await self._look_up(wanted[start : start + IDENTIFIERS_PER_REQUEST])
        gone = stored.intersection(wanted) - self._listed
        # What was never listed may still be to come. What was, and is gone, is not waited for.
        await self._work.conclude_listing(gone)
        unverified = stored.intersection(absent).difference(wanted) | self._outdated
        return tuple(sorted(gone)), tuple(sorted(unverified))

    async def _look_up(self, identifiers: Sequence[str]) -> None:
        page = await follow(self._work.source, Query(identifiers=tuple(identifiers)))
        await self._take(_step(page))
        if any(row.id is None for row in page.rows):
            await self._look_up_each([name for name in identifiers if name not in self._listed])

    async def _look_up_each(self, identifiers: Sequence[str]) -> None:
        # One of the records has no identifier that can be read: it may be any of these.
        for identifier in identifiers:
            page = await follow(self._work.source, Query(identifiers=(identifier,)))
            await self._take(_step(page))
            if page.rows:
                self._listed.add(identifier)


def _step(page: SourcePage) -> Step:
    return Step(page.rows, None, page.clock)
