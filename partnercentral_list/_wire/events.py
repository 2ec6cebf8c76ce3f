"""What happens on the wire, as events for a program's metrics, and as log records.

Nothing in an event is sensitive: numbers, AWS's request ids, names of errors.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from partnercentral_list.errors import ConfigurationError

logger = logging.getLogger("partnercentral_list")


@dataclass(frozen=True, slots=True)
class RateLimited:
    """A request waited for its turn, to keep within the account's quota."""

    invocation_id: str
    """One for each page that is fetched; the same for all attempts at it, and on the wire."""
    attempt: int
    """The attempt at the page, from 1."""
    waited: float
    """How long, in seconds."""
    rate: float
    """Requests per second that the limiter allows now."""

    def __str__(self) -> str:
        return f"waited {self.waited:.3f} s for a slot, at {self.rate:.2f} requests a second"


@dataclass(frozen=True, slots=True)
class RequestSent:
    """A request goes to AWS."""

    invocation_id: str
    """One for each page that is fetched; the same for all attempts at it, and on the wire."""
    attempt: int
    """The attempt at the page, from 1."""

    def __str__(self) -> str:
        return f"request {self.invocation_id}, attempt {self.attempt}"


@dataclass(frozen=True, slots=True)
class PageReceived:
    """A page of opportunities came back."""

    invocation_id: str
    """One for each page that is fetched; the same for all attempts at it, and on the wire."""
    attempt: int
    """The attempt that succeeded, from 1."""
    request_id: str | None
    """AWS's id of the request."""
    http_status: int | None
    """The status of the answer."""
    elapsed: float
    """Seconds for this attempt, from sending to the typed page; waits before it not included."""
    opportunities: int
    """Records of the page that were read."""
    unreadable: int
    """Records of the page that were not."""
    is_last: bool
    """Whether the page names no next one."""

    def __str__(self) -> str:
        more = "the last page" if self.is_last else "more follow"
        return (
            f"page of {self.opportunities} in {self.elapsed:.3f} s, {self.unreadable} unreadable, "
            f"{more} (request id {self.request_id})"
        )


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """An attempt at a page failed."""

    invocation_id: str
    """One for each page that is fetched; the same for all attempts at it, and on the wire."""
    attempt: int
    """The attempt that failed, from 1."""
    error: str
    """The class of the error in this library's tree, such as ``"ThrottlingException"``."""
    code: str | None
    """AWS's code of the error; None if no error of AWS's came back."""
    request_id: str | None
    """AWS's id of the request; None if no answer came."""
    http_status: int | None
    """The status of the answer; None if none came."""
    elapsed: float
    """Seconds for this attempt; waits before it not included."""
    retryable: bool
    """Whether the same request may succeed later."""

    def __str__(self) -> str:
        code = f" {self.code}" if self.code not in (None, self.error) else ""
        return (
            f"attempt {self.attempt} failed in {self.elapsed:.3f} s: {self.error}{code} "
            f"(request id {self.request_id})"
        )


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """A page that failed will be asked for again."""

    invocation_id: str
    """One for each page that is fetched; the same for all attempts at it, and on the wire."""
    attempt: int
    """The attempt that failed, from 1; the next one has the number behind it."""
    delay: float
    """Seconds until then, without waiting for a slot."""
    error: str
    """The class of the error in this library's tree, such as ``"ThrottlingException"``."""

    def __str__(self) -> str:
        return f"attempt {self.attempt + 1} in {self.delay:.3f} s, after {self.error}"


RequestEvent: TypeAlias = RateLimited | RequestSent | PageReceived | RequestFailed | RetryScheduled
"""What ``on_event`` is called with."""

OnEvent: TypeAlias = Callable[[RequestEvent], object]

# A retry is worth a line where somebody looks at how a program runs; the rest is for debugging.
LEVELS: dict[type, int] = {RetryScheduled: logging.INFO}


class Observers:
    """Tells of an event: the log, and the program's callback if there is one.

    Args:
        on_event: Called in the task that fetches the page, so it must not block. What it raises
            is logged and does not end a listing.

    Raises:
        ConfigurationError: It is not callable, or async, so that nobody would wait for it.
    """

    def __init__(self, on_event: OnEvent | None) -> None:
        if on_event is not None and not callable(on_event):
            raise ConfigurationError("on_event must be a callable that takes an event.")
        if on_event is not None and _is_async(on_event):
            raise ConfigurationError(
                "on_event must not be async: nothing waits for it. Put events on a queue instead."
            )
        self._on_event = on_event

    def tell(self, event: RequestEvent) -> None:
        """Tell of an event."""
        level = LEVELS.get(type(event), logging.DEBUG)
        if logger.isEnabledFor(level):
            logger.log(level, "%s", event)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:
                logger.exception("on_event failed with a %s", type(event).__name__)


def _is_async(function: Any) -> bool:
    # An object may be called like a function too.
    return any(map(inspect.iscoroutinefunction, (function, function.__call__)))
