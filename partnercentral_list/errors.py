"""The errors of this library, as one tree.

::

    PartnerCentralError            .operation .attempts .request_id .resume_token .retryable
    ├─ ConfigurationError          region, credentials, a bad setting: what to do, in words
    ├─ ClientClosedError           the client was closed
    ├─ RequestValidationError      also a ValueError; .errors(): field, problem, valid
    ├─ TransportError              no response: refused, reset, TLS, DNS
    │  └─ RequestTimeoutError      no response in time
    ├─ MalformedResponseError      a response that is not a page
    ├─ InvalidOpportunityError     a record that cannot be parsed; .invalid .resume_token_after
    ├─ OpportunitiesNotFoundError  .identifiers
    ├─ PaginationError             AWS repeated a token
    │  └─ TokenExpiredError        AWS refused a token of this listing
    ├─ DailyLimitError             the day's requests are spent; .retry_after
    ├─ RateLimitTimeoutError       the wait for a permit is too long; .retry_after
    ├─ StoreError                  sync: the store cannot be used; what to do, in words
    ├─ sync.FleetDeadlineError     in the result of an account; .has_begun
    ├─ frames.ColumnError          a value that does not fit its column; .opportunity_id .column
    │  └─ frames.AmountError       an amount that does not fit without rounding
    └─ ServiceError                .code .http_status .message .retry_after
       ├─ AccessDeniedException    .reason
       ├─ InternalServerException
       ├─ ResourceNotFoundException
       ├─ ThrottlingException
       └─ ValidationException      .reason .error_list

The five modeled ones keep AWS's names; any other code is a plain `ServiceError`. No text here
contains a sensitive field of a record; AWS's own message is passed on as AWS wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypedDict


class PartnerCentralError(Exception):
    """The base of every error that this library raises.

    Attributes:
        operation: The AWS operation that was called, if one was.
        attempts: Requests sent before giving up; 0 if none was.
        request_id: AWS's id of the last request, for AWS support.
        resume_token: Where an interrupted listing can be resumed, for ``starting_token``.
        retryable: Whether the same call may succeed later.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str | None = None,
        attempts: int = 0,
        request_id: str | None = None,
        resume_token: str | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.attempts = attempts
        self.request_id = request_id
        self.resume_token = resume_token
        self.retryable = retryable

    def __str__(self) -> str:
        # AWS's are 36 characters long.
        details = [f"request id {_cut(self.request_id, 100)}"] if self.request_id else []
        if self.attempts > 1:
            details.append(f"{self.attempts} attempts")
        text = str(self.args[0])
        return f"{text} ({', '.join(details)})" if details else text

    # Exceptions with keyword-only arguments do not survive pickling (and so no process pool).
    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def _rebuild(
    cls: type[PartnerCentralError], args: tuple[Any, ...], state: dict[str, Any]
) -> PartnerCentralError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(PartnerCentralError):
    """The configuration of the client is invalid; the message says what to do about it."""


class ClientClosedError(PartnerCentralError):
    """A closed client was called, or a client was closed during a call."""


class RequestProblem(TypedDict):
    """One thing that is wrong with a request."""

    field: str
    """The argument or field, such as ``life_cycle_stage[0]``."""
    problem: str
    """What is wrong with it."""
    valid: str
    """What would be valid; may be empty."""


class RequestValidationError(PartnerCentralError, ValueError):
    """A request that was refused before anything was sent; names every bad field."""

    def __init__(self, problems: Sequence[RequestProblem]) -> None:
        lines = [_line(problem) for problem in problems]
        super().__init__("\n".join(["The request was not sent.", *lines]))
        self._problems = tuple(problems)

    def errors(self) -> list[RequestProblem]:
        """Each bad field: its name, what is wrong with it, and what is valid."""
        return [problem.copy() for problem in self._problems]


def _line(problem: RequestProblem) -> str:
    valid = f". Valid: {problem['valid']}" if problem["valid"] else ""
    return f"  {problem['field']}: {problem['problem']}{valid}"


class TransportError(PartnerCentralError):
    """No response came: the connection was refused or reset, or TLS or DNS failed.

    Or credentials could not be fetched for the moment.
    """


class RequestTimeoutError(TransportError):
    """No response came in time."""


class MalformedResponseError(PartnerCentralError):
    """A response came that is not a page of opportunities, or is too large."""


@dataclass(frozen=True, slots=True)
class InvalidOpportunity:
    """A record that cannot be parsed as an `OpportunitySummary`."""

    id: str | None
    """Its identifier, where that can be read."""
    page: int
    """The page of this listing that it is on, from 1."""
    index: int
    """Its place on that page, from 0."""
    problems: tuple[str, ...]
    """What is wrong with it, field by field, without the values."""
    raw: object = field(repr=False)
    """The record as AWS sent it, parsed from JSON. It may contain sensitive values. A number that
    Python cannot hold (``1e999``, an integer of more than 4,300 digits) is its text."""


class InvalidOpportunityError(PartnerCentralError):
    """A record cannot be parsed, and ``on_invalid`` is ``"raise"``.

    `resume_token` points at the record, `resume_token_after` behind it: resume with the second
    to leave it out, or list with a callable as ``on_invalid``.
    """

    def __init__(
        self,
        invalid: InvalidOpportunity,
        *,
        operation: str | None = None,
        request_id: str | None = None,
        attempts: int = 0,
        resume_token: str | None = None,
        resume_token_after: str | None = None,
    ) -> None:
        # What stands where an identifier belongs may be anything.
        is_named = re.fullmatch("O[0-9]{1,19}", invalid.id or "")
        name = f"Opportunity {invalid.id}" if is_named else "An opportunity without a valid id"
        super().__init__(
            f"{name} (page {invalid.page}, index {invalid.index}) is invalid: "
            + "; ".join(invalid.problems),
            operation=operation,
            request_id=request_id,
            attempts=attempts,
            resume_token=resume_token,
        )
        self.invalid = invalid
        self.resume_token_after = resume_token_after


class OpportunitiesNotFoundError(PartnerCentralError):
    """Opportunities that were requested by identifier are not there.

    Attributes:
        identifiers: Those that AWS did not return, in the order in which they were given.
    """

    def __init__(self, identifiers: Sequence[str], *, operation: str | None = None) -> None:
        shown = ", ".join(identifiers[:20]) + (", …" if len(identifiers) > 20 else "")
        super().__init__(
            f"{len(identifiers)} of the requested opportunities were not found: {shown}",
            operation=operation,
        )
        self.identifiers: tuple[str, ...] = tuple(identifiers)


class PaginationError(PartnerCentralError):
    """AWS sent a page token a second time, so that the listing would never end."""


class TokenExpiredError(PaginationError):
    """AWS refused the token of a page: it has expired or belongs to another request.

    `resume_token` is the place that was reached, but it cannot work again. List again from the
    start; or, sorted by CreatedDate or LastModifiedDate, from the last date that was read.
    """


class DailyLimitError(PartnerCentralError):
    """The day's requests are spent (``RateLimit.per_day``); nothing was sent.

    Attributes:
        retry_after: Seconds until the next request is allowed.
    """

    def __init__(self, per_day: int, retry_after: float) -> None:
        super().__init__(
            f"The {per_day} requests of RateLimit.per_day are spent. "
            f"The next one is allowed in {retry_after:.0f} seconds."
        )
        self.retry_after = retry_after


class RateLimitTimeoutError(PartnerCentralError):
    """The wait for a permit of the rate limiter would be too long; nothing was sent.

    The bound is ``RateLimit.max_wait``, or what is left of ``RetryPolicy.max_elapsed``.

    Attributes:
        retry_after: Seconds until a permit was to be expected, at the present rate.
    """

    def __init__(self, max_wait: float, retry_after: float) -> None:
        super().__init__(
            f"A permit of the rate limiter is expected in {retry_after:.1f} seconds, but the "
            f"request may wait for {max_wait:.1f} at most (RateLimit.max_wait, or what is left of "
            "RetryPolicy.max_elapsed). Send fewer requests at once, or raise the bound."
        )
        self.retry_after = retry_after


class StoreError(PartnerCentralError):
    """The store of a local replica cannot be used; the message says why and what to do about it.

    What was committed before stays as it is. `retryable` where another program only has to end.
    """


class ServiceError(PartnerCentralError):
    """AWS responded with an error.

    Attributes:
        code: AWS's name of the error, or the HTTP status where the response has none.
        http_status: The HTTP status, which AWS does not promise: go by `code`.
        message: What AWS says.
        retry_after: Seconds to wait, where AWS says so.
        advice: What to do about it; may be empty.
    """

    advice: str = ""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
        operation: str | None = None,
        attempts: int = 0,
        request_id: str | None = None,
        resume_token: str | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(
            f"{code}: {message}" if message else code,
            operation=operation,
            attempts=attempts,
            request_id=request_id,
            resume_token=resume_token,
            retryable=retryable,
        )
        self.code = code
        self.message = message
        self.http_status = http_status
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.advice}" if self.advice else super().__str__()

    def with_advice(self, advice: str) -> Self:
        """Attach advice that ``str(error)`` appends."""
        self.advice = advice
        return self


class AccessDeniedException(ServiceError):
    """AWS refuses access.

    Attributes:
        reason: ``INCOMPATIBLE_BENEFIT_AWS_PARTNER_STATE`` when it is the account's partner
            benefit, not IAM, that does not allow it (the usual cause in the Sandbox catalog).
    """

    reason: str | None = None

    def with_reason(self, reason: str | None) -> Self:
        """Attach AWS's reason, and the advice that belongs to it."""
        self.reason = reason
        if reason == "INCOMPATIBLE_BENEFIT_AWS_PARTNER_STATE":
            return self.with_advice(
                "The reason is the account's state as an AWS partner, not IAM: it must be linked "
                "to Partner Central and have the benefit that this catalog needs."
            )
        return self.with_advice(
            "The caller needs partnercentral:ListOpportunities on resource * for this catalog "
            "(IAM condition key partnercentral:Catalog)."
        )


class InternalServerException(ServiceError):
    """AWS failed to process the request; a retry is safe."""


class ResourceNotFoundException(ServiceError):
    """AWS does not find what the request names."""


class ThrottlingException(ServiceError):
    """The account sent more requests than its quota allows (10 reads a second)."""


#: Fields of a `ValidationException` that its text shows; `error_list` has all of them.
MAX_SHOWN_FIELDS: Final = 10


@dataclass(frozen=True, slots=True)
class ValidationExceptionError:
    """One field that AWS refused (AWS shape of the same name)."""

    field_name: str | None
    message: str
    code: str


class ValidationException(ServiceError):
    """AWS refused the request as it is.

    Attributes:
        reason: ``REQUEST_VALIDATION_FAILED`` or ``BUSINESS_VALIDATION_FAILED``.
        error_list: Each field that AWS refused.
    """

    reason: str | None = None
    error_list: tuple[ValidationExceptionError, ...] = ()

    def with_details(
        self, reason: str | None, error_list: Sequence[ValidationExceptionError]
    ) -> Self:
        """Attach AWS's reason and its list of fields, which ``str(error)`` shows."""
        self.reason = reason
        self.error_list = tuple(error_list)
        lines = [
            _cut(f"  {error.field_name or 'request'}: {error.message} [{error.code}]", 300)
            for error in self.error_list[:MAX_SHOWN_FIELDS]
        ]
        if len(self.error_list) > MAX_SHOWN_FIELDS:
            lines.append(f"  … and {len(self.error_list) - MAX_SHOWN_FIELDS} more")
        return self.with_advice("\n".join(lines))
