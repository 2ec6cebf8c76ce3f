"""The service: its response to a request, and the log of both."""

from __future__ import annotations

import hashlib
import json
import math
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any, cast

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._faults import FaultSchedule
from partnercentral_list.emulator._listing import Paginator
from partnercentral_list.emulator._matching import UnsupportedParameterError
from partnercentral_list.emulator._messages import (
    WHOLE,
    Delivery,
    ErrorResponse,
    HttpRequest,
    HttpResponse,
    PageResponse,
    ServiceResponse,
)
from partnercentral_list.emulator._model import (
    OPERATION,
    SECOND,
    Violation,
    find_violations,
    known_parameters,
    load_service,
)
from partnercentral_list.emulator._quota import AccountQuota
from partnercentral_list.emulator._signatures import Authenticator

_NAMESPACE = "com.amazonaws.partnercentralselling#"
# botocore posts to the first, capo-partnercentral-selling to the second; in JSON 1.0 the target
# header decides.
_PATHS = ("/", f"/{OPERATION}")
# Errors that are not the operation's own come from the framework that the service is built on.
_FRAMEWORK_NAMESPACE = "com.amazon.coral.service#"
_FRAMEWORK_ERRORS = {
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
}
_MESSAGES: Mapping[str, str] = {
    "AccessDeniedException": "You do not have sufficient access to perform this action.",
    "InternalServerException": "Something went wrong on our side.",
    "ResourceNotFoundException": "The resource does not exist.",
    "ThrottlingException": "Rate exceeded",
    "ValidationException": "The request is not valid.",
}
_THROTTLED = ErrorResponse("ThrottlingException")
# The hint of a throttling that is a fault and not the quota's.
_DEFAULT_RETRY_HINT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it arrived, and the status of its response.

    Attributes:
        number: 1 for the first request of this emulator; stop and start do not reset it.
        operation: The name in ``X-Amz-Target``, or None if there is none.
        headers: The request's headers, their names in lower case.
        body: The parsed JSON object, or None if the body is something else.
        raw_body: The body's bytes.
        status: The HTTP status sent; None while there is no response, and when the connection was
            reset before the response was complete.
        error_code: The error's code, such as ``ThrottlingException``; None if it is not an error.
    """

    number: int
    operation: str | None
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    raw_body: bytes = field(repr=False)
    status: int | None = None
    error_code: str | None = None


class RequestLog:
    """The requests of one emulator, in the order in which they arrived; thread-safe."""

    def __init__(self) -> None:
        self._requests: list[RecordedRequest] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._requests)

    def begin(self, request: HttpRequest, body: Mapping[str, Any] | None) -> int:
        """Add a request that has arrived, with its body as JSON, and return its number."""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2] or None
        with self._lock:
            number = len(self._requests) + 1
            self._requests.append(
                RecordedRequest(number, operation, request.headers, body, request.body)
            )
            return number

    def finish(self, number: int, status: int | None, error_code: str | None) -> None:
        """Add the response to a request."""
        with self._lock:
            done = replace(self._requests[number - 1], status=status, error_code=error_code)
            self._requests[number - 1] = done

    def snapshot(self) -> list[RecordedRequest]:
        """Return the requests so far."""
        with self._lock:
            return list(self._requests)


@dataclass(frozen=True, slots=True)
class PartnerCentralService:
    """Responds to requests; thread-safe."""

    paginator: Paginator
    behavior: Behavior
    faults: FaultSchedule
    log: RequestLog
    quota: AccountQuota
    authenticator: Authenticator
    seed: int

    def respond(self, request: HttpRequest) -> tuple[HttpResponse, Delivery]:
        """Return the response to a request and how to send it, and log both."""
        body = _parse(request.body)
        number = self.log.begin(request, body)
        refusal = self.authenticator.refuse(request)
        # Requests that are not authenticated do not use up the quota of those that are.
        wait = None if refusal else self.quota.admit(count_rejected=self.behavior.rejected_count)

        def real() -> ServiceResponse:
            if refusal is not None:
                return refusal
            return self._respond(request, body, number) if wait is None else _THROTTLED

        fault = self.faults.fault_for(number)
        try:
            response = real() if fault is None else fault.apply(real)
        except Exception as error:
            # A function that edits pages may raise anything: the client is to see it.
            response = ErrorResponse("InternalFailure", f"{type(error).__name__}: {error}")
        delivery = WHOLE if fault is None else fault.delivery
        hint = _DEFAULT_RETRY_HINT_SECONDS if wait is None else wait
        encoded = self._encode(response, number, hint)
        end = int(len(encoded.body) * delivery.fraction)
        # Logged before it is sent: a client that has its response finds it in the log.
        is_complete = delivery.interruption in (None, "after")
        self.log.finish(number, encoded.status if is_complete else None, encoded.error_code)
        return replace(encoded, body=encoded.body[:end]), delivery

    def _respond(
        self, request: HttpRequest, body: dict[str, Any] | None, number: int
    ) -> ServiceResponse:
        unknown = "UnknownOperationException"
        if request.target.partition("?")[0] not in _PATHS:
            return ErrorResponse(unknown, f"no such path: {request.target}", 404)
        if request.method != "POST":
            return ErrorResponse(unknown, "only POST is allowed", 405, headers={"Allow": "POST"})
        model = load_service()
        target = request.headers.get("x-amz-target", "")
        if target != f"{model.target_prefix}.{OPERATION}":
            return ErrorResponse(unknown, f"no such operation: {target or 'none'}")
        if body is None:
            return ErrorResponse("SerializationException", "The body is not a JSON object.")
        violations = list(find_violations(model.request, body))
        if violations:
            return _invalid(violations)
        try:
            return self.paginator.page(known_parameters(model.request, body), number)
        except UnsupportedParameterError as error:
            return _invalid([Violation(error.parameter, "INVALID_VALUE", str(error))])

    def _encode(self, response: ServiceResponse, number: int, hint: float) -> HttpResponse:
        if isinstance(response, ErrorResponse):
            if response.code == _THROTTLED.code:
                response = self._with_retry_hint(response, hint)
            return self._encode_error(response, number)
        if isinstance(response, PageResponse):
            response = HttpResponse(200, response.encode(), load_service().content_type)
        return self._with_headers(response, number)

    def _with_retry_hint(self, response: ErrorResponse, seconds: float) -> ErrorResponse:
        name = self.behavior.retry_hint
        unit = 1000 if name == "x-amz-retry-after" else 1
        hints = {} if name is None else {name: str(math.ceil(seconds * unit))}
        return replace(
            response,
            status=response.status or self.behavior.throttling_status,
            headers=hints | dict(response.headers),
        )

    def _encode_error(self, response: ErrorResponse, number: int) -> HttpResponse:
        model = load_service()
        code = response.code.rpartition("#")[2]
        shape = model.errors.get(code, {})
        is_framework = code in _FRAMEWORK_ERRORS
        namespace = _FRAMEWORK_NAMESPACE if is_framework else _NAMESPACE
        message = _MESSAGES.get(code, code) if response.message is None else response.message
        body: dict[str, Any] = {
            "__type": response.code if "#" in response.code else namespace + code,
            "message" if is_framework else "Message": message,
        }
        for name in shape.get("required", ()):
            if "enum" in shape["members"][name]:
                body[name] = shape["members"][name]["enum"][0]
        body |= response.members
        is_fault = shape.get("fault") or code == "InternalFailure"
        declared = shape.get("error", {}).get("httpStatusCode")
        status = response.status or declared or (500 if is_fault else 400)
        text = json.dumps(body, ensure_ascii=False).encode()
        encoded = HttpResponse(status, text, model.content_type, response.headers, code)
        return self._with_headers(encoded, number)

    def _with_headers(self, response: HttpResponse, number: int) -> HttpResponse:
        digest = hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
        headers = {
            "Date": self.date(),
            "Content-Type": response.content_type,
            "x-amzn-RequestId": str(uuid.UUID(bytes=digest[:16], version=4)),
        }
        return replace(response, headers=headers | dict(response.headers))

    def date(self) -> str:
        """Return the emulator's time as a ``Date`` header."""
        return formatdate(self.paginator.store.now() // SECOND, usegmt=True)


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None


def _invalid(violations: list[Violation]) -> ErrorResponse:
    return ErrorResponse(
        "ValidationException",
        "The request is not valid: " + "; ".join(violation.message for violation in violations),
        members={
            "Reason": "REQUEST_VALIDATION_FAILED",
            "ErrorList": [
                {"FieldName": bad.field, "Message": bad.message, "Code": bad.code}
                for bad in violations
            ],
        },
    )
