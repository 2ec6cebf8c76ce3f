"""HTTP/1.1 as far as the emulator speaks it: reading a request, writing an answer's head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO

_MAX_LINE = 65_536
_MAX_HEADERS = 200
_MAX_BODY = 16 * 1024 * 1024
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]/]+)(?P<port>:[0-9]*)?")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BadRequestError(Exception):
    """What arrived is not a request that can be read.

    Attributes:
        status: The HTTP status to answer with before the connection is closed.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request without its body; header names and host are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    length: int
    keep_alive: bool
    host: str | None

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for a word before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request."""

    head: RequestHead
    body: bytes


def read_head(stream: BinaryIO) -> RequestHead | None:
    """Read a request up to its body; None if the client has closed the connection.

    Raises:
        BadRequestError: It is not HTTP/1, too long, or does not say how long its body is.
    """
    line = _read_line(stream)
    # A line end too many behind the last body is to be forgiven, says RFC 9112.
    if line == "\r\n":
        line = _read_line(stream)
    if not line:
        return None
    parts = line.split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(400, "not an HTTP/1 request")
    headers = _read_headers(stream)
    if "transfer-encoding" in headers:
        raise BadRequestError(411, "a request needs a Content-Length")
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if parts[2] != "HTTP/1.0" else "keep" in connection
    host = _host(headers, is_optional=parts[2] == "HTTP/1.0")
    return RequestHead(parts[0], parts[1], headers, _length(headers), keep_alive, host)


def read_body(stream: BinaryIO, head: RequestHead) -> Request | None:
    """Read the body that a head has announced; None if the client has gone."""
    body = stream.read(head.length)
    return Request(head, body) if len(body) == head.length else None


def is_host(text: str) -> bool:
    """Return whether a text is a host as a request names it, without a port."""
    found = _HOST.fullmatch(text)
    return found is not None and found["port"] is None


def encode_head(status: int, headers: Mapping[str, str], length: int, *, keep_alive: bool) -> bytes:
    """Write a response's status line and headers, ``Content-Length`` included."""
    lines = [f"HTTP/1.1 {status} {_phrase(status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {length}", f"Connection: {'keep-alive' if keep_alive else 'close'}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _read_line(stream: BinaryIO) -> str:
    line = stream.readline(_MAX_LINE + 1)
    if len(line) > _MAX_LINE:
        raise BadRequestError(431, "a line of the request is too long")
    return line.decode("latin-1")


def _read_headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = _read_line(stream)
        if line in ("\r\n", "\n", ""):
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError(400, "a header without a colon")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise BadRequestError(431, "too many headers")


def _host(headers: Mapping[str, str], *, is_optional: bool) -> str | None:
    text = headers.get("host")
    if text is None and is_optional:
        return None
    found = _HOST.fullmatch(text or "")
    if found is None:
        raise BadRequestError(400, "a request needs one Host")
    return found["name"].lower()


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequestError(400, "Content-Length is not a number")
    if len(text) > 18 or int(text) > _MAX_BODY:
        raise BadRequestError(413, "the request is too long")
    return int(text)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
