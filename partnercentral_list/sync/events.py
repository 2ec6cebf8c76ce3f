"""Events of a sync, for a progress bar or metrics; none has a sensitive value."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from partnercentral_list.sync.reports import ApplyReport, ReconcileReport, SyncReport

SyncKind: TypeAlias = Literal["run", "changes", "apply", "reconcile"]
"""A method of `OpportunitySync`."""


@dataclass(frozen=True, slots=True)
class SyncStarted:
    """The lease is acquired; no request was sent yet."""

    kind: SyncKind
    """The method that was called."""
    watermark: datetime | None
    """The LastModifiedDate up to which the replica is current; None at first."""

    def __str__(self) -> str:
        return f"sync {self.kind} starts at watermark {self.watermark}"


@dataclass(frozen=True, slots=True)
class PageCommitted:
    """A page was read, and what it changes is durable in the store."""

    created: int
    """Opportunities that are new in the store."""
    updated: int
    """Opportunities that replace a stored version."""
    invalid: int
    """Records that cannot be parsed."""
    watermark: datetime | None
    """The LastModifiedDate up to which the replica is current now; None if it is not known."""
    requests: int
    """Requests sent since the start, retries included."""

    def __str__(self) -> str:
        return (
            f"page with {self.created} created, {self.updated} updated, {self.invalid} invalid; "
            f"watermark {self.watermark}"
        )


@dataclass(frozen=True, slots=True)
class InvalidRecordStored:
    """A record cannot be parsed, and was stored as invalid; once for each record and call."""

    id: str | None
    """Its identifier; None if it has none that can be parsed."""
    reason: str
    """What is wrong with each field, without the values."""

    def __str__(self) -> str:
        return f"{self.id or 'a record without a valid id'} is invalid: {self.reason}"


@dataclass(frozen=True, slots=True)
class SyncFinished:
    """The call ended without an error."""

    kind: SyncKind
    """The method that was called."""
    report: SyncReport | ApplyReport | ReconcileReport
    """The report that it returns."""

    def __str__(self) -> str:
        return f"sync {self.kind} finished: {self.report}"


SyncEvent: TypeAlias = SyncStarted | PageCommitted | InvalidRecordStored | SyncFinished
"""What ``on_event`` is called with."""

OnSyncEvent: TypeAlias = Callable[[SyncEvent], object]

LEVELS: Final[Mapping[type, int]] = {
    InvalidRecordStored: logging.WARNING,
    SyncFinished: logging.INFO,
}
