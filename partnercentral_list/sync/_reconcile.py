"""Reconciliation: compares everything that AWS lists with everything that is stored."""

from __future__ import annotations

from partnercentral_list.errors import PaginationError
from partnercentral_list.models.fields import is_identifier
from partnercentral_list.sync._cursor import CursorPage, DateCursor
from partnercentral_list.sync._source import (
    MAX_LISTINGS,
    SourceQuery,
    batched,
    look_up,
    next_query,
    restarting,
)
from partnercentral_list.sync._sync_run import SyncRun
from partnercentral_list.sync.reports import OpportunityChange, ReconcileReport, SyncReport


class Reconciliation:
    """Finds changes that no run can see, and opportunities that AWS no longer has.

    Everything is listed twice. The listing by CreatedDate is read by date; that date never changes,
    so no edit and no deletion hides a record. The listing by Identifier also has the opportunities
    without a date, which a listing by date may leave out, but can only be read by page tokens. What
    is stored and in neither is looked up before it is reported and stored as gone.

    `run` has stored what changed, and knows the latest date that AWS lists; `report` is its report.
    """

    def __init__(self, run: SyncRun, report: SyncReport) -> None:
        self._run = run
        self._report = report
        self._listed: set[str] = set()
        self._changed: list[str] = []
        self._silent: list[str] = []
        self._undated: list[str] = []
        self._missed: list[str] = []
        self._outdated: frozenset[str] = frozenset()
        # No earlier run could find what a watermark that was ahead has hidden.
        was_ahead = run.is_watermark_ahead or run.discarded_watermark is not None
        self._covered = None if was_ahead else run.settled

    async def report(self, cursor: DateCursor) -> ReconcileReport:
        """List everything, by CreatedDate with `cursor`, look up the rest, and report it all."""
        left = await self._list_by_identifier()
        while (page := await cursor.next_page()) is not None:
            await self._store_page(page)
            left -= {row.key for row in page.rows}
        await self._prove_listing(left)
        gone, unverified = await self._check_absent()
        return ReconcileReport(
            run=self._report,
            listed=len(self._listed),
            changed=tuple(self._changed),
            silent=tuple(self._silent),
            missed=tuple(self._missed),
            gone=gone,
            invalid=self._run.invalid,
            requests=self._run.source.requests,
            undated=tuple(self._undated),
            unverified=unverified,
            watermark=self._run.state.watermark,
            discarded_watermark=self._run.discarded_watermark,
        )

    async def _list_by_identifier(self) -> set[str]:
        """List everything by Identifier; return the keys of records that may have left since."""
        return await restarting(self._try_list_by_identifier)

    async def _try_list_by_identifier(self) -> set[str]:
        first = query = SourceQuery("Identifier")
        keys: set[str] = set()
        tokens: set[str] = set()
        while True:
            page = await self._run.source.fetch(query)
            await self._store_page(CursorPage.without_watermark(page))
            keys |= {row.key for row in page.rows}
            if page.token is None:
                # Nothing leaves within a response.
                return keys if tokens else set()
            query = next_query(first, page.token, tokens)

    async def _prove_listing(self, left: set[str]) -> None:
        """List by Identifier again until no record has left during a listing.

        A token may be an offset: where a record leaves, another one moves up to a page that was
        read already. The record that left had been listed, so it is missing afterwards. `left` is
        what the first listing had, and the one by CreatedDate has not.
        """
        for _ in range(MAX_LISTINGS - 1):
            if not left:
                return
            keys = await self._list_by_identifier()
            if not keys or left <= keys:
                return
            left = keys
        raise PaginationError(
            f"Opportunities were deleted during each of {MAX_LISTINGS} listings, so others may "
            "have been missed. What was read is stored; reconcile again.",
            operation="ListOpportunities",
            retryable=True,
        )

    async def _store_page(self, page: CursorPage) -> None:
        self._listed.update(row.id for row in page.rows if row.id is not None)
        # What a run cannot see becoming valid, or coming back.
        unseen = self._run.state.invalid | self._run.state.gone
        found = await self._run.diff(page)
        await self._run.commit(found, page)
        self._outdated = (self._outdated - found.valid) | found.outdated
        for change in found.changes:
            self._list_for(change, unseen).append(change.after.id)

    def _list_for(self, change: OpportunityChange, unseen: frozenset[str]) -> list[str]:
        """Return the list of the report that a change belongs to."""
        modified, before = change.after.last_modified_date, change.before
        if modified is None:
            return self._undated
        previous = None if before is None else before.last_modified_date
        if before is not None and (previous is None or modified <= previous):
            return self._silent
        if self._covered is None or modified > self._covered:
            return self._changed
        return self._silent if change.after.id in unseen else self._missed

    async def _check_absent(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Look up opportunities that no listing has; return those gone and those not verified."""
        stored = frozenset(await self._run.store.identifiers())
        absent = sorted((stored | self._run.state.pending) - self._listed)
        # AWS refuses to look up any other identifier.
        valid = list(filter(is_identifier, absent))
        for batch in batched(valid):
            await self._look_up(batch)
        gone = stored.intersection(valid) - self._listed
        # An opportunity that was never stored may still be to come: it stays pending.
        await self._run.commit_complete_listing(gone)
        unverified = stored.intersection(absent).difference(valid) | self._outdated
        return tuple(sorted(gone)), tuple(sorted(unverified))

    async def _look_up(self, identifiers: tuple[str, ...]) -> None:
        page = await look_up(self._run.source, identifiers)
        await self._store_page(CursorPage.without_watermark(page))
        if all(row.id is not None for row in page.rows):
            return
        # An invalid record without an identifier may be any of these.
        for identifier in [name for name in identifiers if name not in self._listed]:
            page = await look_up(self._run.source, (identifier,))
            await self._store_page(CursorPage.without_watermark(page))
            if page.rows:
                self._listed.add(identifier)
