"""The events of requests, for a program's metrics and for the log.

Nothing in an event is sensitive: it holds numbers, AWS's request ids and names of errors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _AttemptEvent:
    invocation_id: str
    """Identifies the page: the same for all attempts at it, and in ``amz-sdk-invocation-id``."""
    attempt: int
    """The number of the attempt at the page, from 1."""


@dataclass(frozen=True, slots=True)
class RequestQueued(_AttemptEvent):
    """A request begins to wait for a permit of the rate limiter."""

    expected_wait: float
    """Seconds that the wait will probably take, at the present rate."""
    queue_length: int
    """Requests in the limiter's queue, this one and those of other clients included."""

    def __str__(self) -> str:
        return f"waits about {self.expected_wait:.3f} s for a permit, {self.queue_length} queued"


@dataclass(frozen=True, slots=True)
class RateLimited(_AttemptEvent):
    """A request has waited for its permit."""

    waited: float
    """Seconds that it waited."""
    rate: float
    """Requests per second that the limiter allows now."""

    def __str__(self) -> str:
        return f"waited {self.waited:.3f} s for a permit, at {self.rate:.2f} requests a second"


@dataclass(frozen=True, slots=True)
class RequestSent(_AttemptEvent):
    """A request is being sent to AWS."""

    def __str__(self) -> str:
        return f"request {self.invocation_id}, attempt {self.attempt}"


@dataclass(frozen=True, slots=True)
class PageReceived(_AttemptEvent):
    """A page of opportunities was received and parsed."""

    request_id: str | None
    """AWS's id of the request."""
    http_status: int | None
    """The status of the response."""
    elapsed: float
    """Seconds from sending to the parsed page; the wait for the permit is not included."""
    opportunities: int
    """Valid records of the page."""
    invalid: int
    """Invalid records of the page."""
    is_last: bool
    """Whether the page has no token of a next one."""

    def __str__(self) -> str:
        more = "the last page" if self.is_last else "more follow"
        return (
            f"page of {self.opportunities} in {self.elapsed:.3f} s, {self.invalid} invalid, "
            f"{more} (request id {self.request_id})"
        )


@dataclass(frozen=True, slots=True)
class RequestFailed(_AttemptEvent):
    """An attempt at a page failed."""

    error: str
    """The class of the error in this library's tree, such as ``"ThrottlingException"``."""
    code: str | None
    """AWS's error code; None without an error response."""
    request_id: str | None
    """AWS's id of the request; None without a response."""
    http_status: int | None
    """The status of the response; None without one."""
    elapsed: float
    """Seconds for this attempt; the wait for the permit is not included."""
    retryable: bool
    """Whether the same request may succeed later."""

    def __str__(self) -> str:
        code = f" {self.code}" if self.code not in (None, self.error) else ""
        return (
            f"attempt {self.attempt} failed in {self.elapsed:.3f} s: {self.error}{code} "
            f"(request id {self.request_id})"
        )


@dataclass(frozen=True, slots=True)
class RetryScheduled(_AttemptEvent):
    """A page that failed will be retried."""

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

# A retry and the end of a scan are worth a line in the log of a running program; the rest is for
# debugging.
LEVELS: Mapping[type, int] = {RetryScheduled: logging.INFO, ScanFinished: logging.INFO}
