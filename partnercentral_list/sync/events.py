"""What a run is doing, as events for a program's progress bar or metrics; nothing sensitive."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from partnercentral_list.errors import ConfigurationError
from partnercentral_list.sync.reports import ApplyReport, ReconcileReport, SyncReport

_logger = logging.getLogger("partnercentral_list")

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
    rejected: int
    """Records of it that could not be read."""
    watermark: datetime | None
    """The LastModifiedDate up to which the copy is current now."""
    requests: int
    """Requests sent so far, retries included."""

    def __str__(self) -> str:
        return (
            f"page with {self.created} created, {self.updated} updated, {self.rejected} rejected; "
            f"watermark {self.watermark}"
        )


@dataclass(frozen=True, slots=True)
class RecordRejected:
    """A record cannot be read, and is set aside in the store."""

    id: str | None
    """Its identifier, where that can be read."""
    reason: str
    """What is wrong with it, member by member, without the values."""

    def __str__(self) -> str:
        return f"{self.id or 'a record without a readable id'} is rejected: {self.reason}"


@dataclass(frozen=True, slots=True)
class SyncFinished:
    """It ended without an error."""

    kind: SyncKind
    """The method that was called."""
    report: SyncReport | ApplyReport | ReconcileReport
    """What came of it."""

    def __str__(self) -> str:
        return f"sync {self.kind} ends: {self.report}"


SyncEvent: TypeAlias = SyncStarted | PageCommitted | RecordRejected | SyncFinished
"""What ``on_event`` is called with."""

OnSyncEvent: TypeAlias = Callable[[SyncEvent], object]

# A record that is set aside is worth a look; the rest is for debugging.
LEVELS: dict[type, int] = {RecordRejected: logging.WARNING, SyncFinished: logging.INFO}


class Teller:
    """Tells of an event: the log, and the program's callback if there is one.

    Args:
        on_event: Must not block. What it raises is logged and does not end a run.

    Raises:
        ConfigurationError: It is not callable, or async, so that nobody would wait for it.
    """

    def __init__(self, on_event: OnSyncEvent | None) -> None:
        if on_event is not None and not callable(on_event):
            raise ConfigurationError("on_event must be a callable that takes an event.")
        if on_event is not None and _is_async(on_event):
            raise ConfigurationError(
                "on_event must not be async: nothing waits for it. Put events on a queue instead."
            )
        self._on_event = on_event

    def tell(self, event: SyncEvent) -> None:
        """Tell of an event."""
        level = LEVELS.get(type(event), logging.DEBUG)
        if _logger.isEnabledFor(level):
            _logger.log(level, "%s", event)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:
                _logger.exception("on_event failed with a %s", type(event).__name__)


def _is_async(function: Any) -> bool:
    # An object may be called like a function too.
    return any(map(inspect.iscoroutinefunction, (function, function.__call__)))
