"""One client's connection: requests in, answers out, and the ways in which it can break."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Callable
from typing import BinaryIO

from partnercentral_list.emulator._effects import Reply
from partnercentral_list.emulator._http import (
    CONTINUE,
    BadRequestError,
    Request,
    RequestHead,
    encode_head,
    read_body,
    read_head,
)

# l_onoff, l_linger: closing sends RST instead of FIN, and drops what was not sent.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection:
    """Reads and answers requests, one after the other, until somebody has had enough."""

    def __init__(
        self,
        sock: socket.socket,
        handle: Callable[[Request], Reply],
        latency: float,
        stopping: threading.Event,
        *,
        hosts: frozenset[str],
    ) -> None:
        """Take over an accepted socket.

        Args:
            sock: The socket, which ``run`` closes.
            handle: Works out what a request is answered with.
            latency: Seconds to wait before each answer.
            stopping: Set when there is nothing more to wait for.
            hosts: The names that requests may be addressed to, in lower case.
        """
        self._socket = sock
        self._handle = handle
        self._latency = latency
        self._stopping = stopping
        self._hosts = hosts

    def run(self) -> None:
        """Serve the client until it goes away, the connection breaks or is interrupted."""
        # The socket is closed for good only when the stream made from it is closed too.
        with contextlib.suppress(OSError), self._socket, self._socket.makefile("rb") as stream:
            self._socket.setblocking(True)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while self._serve_one(stream):
                    pass
            except BadRequestError as error:
                self._refuse(error)

    def interrupt(self) -> None:
        """Wake the thread that serves this connection, whatever it waits for."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _serve_one(self, stream: BinaryIO) -> bool:
        request = self._read(stream)
        if request is None or self._stopping.is_set():
            return False
        reply = self._handle(request)
        if self._latency and self._stopping.wait(self._latency):
            return False
        return self._send(reply, keep_alive=request.head.keep_alive)

    def _read(self, stream: BinaryIO) -> Request | None:
        head = read_head(stream)
        if head is None:
            return None
        self._check_host(head)
        if head.expects_continue:
            self._socket.sendall(CONTINUE)
        return read_body(stream, head)

    def _check_host(self, head: RequestHead) -> None:
        # A page on the web can let a name of its own lead here, and read what is answered to it;
        # the name is then still in the header.
        host = head.host
        if host is not None and host not in self._hosts:
            raise BadRequestError(
                421,
                f"This emulator does not serve the host {host!r}. Give the names that lead to it "
                "as allowed_hosts, or --allowed-host on the command line.\n",
            )

    def _send(self, reply: Reply, *, keep_alive: bool) -> bool:
        answer = reply.answer
        head = encode_head(answer.status, answer.headers, len(answer.body), keep_alive=keep_alive)
        if reply.cut == "never answered":
            self._drain()
        elif reply.cut == "before":
            self._send_and_reset(b"")
        elif reply.cut == "during":
            self._send_and_reset(head + answer.body[: len(answer.body) // 2])
        elif reply.cut == "after":
            self._send_and_reset(head + answer.body)
        else:
            # Head and body in one go: in two, Nagle and a delayed ACK cost 40 ms.
            self._send_all(head + answer.body, reply)
            if keep_alive:
                return True
            self._finish()
        return False

    def _send_all(self, data: bytes, reply: Reply) -> None:
        if reply.chunk is None:
            self._socket.sendall(data)
            return
        for start in range(0, len(data), reply.chunk):
            if start and self._stopping.wait(reply.delay):
                return
            self._socket.sendall(data[start : start + reply.chunk])

    def _send_and_reset(self, data: bytes) -> None:
        self._socket.sendall(data)
        self._await_delivery()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    def _await_delivery(self) -> None:
        # RST would take along what the client's window had no room for yet. With this option a
        # socket is writable only when nothing is left to send.
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 1)
            with selectors.DefaultSelector() as selector:
                selector.register(self._socket, selectors.EVENT_WRITE)
                selector.select()

    def _refuse(self, error: BadRequestError) -> None:
        body = str(error).encode()
        headers = {"Content-Type": "text/plain"}
        self._socket.sendall(encode_head(error.status, headers, len(body), keep_alive=False) + body)
        self._finish()

    def _finish(self) -> None:
        # Closing with unread data would reset the connection before the client has its answer.
        self._socket.shutdown(socket.SHUT_WR)
        self._drain()

    def _drain(self) -> None:
        while self._socket.recv(65_536):
            pass
