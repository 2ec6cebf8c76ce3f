"""The socket side: a listener, one thread for each connection, and a stop that wakes them all."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable

from partnercentral_list.emulator._connection import Connection
from partnercentral_list.emulator._effects import Reply
from partnercentral_list.emulator._http import Request

HOST = "127.0.0.1"
_BACKLOG = 512
# Without a descriptor the listener stays readable, and accepting fails at once: it has to wait for
# others to close theirs.
_ACCEPT_BACKOFF_SECONDS = 0.05


class Server:
    """Serves from the moment it is made until it is closed."""

    def __init__(
        self,
        port: int,
        handle: Callable[[Request], Reply],
        latency: float,
        *,
        hosts: frozenset[str],
    ) -> None:
        """Listen on a port of 127.0.0.1.

        Args:
            port: The port, 0 for any that is free.
            handle: Works out the response to a request.
            latency: Seconds to wait before each response.
            hosts: The names that requests may be addressed to, in lower case.

        Raises:
            OSError: The port is taken.
        """
        self._handle = handle
        self._latency = latency
        self._hosts = hosts
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connections: dict[Connection, threading.Thread] = {}
        self._listener = socket.create_server((HOST, port), backlog=_BACKLOG)
        self._listener.setblocking(False)
        self._wake_up, self._waker = socket.socketpair()
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(
            target=self._accept_all, name=f"partner-central-{self.port}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Cut every connection and wait for the threads, which takes as long as waking them."""
        self._stopping.set()
        self._waker.close()
        self._thread.join()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            connection.interrupt()
        for thread in connections.values():
            # A function that edits pages may stop the emulator, from one of these threads.
            if thread is not threading.current_thread():
                thread.join()

    def _accept_all(self) -> None:
        with self._listener, self._wake_up, selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_up, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                if not self._accept_one():
                    self._stopping.wait(_ACCEPT_BACKOFF_SECONDS)

    def _accept_one(self) -> bool:
        """Serve one more client, and return whether there are the means to do so."""
        try:
            sock, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            # The client has gone again, or it was the stop that woke the thread.
            return True
        except OSError:
            return False
        try:
            self._serve(sock)
        except RuntimeError:
            # The system has no thread left.
            sock.close()
            return False
        return True

    def _serve(self, sock: socket.socket) -> None:
        connection = Connection(
            sock, self._handle, self._latency, self._stopping, hosts=self._hosts
        )
        thread = threading.Thread(
            target=self._run, args=(connection,), name=f"{self._thread.name}-client", daemon=True
        )
        with self._lock:
            self._connections[connection] = thread
            try:
                thread.start()
            except RuntimeError:
                del self._connections[connection]
                raise

    def _run(self, connection: Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                del self._connections[connection]
