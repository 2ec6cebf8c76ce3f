"""Translate what botocore and aiohttp raise into this library's error tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from botocore import exceptions as botocore_errors
from botocore.parsers import ResponseParserError

from partnercentral_list.config import OPERATION, has_secret
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

NO_CREDENTIALS = (
    "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run `aws "
    "configure` or `aws sso login`, name a profile with profile_name=..., or pass credentials=... "
    "(without an account: PartnerCentralClient.demo(), a client of sample data)."
)

MODELED: Mapping[str, type[ServiceError]] = {
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

#: Characters of a text of AWS's that are kept; no real error has a longer one.
MAX_TEXT_LENGTH = 1_000

TIMEOUT_ERRORS = (botocore_errors.ConnectTimeoutError, botocore_errors.ReadTimeoutError)
CONNECTION_ERRORS = (
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectionClosedError,
    botocore_errors.ProxyConnectionError,
)

# What a program's own callable may raise while it fetches credentials. The text of the first group
# is about hosts and files; that of the second may quote a response, which holds the credentials.
TRANSIENT_ERRORS = (OSError, botocore_errors.ConnectionError)
TRANSIENT_ERRORS_THAT_QUOTE = (
    aiohttp.ClientError,
    HttpProcessingError,
    botocore_errors.HTTPClientError,
)
# A file that is missing or must not be read will not be there in a second.
PERMANENT_OS_ERRORS = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
QUOTABLE_ERRORS = (*TRANSIENT_ERRORS, botocore_errors.BotoCoreError)

# botocore's ResponseParserError is none of these: it quotes the response, of STS with credentials.
QUOTABLE_CONFIGURATION_ERRORS = (botocore_errors.BotoCoreError, OSError, TypeError, ValueError)

ErrorT = TypeVar("ErrorT", bound=PartnerCentralError)


def from_exception(error: Exception) -> PartnerCentralError:
    """Return this library's error for an exception that a call of botocore raised.

    What aiohttp says of a broken response quotes a piece of the response, which may be sensitive:
    of such an error only the class is named, and it must not be chained.
    """
    if isinstance(error, PartnerCentralError):
        return error
    if isinstance(error, botocore_errors.ClientError):
        # botocore fetches credentials while it signs: an error of STS's is not of this operation.
        is_ours = _operation_of(error) == OPERATION
        return from_error_response(error) if is_ours else _from_credentials_service(error)
    if isinstance(error, botocore_errors.HTTPClientError | botocore_errors.ConnectionError):
        return _from_http_client(error)
    if isinstance(error, botocore_errors.NoCredentialsError):
        return ConfigurationError(NO_CREDENTIALS, operation=OPERATION)
    # Profiles, regions, credentials that are partial, expired or cannot be refreshed.
    return _configuration_error("The AWS client cannot be used", error)


def from_error_response(error: botocore_errors.ClientError) -> ServiceError:
    """Return the error of the class that AWS's error response names."""
    response = cast("dict[str, Any]", error.response)
    metadata = cast("dict[str, Any]", response.get("ResponseMetadata") or {})
    details = cast("dict[str, Any]", response.get("Error") or {})
    headers = cast("dict[str, str]", metadata.get("HTTPHeaders") or {})
    status = cast("int | None", metadata.get("HTTPStatusCode"))
    code = str(details.get("Code") or status)
    message = _shorten(details.get("Message") or response.get("Message") or "")
    if not re.fullmatch(r"[A-Za-z][\w.]{,127}", code):
        # Not one of AWS's errors: a proxy or load balancer sent a page for people.
        code, message = f"HTTP {status}", "the response is not an error of AWS's"
    cls = ThrottlingException if _is_throttling(code, status) else MODELED.get(code, ServiceError)
    ours = cls(
        code,
        message,
        http_status=status,
        retry_after=_retry_after(headers),
        operation=OPERATION,
        request_id=metadata.get("RequestId") or headers.get("x-amzn-requestid"),
        retryable=cls is InternalServerException or _is_transient(code, status),
    )
    return _with_details(ours, response)


def credentials_error(error: Exception) -> PartnerCentralError:
    """Return this library's error for what a callable passed as ``credentials=`` raised.

    The text of an unknown exception is left out: it may quote the secret that could not be parsed.
    """
    what = "The callable passed as credentials= failed"
    if isinstance(error, botocore_errors.ClientError):
        return _from_credentials_service(error, what)
    text = f"{what} with {type(error).__name__}"
    quotes_a_response = isinstance(error, TRANSIENT_ERRORS_THAT_QUOTE) and not isinstance(
        error, TRANSIENT_ERRORS
    )
    if isinstance(error, QUOTABLE_ERRORS) and str(error) and not quotes_a_response:
        text = f"{text}: {_text_of(error)}"
    is_transient = isinstance(
        error, TRANSIENT_ERRORS + TRANSIENT_ERRORS_THAT_QUOTE
    ) and not isinstance(error, PERMANENT_OS_ERRORS)
    if is_transient:
        return TransportError(f"{text}.", operation=OPERATION, retryable=True)
    return ConfigurationError(f"{text}.", operation=OPERATION)


def configuration_error(what: str, error: Exception) -> ConfigurationError:
    """Return an error that names what cannot be used, and quotes and chains the cause."""
    return chained(_configuration_error(what, error), error)


def chained(ours: ErrorT, cause: Exception) -> ErrorT:
    """Return `ours` with that cause, unless it may quote a password or a response."""
    link: BaseException | None = cause
    while link is not None:
        if link is ours or isinstance(link, ResponseParserError) or has_secret(str(link)):
            return ours
        link = link.__cause__ or link.__context__
    ours.__cause__ = cause
    return ours


def _configuration_error(what: str, error: Exception) -> ConfigurationError:
    text = f"{what}: {type(error).__name__}"
    if isinstance(error, QUOTABLE_CONFIGURATION_ERRORS):
        text = f"{text}: {_text_of(error)}"
    return ConfigurationError(text, operation=OPERATION)


def _from_http_client(error: Exception) -> PartnerCentralError:
    if isinstance(error, TIMEOUT_ERRORS):
        return RequestTimeoutError(
            f"AWS did not respond in time: {_text_of(error)}", operation=OPERATION, retryable=True
        )
    if isinstance(error, (*CONNECTION_ERRORS, botocore_errors.SSLError)):
        return TransportError(
            f"No response came from AWS: {_text_of(error)}",
            operation=OPERATION,
            retryable=isinstance(error, CONNECTION_ERRORS),
        )
    # A bare HTTPClientError wraps a broken response; or the mistake of a program (a wrong loop, a
    # closed session), which botocore calls transient too: a retry would hide it.
    cause: object = getattr(error, "kwargs", {}).get("error")
    return TransportError(
        f"No response came from AWS that can be parsed: {type(cause).__name__}.",
        operation=OPERATION,
        retryable=isinstance(cause, aiohttp.ClientError | HttpProcessingError)
        and not isinstance(cause, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError),
    )


def _from_credentials_service(
    error: botocore_errors.ClientError, what: str = "The credentials could not be fetched"
) -> PartnerCentralError:
    response = cast("dict[str, Any]", error.response)
    metadata = cast("dict[str, Any]", response.get("ResponseMetadata") or {})
    code = str(cast("dict[str, Any]", response.get("Error") or {}).get("Code"))
    is_transient = _is_transient(code, metadata.get("HTTPStatusCode"))
    cls = TransportError if is_transient else ConfigurationError
    return cls(
        f"{what}: {_shorten(error)}",
        operation=_operation_of(error),
        request_id=metadata.get("RequestId"),
        retryable=is_transient,
    )


def _is_throttling(code: str, status: int | None) -> bool:
    return code in THROTTLING_CODES or status == 429


def _is_transient(code: str, status: int | None) -> bool:
    return _is_throttling(code, status) or code in TRANSIENT_CODES or (status or 0) >= 500


def _with_details(ours: ServiceError, response: Mapping[str, Any]) -> ServiceError:
    if isinstance(ours, AccessDeniedException):
        return ours.with_reason(_shorten_optional(response.get("Reason")))
    if isinstance(ours, ValidationException):
        fields = [
            ValidationExceptionError(
                _shorten_optional(field.get("FieldName")),
                _shorten(field.get("Message")),
                _shorten(field.get("Code")),
            )
            for field in cast("list[dict[str, Any]]", response.get("ErrorList") or [])
        ]
        return ours.with_details(_shorten_optional(response.get("Reason")), fields)
    if ours.code in CREDENTIALS_CODES:
        return ours.with_advice(CREDENTIALS_ADVICE)
    return ours


def _retry_after(headers: Mapping[str, str]) -> float | None:
    for name, unit in (("x-amz-retry-after", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


def _operation_of(error: botocore_errors.ClientError) -> str:
    return cast("str", error.operation_name)


def _text_of(error: BaseException) -> str:
    text = _shorten(error)
    return "an address in it has a user name, password or query" if has_secret(text) else text


def _shorten(value: object) -> str:
    text = str(value)
    if len(text) <= MAX_TEXT_LENGTH:
        return text
    return f"{text[:MAX_TEXT_LENGTH]}… ({len(text)} characters)"


def _shorten_optional(value: object) -> str | None:
    return None if value is None else _shorten(value)
