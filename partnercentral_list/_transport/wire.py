"""What a client sends its requests through: opened where needed, closed where it was opened."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from partnercentral_list._notify import Notifier
from partnercentral_list._transport.active_calls import CLOSED, ActiveCalls
from partnercentral_list._transport.call import Call, Means, NothingToFetchError
from partnercentral_list._transport.collector import collector_paused
from partnercentral_list._transport.event_loops import PerLoop
from partnercentral_list._transport.events import LEVELS, OnEvent
from partnercentral_list._transport.rate_limiter import RateLimiter
from partnercentral_list._transport.response import Page
from partnercentral_list._transport.retry import Retrier
from partnercentral_list._transport.settings import ConnectionSettings
from partnercentral_list.config import RetryPolicy
from partnercentral_list.errors import ClientClosedError

if TYPE_CHECKING:
    from partnercentral_list._transport.session import Connection, MakeClient

T = TypeVar("T")


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
        self.notify = Notifier(on_event, LEVELS).notify
        self._means = Means(retry, limiter, self.notify, lambda: self._calls.are_ended)
        self._retrier = Retrier(retry)
        self._connections = PerLoop(lambda: open_connection(settings))
        self._calls = ActiveCalls()

    def preload(self) -> None:
        """Import and read now, in this thread, what the first opening would.

        Raises:
            ClientClosedError: It was closed.
            ConfigurationError: It cannot be opened as it is set up.
        """
        self._calls.check_open()
        prepare(self._settings)

    async def open(self) -> None:
        """Open the running loop's connections now rather than at the first request.

        Raises:
            ClientClosedError: It was closed.
            ConfigurationError: It cannot be opened as it is set up.
            TransportError: Credentials could not be fetched, retries included.
        """
        call = self._call(lambda: None)

        async def attempt(_: int) -> None:
            await call.connected()

        await self._run(call, attempt)

    async def aclose(self, *, drain: bool) -> None:
        """Close the connections of every running loop; a second time does nothing.

        Args:
            drain: Whether calls that were made before come to their end first. Otherwise they
                raise `ClientClosedError`, and give back what they have of the rate limiter.
        """
        await self._calls.aclose(drain=drain)
        await self._connections.aclose()

    async def fetch(self, parameters: Mapping[str, object]) -> Page:
        """Fetch one page.

        Args:
            parameters: The request's members as they go over the wire.

        Raises:
            PartnerCentralError: It could not be fetched or read, retries included.
        """
        return cast("Page", await self.fetch_chosen(lambda: parameters))

    async def fetch_chosen(self, choose: Callable[[], Mapping[str, object] | None]) -> Page | None:
        """Fetch the page that is chosen when its permit is there.

        Args:
            choose: Gives the request's members as they go over the wire, once; None gives the
                permit back.

        Returns:
            The page; None if none was chosen.

        Raises:
            ClientClosedError: The client was closed before or meanwhile.
            PartnerCentralError: It could not be fetched or read, retries included.
        """
        call = self._call(choose)
        try:
            return await self._run(call, call.attempt)
        except NothingToFetchError:
            return None

    def _call(self, choose: Callable[[], Mapping[str, object] | None]) -> Call:
        self._calls.check_open()
        return Call(self._means, self._connections.get, choose)

    async def _run(self, call: Call, attempt: Callable[[int], Awaitable[T]]) -> T:
        closing = asyncio.timeout(None)
        try:
            async with closing:
                with self._calls.entered(closing):
                    return await self._retrier.call(attempt, call.retrying)
        except TimeoutError:
            if not closing.expired():
                raise
        raise ClientClosedError(CLOSED)


# Hundreds of modules and a megabyte of data files: hardly any of it is ever garbage.
@collector_paused(settles=True)
def prepare(settings: ConnectionSettings) -> MakeClient:
    """Import and read, in this thread, what opening a client and its first call need.

    Raises:
        ConfigurationError: The profile, the region or another setting cannot be used.
    """
    from partnercentral_list._transport import session

    return session.prepare(settings)


async def open_connection(settings: ConnectionSettings) -> Connection:
    """Open a client of aiobotocore's, with everything slow done in a thread.

    Raises:
        ConfigurationError: The profile, the region or another setting cannot be used.
        TransportError: The credentials could not be fetched.
    """
    make_client = await asyncio.to_thread(prepare, settings)
    from partnercentral_list._transport.session import Connection

    return await Connection.open(make_client, settings)
