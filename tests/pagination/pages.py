"""A service cut into pages at will: what a listing reads in the tests of its laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from partnercentral_list._transport.response import Page, parse_page
from partnercentral_list.errors import TransportError
from partnercentral_list.models import ResponseMetadata


def record(number: int, **members: Any) -> dict[str, Any]:
    return {"Catalog": "AWS", "Id": f"O{number}", **members}


def invalid(number: int) -> dict[str, Any]:
    return record(number, LifeCycle="a structure belongs here")


class PagedService:
    """Answers with the pages it was given; each but the last has a token of its own."""

    def __init__(self, pages: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        self.pages = pages or [[]]
        self.asked: list[str | None] = []
        self.broken_at: int | None = None

    async def fetch(self, parameters: Mapping[str, object]) -> Page:
        token = parameters.get("NextToken")
        self.asked.append(token if isinstance(token, str) else None)
        if self.broken_at is not None and len(self.asked) > self.broken_at:
            raise TransportError("the line is down", retryable=True)
        number = 0 if token is None else int(str(token).removeprefix("page-"))
        is_last = number + 1 == len(self.pages)
        body = {
            "OpportunitySummaries": self.pages[number],
            "NextToken": None if is_last else f"page-{number + 1}",
        }
        return parse_page(to_json(body), ResponseMetadata(request_id=f"request-{number}"))
