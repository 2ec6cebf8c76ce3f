"""Invalid records, which cannot be parsed: an error, or a call of the program's own callable."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Literal, TypeAlias

from partnercentral_list._transport.response import InvalidEntry
from partnercentral_list.errors import InvalidOpportunity, InvalidOpportunityError
from partnercentral_list.models import ResponseMetadata

OnInvalid: TypeAlias = Literal["raise"] | Callable[[InvalidOpportunity], object]
"""What happens to a record that cannot be parsed: an error, or a call, which may be async."""


def invalid_opportunity(record: InvalidEntry, page: int, index: int) -> InvalidOpportunity:
    """Return the public form of an invalid record, by its page (from 1) and index (from 0)."""
    return InvalidOpportunity(record.id, page, index, record.problems, record.raw)


def invalid_error(
    invalid: InvalidOpportunity,
    metadata: ResponseMetadata,
    resume_token: str | None = None,
    resume_token_after: str | None = None,
) -> InvalidOpportunityError:
    """Return the error for an invalid record of a page that was fetched so."""
    return InvalidOpportunityError(
        invalid,
        operation="ListOpportunities",
        request_id=metadata.request_id,
        attempts=metadata.attempts,
        resume_token=resume_token,
        resume_token_after=resume_token_after,
    )


async def await_if_awaitable(result: object) -> None:
    """Await what a program's callable returned, if it is async."""
    if isawaitable(result):
        await result
