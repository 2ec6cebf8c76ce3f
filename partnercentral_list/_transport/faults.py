"""What botocore and aiohttp raise, in the terms of our own error tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from botocore import exceptions as botocore_errors

from partnercentral_list.config import has_password
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


#: Characters of a text of AWS's that are kept; no text of a real error is as long.
MAX_TEXT = 1_000


def _cut(text: object) -> str:
    text = str(text)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def _optional(text: object) -> str | None:
    return None if text is None else _cut(text)


def from_answer(error: botocore_errors.ClientError) -> ServiceError:
    """Turn an error that AWS answered with into its class."""
    answer = cast("dict[str, Any]", error.response)
    metadata = cast("dict[str, Any]", answer.get("ResponseMetadata") or {})
    details = cast("dict[str, Any]", answer.get("Error") or {})
    status = cast("int | None", metadata.get("HTTPStatusCode"))
    code = str(details.get("Code") or status)
    message = _cut(details.get("Message") or answer.get("Message") or "")
    if not re.fullmatch(r"[A-Za-z][\w.]{,127}", code):
        # No error of AWS's: a proxy or load balancer answered, with a page for people.
        code, message = f"HTTP {status}", "the answer is no error of AWS's"
    headers = cast("dict[str, str]", metadata.get("HTTPHeaders") or {})
    cls = ThrottlingException if _is_throttling(code, status) else MODELLED.get(code, ServiceError)
    fault = cls(
        code,
        message,
        http_status=status,
        retry_after=_retry_after(headers),
        operation=OPERATION,
        request_id=metadata.get("RequestId") or headers.get("x-amzn-requestid"),
        retryable=cls is InternalServerException or _may_pass(code, status),
    )
    return _with_members(fault, answer)


def _is_throttling(code: str, status: int | None) -> bool:
    return code in THROTTLING_CODES or status == 429


def _may_pass(code: str, status: int | None) -> bool:
    return _is_throttling(code, status) or code in TRANSIENT_CODES or (status or 0) >= 500


def _with_members(fault: ServiceError, answer: Mapping[str, Any]) -> ServiceError:
    if isinstance(fault, AccessDeniedException):
        return fault.with_reason(_optional(answer.get("Reason")))
    if isinstance(fault, ValidationException):
        problems = [
            ValidationExceptionError(
                _optional(problem.get("FieldName")),
                _cut(problem.get("Message")),
                _cut(problem.get("Code")),
            )
            for problem in cast("list[dict[str, Any]]", answer.get("ErrorList") or [])
        ]
        return fault.with_details(_optional(answer.get("Reason")), problems)
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
        # botocore fetches credentials while it signs: an error of STS's is none of this call.
        is_ours = _operation(error) == OPERATION
        return from_answer(error) if is_ours else _of_credentials(error)
    if isinstance(error, botocore_errors.HTTPClientError | botocore_errors.ConnectionError):
        return _from_transport(error)
    if isinstance(error, botocore_errors.NoCredentialsError):
        return ConfigurationError(NO_CREDENTIALS, operation=OPERATION)
    # Profiles, regions, credentials that are partial, expired or cannot be refreshed.
    return ConfigurationError(
        f"The AWS client cannot be used: {type(error).__name__}: {shown(error)}",
        operation=OPERATION,
    )


def configuration_error(what: str, error: Exception) -> ConfigurationError:
    """Say what cannot be used, with the error's own words, and that error as the cause."""
    return chained(ConfigurationError(f"{what}: {type(error).__name__}: {shown(error)}"), error)


ErrorT = TypeVar("ErrorT", bound=PartnerCentralError)


def chained(ours: ErrorT, cause: Exception) -> ErrorT:
    """Make an error the cause of ours, unless its text may have a password in it."""
    link: BaseException | None = cause
    while link is not None:
        if link is ours or has_password(str(link)):
            return ours
        link = link.__cause__ or link.__context__
    ours.__cause__ = cause
    return ours


def shown(error: BaseException) -> str:
    """Return the text of an error of another library, unless it may have a password in it."""
    text = _cut(error)
    return "an address in it has a user name or password" if has_password(text) else text


#: What may pass while a program's own callable fetches credentials, and whose text is about hosts
#: and files. A file that is not there, or may not be read, will not be there in a second.
PASSING = (OSError, botocore_errors.ConnectionError, botocore_errors.HTTPClientError)
PASSING_UNTOLD = (aiohttp.ClientError, HttpProcessingError)
LASTING = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
TOLD = (*PASSING, botocore_errors.BotoCoreError)


def credentials_error(error: Exception) -> PartnerCentralError:
    """Turn what a callable passed as ``credentials=`` raised into our error.

    The text of an error of any other kind is left out: it may have the secret in it that could
    not be read.
    """
    what = "The callable passed as credentials= failed"
    if isinstance(error, botocore_errors.ClientError):
        return _of_credentials(error, what)
    text = f"{what} with {type(error).__name__}"
    if isinstance(error, TOLD) and str(error) and not _quotes_a_response(error):
        text = f"{text}: {shown(error)}"
    if isinstance(error, PASSING + PASSING_UNTOLD) and not isinstance(error, LASTING):
        return TransportError(f"{text}.", operation=OPERATION, retryable=True)
    return ConfigurationError(f"{text}.", operation=OPERATION)


def _quotes_a_response(error: Exception) -> bool:
    # A bare HTTPClientError wraps, and shows, what broke while a response was read.
    return type(error) is botocore_errors.HTTPClientError


def _operation(error: botocore_errors.ClientError) -> str:
    return cast("str", error.operation_name)


def _of_credentials(
    error: botocore_errors.ClientError, what: str = "The credentials could not be fetched"
) -> PartnerCentralError:
    answer = cast("dict[str, Any]", error.response)
    metadata = cast("dict[str, Any]", answer.get("ResponseMetadata") or {})
    code = str(cast("dict[str, Any]", answer.get("Error") or {}).get("Code"))
    passes = _may_pass(code, metadata.get("HTTPStatusCode"))
    cls = TransportError if passes else ConfigurationError
    return cls(
        f"{what}: {_cut(error)}",
        operation=_operation(error),
        request_id=metadata.get("RequestId"),
        retryable=passes,
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
            f"AWS did not answer in time: {shown(error)}", operation=OPERATION, retryable=True
        )
    if isinstance(error, (*NO_ANSWER, botocore_errors.SSLError)):
        return TransportError(
            f"No answer came from AWS: {shown(error)}",
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
