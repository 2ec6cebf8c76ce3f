"""The HTTP server: a thread for each connection, and the delivery of faulty responses.

Requests are read by Python's own `http.server`, which shares no parser with aiohttp.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from partnercentral_list.emulator._messages import Delivery, HttpRequest, HttpResponse
from partnercentral_list.emulator._service import PartnerCentralService

HOST = "127.0.0.1"
LOCAL_HOSTS = frozenset({HOST, "localhost", "[::1]"})
_HOST_HEADER = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]/]+)(?P<port>:[0-9]*)?")
_HEADER_DEFECTS = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)
_MAX_BODY_BYTES = 16 * 1024 * 1024
# l_onoff, l_linger: closing sends RST instead of FIN, and drops what was not sent.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# Without a free descriptor the listener stays readable, and accepting fails at once: the server
# waits for others to close theirs.
_ACCEPT_BACKOFF_SECONDS = 0.05


def is_host(text: str) -> bool:
    """Return whether a text is a valid value of a Host header without a port."""
    found = _HOST_HEADER.fullmatch(text)
    return found is not None and found["port"] is None


class EmulatorServer(socketserver.TCPServer):
    """The HTTP server of an emulator; it serves from its creation until `stop`."""

    allow_reuse_address = os.name == "posix"
    request_queue_size = 512

    def __init__(
        self, port: int, service: PartnerCentralService, *, latency: float, hosts: frozenset[str]
    ) -> None:
        """Listen on a port of 127.0.0.1, for requests that name one of the hosts in lower case.

        Raises:
            OSError: The port is taken.
        """
        self.service = service
        self.latency = latency
        self.hosts = hosts
        self.stopping = threading.Event()
        # Reentrant: the collector may stop the emulator of a lost client in any of its threads.
        self._lock = threading.RLock()
        self._threads: dict[socket.socket, threading.Thread] = {}
        super().__init__((HOST, port), _RequestHandler)
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]
        try:
            self._wake_up, self._waker = socket.socketpair()
        except OSError:
            self.server_close()
            raise
        self._acceptor = threading.Thread(
            target=self._accept_all, name=f"partner-central-{self.port}", daemon=True
        )
        self._acceptor.start()

    def stop(self) -> None:
        """Cut every connection and wait for the threads, which takes as long as waking them."""
        self.stopping.set()
        self._waker.close()
        if self._acceptor is not threading.current_thread():
            self._acceptor.join()
        with self._lock:
            threads = dict(self._threads)
        for connection in threads:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads.values():
            # A function that edits pages may stop the emulator, from one of these threads.
            if thread is not threading.current_thread():
                thread.join()

    def _accept_all(self) -> None:
        # Not serve_forever: it notices a stop late, and spins while there is no descriptor.
        with self.socket, self._wake_up, selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._wake_up, selectors.EVENT_READ)
            while not self.stopping.is_set():
                selector.select()
                try:
                    self._start_thread(*self.socket.accept())
                except (BlockingIOError, ConnectionError):
                    # The client has disconnected, or the server is to stop.
                    continue
                except (OSError, RuntimeError):
                    # The system has no descriptor or no thread left.
                    self.stopping.wait(_ACCEPT_BACKOFF_SECONDS)

    def _start_thread(self, connection: socket.socket, address: tuple[str, int]) -> None:
        name = f"{self._acceptor.name}-client"
        arguments = (connection, address)
        thread = threading.Thread(target=self._serve, args=arguments, name=name, daemon=True)
        with self._lock:
            try:
                thread.start()
            except RuntimeError:
                connection.close()
                raise
            self._threads[connection] = thread

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        try:
            # Clients go away at any time, and faults break connections.
            with contextlib.suppress(OSError), connection:
                connection.setblocking(True)
                _RequestHandler(connection, address, self)
        finally:
            with self._lock:
                del self._threads[connection]


class _RequestHandler(BaseHTTPRequestHandler):
    """Reads the requests of one connection, and sends the responses."""

    protocol_version = "HTTP/1.1"
    # A request line without a version gets a response with a status line too.
    default_request_version = "HTTP/1.1"
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(message)s: %(explain)s\n"
    disable_nagle_algorithm = True
    raw_requestline: bytes
    _headers: Mapping[str, str]
    _length: int
    _is_reset = False

    def __init__(
        self, connection: socket.socket, address: tuple[str, int], server: EmulatorServer
    ) -> None:
        self._server = server
        super().__init__(connection, address, server)

    def parse_request(self) -> bool:
        """Read the head of a request, and return whether it can be served."""
        if self.raw_requestline in (b"\r\n", b"\n"):
            # A line end too many after the last body is to be forgiven, says RFC 9112.
            self.raw_requestline = self.rfile.readline(65_537)
        if not super().parse_request():
            return False
        self._headers = {
            name.lower(): ", ".join(map(str.strip, self.headers.get_all(name, [])))
            for name in self.headers
        }
        refusal = self._refusal()
        if refusal is not None:
            self.send_error(refusal[0], explain=refusal[1])
        return refusal is None

    def do_POST(self) -> None:
        """Serve one request, whatever its method: the service decides."""
        body = self.rfile.read(self._length)
        if len(body) < self._length or self._server.stopping.is_set():
            self.close_connection = True
            return
        request = HttpRequest(self.command, self.path, self._headers, body)
        response, delivery = self._server.service.respond(request)
        if self._server.latency and self._server.stopping.wait(self._server.latency):
            self.close_connection = True
            return
        self._deliver(response, delivery)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 # http.server's

    def finish(self) -> None:
        """End the connection."""
        if not self._is_reset:
            # Closing with unread data would reset it before the client has its response.
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_WR)
                self._drain()
        super().finish()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the emulator's time, for responses to what is not a request."""
        return self._server.service.date()

    def version_string(self) -> str:
        """Return the name of the server, for responses to what is not a request."""
        return "PartnerCentralEmulator"

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: the requests are in the emulator's log."""

    def _refusal(self) -> tuple[HTTPStatus, str] | None:
        if any(isinstance(defect, _HEADER_DEFECTS) for defect in self.headers.defects):
            return HTTPStatus.BAD_REQUEST, "a header without a colon"
        if "transfer-encoding" in self._headers:
            return HTTPStatus.LENGTH_REQUIRED, "a request needs a Content-Length"
        length = self._headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.BAD_REQUEST, "Content-Length is not a number"
        if len(length) > 18 or int(length) > _MAX_BODY_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long"
        self._length = int(length)
        return self._host_refusal()

    def _host_refusal(self) -> tuple[HTTPStatus, str] | None:
        host = self._headers.get("host")
        if host is None and self.request_version == "HTTP/1.0":
            return None
        # Two of them are joined by a comma, which no host has.
        found = _HOST_HEADER.fullmatch(host or "")
        if found is None:
            return HTTPStatus.BAD_REQUEST, "a request needs one Host"
        if found["name"].lower() in self._server.hosts:
            return None
        # A web page can resolve a name of its own to 127.0.0.1, and read the responses.
        return (
            HTTPStatus.MISDIRECTED_REQUEST,
            f"this emulator does not serve the host '{found['name'].lower()}'. Add the names that"
            " lead to it to allowed_hosts, or with --allowed-host on the command line.",
        )

    def _deliver(self, response: HttpResponse, delivery: Delivery) -> None:
        head = self._encode_head(response)
        body = b"" if self.command == "HEAD" else response.body
        if delivery.interruption is None:
            self._send(head + body, delivery)
        elif delivery.interruption == "no response":
            self.close_connection = True
            self._drain()
        else:
            sent = {"before": b"", "during": head + body[: len(body) // 2], "after": head + body}
            self.connection.sendall(sent[delivery.interruption])
            self._reset()

    def _encode_head(self, response: HttpResponse) -> bytes:
        phrase, _ = self.responses.get(response.status, ("Unknown", ""))
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines.append(f"Content-Length: {len(response.body)}")
        lines.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _send(self, data: bytes, delivery: Delivery) -> None:
        size = delivery.chunk or len(data)
        for start in range(0, len(data), size):
            if start and self._server.stopping.wait(delivery.delay):
                self.close_connection = True
                return
            self.connection.sendall(data[start : start + size])

    def _reset(self) -> None:
        # RST would take along what the client's window had no room for yet. With this option a
        # socket is writable only when nothing is left to send.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 1)
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection, selectors.EVENT_WRITE)
                selector.select()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._is_reset = self.close_connection = True

    def _drain(self) -> None:
        while self.connection.recv(65_536):
            pass
