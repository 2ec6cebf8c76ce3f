"""Faults: what can be made to go wrong with a request, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from partnercentral_list.emulator import _page_edits
from partnercentral_list.emulator._effects import (
    JSON_CONTENT,
    Break,
    ChangePage,
    Drip,
    Effect,
    Failure,
    Instead,
    Raw,
    Truncate,
)

EXPIRED_TOKEN = Failure(
    "ValidationException",
    "Invalid NextToken",
    members={
        "Reason": "REQUEST_VALIDATION_FAILED",
        "ErrorList": [
            {
                "FieldName": "NextToken",
                "Message": "NextToken is not valid for this request, or has expired",
                "Code": "INVALID_VALUE",
            }
        ],
    },
)
_RESETS = ("before", "during", "after")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with a request; made by the class methods.

    Faults that change a page leave alone what an invalid request is answered with.
    """

    effect: Effect

    @classmethod
    def error(
        cls,
        code: str,
        message: str | None = None,
        *,
        status: int | None = None,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fault:
        """Answer with an error of the service, or one that its model does not know.

        Args:
            code: Such as ``"ThrottlingException"``.
            message: The error's text; a fitting one if None.
            status: The HTTP status; the model's if None (500 for faults of the service, else 400).
            members: Further members of the error, such as ``Reason``; ``Message`` too.
            headers: Further HTTP headers, such as ``x-amz-retry-after``.

        Raises:
            ValueError: The status is not in 200..599.
        """
        if status is not None:
            _check_status(status)
        return cls(Instead(Failure(code, message, status, members or {}, headers or {})))

    @classmethod
    def http(
        cls,
        status: int,
        body: bytes = b"",
        *,
        content_type: str = "text/html",
        headers: Mapping[str, str] | None = None,
    ) -> Fault:
        """Answer as a proxy or a load balancer would: any status, any body.

        Raises:
            ValueError: The status is not in 200..599.
        """
        _check_status(status)
        return cls(Instead(Raw(status, body, content_type, headers or {})))

    @classmethod
    def proxy(cls, status: int = 502) -> Fault:
        """Answer with the HTML page of a proxy that has no answer, or 200 for a captive portal's.

        Raises:
            ValueError: The status is not in 200..599.
        """
        return cls.http(status, b"<html><body><h1>%d</h1></body></html>\n" % status)

    @classmethod
    def body(cls, data: bytes) -> Fault:
        """Answer 200 with the service's content type and this body, which may be no page at all."""
        return cls(Instead(Raw(200, data, JSON_CONTENT)))

    @classmethod
    def truncate(cls, fraction: float = 0.5) -> Fault:
        """Cut the real answer's body and declare the shorter length: good HTTP, broken JSON.

        Raises:
            ValueError: The fraction that is left is not at least 0 and less than 1.
        """
        if not 0 <= fraction < 1:
            raise ValueError("fraction must be at least 0 and less than 1")
        return cls(Truncate(fraction))

    @classmethod
    def reset(cls, phase: Literal["before", "during", "after"]) -> Fault:
        """Reset the connection (TCP RST) at some point of the real answer.

        ``"before"`` any of it is sent; ``"during"``, with the headers and half of the body sent;
        ``"after"`` all of it was received, on a connection that the client may have kept.

        Raises:
            ValueError: The phase is none of the three.
        """
        if phase not in _RESETS:
            raise ValueError(f"phase must be one of {', '.join(_RESETS)}")
        return cls(Break(phase))

    @classmethod
    def hang(cls) -> Fault:
        """Never answer: until the client goes away or the emulator stops."""
        return cls(Break("never answered"))

    @classmethod
    def drip(cls, delay: float = 0.05, chunk: int = 64) -> Fault:
        """Send the real answer in chunks of so many bytes, with so many seconds between them.

        Raises:
            ValueError: The delay is negative or the chunk smaller than 1.
        """
        if delay < 0 or chunk < 1:
            raise ValueError("delay must be 0 or more, and chunk 1 or more")
        return cls(Drip(delay, chunk))

    @classmethod
    def repeat_token(cls) -> Fault:
        """Send the real page with the NextToken that the request carried.

        A first page gets a valid token that leads to itself.
        """
        return cls(ChangePage("repeat_token", _page_edits.repeat_token))

    @classmethod
    def cycle_token(cls) -> Fault:
        """Send the real page with the NextToken of the first page: A, B, A, B.

        That is so for the third page and later ones; the second one then leads to itself.
        """
        return cls(ChangePage("cycle_token", _page_edits.cycle_token))

    @classmethod
    def expired_token(cls) -> Fault:
        """Answer with a ValidationException that names NextToken."""
        return cls(Instead(EXPIRED_TOKEN))

    @classmethod
    def empty_page(cls) -> Fault:
        """Send no records, and a new NextToken that goes on at the same place: legal, if rare."""
        return cls(ChangePage("empty_page", _page_edits.empty_page))

    @classmethod
    def malformed_record(cls, index: int = 0) -> Fault:
        """Send the real page with one record that cannot be read: its Id is no text.

        Args:
            index: The record's place in the page, from 0; from the end if negative. A page that
                is shorter is sent as it is.
        """
        return cls(ChangePage("malformed_record", partial(_page_edits.malformed_record, index)))

    @classmethod
    def unknown_values(cls) -> Fault:
        """Send the real page as a newer service might: unknown enum values, unknown members."""
        return cls(ChangePage("unknown_values", _page_edits.unknown_values))

    @classmethod
    def edit_page(cls, function: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
        """Send what a function makes of the real answer's JSON.

        The function runs on a thread of the server; what it raises is answered as a 500.
        """
        return cls(ChangePage("edit_page", partial(_page_edits.edited_page, function)))


def _check_status(status: int) -> None:
    if not 200 <= status <= 599:
        raise ValueError("status must be in 200..599")


def is_a(value: object, kind: type) -> bool:
    """Say whether a value is of a type, whatever it was declared as."""
    return isinstance(value, kind)
