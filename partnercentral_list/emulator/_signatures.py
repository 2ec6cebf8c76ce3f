"""Authentication: AWS Signature Version 4 of requests, and the credentials that are accepted.

It is implemented here and not by botocore, so that a client that signs with botocore is checked
against something else than itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from partnercentral_list.emulator._messages import ErrorResponse, HttpRequest
from partnercentral_list.emulator._model import SERVICE

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM}\s+Credential=(?![,\s])(?P<key>[^,/\s]*)/?(?P<scope>[^,\s]*),\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]+)"
)
# The region that Partner Central is in.
REGION = "us-east-1"
# How many seconds a signature's time may differ from now.
_MAX_SKEW = 300.0
_MUST_BE_SIGNED = frozenset({"host", "x-amz-date"})


@dataclass(frozen=True, slots=True)
class AcceptedCredentials:
    """Credentials whose signatures the emulator accepts.

    Attributes:
        access_key: The access key's id.
        secret_key: The secret key; not in the repr.
        session_token: The token that must be sent with them, if any; not in the repr.
        expires_at: When they expire, in seconds since 1970 by the emulator's clock; None for never.
    """

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


class Authenticator:
    """Authenticates requests by their signatures; accepts all if it has no credentials."""

    def __init__(
        self,
        credentials: Iterable[AcceptedCredentials] | None,
        clock: Callable[[], float] | None,
        date: Callable[[], float],
    ) -> None:
        """Accept the signatures of credentials, which expire by a clock or by real time.

        ``date`` returns the time that responses are dated with.
        """
        self._known = (
            None if credentials is None else {known.access_key: known for known in credentials}
        )
        self._clock = clock or time.time
        # A client signs with the real time, or with the time of the responses that it has seen.
        self._signing_clocks = (time.time, date)

    def refuse(self, request: HttpRequest) -> ErrorResponse | None:
        """Return the error of a request's signature; None if the request is accepted."""
        if self._known is None:
            return None
        if "authorization" not in request.headers:
            return ErrorResponse(
                "MissingAuthenticationTokenException", "Missing Authentication Token"
            )
        found = _AUTHORIZATION.fullmatch(request.headers["authorization"])
        if found is None:
            return _incomplete("it must have Credential, SignedHeaders and Signature")
        credentials = self._known.get(found["key"])
        if credentials is None:
            return _UNRECOGNIZED
        return self._check_scope(found, request.headers) or self._check(request, found, credentials)

    def _check_scope(
        self, found: re.Match[str], headers: Mapping[str, str]
    ) -> ErrorResponse | None:
        signed = set(found["headers"].split(";"))
        if not _MUST_BE_SIGNED <= signed <= set(headers):
            return _incomplete("it must sign host and x-amz-date, and only what is sent")
        parts = found["scope"].split("/")
        if len(parts) != 4 or parts[3] != "aws4_request":
            return _incomplete("Credential must be key/date/region/service/aws4_request")
        if parts[1] != REGION:
            return _invalid(f"Credential should be scoped to a valid region: '{REGION}'.")
        if parts[2] != SERVICE:
            return _invalid(f"Credential should be scoped to correct service: '{SERVICE}'.")
        if parts[0] != headers["x-amz-date"][:8]:
            return _invalid("Date in Credential scope does not match the date of the request.")
        return _check_time(headers["x-amz-date"], [clock() for clock in self._signing_clocks])

    def _check(
        self, request: HttpRequest, found: re.Match[str], credentials: AcceptedCredentials
    ) -> ErrorResponse | None:
        if request.headers.get("x-amz-security-token") != credentials.session_token:
            return _UNRECOGNIZED
        expected = _sign(request, found["scope"], found["headers"], credentials.secret_key)
        if not hmac.compare_digest(expected, found["signature"]):
            return _invalid(
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. "
                "Consult the service documentation for details."
            )
        if credentials.expires_at is not None and self._clock() >= credentials.expires_at:
            message = "The security token included in the request is expired"
            return ErrorResponse("ExpiredTokenException", message)
        return None


_UNRECOGNIZED = ErrorResponse(
    "UnrecognizedClientException", "The security token included in the request is invalid."
)


def _incomplete(message: str) -> ErrorResponse:
    return ErrorResponse(
        "IncompleteSignatureException", f"Authorization header is malformed: {message}"
    )


def _invalid(message: str) -> ErrorResponse:
    return ErrorResponse("InvalidSignatureException", message)


def _check_time(stamp: str, times: Iterable[float]) -> ErrorResponse | None:
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return _incomplete("x-amz-date must be like 20260131T235959Z")
    age = min((now - signed for now in times), key=abs)
    if age > _MAX_SKEW:
        return _invalid(f"Signature expired: {stamp} is {age:.0f} seconds ago")
    if age < -_MAX_SKEW:
        return _invalid(f"Signature not yet current: {stamp} is {-age:.0f} seconds ahead")
    return None


def _sign(request: HttpRequest, scope: str, signed: str, secret: str) -> str:
    path, _, query = request.target.partition("?")
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
    )
    canonical = "\n".join(
        [
            request.method,
            quote(path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in signed.split(";")),
            "",
            signed,
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join([_ALGORITHM, request.headers["x-amz-date"], scope, digest])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()
