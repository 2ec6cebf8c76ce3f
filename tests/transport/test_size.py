"""No response is read beyond its bound, whatever it says of itself."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from partnercentral_list import (
    ClientConfig,
    ConfigurationError,
    MalformedResponseError,
    PartnerCentralError,
    RequestFailed,
    ServiceError,
    ValidationException,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import ONCE, MakeClient
from tests.transport.raw import page, read_request, responding

SMALL = ClientConfig(max_response_bytes=1_000)
BODY = b'{"OpportunitySummaries": [], "Canary": 1}'


@asynccontextmanager
async def streaming(status: int) -> AsyncIterator[tuple[int, list[int]]]:
    """Send chunks until the client closes; yields the port and the bytes sent."""
    sent: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))
    piece = b" " * 65_536

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            read_request(connection)
            head = f"HTTP/1.1 {status} Status\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head.encode())
            try:
                while sum(sent) < 200_000_000:
                    connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                    sent.append(len(piece))
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], sent
    finally:
        await asyncio.to_thread(thread.join)
        listener.close()


async def test_a_page_that_announces_too_much_is_not_read(make_client: MakeClient) -> None:
    announcing = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n" + BODY
    events: list[object] = []
    with responding(announcing) as (port, requests):
        url = f"http://127.0.0.1:{port}"
        client = make_client(url, config=SMALL, on_event=events.append)
        with pytest.raises(MalformedResponseError, match="1000 bytes of ClientConfig") as caught:
            await client.list_opportunities()
    assert not caught.value.retryable
    assert len(requests) == 1
    (failed,) = [event for event in events if isinstance(event, RequestFailed)]
    assert failed.http_status == 200


async def test_a_page_without_an_end_is_read_up_to_the_bound(make_client: MakeClient) -> None:
    async with streaming(200) as (port, sent):
        client = make_client(f"http://127.0.0.1:{port}", config=SMALL)
        with pytest.raises(MalformedResponseError, match="max_response_bytes"):
            await client.list_opportunities()
    assert sum(sent) < 20_000_000


@pytest.mark.parametrize("spare", [0, 1])
async def test_a_page_as_long_as_is_allowed_is_read(make_client: MakeClient, spare: int) -> None:
    config = ClientConfig(max_response_bytes=len(BODY) + spare)
    with responding(page(BODY)) as (port, _):
        response = await make_client(f"http://127.0.0.1:{port}", config=config).list_opportunities()
    assert response.opportunity_summaries == ()


async def test_a_page_one_byte_longer_than_is_allowed_is_refused(make_client: MakeClient) -> None:
    config = ClientConfig(max_response_bytes=len(BODY) - 1)
    with (
        responding(page(BODY)) as (port, _),
        pytest.raises(MalformedResponseError, match="max_response_bytes"),
    ):
        await make_client(f"http://127.0.0.1:{port}", config=config).list_opportunities()


async def test_a_compressed_page_is_never_inflated(make_client: MakeClient) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    with (
        responding(head.encode() + bomb) as (port, _),
        pytest.raises(MalformedResponseError, match=f"{len(bomb)} bytes"),
    ):
        await make_client(f"http://127.0.0.1:{port}", retry=ONCE).list_opportunities()


@pytest.mark.parametrize("status", [400, 503])
async def test_an_error_without_an_end_goes_by_its_status(
    make_client: MakeClient, status: int
) -> None:
    async with streaming(status) as (port, sent):
        with pytest.raises(ServiceError) as caught:
            await make_client(f"http://127.0.0.1:{port}", retry=ONCE).list_opportunities()
    assert caught.value.code == f"HTTP {status}"
    assert caught.value.retryable is (status == 503)
    assert sum(sent) < 20_000_000


async def test_an_error_of_200_megabytes_is_neither_read_nor_shown(make_client: MakeClient) -> None:
    head = b"HTTP/1.1 503 Status\r\nContent-Length: 200000000\r\n\r\n"
    body = b'{"__type": "InternalServerException", "Message": "Canary'
    with (
        responding(head + body) as (port, _),
        pytest.raises(ServiceError, match="HTTP 503") as caught,
    ):
        await make_client(f"http://127.0.0.1:{port}", retry=ONCE).list_opportunities()
    assert caught.value.retryable
    assert "Canary" not in "".join(traceback.format_exception(caught.value))


async def test_long_texts_of_an_error_are_cut(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    long = "x" * 3_000
    entries = [{"FieldName": long, "Message": long, "Code": long}]
    members = {"Reason": long, "ErrorList": entries}
    emulator.fail(Fault.error("ValidationException", long, members=members))
    with pytest.raises(ValidationException) as caught:
        await make_client(emulator).list_opportunities()
    error = caught.value
    assert error.message == f"{'x' * 1_000}… (3000 characters)"
    (entry,) = error.error_list
    for text in (error.reason, entry.field_name, entry.message, entry.code):
        assert text == error.message
    assert len(str(error)) < 2_000


async def test_the_text_of_an_error_shows_ten_fields_and_counts_the_others(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    entries = [{"FieldName": f"F{i}", "Message": "no", "Code": "C"} for i in range(1_000)]
    emulator.fail(Fault.error("ValidationException", "no", members={"ErrorList": entries}))
    with pytest.raises(ValidationException) as caught:
        await make_client(emulator).list_opportunities()
    assert len(caught.value.error_list) == 1_000
    lines = str(caught.value).splitlines()
    assert lines[-2] == "  F9: no [C]"
    assert lines[-1] == "  … and 990 more"


async def test_ten_fields_are_shown_without_a_count(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    entries = [{"FieldName": f"F{i}", "Message": "no", "Code": "C"} for i in range(10)]
    emulator.fail(Fault.error("ValidationException", "no", members={"ErrorList": entries}))
    with pytest.raises(ValidationException) as caught:
        await make_client(emulator).list_opportunities()
    assert str(caught.value).splitlines()[-1] == "  F9: no [C]"


@pytest.mark.parametrize("status", [200, 400])
async def test_a_long_request_id_is_cut_in_the_text(make_client: MakeClient, status: int) -> None:
    head = f"HTTP/1.1 {status} Status\r\nContent-Length: 2\r\nx-amzn-RequestId: "
    with responding(head.encode() + b"r" * 7_000 + b"\r\n\r\n{}") as (port, _):
        client = make_client(f"http://127.0.0.1:{port}", retry=ONCE)
        with pytest.raises(PartnerCentralError) as caught:
            await client.list_opportunities()
    assert caught.value.request_id == "r" * 7_000
    assert f"(request id {'r' * 100}…)" in str(caught.value)
    assert len(str(caught.value)) < 500


async def test_a_code_longer_than_any_of_awss_is_none(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    body = json.dumps({"__type": "X" * 5_000, "Message": "no"}).encode()
    emulator.fail(Fault.http(400, body))
    with pytest.raises(ServiceError) as caught:
        await make_client(emulator).list_opportunities()
    assert caught.value.code == "HTTP 400"


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "1"])
def test_a_bound_that_is_no_number_of_bytes_is_refused(wrong: int) -> None:
    with pytest.raises(ConfigurationError, match=r"ClientConfig\.max_response_bytes must be"):
        ClientConfig(max_response_bytes=wrong)
