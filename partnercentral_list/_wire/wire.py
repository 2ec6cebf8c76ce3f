"""One page over the wire: opened where needed, retried as a policy says, read completely."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from partnercentral_list._wire.capture import raw_body
from partnercentral_list._wire.connection import Connection, ConnectionSettings
from partnercentral_list._wire.limiter import RateLimiter
from partnercentral_list._wire.loops import PerLoop
from partnercentral_list._wire.page import Page, read_page, read_parsed
from partnercentral_list._wire.retry import Retrier
from partnercentral_list.config import RetryPolicy
from partnercentral_list.errors import (
    ClientClosedError,
    PartnerCentralError,
    RequestTimeoutError,
    ThrottlingException,
)
from partnercentral_list.models import ResponseMetadata

CLOSED = "This client was closed. Make a new PartnerCentralClient, or close it later."


class Wire:
    """What a client sends its requests through; one for all event loops and threads."""

    def __init__(
        self, settings: ConnectionSettings, retry: RetryPolicy, limiter: RateLimiter | None
    ) -> None:
        self._policy = retry
        self._limiter = limiter
        self._retrier = Retrier(retry)
        self._connections = PerLoop(lambda: Connection.open(settings))
        self._closed = False

    async def open(self) -> None:
        """Open the running loop's connections now rather than at the first request.

        Raises:
            ClientClosedError: It was closed.
            ConfigurationError: It cannot be opened as it is set up.
        """
        await self._connection()

    async def aclose(self) -> None:
        """Close the connections of every running loop; a second time does nothing."""
        self._closed = True
        await self._connections.aclose()

    async def fetch(self, parameters: Mapping[str, object]) -> Page:
        """Fetch one page.

        Args:
            parameters: The request's members as they go over the wire.

        Raises:
            PartnerCentralError: It could not be fetched or read, retries included.
        """
        started = self._policy.clock()
        connection = await self._connection()

        async def attempt(number: int) -> Page:
            answer, body = await self._send_in_turn(connection, parameters)
            sent = cast("dict[str, Any]", answer.get("ResponseMetadata") or {})
            metadata = ResponseMetadata(
                request_id=sent.get("RequestId"),
                http_status=sent.get("HTTPStatusCode"),
                attempts=number,
                elapsed=self._policy.clock() - started,
            )
            return read_parsed(answer, metadata) if body is None else read_page(body, metadata)

        return await self._retrier.call(attempt)

    async def _connection(self) -> Connection:
        if self._closed:
            raise ClientClosedError(CLOSED)
        return await self._connections.get()

    async def _send_in_turn(
        self, connection: Connection, parameters: Mapping[str, object]
    ) -> tuple[dict[str, Any], bytes | None]:
        if self._limiter is None:
            return await self._send(connection, parameters)
        # In front of signing, and outside of the attempt's time: a signature ages.
        sent_at = await self._limiter.acquire()
        try:
            return await self._send(connection, parameters)
        except ThrottlingException:
            self._limiter.throttled(sent_at)
            raise

    async def _send(
        self, connection: Connection, parameters: Mapping[str, object]
    ) -> tuple[dict[str, Any], bytes | None]:
        from partnercentral_list._wire.faults import OPERATION, from_exception

        failure: PartnerCentralError
        limit = asyncio.timeout(self._policy.attempt_timeout or None)
        try:
            async with limit:
                with raw_body() as body:
                    return await connection.client.list_opportunities(**parameters), body.raw
        except Exception as error:
            if limit.expired():
                failure = RequestTimeoutError(
                    f"No answer within {self._policy.attempt_timeout:g} seconds.",
                    operation=OPERATION,
                    retryable=True,
                )
            else:
                failure = ClientClosedError(CLOSED) if self._closed else from_exception(error)
        # Outside the handlers: what was caught may hold a piece of the answer.
        raise failure
