"""What a client sends its requests through: opened where needed, closed where it was opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from partnercentral_list._notify import Teller
from partnercentral_list._transport.call import CLOSED, Call, Means, NothingToFetchError
from partnercentral_list._transport.connection import Connection, prepare
from partnercentral_list._transport.events import LEVELS, OnEvent
from partnercentral_list._transport.limiter import RateLimiter
from partnercentral_list._transport.loops import PerLoop
from partnercentral_list._transport.response import Page
from partnercentral_list._transport.retry import Retrier
from partnercentral_list._transport.settings import ConnectionSettings
from partnercentral_list.config import RetryPolicy
from partnercentral_list.errors import ClientClosedError


class Wire:
    """One for all the event loops and threads that a client is used in."""

    def __init__(
        self,
        settings: ConnectionSettings,
        retry: RetryPolicy,
        limiter: RateLimiter | None,
        on_event: OnEvent | None = None,
    ) -> None:
        self._settings = settings
        self.notify = Teller(on_event, LEVELS).tell
        self._means = Means(retry, limiter, self.notify, lambda: self._closed)
        self._retrier = Retrier(retry)
        self._connections = PerLoop(lambda: Connection.open(settings))
        self._closed = False

    def preload(self) -> None:
        """Import and read now, in this thread, what the first opening would.

        Raises:
            ClientClosedError: It was closed.
            ConfigurationError: It cannot be opened as it is set up.
        """
        if self._closed:
            raise ClientClosedError(CLOSED)
        prepare(self._settings)

    async def open(self) -> None:
        """Open the running loop's connections now rather than at the first request.

        Raises:
            ClientClosedError: It was closed.
            ConfigurationError: It cannot be opened as it is set up.
            TransportError: Credentials could not be fetched, retries included.
        """
        call = self._call(lambda: None)

        async def attempt(_: int) -> Connection:
            return await call.connected()

        await self._retrier.call(attempt, call.retrying)

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
        call = self._call(lambda: parameters)
        return await self._retrier.call(call.attempt, call.retrying)

    async def fetch_chosen(self, choose: Callable[[], Mapping[str, object] | None]) -> Page | None:
        """Fetch the page that is chosen when it is its turn.

        Args:
            choose: Gives the request's members as they go over the wire, once; None gives the
                limiter's slot back.

        Returns:
            The page; None if none was chosen.

        Raises:
            PartnerCentralError: It could not be fetched or read, retries included.
        """
        call = self._call(choose)
        try:
            return await self._retrier.call(call.attempt, call.retrying)
        except NothingToFetchError:
            return None

    def _call(self, choose: Callable[[], Mapping[str, object] | None]) -> Call:
        if self._closed:
            raise ClientClosedError(CLOSED)
        return Call(self._means, self._connection, choose)

    async def _connection(self) -> Connection:
        if self._closed:
            raise ClientClosedError(CLOSED)
        return await self._connections.get()
