"""HTTP messages: a request as it arrived, its response, and the delivery of the response."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EndToken = Literal["null", "absent", "empty"]
Interruption = Literal["before", "during", "after", "no response"]
JSON_CONTENT = "application/x-amz-json-1.0"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request; header names are in lower case, headers sent twice are joined."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error of the service by its code; a status of None stands for the service model's."""

    code: str
    message: str | None = None
    status: int | None = None
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Any HTTP response, whether the service would send it or not."""

    status: int
    body: bytes
    content_type: str = JSON_CONTENT
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class PageResponse:
    """A page of a listing, and the values from which another token of it is made.

    Attributes:
        records: Each record's JSON.
        offset: The number of records before the page.
        token: The token that the request carried.
        issue: Makes the token for an offset and an edition.
    """

    records: tuple[bytes, ...]
    next_token: str | None
    offset: int
    size: int
    token: str | None
    number: int
    issue: Callable[[int, int], str] = field(repr=False)
    end_token: EndToken = "null"

    def encode(self) -> bytes:
        """Return the response's JSON."""
        records = b",".join(self.records)
        if self.next_token is None and self.end_token == "absent":
            return b'{"OpportunitySummaries":[%b]}' % records
        is_empty = self.next_token is None and self.end_token == "empty"
        token = json.dumps("" if is_empty else self.next_token).encode()
        return b'{"OpportunitySummaries":[%b],"NextToken":%b}' % (records, token)


ServiceResponse = ErrorResponse | HttpResponse | PageResponse


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way in which an encoded response is sent.

    Attributes:
        fraction: How much of the body is sent, as if it were all of it.
        interruption: Where the connection is reset: before, during or after the response; or that
            there is none until the client goes away. None for a response that arrives.
        chunk: The number of bytes sent at once; None for all of them.
        delay: Seconds between two chunks.
    """

    fraction: float = 1.0
    interruption: Interruption | None = None
    chunk: int | None = None
    delay: float = 0.0


WHOLE = Delivery()
