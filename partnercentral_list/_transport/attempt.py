"""The attempt that a task is making: what the hooks in aiobotocore need of it, and leave in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Attempt:
    """One attempt at fetching a page."""

    invocation_id: str
    """The same for all attempts at one page."""
    number: int
    """From 1."""
    max_attempts: int
    """How many attempts the policy allows."""
    before_write: Callable[[], Awaitable[None]] | None = None
    """Awaited when the request's bytes are about to leave; None where nothing has to be."""
    http_status: int | None = None
    """The status of the response; None while there is none."""
    body: bytes | None = None
    """The raw body of the response; None where it was not taken from botocore."""


#: The attempt that a task is making; None if its call is not one of this library's. Other users of
#: the same aiobotocore session never see it.
current_attempt: ContextVar[Attempt | None] = ContextVar(
    "partnercentral_list_attempt", default=None
)
