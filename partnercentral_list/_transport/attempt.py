"""The request under way: what the hooks in aiobotocore need to know of it, and what they bring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Attempt:
    """One attempt at fetching a page."""

    invocation_id: str
    """The same for all attempts at one page."""
    number: int
    """From 1."""
    most: int
    """How many attempts the policy allows."""
    leave: Callable[[], Awaitable[None]] | None = None
    """Awaited when its bytes are about to leave; None where nothing has to be."""
    http_status: int | None = None
    """The status of the answer; None while there is none."""
    body: bytes | None = None
    """The raw body of the answer; None where it was not taken."""


# A variable of the task's context: other users of the same aiobotocore session never see it.
_under_way: ContextVar[Attempt | None] = ContextVar("partnercentral_list_attempt", default=None)


def current() -> Attempt | None:
    """Give the attempt that this task is making; None if the call is none of ours."""
    return _under_way.get()


@contextmanager
def under_way(attempt: Attempt) -> Generator[Attempt]:
    """Have the hooks see this attempt for as long as the block runs, in this task."""
    token = _under_way.set(attempt)
    try:
        yield attempt
    finally:
        _under_way.reset(token)
