"""One page: each attempt at it waits for its permit, is sent and read, and reported as events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from partnercentral_list._transport.active_calls import CLOSED
from partnercentral_list._transport.attempt import Attempt, under_way
from partnercentral_list._transport.events import (
    PageReceived,
    RateLimited,
    RequestEvent,
    RequestFailed,
    RequestQueued,
    RequestSent,
    RetryScheduled,
)
from partnercentral_list._transport.rate_limiter import RateLimiter
from partnercentral_list._transport.response import MAX_RECORDS, Page, parse_page, parse_parsed
from partnercentral_list.config import RetryPolicy
from partnercentral_list.errors import (
    ClientClosedError,
    MalformedResponseError,
    PartnerCentralError,
    RequestTimeoutError,
    ServiceError,
    ThrottlingException,
)
from partnercentral_list.models import ResponseMetadata

if TYPE_CHECKING:
    from partnercentral_list._transport.session import Connection

Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Means:
    """What all calls of a client share."""

    policy: RetryPolicy
    limiter: RateLimiter | None
    notify: Callable[[RequestEvent], None]
    is_closed: Callable[[], bool]


class NothingToFetchError(Exception):
    """When its turn came, there was no page to fetch any more."""


class Call:
    """The fetching of one page, whose attempts share an invocation id.

    Args:
        means: What all calls share.
        connect: Gives what it is sent through.
        choose: Gives the request's members as they go over the wire. It is called once, when it
            is the first attempt's turn; None of it gives the turn back.
    """

    def __init__(
        self,
        means: Means,
        connect: Callable[[], Awaitable[Connection]],
        choose: Callable[[], Parameters | None],
    ) -> None:
        self._means = means
        self._clock = means.policy.clock
        self._connect = connect
        self._connection: Connection | None = None
        self._choose = choose
        self._parameters: Parameters | None = None
        self._invocation_id = str(uuid4())
        self._started = self._clock()

    def retrying(self, number: int, delay: float, error: PartnerCentralError) -> None:
        """Tell that the page will be asked for again."""
        name = type(error).__name__
        self._means.notify(RetryScheduled(self._invocation_id, number, delay, name))

    async def attempt(self, number: int) -> Page:
        """Fetch the page, once, when it is its turn.

        Raises:
            NothingToFetchError: There is none to fetch any more.
            PartnerCentralError: It could not be fetched or read.
        """
        connection = await self.connected()
        attempt = Attempt(self._invocation_id, number, self._means.policy.max_attempts)
        limiter = self._means.limiter
        if limiter is None:
            return await self._attempt(connection, attempt, self._chosen())
        permit = await self._acquire(limiter, number)
        is_unused = True

        async def leave() -> None:
            # Signing, credentials, the pool of connections, TLS, a busy event loop: what counts at
            # AWS is when the bytes leave, however long all of that took.
            nonlocal permit, is_unused
            permit = await limiter.renew(permit)
            is_unused = False

        attempt.leave = leave
        try:
            page = await self._attempt(connection, attempt, self._chosen())
        except (ServiceError, MalformedResponseError) as error:
            is_unused = False
            if isinstance(error, ThrottlingException):
                limiter.throttled(permit)
            raise
        else:
            is_unused = False
            return page
        finally:
            # Not even the hook in aiobotocore is trusted: what was answered has left.
            if is_unused:
                limiter.release(permit)

    async def _acquire(self, limiter: RateLimiter, number: int) -> float:
        # In front of signing, and outside of the attempt's time: a signature ages.
        queued_at: float | None = None

        def on_wait(expected: float, queue_length: int) -> None:
            nonlocal queued_at
            queued_at = limiter.limit.clock()
            self._means.notify(RequestQueued(self._invocation_id, number, expected, queue_length))

        permit = await limiter.acquire(
            is_retry=number > 1, max_wait=self._time_left(), on_wait=on_wait
        )
        if queued_at is not None:
            waited = permit - queued_at
            self._means.notify(RateLimited(self._invocation_id, number, waited, limiter.rate))
        return permit

    def _time_left(self) -> float | None:
        """Return the seconds that ``max_elapsed`` leaves; None for any number."""
        if not self._means.policy.max_elapsed:
            return None
        return max(0.0, self._started + self._means.policy.max_elapsed - self._clock())

    def _timeout(self) -> float | None:
        """Return the seconds for one step of an attempt; None for any number."""
        bounds = (self._means.policy.attempt_timeout or None, self._time_left())
        return min((bound for bound in bounds if bound is not None), default=None)

    async def connected(self) -> Connection:
        """Return what the page is fetched through, opened if it is not.

        Raises:
            PartnerCentralError: It cannot be opened, or not in time.
        """
        # Kept for the retries: a client that is closed with drain=True opens no other.
        if self._connection is None:
            self._connection = await self._open()
        return self._connection

    async def _open(self) -> Connection:
        # Opening may ask for credentials over the network: it can hang, and fail for a moment.
        timeout = self._timeout()
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                return await self._connect()
        except TimeoutError:
            if not limit.expired():
                raise
        raise RequestTimeoutError(
            f"The client was not opened within {timeout:g} seconds.",
            operation="ListOpportunities",
            retryable=True,
        )

    def _chosen(self) -> Parameters:
        if self._parameters is None:
            self._parameters = self._choose()
        if self._parameters is None:
            raise NothingToFetchError
        return self._parameters

    async def _attempt(
        self, connection: Connection, attempt: Attempt, parameters: Parameters
    ) -> Page:
        sent_at = self._clock()
        self._means.notify(RequestSent(self._invocation_id, attempt.number))
        try:
            answer = await self._send(connection, attempt, parameters)
            page = self._read(answer, attempt, parameters)
        except PartnerCentralError as error:
            self._means.notify(_failed(attempt, error, self._clock() - sent_at))
            raise
        self._means.notify(_received(attempt, page, self._clock() - sent_at))
        return page

    async def _send(
        self, connection: Connection, attempt: Attempt, parameters: Parameters
    ) -> dict[str, Any]:
        from partnercentral_list._transport.errors import OPERATION, from_exception

        failure: PartnerCentralError
        timeout = self._timeout()
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                with under_way(attempt):
                    answer = await connection.client.list_opportunities(**parameters)
                    return cast("dict[str, Any]", answer)
        except Exception as error:
            if limit.expired():
                failure = RequestTimeoutError(
                    f"No answer within {timeout:g} seconds.", operation=OPERATION, retryable=True
                )
            else:
                closed = self._means.is_closed()
                failure = ClientClosedError(CLOSED) if closed else from_exception(error)
        # Outside the handlers: what was caught may hold a piece of the answer.
        raise failure

    def _read(self, answer: dict[str, Any], attempt: Attempt, parameters: Parameters) -> Page:
        sent = cast("dict[str, Any]", answer.get("ResponseMetadata") or {})
        attempt.http_status = sent.get("HTTPStatusCode")
        metadata = ResponseMetadata(
            request_id=sent.get("RequestId"),
            http_status=attempt.http_status,
            attempts=attempt.number,
            elapsed=self._clock() - self._started,
            date=_date_header(sent),
        )
        # AWS's own default is fewer, but may change.
        max_records = cast("int", parameters.get("MaxResults", MAX_RECORDS))
        if attempt.body is None:
            return parse_parsed(answer, metadata, max_records)
        return parse_page(attempt.body, metadata, max_records)


def _date_header(metadata: Mapping[str, Any]) -> datetime | None:
    """Return the ``Date`` header of a response; None without one that can be parsed."""
    headers = cast("Mapping[str, object]", metadata.get("HTTPHeaders") or {})
    value = headers.get("date")
    if not isinstance(value, str):
        return None
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _received(attempt: Attempt, page: Page, elapsed: float) -> PageReceived:
    read = page.response.opportunity_summaries
    metadata = page.response.response_metadata
    return PageReceived(
        invocation_id=attempt.invocation_id,
        attempt=attempt.number,
        request_id=metadata.request_id,
        http_status=metadata.http_status,
        elapsed=elapsed,
        opportunities=len(read),
        invalid=len(page.records) - len(read),
        is_last=page.next_token is None,
    )


def _failed(attempt: Attempt, error: PartnerCentralError, elapsed: float) -> RequestFailed:
    of_aws = error if isinstance(error, ServiceError) else None
    return RequestFailed(
        invocation_id=attempt.invocation_id,
        attempt=attempt.number,
        error=type(error).__name__,
        code=of_aws.code if of_aws else None,
        request_id=error.request_id,
        http_status=of_aws.http_status if of_aws else attempt.http_status,
        elapsed=elapsed,
        retryable=error.retryable,
    )
