"""What botocore and aiohttp raise, in the terms of our own error tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from botocore import exceptions as botocore_errors

from partnercentral_list.errors import (
    AccessDeniedException,
    ConfigurationError,
    InternalServerException,
    PartnerCentralError,
    RequestTimeoutError,
    ResourceNotFoundException,
    ServiceError,
    ThrottlingException,
    TransportError,
    ValidationException,
    ValidationExceptionError,
)

OPERATION = "ListOpportunities"

NO_CREDENTIALS = (
    "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run `aws "
    "configure` or `aws sso login`, name a profile with profile_name=..., or pass credentials=... "
    "(without an account: the emulator, see the README)."
)

MODELLED: Mapping[str, type[ServiceError]] = {
    cls.__name__: cls
    for cls in (
        AccessDeniedException,
        InternalServerException,
        ResourceNotFoundException,
        ThrottlingException,
        ValidationException,
    )
}
THROTTLING_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
    }
)
CREDENTIALS_CODES = frozenset(
    {
        "ExpiredTokenException",
        "ExpiredToken",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
    }
)
CREDENTIALS_ADVICE = (
    "AWS does not accept these credentials: renew them (`aws sso login`, a new session token), "
    "and check the clock of this machine."
)


def from_answer(error: botocore_errors.ClientError) -> ServiceError:
    """Turn an error that AWS answered with into its class."""
    answer = cast("dict[str, Any]", error.response)
    metadata = cast("dict[str, Any]", answer.get("ResponseMetadata") or {})
    details = cast("dict[str, Any]", answer.get("Error") or {})
    status = cast("int | None", metadata.get("HTTPStatusCode"))
    code = str(details.get("Code") or status)
    message = str(details.get("Message") or answer.get("Message") or "")
    if not re.fullmatch(r"[A-Za-z][\w.]*", code):
        # No error of AWS's: a proxy or load balancer answered, with a page for people.
        code, message = f"HTTP {status}", "the answer is no error of AWS's"
    is_throttling = code in THROTTLING_CODES or status == 429
    cls = ThrottlingException if is_throttling else MODELLED.get(code, ServiceError)
    fault = cls(
        code,
        message,
        http_status=status,
        retry_after=_retry_after(metadata.get("HTTPHeaders") or {}),
        operation=OPERATION,
        request_id=metadata.get("RequestId"),
        retryable=is_throttling or cls is InternalServerException or (status or 0) >= 500,
    )
    return _with_members(fault, answer)


def _with_members(fault: ServiceError, answer: Mapping[str, Any]) -> ServiceError:
    if isinstance(fault, AccessDeniedException):
        return fault.with_reason(answer.get("Reason"))
    if isinstance(fault, ValidationException):
        problems = [
            ValidationExceptionError(
                problem.get("FieldName"), str(problem.get("Message")), str(problem.get("Code"))
            )
            for problem in cast("list[dict[str, Any]]", answer.get("ErrorList") or [])
        ]
        return fault.with_details(answer.get("Reason"), problems)
    if fault.code in CREDENTIALS_CODES:
        return fault.with_advice(CREDENTIALS_ADVICE)
    return fault


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("x-amz-retry-after", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def from_botocore(error: Exception) -> PartnerCentralError:
    """Turn what botocore raises when no answer came into our error; an unknown one passes."""
    if isinstance(error, botocore_errors.ClientError):
        return from_answer(error)
    if isinstance(error, botocore_errors.HTTPClientError | botocore_errors.ConnectionError):
        return _from_transport(error)
    if isinstance(error, botocore_errors.NoCredentialsError):
        return ConfigurationError(NO_CREDENTIALS, operation=OPERATION)
    if isinstance(error, botocore_errors.BotoCoreError):
        # Profiles, regions, partial or unrefreshable credentials: botocore's words name them.
        return ConfigurationError(f"The AWS client cannot be used: {error}", operation=OPERATION)
    raise error


TIMEOUTS = (botocore_errors.ConnectTimeoutError, botocore_errors.ReadTimeoutError)
NO_ANSWER = (
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectionClosedError,
    botocore_errors.ProxyConnectionError,
)


def _from_transport(error: Exception) -> PartnerCentralError:
    if isinstance(error, TIMEOUTS):
        return RequestTimeoutError(
            f"AWS did not answer in time: {error}", operation=OPERATION, retryable=True
        )
    # A bare HTTPClientError wraps mistakes of a program (a wrong loop, a closed session), which
    # botocore calls transient; trying again would hide them.
    return TransportError(
        f"No answer came from AWS: {error}",
        operation=OPERATION,
        retryable=isinstance(error, NO_ANSWER),
    )
