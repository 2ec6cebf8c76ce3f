"""A request body that is held back until the request may leave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import BytesPayload
from aiohttp.abc import AbstractStreamWriter


class PacedBody(BytesPayload):
    """Awaits a callable directly before it is written.

    aiohttp writes a body when it has a connection, after waits that nobody bounds: for a
    place in the pool, DNS and TLS. It keeps the headers back until then, too.

    Args:
        body: The whole body.
        leave: Awaited before its first byte is written.
    """

    def __init__(self, body: bytes, leave: Callable[[], Awaitable[None]]) -> None:
        super().__init__(body)
        self._leave = leave

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write it, when it may leave."""
        await self._leave()
        await super().write_with_length(writer, content_length)
