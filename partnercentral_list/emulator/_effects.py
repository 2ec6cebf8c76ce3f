"""What a fault does to an answer: to its content before it is encoded, or to the way it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

Cut = Literal["no", "before", "during", "after", "never answered"]
EndToken = Literal["null", "absent", "empty"]
JSON_CONTENT = "application/x-amz-json-1.0"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of the service, by its code; status None stands for the model's."""

    code: str
    message: str | None = None
    status: int | None = None
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Raw:
    """Any HTTP answer, whatever it may mean."""

    status: int
    body: bytes
    content_type: str = JSON_CONTENT
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Page:
    """A page, with what is needed to give it another token.

    Attributes:
        records: Each record's JSON.
        next_token: The token it is sent with.
        offset: The number of records before the page.
        size: The page size asked for.
        token: The token the request carried.
        number: The request's number.
        issue: Makes the token for an offset and an edition.
        end_token: What stands for no token.
    """

    records: tuple[bytes, ...]
    next_token: str | None
    offset: int
    size: int
    token: str | None
    number: int
    issue: Callable[[int, int], str]
    end_token: EndToken = "null"

    def encode(self) -> bytes:
        """Write the answer's JSON."""
        summaries = b'{"OpportunitySummaries":[%b]' % b",".join(self.records)
        if self.next_token is None and self.end_token == "absent":
            return summaries + b"}"
        empty = self.next_token is None and self.end_token == "empty"
        token = json.dumps("" if empty else self.next_token).encode()
        return b'%b,"NextToken":%b}' % (summaries, token)


Content = Failure | Raw | Page


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as bytes on the wire are made from it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and how it is sent.

    Attributes:
        cut: Where the connection is reset: ``before`` or ``during`` or ``after`` the answer.
        chunk: The number of bytes sent at once; None for all of them.
        delay: Seconds between two chunks.
    """

    answer: Answer
    cut: Cut = "no"
    chunk: int | None = None
    delay: float = 0.0


class Effect(Protocol):
    """The two places where a fault can step in."""

    def content(self, real: Callable[[], Content]) -> Content:
        """Give what is answered; ``real`` is asked for what would have been."""
        ...

    def reply(self, answer: Answer) -> Reply:
        """Say how the encoded answer is sent."""
        ...


class NoEffect:
    """The real answer, sent as it should be; the base of every effect that is part of this."""

    def content(self, real: Callable[[], Content]) -> Content:
        """Give the real answer."""
        return real()

    def reply(self, answer: Answer) -> Reply:
        """Send it whole."""
        return Reply(answer)


@dataclass(frozen=True)
class Instead(NoEffect):
    """Another answer instead of the real one, which is not even worked out."""

    answer: Failure | Raw

    def content(self, real: Callable[[], Content]) -> Content:
        """Give the other answer."""
        return self.answer


@dataclass(frozen=True)
class Truncate(NoEffect):
    """The real answer with a part of its body, as if this were all."""

    fraction: float

    def reply(self, answer: Answer) -> Reply:
        """Cut the body before its length is declared."""
        return Reply(replace(answer, body=answer.body[: int(len(answer.body) * self.fraction)]))


@dataclass(frozen=True)
class Break(NoEffect):
    """The real answer over a connection that breaks."""

    cut: Cut

    def reply(self, answer: Answer) -> Reply:
        """Say where it breaks."""
        return Reply(answer, cut=self.cut)


@dataclass(frozen=True)
class Drip(NoEffect):
    """The real answer in small pieces."""

    delay: float
    chunk: int

    def reply(self, answer: Answer) -> Reply:
        """Say how small, how slowly."""
        return Reply(answer, chunk=self.chunk, delay=self.delay)


@dataclass(frozen=True)
class ChangePage(NoEffect):
    """The real page changed; what is answered to an invalid request stays as it is."""

    name: str
    change: Callable[[Page], Page | Raw] = field(repr=False)

    def content(self, real: Callable[[], Content]) -> Content:
        """Change the page, if it is one."""
        content = real()
        return self.change(content) if isinstance(content, Page) else content
