"""A client's transport: one page is one call, made of attempts that end in a page or an error."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from partnercentral_list._notify import Notifier
from partnercentral_list._transport.collector import collector_paused
from partnercentral_list._transport.event_loops import CLOSED, EventLoops, UsedLoop
from partnercentral_list._transport.events import (
    LEVELS,
    OnEvent,
    PageReceived,
    RateLimited,
    RequestFailed,
    RequestQueued,
    RequestSent,
    RetryScheduled,
)
from partnercentral_list._transport.rate_limiter import RateLimiter
from partnercentral_list._transport.response import Attempt, Page, current_attempt, parse_response
from partnercentral_list._transport.retry import Retrier
from partnercentral_list.config import OPERATION, ConnectionSettings, RetryPolicy
from partnercentral_list.errors import (
    ClientClosedError,
    MalformedResponseError,
    PartnerCentralError,
    RequestTimeoutError,
    ServiceError,
    ThrottlingException,
)

if TYPE_CHECKING:
    from partnercentral_list._transport.session import Connection, MakeClient

T = TypeVar("T")

Parameters = Mapping[str, object]


class Transport:
    """Fetches pages, in any event loop and thread that a client is used in."""

    def __init__(
        self,
        settings: ConnectionSettings,
        retry: RetryPolicy,
        limiter: RateLimiter | None,
        on_event: OnEvent | None = None,
    ) -> None:
        self.policy = retry
        self.limiter = limiter
        self.notify = Notifier(on_event, LEVELS).notify
        self._settings = settings
        self._retrier = Retrier(retry)
        self.loops = EventLoops(lambda: open_connection(settings))

    def preload(self) -> None:
        """Import the modules and read the files of the first opening now, in this thread.

        Raises:
            ClientClosedError: The client was closed.
            ConfigurationError: A setting cannot be used.
        """
        if self.loops.is_closed:
            raise ClientClosedError(CLOSED)
        prepare(self._settings)

    async def open(self) -> Connection:
        """Return the running event loop's connection, opened if it is not.

        Raises:
            ClientClosedError: The client was closed.
            ConfigurationError: A setting cannot be used.
            TransportError: Credentials could not be fetched, retries included.
        """
        call = Call(self)
        return await self._run(call, call.open)

    async def aclose(self, *, drain: bool) -> None:
        """Close the connections of every running event loop; a second call does nothing.

        Args:
            drain: Whether calls in flight come to their end first. Otherwise they raise
                `ClientClosedError`, and release their permits of the rate limiter.
        """
        await self.loops.aclose(drain=drain)

    async def fetch(self, parameters: Parameters) -> Page:
        """Fetch one page; `parameters` are the request's members, in wire form.

        Raises:
            ClientClosedError: The client was closed before or meanwhile.
            PartnerCentralError: The page could not be fetched or parsed, retries included.
        """
        call = Call(self, parameters)
        return await self._run(call, call.attempt)

    async def fetch_chosen(self, choose: Callable[[], Parameters | None]) -> Page | None:
        """Fetch a page that `choose` returns, which is called once, when the permit is granted.

        Returns:
            The page; None, and the permit is released, if none was chosen.

        Raises:
            ClientClosedError: The client was closed before or meanwhile.
            PartnerCentralError: The page could not be fetched or parsed, retries included.
        """
        call = Call(self, choose=choose)
        try:
            return await self._run(call, call.attempt)
        except NothingToFetchError:
            return None

    async def _run(self, call: Call, attempt: Callable[[int], Awaitable[T]]) -> T:
        closing = asyncio.timeout(None)
        try:
            async with closing:
                with self.loops.entered(closing) as call.loop:
                    return await self._retrier.call(attempt, call.on_retry)
        except TimeoutError:
            if not closing.expired():
                raise
        raise ClientClosedError(CLOSED)


# Imported here and not at the top: a program that imports the client, and has not made a call yet,
# would wait 2.7 times as long (`tests.benchmarks.process`).
def prepare(settings: ConnectionSettings) -> MakeClient:
    """Import the modules and read the files that a first call needs, in this thread."""
    # Once. Garbage of earlier clients would settle with each later one, and Python does not count
    # what settles: the next full collection would never come.
    with collector_paused(settles="partnercentral_list._transport.session" not in sys.modules):
        from partnercentral_list._transport import session

        return session.prepare(settings)


async def open_connection(settings: ConnectionSettings) -> Connection:
    """Open an aiobotocore client, with everything slow done in a thread."""
    make_client = await asyncio.to_thread(prepare, settings)
    from partnercentral_list._transport.session import Connection

    return await Connection.open(make_client, settings)


class NothingToFetchError(Exception):
    """No page was left to fetch when the permit was granted."""


class Call:
    """The fetching of one page, whose attempts share an invocation id.

    Args:
        transport: What all calls of a client share.
        parameters: The request's members, in wire form; None if they are chosen later.
        choose: Returns the members when the first attempt has its permit; if it returns
            None, the permit is released and nothing is sent.
    """

    loop: UsedLoop

    def __init__(
        self,
        transport: Transport,
        parameters: Parameters | None = None,
        choose: Callable[[], Parameters | None] = lambda: None,
    ) -> None:
        self._transport = transport
        self._parameters = parameters
        self._choose = choose
        self._policy = transport.policy
        self._clock = transport.policy.clock
        self._connection: Connection | None = None
        self._invocation_id = str(uuid4())
        self._started = self._clock()

    def on_retry(self, number: int, delay: float, error: PartnerCentralError) -> None:
        """Emit the event that the page will be requested again."""
        name = type(error).__name__
        self._transport.notify(RetryScheduled(self._invocation_id, number, delay, name))

    async def open(self, _: int = 1) -> Connection:
        """Return the open connection; open it, within the time of the call, if it is not."""
        # Kept for the retries: a client that is closed with drain=True opens no other.
        if self._connection is not None:
            return self._connection
        # Opening may fetch credentials over the network: it can hang, and fail for a moment.
        timeout = self._time_left(self._policy.attempt_timeout)
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                self._connection = self.loop.connection or await self.loop.open()
                return self._connection
        except TimeoutError:
            if not limit.expired():
                raise
        raise RequestTimeoutError(
            f"The client was not opened within {timeout:g} seconds.",
            operation=OPERATION,
            retryable=True,
        )

    async def attempt(self, number: int) -> Page:
        """Fetch the page, once, when there is a permit."""
        connection = await self.open()
        attempt = Attempt(self._invocation_id, number, self._policy.max_attempts)
        limiter = self._transport.limiter
        if limiter is None:
            return await self._send(connection, attempt)
        permit = await self._acquire(limiter, number)
        is_unused = True

        async def renew_permit() -> None:
            # Signing, credentials, the pool of connections, TLS, a busy event loop: what counts at
            # AWS is when the bytes leave, however long all of that took.
            nonlocal permit, is_unused
            permit = await limiter.renew(permit)
            is_unused = False

        attempt.before_write = renew_permit
        try:
            page = await self._send(connection, attempt)
        except (ServiceError, MalformedResponseError) as error:
            is_unused = False
            if isinstance(error, ThrottlingException):
                limiter.throttled(permit)
            raise
        else:
            is_unused = False
            return page
        finally:
            # Not even the hook in aiobotocore is trusted: a request with a response has left.
            if is_unused:
                limiter.release(permit)

    async def _acquire(self, limiter: RateLimiter, number: int) -> float:
        # In front of signing, and outside of the attempt's time: a signature ages.
        queued_at: float | None = None

        def on_wait(expected: float, queue_length: int) -> None:
            nonlocal queued_at
            queued_at = limiter.limit.clock()
            self._transport.notify(
                RequestQueued(self._invocation_id, number, expected, queue_length)
            )

        permit = await limiter.acquire(
            is_retry=number > 1, max_wait=self._time_left(), on_wait=on_wait
        )
        if queued_at is not None:
            waited = permit - queued_at
            self._transport.notify(RateLimited(self._invocation_id, number, waited, limiter.rate))
        return permit

    def _time_left(self, at_most: float = 0.0) -> float | None:
        """Return the seconds that ``max_elapsed`` leaves, up to `at_most`; None for any number."""
        max_elapsed = self._policy.max_elapsed
        if not max_elapsed:
            return at_most or None
        time_left = max(0.0, self._started + max_elapsed - self._clock())
        return min(at_most, time_left) if at_most else time_left

    async def _send(self, connection: Connection, attempt: Attempt) -> Page:
        from partnercentral_list._transport.errors import from_exception

        if self._parameters is None:
            self._parameters = self._choose()
        if self._parameters is None:
            raise NothingToFetchError
        problem: PartnerCentralError
        sent_at = self._clock()
        self._transport.notify(RequestSent(self._invocation_id, attempt.number))
        timeout = self._time_left(self._policy.attempt_timeout)
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                token = current_attempt.set(attempt)
                try:
                    response = await connection.client.list_opportunities(**self._parameters)
                finally:
                    current_attempt.reset(token)
                elapsed = self._clock() - self._started
                page = await parse_response(response, attempt, elapsed, self._parameters)
        except Exception as error:
            if limit.expired():
                problem = RequestTimeoutError(
                    f"No response within {timeout:g} seconds.", operation=OPERATION, retryable=True
                )
            elif self._transport.loops.are_calls_ended:
                problem = ClientClosedError(CLOSED)
            else:
                problem = from_exception(error)
        else:
            valid = page.response.opportunity_summaries
            metadata = page.response.response_metadata
            received = PageReceived(
                invocation_id=attempt.invocation_id,
                attempt=attempt.number,
                request_id=metadata.request_id,
                http_status=metadata.http_status,
                elapsed=self._clock() - sent_at,
                opportunities=len(valid),
                invalid=len(page.records) - len(valid),
                is_last=page.response.next_token is None,
            )
            self._transport.notify(received)
            return page
        # Outside the handler: what was caught may quote a piece of the response.
        self._transport.notify(_failure_event(attempt, problem, self._clock() - sent_at))
        raise problem


def _failure_event(attempt: Attempt, error: PartnerCentralError, elapsed: float) -> RequestFailed:
    service_error = error if isinstance(error, ServiceError) else None
    return RequestFailed(
        invocation_id=attempt.invocation_id,
        attempt=attempt.number,
        error=type(error).__name__,
        code=service_error.code if service_error else None,
        request_id=error.request_id,
        http_status=service_error.http_status if service_error else attempt.http_status,
        elapsed=elapsed,
        retryable=error.retryable,
    )
