"""What a run is doing, as events for a program's progress bar or metrics; nothing sensitive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from partnercentral_list._notify import Notifier
from partnercentral_list.sync.reports import ApplyReport, ReconcileReport, SyncReport

SyncKind: TypeAlias = Literal["run", "changes", "apply", "reconcile"]


@dataclass(frozen=True, slots=True)
class SyncStarted:
    """The lease is taken, and nothing is read yet."""

    kind: SyncKind
    """The method that was called."""
    watermark: datetime | None
    """The LastModifiedDate up to which the copy is current; None if it is new."""

    def __str__(self) -> str:
        return f"sync {self.kind} begins at {self.watermark}"


@dataclass(frozen=True, slots=True)
class PageCommitted:
    """A page is read, and durable in the store as far as it differs from the copy."""

    created: int
    """Opportunities of it that are new in the copy."""
    updated: int
    """Opportunities of it that were replaced."""
    invalid: int
    """Records of it that could not be read."""
    watermark: datetime | None
    """The LastModifiedDate up to which the copy is current now."""
    requests: int
    """Requests sent so far, retries included."""

    def __str__(self) -> str:
        return (
            f"page with {self.created} created, {self.updated} updated, {self.invalid} invalid; "
            f"watermark {self.watermark}"
        )


@dataclass(frozen=True, slots=True)
class InvalidRecordStored:
    """A record cannot be read, and is set aside in the store."""

    id: str | None
    """Its identifier, where that can be read."""
    reason: str
    """What is wrong with it, member by member, without the values."""

    def __str__(self) -> str:
        return f"{self.id or 'a record without a readable id'} is invalid: {self.reason}"


@dataclass(frozen=True, slots=True)
class SyncFinished:
    """It ended without an error."""

    kind: SyncKind
    """The method that was called."""
    report: SyncReport | ApplyReport | ReconcileReport
    """What came of it."""

    def __str__(self) -> str:
        return f"sync {self.kind} ends: {self.report}"


SyncEvent: TypeAlias = SyncStarted | PageCommitted | InvalidRecordStored | SyncFinished
"""What ``on_event`` is called with."""

OnSyncEvent: TypeAlias = Callable[[SyncEvent], object]

# A record that is set aside is worth a look; the rest is for debugging.
LEVELS: Mapping[type, int] = {InvalidRecordStored: logging.WARNING, SyncFinished: logging.INFO}


def notifier(on_event: OnSyncEvent | None) -> Notifier[SyncEvent]:
    """Return the notifier of a sync.

    Raises:
        ConfigurationError: `on_event` is not callable, or it is async.
    """
    return Notifier(on_event, LEVELS)
