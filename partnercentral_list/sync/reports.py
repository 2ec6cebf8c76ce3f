"""What came of a run: reports that a person reads, and the changes that were found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from partnercentral_list.models import OpportunitySummary

ChangeKind: TypeAlias = Literal["created", "updated"]
"""Whether an opportunity is new to the copy, or another one than it holds."""


@dataclass(frozen=True, slots=True)
class OpportunityChange:
    """One opportunity that differs from the copy."""

    kind: ChangeKind
    """``"created"`` is new to the copy, ``"updated"`` replaces what it holds."""
    before: OpportunitySummary | None
    """What the copy held; None if it is new."""
    after: OpportunitySummary
    """What AWS has now."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What `OpportunitySync.run` did; ``str(report)`` is for people."""

    created: int
    """Opportunities that are new in the copy."""
    updated: int
    """Opportunities that were replaced."""
    unchanged: int
    """Opportunities that were read and known already."""
    invalid: int
    """Records that could not be read, and were set aside with the reason."""
    pending: int
    """Opportunities that events named and AWS does not list yet; the next run asks again."""
    requests: int
    """Requests sent, retries included."""
    watermark: datetime | None
    """The LastModifiedDate up to which the copy is current; None if there is no opportunity."""
    ahead: int = 0
    """Opportunities whose LastModifiedDate is later than AWS's own clock (the ``Date`` of its
    responses), or came without it. They are stored, but the watermark stays before them, so that
    each run reads them again."""
    discarded_watermark: datetime | None = None
    """The watermark of earlier runs, if it was later than AWS's own clock: everything was read
    again."""

    def __str__(self) -> str:
        current = f"current to {_shown(self.watermark)}" if self.watermark else "empty"
        return (
            f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged"
            f"{_also(self.invalid, 'invalid')}{_also(self.pending, 'pending')}"
            f"{_also(self.ahead, 'dated ahead of AWS')}; "
            f"{_counted(self.requests, 'request')}; {current}"
            f"{_discarded(self.discarded_watermark)}"
        )


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What `OpportunitySync.apply` did; ``str(report)`` is for people."""

    changes: tuple[OpportunityChange, ...]
    """What differed from the copy, and is stored."""
    unchanged: int
    """Opportunities that events named and the copy held already."""
    invalid: int
    """Records that could not be read, and were set aside with the reason."""
    pending: tuple[str, ...]
    """Identifiers that AWS does not list yet; the next run asks for them again."""
    requests: int
    """Requests sent, retries included."""

    def __str__(self) -> str:
        created = sum(change.kind == "created" for change in self.changes)
        return (
            f"{created} created, {len(self.changes) - created} updated, {self.unchanged} unchanged"
            f"{_also(self.invalid, 'invalid')}{_also(len(self.pending), 'pending')}; "
            f"{_counted(self.requests, 'request')}"
        )


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What `OpportunitySync.reconcile` found; ``str(report)`` is for people."""

    run: SyncReport
    """The run that it began with."""
    listed: int
    """Opportunities that AWS lists."""
    changed: tuple[str, ...]
    """Changed while it ran, or hidden before by a watermark that was ahead; stored."""
    silent: tuple[str, ...]
    """Changed by AWS without a later LastModifiedDate, which no run can see; stored. Among them
    are records that were invalid and no longer are."""
    missed: tuple[str, ...]
    """Older than what the watermark covers, and not in the copy as AWS has it; stored. Either
    ``lookback`` is shorter than AWS's delay, or this is a defect: please report it."""
    gone: tuple[str, ...]
    """In the copy, in no listing, and not found by Identifier either. They stay in the copy:
    AWS has no word for a deletion, so that it is yours to decide."""
    invalid: int
    """Records that could not be read, and were set aside with the reason."""
    requests: int
    """Requests sent, those of the run and retries included."""
    undated: tuple[str, ...] = ()
    """Without a LastModifiedDate, and not in the copy as AWS has it; stored. No run can see such
    an opportunity."""
    unverified: tuple[str, ...] = ()
    """In the copy, and not proven to be what AWS has: in no listing, and AWS refuses to look up
    such an identifier; or AWS sent a version that is older than the copy's, as it may for
    ``lookback``. They stay in the copy; reconcile again later."""
    watermark: datetime | None = None
    """The LastModifiedDate up to which the copy is current now; None if there is none."""
    discarded_watermark: datetime | None = None
    """The watermark of earlier runs, if it was later than everything that AWS lists."""

    def __str__(self) -> str:
        found = [
            f"{name}: {', '.join(identifiers[:20])}{', …' if len(identifiers) > 20 else ''}"
            for name, identifiers in (
                ("changed meanwhile", self.changed),
                ("changed without a later date", self.silent),
                ("changed and without a date", self.undated),
                ("missed by earlier runs", self.missed),
                ("no longer listed", self.gone),
                ("not proven to be current", self.unverified),
            )
            if identifiers
        ]
        if not found:
            but = " but for the invalid records" if self.invalid else ""
            found.append(f"the copy is what AWS lists{but}")
        first = (
            f"{self.listed} listed{_also(self.invalid, 'invalid')}; "
            f"{_counted(self.requests, 'request')}"
        )
        return "\n".join([first + _discarded(self.discarded_watermark), *found])


def _also(count: int, what: str) -> str:
    return f", {count} {what}" if count else ""


def _discarded(watermark: datetime | None) -> str:
    return f"; the watermark {_shown(watermark)} was ahead and is discarded" if watermark else ""


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
