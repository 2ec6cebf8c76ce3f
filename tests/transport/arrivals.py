"""A Partner Central in a process of its own, which records when requests arrive.

Linux stamps what arrives in the kernel, so that neither this process nor the machine's load can
make requests look as if they had come together. A request arrives with its last byte.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import itertools
import json
import selectors
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

SO_TIMESTAMPNS = 35
THROTTLED = b'{"__type":"ThrottlingException","Message":"too fast"}'
PAGE = b'{"OpportunitySummaries":[]}'


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The measurements of the server."""

    times: list[float]
    throttled: int

    @property
    def most_in_a_second(self) -> int:
        times = sorted(self.times)
        return max(number - bisect_right(times, end - 1.0) for number, end in enumerate(times, 1))

    @property
    def per_second(self) -> float:
        return (len(self.times) - 1) / (max(self.times) - min(self.times))


class ArrivalServer:
    """The server, from outside."""

    def __init__(self, url: str) -> None:
        self.url = url

    def arrivals(self) -> Arrivals:
        with urllib.request.urlopen(f"{self.url}/arrivals") as response:  # noqa: S310 # loopback
            return Arrivals(**json.load(response))


@contextlib.contextmanager
def arrival_server(quota: int, *, stall: float = 0.0) -> Iterator[ArrivalServer]:
    """Start one, and end it.

    Args:
        quota: Requests in any second; those beyond are throttled.
        stall: Seconds from the first request in which the server sends no response.
    """
    command = [sys.executable, __file__, str(quota), str(stall)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield ArrivalServer(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


class _Server:
    def __init__(self, quota: int, stall: float) -> None:
        self._quota, self._stall = quota, stall
        self._times: list[float] = []
        self._throttled = 0
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._received: dict[socket.socket, bytes] = {}
        self._due: list[tuple[float, int, socket.socket, bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        if sys.platform == "linux":
            self._listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def serve(self) -> None:
        print(self._listener.getsockname()[1], flush=True)
        while True:
            wait = max(0.0, self._due[0][0] - time.time()) if self._due else None
            for key, _ in self._selector.select(wait):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    self._receive(key.fileobj)
            while self._due and self._due[0][0] <= time.time():
                _, _, connection, response = heapq.heappop(self._due)
                with contextlib.suppress(OSError):
                    connection.sendall(response)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        self._selector.register(connection, selectors.EVENT_READ)
        self._received[connection] = b""

    def _receive(self, connection: socket.socket) -> None:
        try:
            data, stamps, _, _ = connection.recvmsg(1 << 16, 1024)
        except OSError:
            data, stamps = b"", []
        arrived_at = time.time()
        for _, kind, stamp in stamps:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("ll", stamp[:16])
                arrived_at = seconds + nanoseconds * 1e-9
        if not data:
            self._selector.unregister(connection)
            del self._received[connection]
            connection.close()
            return
        self._received[connection] += data
        head, end, body = self._received[connection].partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
        length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
        if end and len(body) >= length:
            self._received[connection] = b""
            self._respond(connection, head.startswith(b"GET"), arrived_at)

    def _respond(self, connection: socket.socket, is_for_arrivals: bool, arrived_at: float) -> None:
        status, body, due = 200, PAGE, 0.0
        if is_for_arrivals:
            body = json.dumps({"times": self._times, "throttled": self._throttled}).encode()
        else:
            last = sorted(self._times)[-self._quota :]
            self._times.append(arrived_at)
            due = self._times[0] + self._stall
            if len(last) == self._quota and last[0] > arrived_at - 1.0:
                status, body = 400, THROTTLED
                self._throttled += 1
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        heapq.heappush(self._due, (due, next(self._numbers), connection, head.encode() + body))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("quota", type=int)
    parser.add_argument("stall", type=float)
    arguments = parser.parse_args()
    _Server(arguments.quota, arguments.stall).serve()
