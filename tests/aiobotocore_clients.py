"""A session that knows the aiobotocore clients that were made of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiobotocore.session import AioSession


class Clients(AioSession):
    """A session to pass as `session=`, which collects the aiobotocore clients made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Any] = []
        self.on_made: Callable[[Any], Awaitable[None]] | None = None

    async def _create_client(self, *arguments: Any, **options: Any) -> Any:
        made = await super()._create_client(*arguments, **options)
        self.made.append(made)
        if self.on_made is not None:
            await self.on_made(made)
        return made


def is_open(client: Any) -> bool:
    """Return whether connections of an aiobotocore client may be open."""
    # private: of aiobotocore, whose clients have no other way to say that they are closed.
    return client._endpoint.http_session._sessions is not None
