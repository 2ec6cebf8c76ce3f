"""Fault injection: the faults that a request can meet, and the requests that meet them."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any, Literal, cast

from partnercentral_list.emulator._messages import (
    WHOLE,
    Delivery,
    ErrorResponse,
    HttpResponse,
    PageResponse,
    ServiceResponse,
)

PageEdit = Callable[[PageResponse], PageResponse | HttpResponse]

EXPIRED_TOKEN = ErrorResponse(
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
_UNKNOWN_SUFFIX = " (new)"
_ENUM_FIELDS = (
    ("LifeCycle", "Stage"),
    ("LifeCycle", "ReviewStatus"),
    ("Customer", "Account", "Industry"),
)


@dataclass(frozen=True)
class Fault:
    """A fault to inject into a request, made by one of the class methods.

    Faults that change a page leave the response to an invalid request as it is.

    Attributes:
        name: The class method that made it.
        instead: The response that is sent in place of the real one.
        edit: Changes the real page.
        delivery: How the response is sent.
    """

    name: str
    instead: ErrorResponse | HttpResponse | None = None
    edit: PageEdit | None = field(default=None, repr=False)
    delivery: Delivery = WHOLE

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
        """Respond with an error of the service, or one that its model does not know.

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
        response = ErrorResponse(code, message, status, members or {}, headers or {})
        return cls("error", instead=response)

    @classmethod
    def http(
        cls,
        status: int,
        body: bytes = b"",
        *,
        content_type: str = "text/html",
        headers: Mapping[str, str] | None = None,
    ) -> Fault:
        """Respond as a proxy or a load balancer would: any status, any body.

        Raises:
            ValueError: The status is not in 200..599.
        """
        _check_status(status)
        return cls("http", instead=HttpResponse(status, body, content_type, headers or {}))

    @classmethod
    def proxy(cls, status: int = 502) -> Fault:
        """Respond with the HTML page of a proxy that got no response; 200 for a captive portal's.

        Raises:
            ValueError: The status is not in 200..599.
        """
        return cls.http(status, b"<html><body><h1>%d</h1></body></html>\n" % status)

    @classmethod
    def body(cls, data: bytes) -> Fault:
        """Respond 200 with the service's content type and this body, which need not be a page."""
        return cls("body", instead=HttpResponse(200, data))

    @classmethod
    def truncate(cls, fraction: float = 0.5) -> Fault:
        """Cut the real response's body and declare the shorter length: valid HTTP, invalid JSON.

        Raises:
            ValueError: The fraction that is left is not at least 0 and less than 1.
        """
        if not 0 <= fraction < 1:
            raise ValueError("fraction must be at least 0 and less than 1")
        return cls("truncate", delivery=Delivery(fraction=fraction))

    @classmethod
    def reset(cls, phase: Literal["before", "during", "after"]) -> Fault:
        """Reset the connection (TCP RST) at some point of the real response.

        ``"before"`` any of it is sent; ``"during"``, with the headers and half of the body sent;
        ``"after"`` all of it was received, on a connection that the client may have kept.

        Raises:
            ValueError: The phase is not one of the three.
        """
        if phase not in _RESETS:
            raise ValueError(f"phase must be one of {', '.join(_RESETS)}")
        return cls("reset", delivery=Delivery(interruption=phase))

    @classmethod
    def hang(cls) -> Fault:
        """Never respond: until the client goes away or the emulator stops."""
        return cls("hang", delivery=Delivery(interruption="no response"))

    @classmethod
    def drip(cls, delay: float = 0.05, chunk: int = 64) -> Fault:
        """Send the real response in chunks of so many bytes, with so many seconds between them.

        Raises:
            ValueError: The delay is negative or the chunk smaller than 1.
        """
        if delay < 0 or chunk < 1:
            raise ValueError("delay must be 0 or more, and chunk 1 or more")
        return cls("drip", delivery=Delivery(chunk=chunk, delay=delay))

    @classmethod
    def repeat_token(cls) -> Fault:
        """Send the real page with the NextToken that the request carried.

        A first page gets a valid token of itself.
        """
        return cls("repeat_token", edit=_repeat_token)

    @classmethod
    def cycle_token(cls) -> Fault:
        """Send the real page with the NextToken of the first page: A, B, A, B.

        That is so for the third page and later ones; the second one gets a token of itself.
        """
        return cls("cycle_token", edit=_cycle_token)

    @classmethod
    def expired_token(cls) -> Fault:
        """Respond with a ValidationException that names NextToken."""
        return cls("expired_token", instead=EXPIRED_TOKEN)

    @classmethod
    def empty_page(cls) -> Fault:
        """Send no records, and a new NextToken of the same position: legal, if rare."""
        return cls("empty_page", edit=_empty_page)

    @classmethod
    def invalid_record(cls, index: int = 0) -> Fault:
        """Send the real page with one invalid record: its Id is not a string.

        Args:
            index: The record's place in the page, from 0; from the end if negative. A page that
                is shorter is sent as it is.
        """
        return cls("invalid_record", edit=partial(_edit_page, partial(_spoil_record, index)))

    @classmethod
    def unknown_values(cls) -> Fault:
        """Send the real page as a newer service might: unknown enum values, unknown members."""
        return cls("unknown_values", edit=partial(_edit_page, _add_unknown_values))

    @classmethod
    def edit_page(cls, function: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
        """Send the real response, changed by a function of its JSON.

        The function runs on a thread of the server; if it raises, the response is a 500.
        """
        return cls("edit_page", edit=partial(_edit_page, function))

    def apply(self, real: Callable[[], ServiceResponse]) -> ServiceResponse:
        """Return the response to send; ``real`` makes the one that would have been sent."""
        if self.instead is not None:
            return self.instead
        response = real()
        if self.edit is not None and isinstance(response, PageResponse):
            return self.edit(response)
        return response


def as_fault(fault: object) -> Fault:
    """Return a fault, made from an error's code if it is a string; else a TypeError is raised."""
    if isinstance(fault, str):
        return Fault.error(fault)
    if not isinstance(fault, Fault):
        raise TypeError(f"a fault must be a Fault or the code of an error, not {fault!r}")
    return fault


def is_a(value: object, kind: type) -> bool:
    """Return whether a value is of a type, whatever it was declared as."""
    return isinstance(value, kind)


def _check_status(status: int) -> None:
    if not 200 <= status <= 599:
        raise ValueError("status must be in 200..599")


def _repeat_token(page: PageResponse) -> PageResponse:
    return replace(page, next_token=page.token or page.issue(page.offset, 0))


def _cycle_token(page: PageResponse) -> PageResponse:
    return replace(page, next_token=page.issue(page.size, 0))


def _empty_page(page: PageResponse) -> PageResponse:
    # A token never seen before, as a client may refuse one that it has sent already.
    return replace(page, records=(), next_token=page.issue(page.offset, page.number))


def _edit_page(
    function: Callable[[dict[str, Any]], dict[str, Any]], page: PageResponse
) -> HttpResponse:
    edited = function(json.loads(page.encode()))
    return HttpResponse(200, json.dumps(edited, ensure_ascii=False).encode())


def _spoil_record(index: int, page: dict[str, Any]) -> dict[str, Any]:
    summaries = page["OpportunitySummaries"]
    if -len(summaries) <= index < len(summaries):
        summaries[index]["Id"] = [summaries[index].get("Id")]
    return page


def _add_unknown_values(page: dict[str, Any]) -> dict[str, Any]:
    for record in page["OpportunitySummaries"]:
        record["NewMember"] = {"Value": 1}
        for *parents, name in _ENUM_FIELDS:
            members: dict[str, Any] = record
            for parent in parents:
                below: object = members.get(parent)
                members = cast("dict[str, Any]", below) if isinstance(below, dict) else {}
            if isinstance(members.get(name), str):
                members[name] += _UNKNOWN_SUFFIX
    page["NewTotal"] = 1
    return page


# Faults that a client recovers from by retrying: none of them claims that a listing has ended.
_TRANSIENT: tuple[Fault, ...] = (
    Fault.error("ThrottlingException"),
    Fault.error("InternalServerException"),
    Fault.error("ServiceUnavailableException", status=503),
    Fault.http(500),
    Fault.proxy(502),
    Fault.proxy(504),
    Fault.proxy(200),
    Fault.body(b""),
    Fault.truncate(),
    Fault.reset("before"),
    Fault.reset("during"),
    Fault.reset("after"),
    Fault.drip(delay=0.0, chunk=4096),
    Fault.empty_page(),
)


@dataclass(frozen=True)
class RandomFaults:
    """Faults that hit requests at random, the same ones for the same seed.

    Attributes:
        rate: The probability that a fault, or a run of the same one, begins with a request: 0 to 1.
        seed: Seeds the random choices.
        kinds: What happens, each as probable as the others; a string is an error's code. By default
            all that a client recovers from by retrying: throttling, errors of the service, pages
            of proxies, empty and truncated bodies, resets, and empty pages that have a token.
        burst: The longest run of one fault, 1 or more: 20 makes storms.

    Raises:
        TypeError: One of the kinds is not a fault.
        ValueError: A number is out of its bounds, or there are no kinds.
    """

    rate: float = 0.1
    seed: int = 0
    kinds: Sequence[Fault | str] = _TRANSIENT
    burst: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError("rate must be in 0..1")
        if not is_a(self.burst, int) or self.burst < 1:
            raise ValueError("burst must be a whole number, 1 or more")
        if isinstance(self.kinds, str) or not is_a(self.kinds, Sequence) or not self.kinds:
            raise ValueError("kinds must be a sequence of one or more faults")
        for kind in self.kinds:
            as_fault(kind)

    def fault_for(self, number: int) -> Fault | None:
        """Return the fault of a request by its number; None if it has none."""
        for start in range(max(1, number - self.burst + 1), number + 1):
            rng = Random(f"{self.seed}:fault:{start}")
            hits = rng.random() < self.rate
            chosen = rng.choice(self.kinds)
            if hits and start + rng.randint(1, self.burst) > number:
                return as_fault(chosen)
        return None


class FaultSchedule:
    """The faults of the requests by number: of several, the one added first; thread-safe."""

    def __init__(self) -> None:
        # With each fault, the numbers of the first and the last request that it hits.
        self._scheduled: list[tuple[Fault | RandomFaults, int, float]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault | RandomFaults | str, *, first: int, times: int | None) -> None:
        """Inject a fault into some requests (None: all) from a request number on."""
        if times is not None and times < 1:
            raise ValueError("times must be 1 or more, or None for every request")
        last = math.inf if times is None else first + times - 1
        scheduled = fault if isinstance(fault, RandomFaults) else as_fault(fault)
        with self._lock:
            self._scheduled.append((scheduled, first, last))

    def clear(self) -> None:
        """Remove every fault, also those that are still to come."""
        with self._lock:
            self._scheduled.clear()

    def fault_for(self, number: int) -> Fault | None:
        """Return the fault of a request by its number; None if it has none."""
        with self._lock:
            scheduled = list(self._scheduled)
        for fault, first, last in scheduled:
            if first <= number <= last:
                hit = fault.fault_for(number) if isinstance(fault, RandomFaults) else fault
                if hit is not None:
                    return hit
        return None
