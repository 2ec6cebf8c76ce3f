"""What happens on the wire, as events for a program's metrics, and as log records.

Nothing in an event is sensitive: numbers, AWS's request ids, names of errors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class RequestQueued:
    """A request begins to wait for a permit, to keep within the account's quota."""

    invocation_id: str
    """One for each page that is fetched; the same for all attempts at it, and on the wire."""
    attempt: int
    """The attempt at the page, from 1."""
    expected_wait: float
    """How long the wait will probably take, in seconds, at the present rate."""
    queue_length: int
    """Requests that wait for the same limiter, this one and other clients' included."""

    def __str__(self) -> str:
        return f"waits about {self.expected_wait:.3f} s for a permit, {self.queue_length} queued"


@dataclass(frozen=True, slots=True)
class RateLimited:
    """A request has waited for its permit, to keep within the account's quota."""

    invocation_id: str
    """One for each page that is fetched; the same for all attempts at it, and on the wire."""
    attempt: int
    """The attempt at the page, from 1."""
    waited: float
    """How long, in seconds."""
    rate: float
    """Requests per second that the limiter allows now."""

    def __str__(self) -> str:
        return f"waited {self.waited:.3f} s for a permit, at {self.rate:.2f} requests a second"


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
    invalid: int
    """Records of the page that were not."""
    is_last: bool
    """Whether the page names no next one."""

    def __str__(self) -> str:
        more = "the last page" if self.is_last else "more follow"
        return (
            f"page of {self.opportunities} in {self.elapsed:.3f} s, {self.invalid} invalid, "
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
    """Seconds of backoff before it; the wait for a permit comes on top."""
    error: str
    """The class of the error in this library's tree, such as ``"ThrottlingException"``."""

    def __str__(self) -> str:
        return f"attempt {self.attempt + 1} in {self.delay:.3f} s, after {self.error}"


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """A scan has read everything that it can reach.

    It is the only event that is not about one request, and has no ``invocation_id``.
    """

    opportunities: int
    """Opportunities that it yielded."""
    invalid: int
    """Invalid records that it met."""
    pages: int
    """Pages that it fetched."""
    may_lack_undated: bool
    """Whether opportunities without a creation date, if there are any, may be missing.

    False if it met some: then it has all of them. True if it met none, as in nearly every scan,
    because AWS may sort them last in both directions, or leave them out of that order, where a
    scan cannot reach them. List in another order to be sure.
    """

    def __str__(self) -> str:
        lacks = (
            "none without a creation date, which a scan may not reach"
            if self.may_lack_undated
            else "also those without a creation date"
        )
        return (
            f"scan finished: {self.opportunities} opportunities, {self.invalid} invalid, in "
            f"{self.pages} pages; {lacks}"
        )


RequestEvent: TypeAlias = (
    RequestQueued
    | RateLimited
    | RequestSent
    | PageReceived
    | RequestFailed
    | RetryScheduled
    | ScanFinished
)
"""What ``on_event`` is called with."""

OnEvent: TypeAlias = Callable[[RequestEvent], object]

# A retry and a scan's end are worth a line where somebody looks at how a program runs; the rest is
# for debugging.
LEVELS: Mapping[type, int] = {RetryScheduled: logging.INFO, ScanFinished: logging.INFO}
