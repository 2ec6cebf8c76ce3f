"""The service behind the socket: from a request to the answer that the model asks for."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from partnercentral_list.emulator._effects import Answer, Content, Failure, Page, Raw, Reply
from partnercentral_list.emulator._faults import EXPIRED_TOKEN, FaultPlan
from partnercentral_list.emulator._http import Request
from partnercentral_list.emulator._model import OPERATION, ServiceDescription
from partnercentral_list.emulator._recording import Recording
from partnercentral_list.emulator._store import Store
from partnercentral_list.emulator._throttle import RequestWindow
from partnercentral_list.emulator._tokens import TokenBook
from partnercentral_list.emulator._validation import (
    Problem,
    find_problems,
    known_parameters,
)

_DEFAULT_PAGE_SIZE = 20
_NAMESPACE = "com.amazonaws.partnercentralselling#"
# botocore posts to the first, capo-partnercentral-selling to the second; a JSON 1.0 service goes by
# the target header.
_PATHS = ("/", f"/{OPERATION}")
# What is not the operation's own error comes from the framework that the service is built on.
_FRAMEWORK = "com.amazon.coral.service#"
_FRAMEWORK_STATUS: Mapping[str, int] = {
    "InternalFailure": 500,
    "SerializationException": 400,
    "UnknownOperationException": 400,
}
_MESSAGES: Mapping[str, str] = {
    "AccessDeniedException": "You do not have sufficient access to perform this action.",
    "InternalServerException": "Something went wrong on our side.",
    "ResourceNotFoundException": "The resource does not exist.",
    "ThrottlingException": "Rate exceeded",
    "ValidationException": "The request is not valid.",
}
# Neither is part of what a token is bound to.
_PAGING = ("MaxResults", "NextToken")


@dataclass(frozen=True, slots=True)
class Service:
    """Answers requests, from several threads at once."""

    model: ServiceDescription
    store: Store
    tokens: TokenBook
    faults: FaultPlan
    recording: Recording
    window: RequestWindow
    seed: int

    def handle(self, request: Request) -> Reply:
        """Work out what a request is answered with, and note both."""
        headers = request.head.headers
        body = _parse(request.body)
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or None
        number = self.recording.begin(operation, headers, body, request.body)
        admitted = self.window.admit()
        effect = self.faults.effect_on(number)

        def real() -> Content:
            return self._content(request, body, number) if admitted else _THROTTLED

        reply = effect.reply(self._encode(_attempt(lambda: effect.content(real)), number))
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
        return _invalid(problems) if problems else self._page(body, number)

    def _page(self, body: Mapping[str, Any], number: int) -> Content:
        parameters = known_parameters(self.model.request, body)
        size = int(parameters.get("MaxResults", _DEFAULT_PAGE_SIZE))
        token: str | None = parameters.get("NextToken")
        for name in _PAGING:
            parameters.pop(name, None)
        listing = json.dumps(parameters, sort_keys=True)
        offset = 0 if token is None else self.tokens.read(listing, token)
        if offset is None:
            return EXPIRED_TOKEN
        records = self.store.listing(listing, parameters)
        end = offset + size

        def issue(position: int, edition: int) -> str:
            return self.tokens.issue(listing, position, edition=edition)

        return Page(
            records=tuple(record.data for record in records[offset:end]),
            next_token=issue(end, 0) if end < len(records) else None,
            offset=offset,
            size=size,
            token=token,
            number=number,
            issue=issue,
        )

    def _encode(self, content: Content, number: int) -> Answer:
        if isinstance(content, Failure):
            return self._encode_failure(content, number)
        if isinstance(content, Page):
            content = Raw(200, content.encode(), self.model.content_type)
        headers = self._headers(content.content_type, number) | dict(content.headers)
        return Answer(content.status, headers, content.body)

    def _encode_failure(self, failure: Failure, number: int) -> Answer:
        code = failure.code.rpartition("#")[2]
        known = self.model.errors.get(code)
        namespace = _FRAMEWORK if code in _FRAMEWORK_STATUS else _NAMESPACE
        message = _MESSAGES.get(code, code) if failure.message is None else failure.message
        body: dict[str, Any] = {
            "__type": failure.code if "#" in failure.code else namespace + code,
            "Message": message,
        }
        body |= known.defaults if known else {}
        body |= failure.members
        status = failure.status or (known.status if known else _FRAMEWORK_STATUS.get(code, 400))
        headers = self._headers(self.model.content_type, number) | dict(failure.headers)
        return Answer(status, headers, json.dumps(body, ensure_ascii=False).encode(), code)

    def _headers(self, content_type: str, number: int) -> dict[str, str]:
        digest = hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
        request_id = uuid.UUID(bytes=digest[:16], version=4)
        return {"Content-Type": content_type, "x-amzn-RequestId": str(request_id)}


_THROTTLED = Failure("ThrottlingException")


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
