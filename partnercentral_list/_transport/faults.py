"""What botocore and aiohttp raise, in the terms of our own error tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
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
TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException"})
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
    headers = cast("dict[str, str]", metadata.get("HTTPHeaders") or {})
    is_throttling = code in THROTTLING_CODES or status == 429
    cls = ThrottlingException if is_throttling else MODELLED.get(code, ServiceError)
    fault = cls(
        code,
        message,
        http_status=status,
        retry_after=_retry_after(headers),
        operation=OPERATION,
        request_id=metadata.get("RequestId") or headers.get("x-amzn-requestid"),
        retryable=is_throttling
        or cls is InternalServerException
        or code in TRANSIENT_CODES
        or (status or 0) >= 500,
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


def from_exception(error: Exception) -> PartnerCentralError:
    """Turn whatever a call of botocore's raises into our error.

    What a broken answer makes aiohttp say contains a piece of the answer: of such an error only
    the kind is told, and none may be chained.
    """
    if isinstance(error, PartnerCentralError):
        return error
    if isinstance(error, botocore_errors.ClientError):
        return from_answer(error)
    if isinstance(error, botocore_errors.HTTPClientError | botocore_errors.ConnectionError):
        return _from_transport(error)
    if isinstance(error, botocore_errors.NoCredentialsError):
        return ConfigurationError(NO_CREDENTIALS, operation=OPERATION)
    # Profiles, regions, credentials that are partial, expired or cannot be refreshed.
    return ConfigurationError(
        f"The AWS client cannot be used: {type(error).__name__}: {error}", operation=OPERATION
    )


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
    if isinstance(error, (*NO_ANSWER, botocore_errors.SSLError)):
        return TransportError(
            f"No answer came from AWS: {error}",
            operation=OPERATION,
            retryable=isinstance(error, NO_ANSWER),
        )
    # A bare HTTPClientError wraps a broken answer; or the mistake of a program (a wrong loop, a
    # closed session), which botocore calls transient too: trying again would hide it.
    cause: object = getattr(error, "kwargs", {}).get("error")
    return TransportError(
        f"No answer came from AWS that can be read: {type(cause).__name__}.",
        operation=OPERATION,
        retryable=isinstance(cause, aiohttp.ClientError | HttpProcessingError)
        and not isinstance(cause, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError),
    )
