"""Reconciling: everything that AWS lists against everything that is stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from partnercentral_list.models.request import IDENTIFIERS_PER_REQUEST
from partnercentral_list.sync._source import Query, Row, follow
from partnercentral_list.sync._walk import Step, Walk, behind
from partnercentral_list.sync._work import Work
from partnercentral_list.sync.reports import OpportunityChange, ReconcileReport, SyncReport


class Reconciliation:
    """Finds what a run cannot see, and what is no longer there.

    Everything is listed by CreatedDate, which never changes, so that no edit hides a record. One
    that is missing is asked for by its identifier before it is called gone. The watermark stays,
    and nothing is deleted.
    """

    def __init__(self, work: Work, run: SyncReport, lookback: timedelta) -> None:
        self._work = work
        self._run = run
        self._covered = behind(run.watermark, lookback) if run.watermark else None
        self._listed: set[str] = set()
        self._changed: list[str] = []
        self._silent: list[str] = []
        self._missed: list[str] = []

    async def report(self, walk: Walk) -> ReconcileReport:
        """Compare with what `walk` reads, ask for the rest, and say what was found."""
        while (step := await walk.next()) is not None:
            await self._take(step.rows)
        gone = await self._gone()
        return ReconcileReport(
            run=self._run,
            listed=len(self._listed),
            changed=tuple(self._changed),
            silent=tuple(self._silent),
            missed=tuple(self._missed),
            gone=gone,
            invalid=self._work.invalid,
            requests=self._work.source.requests,
        )

    async def _take(self, rows: tuple[Row, ...]) -> None:
        self._listed.update(row.id for row in rows if row.id is not None)
        step = Step(rows, None)
        planned = await self._work.plan(step)
        await self._work.commit(planned, step)
        for change in planned.changes:
            self._kind_of(change).append(change.after.id)

    def _kind_of(self, change: OpportunityChange) -> list[str]:
        modified, before = change.after.last_modified_date, change.before
        if before is not None and before.last_modified_date == modified:
            return self._silent
        if modified is not None and self._covered is not None and modified <= self._covered:
            return self._missed
        return self._changed

    async def _gone(self) -> tuple[str, ...]:
        stored = await self._work.store.identifiers()
        absent = sorted(
            name
            for name in (set(stored) | self._work.state.pending) - self._listed
            # AWS refuses to look up any other, so that nothing could be said about it.
            if re.fullmatch("O[0-9]{1,19}", name)
        )
        for start in range(0, len(absent), IDENTIFIERS_PER_REQUEST):
            await self._ask(absent[start : start + IDENTIFIERS_PER_REQUEST])
        gone = set(absent) - self._listed
        gone &= set(stored)
        # What was never listed may still be to come. What was, and is gone, is not waited for.
        await self._work.forget_pending(frozenset(gone))
        return tuple(sorted(gone))

    async def _ask(self, identifiers: Sequence[str]) -> None:
        rows = (await follow(self._work.source, Query(identifiers=tuple(identifiers)))).rows
        await self._take(rows)
        if any(row.id is None for row in rows):
            await self._ask_one_by_one([name for name in identifiers if name not in self._listed])

    async def _ask_one_by_one(self, identifiers: Sequence[str]) -> None:
        # One of the answers has no identifier that can be read: it may be any of these.
        for identifier in identifiers:
            rows = (await follow(self._work.source, Query(identifiers=(identifier,)))).rows
            await self._take(rows)
            if rows:
                self._listed.add(identifier)
