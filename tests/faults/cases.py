"""Everything that can go wrong with a page, as data: the fault, and the result expected."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from partnercentral_list import (
    AccessDeniedException,
    ConfigurationError,
    InternalServerException,
    InvalidOpportunityError,
    MalformedResponseError,
    PaginationError,
    PartnerCentralError,
    RequestTimeoutError,
    ResourceNotFoundException,
    ServiceError,
    ThrottlingException,
    TokenExpiredError,
    TransportError,
    ValidationException,
)
from partnercentral_list.emulator import Fault

Raises = type[PartnerCentralError] | None

CANARY = "Canary"
HTML = b"<html><body>Canary Proxy</body></html>"


@dataclass(frozen=True)
class Case:
    """A way to go wrong."""

    name: str
    fault: Fault | None = None
    """What the emulator does."""
    connect: Callable[[], Exception] | None = None
    """What connecting raises instead."""
    source: Callable[[], Exception] | None = None
    """What the source of the credentials raises instead."""
    once: Raises = None
    """What a listing raises that meets it once; None: it is complete."""
    always: Raises = None
    """What a listing raises that meets it in every attempt."""
    first: Raises = None
    """What it raises, however often, on the first page, where that is another error."""
    stalls: bool = False
    """Whether only a timeout ends it."""
    pages: tuple[int, ...] = (1, 2, 3)
    """The pages that it can hit."""
    repetitions: int | None = None
    """How often it occurs where it is repeated; None: in every attempt."""
    fails: bool | None = True
    """Whether an attempt fails of it; None: that depends on who is faster."""

    def expected(self, page: int, times: int | None) -> Raises:
        """Return the error of a listing that meets the fault so many times (None: always)."""
        if page == 1 and self.first is not None:
            return self.first
        return self.once if times == 1 else self.always

    def __repr__(self) -> str:
        return self.name


def passing(name: str, fault: Fault, always: Raises, **more: Any) -> Case:
    """Return a case of a fault that may pass: once, it is retried."""
    return Case(name, fault, always=always, **more)


def lasting(name: str, fault: Fault, error: type[PartnerCentralError], **more: Any) -> Case:
    """Return a case of a fault that is not retried."""
    return Case(name, fault, once=error, always=error, **more)


def edited(change: Callable[[dict[str, Any]], object]) -> Fault:
    def edit(page: dict[str, Any]) -> dict[str, Any]:
        change(page)
        return page

    return Fault.edit_page(edit)


def spoil(page: dict[str, Any]) -> None:
    """Invalidate a record in the middle of the page."""
    page["OpportunitySummaries"][4]["Catalog"] = 5


def end_with_an_empty_token(page: dict[str, Any]) -> None:
    if page.get("NextToken") is None:
        page["NextToken"] = ""


def add_what_nobody_knows(page: dict[str, Any]) -> None:
    page["Added"] = {"By": ["AWS"]}
    for record in page["OpportunitySummaries"]:
        record["LifeCycle"] = {"Stage": "Something new", "Added": 1}
        record["Added"] = 1


def _to(host: str) -> Any:
    return aiohttp.client_reqrep.ConnectionKey(host, 443, True, True, None, None, None)


def no_such_host() -> Exception:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return aiohttp.ClientConnectorDNSError(_to("partner-central.invalid"), error)


def refused() -> Exception:
    return aiohttp.ClientConnectorError(_to("127.0.0.1"), ConnectionRefusedError(111, "refused"))


def untrusted() -> Exception:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    return aiohttp.ClientConnectorCertificateError(_to("127.0.0.1"), error)


def bad_handshake() -> Exception:
    return aiohttp.ClientConnectorSSLError(_to("127.0.0.1"), ssl.SSLError("handshake failure"))


def disconnected() -> Exception:
    return aiohttp.ServerDisconnectedError()


MODELED: dict[type[ServiceError], bool] = {
    AccessDeniedException: False,
    InternalServerException: True,
    ResourceNotFoundException: False,
    ThrottlingException: True,
}


def modeled() -> list[Case]:
    """AWS's own errors, whatever their status; 429 and 5xx pass whatever their code."""
    cases: list[Case] = []
    for error, passes in MODELED.items():
        for status in (400, 403, 429, 500, 503):
            name = f"{error.__name__} as {status}"
            fault = Fault.error(error.__name__, status=status)
            if passes or status >= 429:
                is_throttling = status == 429
                cases.append(passing(name, fault, ThrottlingException if is_throttling else error))
            else:
                cases.append(lasting(name, fault, error))
    return cases


NOT_A_PAGE = {
    "an empty body": b"",
    "HTML with status 200": HTML,
    "a list": b"[]",
    "an empty object": b"{}",
    "null": b"null",
    "a number": b"12",
    "an object without records": b'{"NextToken": null}',
    "records that are no list": b'{"OpportunitySummaries": {"Canary": 1}}',
    "records that are null": b'{"OpportunitySummaries": null}',
    "a token that is no text": b'{"OpportunitySummaries": [], "NextToken": 5}',
    "invalid UTF-8": b'{"OpportunitySummaries": [{"Id": "\xff\xfe Canary"}]}',
    "UTF-16": '{"OpportunitySummaries": []}'.encode("utf-16"),
    "two responses in one": b'{"OpportunitySummaries": []}{"OpportunitySummaries": []}',
    "lists a hundred thousand deep": b"[" * 100_000,
    "objects a hundred thousand deep": b'{"a":' * 100_000,
    "records a hundred thousand deep": b'{"OpportunitySummaries": ' + b"[" * 100_000,
    "four megabytes of nothing": b" " * 4_000_000,
    "four megabytes of text": b'{"OpportunitySummaries": "' + b"x" * 4_000_000,
}

ODD_ERROR = b'{"__type": "ValidationException", "Message": "", "ErrorList": ["Canary"]}'

CASES = [
    *modeled(),
    lasting(
        "ValidationException",
        Fault.error("ValidationException"),
        TokenExpiredError,
        first=ValidationException,
    ),
    lasting(
        "an expired token", Fault.expired_token(), TokenExpiredError, first=ValidationException
    ),
    lasting(
        "an expired session token", Fault.error("ExpiredTokenException", status=403), ServiceError
    ),
    lasting("a bad signature", Fault.error("InvalidSignatureException", status=403), ServiceError),
    lasting("an error without a model", Fault.error("Unheard", status=402), ServiceError),
    passing("such an error as 500", Fault.error("Unheard", status=500), ServiceError),
    passing("such an error as 429", Fault.error("Unheard", status=429), ThrottlingException),
    passing("RequestTimeoutException", Fault.error("RequestTimeoutException"), ServiceError),
    passing("a throttling code of others", Fault.error("SlowDown"), ThrottlingException),
    *(
        lasting(f"HTML of a proxy as {status}", Fault.http(status, HTML), ServiceError)
        for status in (400, 403, 407)
    ),
    *(
        passing(f"HTML of a proxy as {status}", Fault.http(status, HTML), ServiceError)
        for status in (500, 502, 503, 504)
    ),
    passing("HTML of a proxy as 429", Fault.http(429, HTML), ThrottlingException),
    passing("a list as 503", Fault.http(503, b'["Canary"]'), ServiceError),
    lasting(
        "an odd ErrorList",
        Fault.http(400, ODD_ERROR, content_type="application/json"),
        ServiceError,
    ),
    passing("an empty 503", Fault.http(503), ServiceError),
    *(passing(name, Fault.body(body), MalformedResponseError) for name, body in NOT_A_PAGE.items()),
    passing("half of the body", Fault.truncate(0.5), MalformedResponseError),
    passing("nearly all of the body", Fault.truncate(0.999), MalformedResponseError),
    passing("none of the body", Fault.truncate(0.0), MalformedResponseError),
    *(
        passing(f"reset {phase}", Fault.reset(phase), TransportError)
        for phase in ("before", "during")
    ),
    # All of the page came; the connection that it came on is gone for the next one.
    Case("reset after", Fault.reset("after"), fails=None),
    passing("hang", Fault.hang(), RequestTimeoutError, stalls=True),
    passing("slow drip", Fault.drip(0.02, 16), RequestTimeoutError, stalls=True),
    Case("drip", Fault.drip(0, 256), fails=False),
    Case("no such host", connect=no_such_host, always=TransportError),
    Case("refused", connect=refused, always=TransportError),
    Case("disconnected", connect=disconnected, always=TransportError),
    Case("untrusted", connect=untrusted, once=TransportError, always=TransportError),
    Case("bad handshake", connect=bad_handshake, once=TransportError, always=TransportError),
    Case(
        "credentials that cannot be fetched",
        source=lambda: OSError("Canary vault"),
        always=TransportError,
        # On the first page it fails before there is an attempt.
        fails=None,
    ),
    Case(
        "credentials that are wrong",
        source=lambda: ValueError("Canary"),
        once=ConfigurationError,
        always=ConfigurationError,
    ),
    # On the first page a token repeats that was never seen: it leads to the first page again.
    lasting("a token repeated at once", Fault.repeat_token(), PaginationError, pages=(2, 3)),
    # On the first page it is the right one.
    lasting("a token of an earlier page", Fault.cycle_token(), PaginationError, pages=(2, 3)),
    Case("an empty page with a token", Fault.empty_page(), repetitions=50, fails=False),
    Case("an empty token at the end", edited(end_with_an_empty_token), fails=False),
    Case("values and members that nobody knows", edited(add_what_nobody_knows), fails=False),
    lasting("an invalid record", edited(spoil), InvalidOpportunityError),
]
