"""One page: each attempt in its turn, sent, read completely, and told of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from uuid import uuid4

from partnercentral_list._transport.attempt import Attempt, under_way
from partnercentral_list._transport.connection import Connection
from partnercentral_list._transport.events import (
    PageReceived,
    RateLimited,
    RequestEvent,
    RequestFailed,
    RequestSent,
    RetryScheduled,
)
from partnercentral_list._transport.limiter import RateLimiter
from partnercentral_list._transport.response import MAX_RECORDS, Page, parse_page, parse_parsed
from partnercentral_list.config import RetryPolicy
from partnercentral_list.errors import (
    ClientClosedError,
    PartnerCentralError,
    RequestTimeoutError,
    ServiceError,
    ThrottlingException,
)
from partnercentral_list.models import ResponseMetadata

# Less than this many seconds is what asking for a slot takes, and no wait for one.
NO_WAIT = 0.001

Parameters = Mapping[str, object]

CLOSED = "This client was closed. Make a new PartnerCentralClient, or close it later."


@dataclass(frozen=True, slots=True)
class Means:
    """What all calls of a client share."""

    policy: RetryPolicy
    limiter: RateLimiter | None
    tell: Callable[[RequestEvent], None]
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
        self._choose = choose
        self._parameters: Parameters | None = None
        self._invocation_id = str(uuid4())
        self._started = self._clock()

    def retrying(self, number: int, delay: float, error: PartnerCentralError) -> None:
        """Tell that the page will be asked for again."""
        name = type(error).__name__
        self._means.tell(RetryScheduled(self._invocation_id, number, delay, name))

    async def attempt(self, number: int) -> Page:
        """Fetch the page, once, when it is its turn.

        Raises:
            NothingToFetchError: There is none to fetch any more.
            PartnerCentralError: It could not be fetched or read.
        """
        connection = await self.connected()
        limiter = self._means.limiter
        if limiter is None:
            return await self._attempt(connection, number, self._chosen())
        # In front of signing, and outside of the attempt's time: a signature ages.
        asked_at = limiter.limit.clock()
        sent_at = await limiter.acquire()
        waited = sent_at - asked_at
        if waited > NO_WAIT:
            self._means.tell(RateLimited(self._invocation_id, number, waited, limiter.rate))
        try:
            parameters = self._chosen()
        except BaseException:
            limiter.release(sent_at)
            raise
        try:
            return await self._attempt(connection, number, parameters)
        except ThrottlingException:
            limiter.throttled(sent_at)
            raise

    async def connected(self) -> Connection:
        """Return what the page is fetched through, opened if it is not.

        Raises:
            PartnerCentralError: It cannot be opened, or not in time.
        """
        # Opening may ask for credentials over the network: it can hang, and fail for a moment.
        timeout = self._means.policy.attempt_timeout
        limit = asyncio.timeout(timeout or None)
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

    async def _attempt(self, connection: Connection, number: int, parameters: Parameters) -> Page:
        attempt = Attempt(self._invocation_id, number, self._means.policy.max_attempts)
        sent_at = self._clock()
        self._means.tell(RequestSent(self._invocation_id, number))
        try:
            answer = await self._send(connection, attempt, parameters)
            page = self._read(answer, attempt, parameters)
        except PartnerCentralError as error:
            self._means.tell(_failed(attempt, error, self._clock() - sent_at))
            raise
        self._means.tell(_received(attempt, page, self._clock() - sent_at))
        return page

    async def _send(
        self, connection: Connection, attempt: Attempt, parameters: Parameters
    ) -> dict[str, Any]:
        from partnercentral_list._transport.faults import OPERATION, from_exception

        failure: PartnerCentralError
        timeout = self._means.policy.attempt_timeout
        limit = asyncio.timeout(timeout or None)
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
