"""The server: its start and stop, its HTTP, its quota, and its request log."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.emulator.calls import TARGET, Arrival, Caller, calling


@pytest.fixture
def sock(emulator: PartnerCentralEmulator) -> Iterator[socket.socket]:
    port = int(emulator.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connected:
        yield connected


def read_all(sock: socket.socket) -> bytes:
    received = b""
    while chunk := sock.recv(65_536):
        received += chunk
    return received


def post(
    body: bytes, *headers: str, version: str = "1.1", hosts: tuple[str, ...] = ("localhost",)
) -> bytes:
    named = [f"Host: {host}" for host in hosts]
    lines = [f"POST / HTTP/{version}", f"X-Amz-Target: {TARGET}", *named, *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def test_stop_leaves_no_thread_whatever_the_connections_do() -> None:
    before = set(threading.enumerate())
    arrival = Arrival()
    emulator = arrival.watch()
    emulator.start()
    port = int(emulator.url.rpartition(":")[2])
    with calling(emulator) as idle, socket.create_connection(("127.0.0.1", port)) as hanging:
        idle.fetch()
        arrival.wait()
        emulator.fail(Fault.hang())
        hanging.sendall(post(b"{}"))
        arrival.wait()
        assert len(threading.enumerate()) == len(before) + 3
        emulator.stop()
        assert set(threading.enumerate()) == before


def test_stop_does_not_wait_for_the_latency() -> None:
    arrival = Arrival()
    emulator = arrival.watch(latency=3600.0)
    emulator.start()
    with ThreadPoolExecutor(1) as pool, calling(emulator) as caller:
        response = pool.submit(caller.fetch)
        arrival.wait()
        emulator.stop()
        assert isinstance(response.exception(), ConnectionError)


def test_with_latency_there_is_a_response_too() -> None:
    with PartnerCentralEmulator(1, latency=0.001) as emulator, calling(emulator) as caller:
        assert caller.fetch().status == 200


def test_start_and_stop_twice_are_once() -> None:
    emulator = PartnerCentralEmulator(1)
    emulator.start()
    url = emulator.url
    emulator.start()
    assert emulator.url == url
    emulator.stop()
    emulator.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = emulator.url


def test_stop_lets_go_of_the_port() -> None:
    with PartnerCentralEmulator(1) as emulator:
        port = int(emulator.url.rpartition(":")[2])
    with PartnerCentralEmulator(1, port=port) as again:
        assert again.url == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_an_os_error(emulator: PartnerCentralEmulator) -> None:
    port = int(emulator.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        PartnerCentralEmulator(1, port=port).start()


async def test_it_runs_in_an_async_with_too() -> None:
    async with PartnerCentralEmulator(1) as emulator:
        with calling(emulator) as caller:
            assert (await asyncio.to_thread(caller.fetch)).status == 200
    with pytest.raises(RuntimeError):
        _ = emulator.url


def test_a_page_editor_may_stop_the_emulator() -> None:
    emulator = PartnerCentralEmulator(1)

    def stop(page: dict[str, object]) -> dict[str, object]:
        emulator.stop()
        return page

    emulator.fail(Fault.edit_page(stop))
    emulator.start()
    with calling(emulator) as caller, pytest.raises(ConnectionError):
        caller.fetch()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_an_impossible_port_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        PartnerCentralEmulator(port=port)


@pytest.mark.parametrize("latency", [-1.0, float("inf"), float("nan")])
def test_an_impossible_latency_is_refused(latency: float) -> None:
    with pytest.raises(ValueError, match="latency"):
        PartnerCentralEmulator(latency=latency)


def test_botocore_is_not_imported_before_the_first_start() -> None:
    script = (
        "import sys, partnercentral_list.emulator as emulator\n"
        "running = emulator.PartnerCentralEmulator(5)\n"
        "assert 'botocore' not in sys.modules\n"
        "with running: assert 'botocore' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_connections_are_kept_alive(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    caller.fetch()
    first = caller.connection.sock
    caller.fetch()
    assert caller.connection.sock is first


def test_concurrent_clients_get_their_own_responses(emulator: PartnerCentralEmulator) -> None:
    ids = [record["Id"] for record in emulator.opportunities][:40]

    def fetch(identifier: str) -> list[str]:
        with calling(emulator) as caller:
            return caller.fetch(Identifier=[identifier]).ids

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fetch, ids)) == [[identifier] for identifier in ids]
    assert [request.number for request in emulator.requests] == list(range(1, 41))


def test_a_response_has_the_headers_of_the_service(caller: Caller) -> None:
    headers = caller.fetch().headers
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-amzn-requestid"])
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])


def test_request_ids_are_repeatable_and_unique() -> None:
    ids: list[str] = []
    for _ in range(2):
        with PartnerCentralEmulator(1) as emulator, calling(emulator) as caller:
            ids += [caller.fetch().headers["x-amzn-requestid"] for _ in range(2)]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]


def test_connection_close_is_honored(sock: socket.socket) -> None:
    sock.sendall(post(b'{"Catalog":"AWS","MaxResults":1}', "Connection: close"))
    assert b"Connection: close" in read_all(sock).partition(b"\r\n\r\n")[0]


def test_http_1_0_is_closed_after_the_response(sock: socket.socket) -> None:
    sock.sendall(post(b"{}", version="1.0"))
    assert read_all(sock).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_waits_for_a_continue_gets_one(sock: socket.socket) -> None:
    request = post(b"{}", "Expect: 100-continue", "Connection: close")
    sock.sendall(request[:-2])
    assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    sock.sendall(b"{}")
    assert read_all(sock).startswith(b"HTTP/1.1 400 ")


def test_pipelined_requests_get_their_responses_in_order(sock: socket.socket) -> None:
    sock.sendall(b"\r\n" + post(b"[]") + post(b"{}", "Connection: close"))
    responses = read_all(sock)
    assert responses.index(b"SerializationException") < responses.index(b"ValidationException")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\n" + b"x: y\r\n" * 200, 431),
        (b"x" * 65_537, 414),
        (b"POST /\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nno colon\r\nX-A: 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n X-A: 1\r\nHost: localhost\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    ],
)
def test_an_invalid_request_is_refused_and_the_connection_closed(
    emulator: PartnerCentralEmulator, sock: socket.socket, data: bytes, status: int
) -> None:
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    assert read_all(sock).startswith(f"HTTP/1.1 {status} ".encode())
    assert emulator.requests == []


REBOUND = [
    "rebind.example",
    "rebind.example:8765",
    "127.0.0.1.rebind.example",
    "localhost.rebind.example:80",
    "127.0.0.2",
    "127.1",
    "[::2]:80",
    "[::1].rebind.example",
    "localhost@rebind.example",
    "",
]


@pytest.mark.parametrize("host", REBOUND)
def test_another_host_is_refused(
    emulator: PartnerCentralEmulator, sock: socket.socket, host: str
) -> None:
    sock.sendall(post(b'{"Catalog":"AWS"}', "Connection: close", hosts=(host,)))
    head, _, body = read_all(sock).partition(b"\r\n\r\n")
    assert head.split()[1] in (b"421", b"400")
    assert b"OpportunitySummaries" not in body
    assert emulator.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LocalHost:1", "[::1]:8765"])
def test_this_machines_own_names_are_served(sock: socket.socket, host: str) -> None:
    sock.sendall(post(b'{"Catalog":"AWS"}', "Connection: close", hosts=(host,)))
    assert read_all(sock).startswith(b"HTTP/1.1 200 ")


def test_a_host_that_is_allowed_is_served_and_named_where_it_is_not() -> None:
    request = post(b'{"Catalog":"AWS"}', "Connection: close", hosts=("Pipeline.Test:80",))
    for allowed, status in (([], 421), (["pipeline.test"], 200)):
        with PartnerCentralEmulator(1, allowed_hosts=allowed) as emulator:
            port = int(emulator.url.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connected:
                connected.sendall(request)
                response = read_all(connected)
        assert response.startswith(f"HTTP/1.1 {status} ".encode())
        assert (b"'pipeline.test'" in response and b"allowed_hosts" in response) == (status == 421)


@pytest.mark.parametrize(
    "hosts",
    ["localhost", ["http://pipeline.test"], ["pipeline.test:80"], [""], ["a b"], ["*/"], [None]],
    ids=str,
)
def test_allowed_hosts_must_be_host_names(hosts: Any) -> None:
    with pytest.raises(ValueError, match="allowed_hosts"):
        PartnerCentralEmulator(1, allowed_hosts=hosts)


def test_out_of_descriptors_the_server_waits_before_it_accepts_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    accept, wait = socket.socket.accept, threading.Event.wait

    def failing(sock: socket.socket) -> tuple[socket.socket, Any]:
        done.append("accept")
        if done.count("accept") <= 5:
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(sock)

    def waiting(event: threading.Event, timeout: float | None = None) -> bool:
        serving = threading.current_thread().name.startswith("partner-central-")
        if serving and timeout is not None and timeout > 0:
            done.append("wait")
            return event.is_set()
        return wait(event, timeout)

    monkeypatch.setattr(socket.socket, "accept", failing)
    monkeypatch.setattr(threading.Event, "wait", waiting)
    with PartnerCentralEmulator(1) as emulator, calling(emulator) as caller:
        assert caller.fetch().status == 200
    assert done[:11] == ["accept", "wait"] * 5 + ["accept"]


def test_out_of_threads_a_client_is_dropped_and_the_next_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, refused = threading.Thread.start, [True]

    def failing(thread: threading.Thread) -> None:
        if thread.name.endswith("-client") and refused:
            refused.pop()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", failing)
    with PartnerCentralEmulator(1) as emulator:
        with calling(emulator) as caller, pytest.raises(ConnectionError):
            caller.fetch()
        with calling(emulator) as caller:
            assert caller.fetch().status == 200


def test_the_response_to_an_invalid_request_has_the_emulators_date() -> None:
    with PartnerCentralEmulator(1, clock=lambda: 1_800_000_000.0) as emulator:
        port = int(emulator.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connected:
            connected.sendall(b"nonsense\r\n\r\n")
            assert b"Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n" in read_all(connected)


def test_a_response_to_head_has_no_body(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    response = caller.send(b"", method="HEAD")
    assert (response.status, response.raw) == (405, b"")
    assert int(response.headers["content-length"]) > 0
    assert caller.fetch().status == 200
    assert [request.status for request in emulator.requests] == [405, 200]


def test_an_incomplete_request_is_dropped(
    emulator: PartnerCentralEmulator, sock: socket.socket
) -> None:
    sock.sendall(post(b"{}")[:-1])
    sock.shutdown(socket.SHUT_WR)
    assert read_all(sock) == b""
    assert emulator.requests == []


def test_each_request_is_logged_with_its_response(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    body = b'{"Catalog": "AWS", "MaxResults": 1}'
    caller.send(body, headers={"X-Amz-Target": TARGET, "X-Amzn-User-Agent": "A|B"})
    caller.send(b"[]", headers={"X-Two": "1"})
    first, second = emulator.requests
    assert (first.number, first.operation) == (1, "ListOpportunities")
    assert (first.body, first.raw_body) == ({"Catalog": "AWS", "MaxResults": 1}, body)
    assert first.headers["x-amzn-user-agent"] == "A|B"
    assert (first.status, first.error_code) == (200, None)
    assert (second.number, second.operation, second.body) == (2, None, None)
    assert (second.status, second.error_code) == (400, "UnknownOperationException")


def test_headers_sent_twice_are_joined(
    emulator: PartnerCentralEmulator, sock: socket.socket
) -> None:
    sock.sendall(post(b"{}", "X-A: 1", "X-A: 2", "Connection: close"))
    read_all(sock)
    assert emulator.requests[0].headers["x-a"] == "1, 2"


def test_the_body_is_not_in_the_repr_twice(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    caller.fetch()
    assert "raw_body" not in repr(emulator.requests[0])


def test_the_list_of_requests_is_a_copy(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    caller.fetch()
    emulator.requests.clear()
    assert len(emulator.requests) == 1


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_requests_above_the_quota_are_throttled_in_any_window_of_a_second() -> None:
    clock = Clock()
    emulator = PartnerCentralEmulator(1, requests_per_second=2, clock=clock)
    statuses: list[int] = []
    with emulator, calling(emulator) as caller:
        for clock.now in (0.0, 0.9, 0.95, 1.0, 1.5, 1.95):
            statuses.append(caller.fetch().status)
        refused = emulator.requests[2]
    assert statuses == [200, 200, 400, 200, 400, 200]
    assert refused.error_code == "ThrottlingException"


def test_a_quota_below_one_widens_the_window() -> None:
    clock = Clock()
    emulator = PartnerCentralEmulator(1, requests_per_second=0.5, clock=clock)
    statuses: list[int] = []
    with emulator, calling(emulator) as caller:
        for clock.now in (0.0, 1.5, 2.0):
            statuses.append(caller.fetch().status)
    assert statuses == [200, 400, 200]


def test_a_fraction_of_a_quota_lets_no_more_through_in_a_second() -> None:
    clock = Clock()
    emulator = PartnerCentralEmulator(1, requests_per_second=1.5, clock=clock)
    statuses: list[int] = []
    with emulator, calling(emulator) as caller:
        for clock.now in (0.0, 0.1, 0.7, 1.3, 1.34, 1.4, 1.44):
            statuses.append(caller.fetch().status)
    # Two in any four thirds of a second.
    assert statuses == [200, 200, 400, 400, 200, 400, 200]


@pytest.mark.parametrize("number", [0, -1, float("inf"), float("nan")])
def test_an_invalid_quota_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="requests_per_second"):
        PartnerCentralEmulator(requests_per_second=number)
