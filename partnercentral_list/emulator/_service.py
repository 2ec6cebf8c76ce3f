"""The service behind the socket: from a request to the answer that the model asks for."""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, cast

from partnercentral_list.emulator._auth import Gate
from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._effects import Answer, Content, Failure, Page, Raw, Reply
from partnercentral_list.emulator._http import Request
from partnercentral_list.emulator._instants import SECOND
from partnercentral_list.emulator._model import OPERATION, ServiceDescription
from partnercentral_list.emulator._paging import Paging
from partnercentral_list.emulator._plan import FaultPlan
from partnercentral_list.emulator._recording import Recording
from partnercentral_list.emulator._render import Renderer
from partnercentral_list.emulator._throttle import AccountQuota
from partnercentral_list.emulator._validation import (
    Problem,
    find_problems,
    known_parameters,
)

_NAMESPACE = "com.amazonaws.partnercentralselling#"
# botocore posts to the first, capo-partnercentral-selling to the second; a JSON 1.0 service goes by
# the target header.
_PATHS = ("/", f"/{OPERATION}")
# What is not the operation's own error comes from the framework that the service is built on.
_FRAMEWORK = "com.amazon.coral.service#"
_FRAMEWORK_STATUS: Mapping[str, int] = {
    "ExpiredTokenException": 400,
    "IncompleteSignatureException": 400,
    "InternalFailure": 500,
    "InvalidSignatureException": 400,
    "MissingAuthenticationTokenException": 400,
    "SerializationException": 400,
    "UnknownOperationException": 400,
    "UnrecognizedClientException": 400,
}
_MESSAGES: Mapping[str, str] = {
    "AccessDeniedException": "You do not have sufficient access to perform this action.",
    "InternalServerException": "Something went wrong on our side.",
    "ResourceNotFoundException": "The resource does not exist.",
    "ThrottlingException": "Rate exceeded",
    "ValidationException": "The request is not valid.",
}


@dataclass(frozen=True, slots=True)
class Service:
    """Answers requests, from several threads at once."""

    model: ServiceDescription
    paging: Paging
    behavior: Behavior
    faults: FaultPlan
    recording: Recording
    quota: AccountQuota
    gate: Gate
    seed: int

    def handle(self, request: Request) -> Reply:
        """Work out what a request is answered with, and note both."""
        headers = request.head.headers
        body = _parse(request.body)
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or None
        number = self.recording.begin(operation, headers, body, request.body)
        refusal = self.gate.refuse(request)
        # Whoever is not let in does not use up the quota of those who are.
        wait = None if refusal else self.quota.admit(count_rejected=self.behavior.rejected_count)
        effect = self.faults.effect_on(number)

        def real() -> Content:
            if refusal is not None:
                return refusal
            return self._content(request, body, number) if wait is None else _THROTTLED

        content = _attempt(lambda: effect.content(real))
        reply = effect.reply(self._encode(content, number, _SHORT_WAIT if wait is None else wait))
        # Noted before it is sent: a client that has its answer finds it in the record.
        status = reply.answer.status if reply.cut in ("no", "after") else None
        self.recording.finish(number, status, reply.answer.error_code)
        return reply

    def _content(self, request: Request, body: dict[str, Any] | None, number: int) -> Content:
        head = request.head
        if head.target.partition("?")[0] not in _PATHS:
            return Failure("UnknownOperationException", f"no such path: {head.target}", 404)
        if head.method != "POST":
            allow = {"Allow": "POST"}
            return Failure("UnknownOperationException", "only POST is allowed", 405, headers=allow)
        target = head.headers.get("x-amz-target", "")
        if target != f"{self.model.target_prefix}.{OPERATION}":
            return Failure("UnknownOperationException", f"no such operation: {target or 'none'}")
        if body is None:
            return Failure("SerializationException", "The body is not a JSON object.")
        problems = list(find_problems(self.model.request, body))
        if problems:
            return _invalid(problems)
        renderer = Renderer(self.behavior, self.model.summary)
        return self.paging.page(known_parameters(self.model.request, body), number, renderer)

    def _encode(self, content: Content, number: int, wait: float) -> Answer:
        if isinstance(content, Failure):
            if content.code == _THROTTLED.code:
                content = self._throttling(content, wait)
            return self._encode_failure(content, number)
        if isinstance(content, Page):
            content = Raw(200, content.encode(), self.model.content_type)
        headers = self._headers(content.content_type, number) | dict(content.headers)
        return Answer(content.status, headers, content.body)

    def _throttling(self, failure: Failure, wait: float) -> Failure:
        hints: dict[str, str] = {}
        if self.behavior.retry_hint == "x-amz-retry-after":
            hints = {"x-amz-retry-after": str(math.ceil(wait * 1000))}
        elif self.behavior.retry_hint == "Retry-After":
            hints = {"Retry-After": str(math.ceil(wait))}
        return replace(
            failure,
            status=failure.status or self.behavior.throttling_status,
            headers=hints | dict(failure.headers),
        )

    def _encode_failure(self, failure: Failure, number: int) -> Answer:
        code = failure.code.rpartition("#")[2]
        known = self.model.errors.get(code)
        namespace = _FRAMEWORK if code in _FRAMEWORK_STATUS else _NAMESPACE
        message = _MESSAGES.get(code, code) if failure.message is None else failure.message
        body: dict[str, Any] = {
            "__type": failure.code if "#" in failure.code else namespace + code,
            # The framework's own errors spell it small.
            "message" if code in _FRAMEWORK_STATUS else "Message": message,
        }
        body |= known.defaults if known else {}
        body |= failure.members
        status = failure.status or (known.status if known else _FRAMEWORK_STATUS.get(code, 400))
        headers = self._headers(self.model.content_type, number) | dict(failure.headers)
        return Answer(status, headers, json.dumps(body, ensure_ascii=False).encode(), code)

    def _headers(self, content_type: str, number: int) -> dict[str, str]:
        digest = hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
        request_id = uuid.UUID(bytes=digest[:16], version=4)
        return {
            "Date": formatdate(self.paging.store.now() // SECOND, usegmt=True),
            "Content-Type": content_type,
            "x-amzn-RequestId": str(request_id),
        }


_THROTTLED = Failure("ThrottlingException")
# What a throttling that is no quota's tells to wait, in seconds.
_SHORT_WAIT = 1.0


def _attempt(work: Callable[[], Content]) -> Content:
    try:
        return work()
    except Exception as error:
        # A function that edits pages may raise anything: the client shows it, the server goes on.
        return Failure("InternalFailure", f"{type(error).__name__}: {error}")


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None


def _invalid(problems: list[Problem]) -> Failure:
    return Failure(
        "ValidationException",
        "The request is not valid: " + "; ".join(problem.message for problem in problems),
        members={
            "Reason": "REQUEST_VALIDATION_FAILED",
            "ErrorList": [problem.to_wire() for problem in problems],
        },
    )
