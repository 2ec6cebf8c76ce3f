"""Reports of a sync, and the changes that it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.display import report_of

ChangeKind: TypeAlias = Literal["created", "updated"]
"""``"created"``: new in the store; ``"updated"``: replaces a stored version."""

RecordedKind: TypeAlias = ChangeKind | Literal["gone"]
"""``"gone"``: AWS no longer has it."""

_SHOWN_IDENTIFIERS: Final = 20


@dataclass(frozen=True, slots=True)
class OpportunityChange:
    """An opportunity that differs from the store."""

    kind: ChangeKind
    """Whether it is new or replaces a stored version."""
    before: OpportunitySummary | None
    """The stored version; None if it is new."""
    after: OpportunitySummary
    """The version that AWS sent."""


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change in the history of a store."""

    id: str
    """The identifier of the opportunity."""
    kind: RecordedKind
    """Whether it was created, updated, or gone. One that comes back is created again."""
    seen_at: datetime
    """When it was committed, by the clock of the store; AWS may have changed it earlier."""
    before: OpportunitySummary | None
    """The version that was stored before; None if there was none."""
    after: OpportunitySummary | None
    """The version that was stored; None if it is gone."""


class _Report:
    __slots__ = ()

    def _repr_html_(self) -> str:
        return report_of(self).html()

    def __rich__(self) -> Any:
        return report_of(self)


@dataclass(frozen=True, slots=True)
class SyncReport(_Report):
    """The result of `OpportunitySync.run`; ``str(report)`` is one line for people."""

    created: int
    """Opportunities that are new in the store."""
    updated: int
    """Opportunities that replaced a stored version."""
    unchanged: int
    """Opportunities that were read and are stored as they were."""
    invalid: int
    """Records that cannot be parsed, stored as invalid with the reason."""
    pending: int
    """Opportunities that events named and AWS does not list yet; the next run looks them up."""
    requests: int
    """Requests sent, retries included."""
    watermark: datetime | None
    """The LastModifiedDate up to which the replica is current; None if it is not known."""
    ahead: int = 0
    """Opportunities dated later than AWS's clock (the ``Date`` header of its responses), or sent
    without that header. They are stored, but the watermark stays before them, so each run reads
    them again."""
    discarded_watermark: datetime | None = None
    """The stored watermark, if it was later than AWS's clock: everything was read again."""
    changed_ids: tuple[str, ...] = field(default=(), repr=False)
    """Identifiers of the opportunities that were created or updated, sorted."""

    def __str__(self) -> str:
        return (
            f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged"
            f"{_also(self.invalid, 'invalid')}{_also(self.pending, 'pending')}"
            f"{_also(self.ahead, 'dated ahead of AWS')}; "
            f"{_counted(self.requests, 'request')}; {self._current}"
            f"{_discarded(self.discarded_watermark)}"
        )

    @property
    def _current(self) -> str:
        if self.watermark is not None:
            return f"current to {_shown(self.watermark)}"
        return "no watermark" if self.created or self.updated or self.unchanged else "empty"


@dataclass(frozen=True, slots=True)
class ApplyReport(_Report):
    """The result of `OpportunitySync.apply`; ``str(report)`` is one line for people."""

    changes: tuple[OpportunityChange, ...]
    """Opportunities that differed from the store; they are stored."""
    unchanged: int
    """Opportunities that events named and that are stored as they were."""
    invalid: int
    """Records that cannot be parsed, stored as invalid with the reason."""
    pending: tuple[str, ...]
    """Identifiers that AWS does not list yet; the next run looks them up again."""
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
class ReconcileReport(_Report):
    """The result of `OpportunitySync.reconcile`; ``str(report)`` is for people."""

    run: SyncReport
    """The report of the run that it starts with."""
    listed: int
    """The number of opportunities that AWS has."""
    changed: tuple[str, ...]
    """Changed during the call, or hidden until now by a watermark that was ahead. Stored."""
    silent: tuple[str, ...]
    """Changed without a later LastModifiedDate, which no run can see; or invalid or gone until now.
    Stored."""
    missed: tuple[str, ...]
    """Dated within what the watermark covers, and yet not in the store. Stored now. Either
    ``lookback`` is shorter than AWS's delay, or this is a defect: please report it."""
    gone: tuple[str, ...]
    """Stored, in no listing, and not found by a lookup. They are no longer among the store's
    opportunities, but known as gone, and come back when AWS lists them again."""
    invalid: int
    """Records that cannot be parsed, stored as invalid with the reason."""
    requests: int
    """Requests sent, those of the run and retries included."""
    undated: tuple[str, ...] = ()
    """Without a LastModifiedDate, and new or changed. Stored. No run can see such a change."""
    unverified: tuple[str, ...] = ()
    """Stored, and not proven to be what AWS has. Either they are in no listing, and AWS refuses to
    look up such an identifier; or AWS sent an older version, as a lagging replica does for up to
    ``lookback``. They stay in the store; reconcile again later."""
    watermark: datetime | None = None
    """The LastModifiedDate up to which the replica is current; None if it is not known."""
    discarded_watermark: datetime | None = None
    """The stored watermark, if it was later than everything that AWS lists."""

    def __str__(self) -> str:
        found = [
            f"{name}: {', '.join(identifiers[:_SHOWN_IDENTIFIERS])}"
            f"{', …' if len(identifiers) > _SHOWN_IDENTIFIERS else ''}"
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
            exception = " except for the invalid records" if self.invalid else ""
            found.append(f"the copy is what AWS lists{exception}")
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


def _shown(date: datetime) -> str:
    return date.isoformat().replace("+00:00", "Z")
