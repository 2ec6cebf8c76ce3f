"""What the emulator was asked: one RecordedRequest for each request that arrived."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it arrived, and what became of it.

    Attributes:
        number: 1 for the first request of this emulator; counts on over stop and start.
        operation: The name in ``X-Amz-Target``, or None if there is none.
        headers: The request's headers, their names in lower case.
        body: The parsed JSON object, or None if the body is something else.
        raw_body: The body's bytes.
        status: The HTTP status sent; None while there is no answer, and when the connection was
            cut before the answer was whole.
        error_code: The error's code, such as ``ThrottlingException``; None if it is no error.
    """

    number: int
    operation: str | None
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    raw_body: bytes = field(repr=False)
    status: int | None = None
    error_code: str | None = None


class Recording:
    """The requests of one emulator, in the order in which they arrived."""

    def __init__(self) -> None:
        self._requests: list[RecordedRequest] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._requests)

    def begin(
        self,
        operation: str | None,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
        raw_body: bytes,
    ) -> int:
        """Note a request that has arrived, and give its number."""
        with self._lock:
            number = len(self._requests) + 1
            self._requests.append(RecordedRequest(number, operation, headers, body, raw_body))
            return number

    def finish(self, number: int, status: int | None, error_code: str | None) -> None:
        """Note what a request is answered with."""
        with self._lock:
            done = replace(self._requests[number - 1], status=status, error_code=error_code)
            self._requests[number - 1] = done

    def snapshot(self) -> list[RecordedRequest]:
        """Give the requests so far."""
        with self._lock:
            return list(self._requests)
