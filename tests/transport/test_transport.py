"""Failures below HTTP: no response, a broken one, or TLS that cannot be trusted."""

from __future__ import annotations

import socket
import ssl
import traceback
from pathlib import Path

import pytest

from partnercentral_list import ClientConfig, ServiceError, TransportError
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import ONCE, MakeClient
from tests.transport.raw import page, responding

# Self-signed, for 127.0.0.1 and localhost, valid for a hundred years; made for these tests.
CERTIFICATE = Path(__file__).parent / "localhost.pem"

CANARY = b'{"CompanyName": "Canary Ltd"}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "response",
    [
        CHUNKED + CANARY + b"\r\n",
        CHUNKED + b"5\r\n" + CANARY + b"\r\n",
        b"HTTP/1.1 " + CANARY + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + CANARY + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + CANARY,
        b"",
    ],
    ids=["chunk size", "chunk end", "status line", "header", "short", "nothing"],
)
async def test_a_broken_response_is_retryable_and_shows_nothing_of_itself(
    make_client: MakeClient, response: bytes
) -> None:
    with responding(response) as (port, _):
        client = make_client(f"http://127.0.0.1:{port}", retry=ONCE)
        with pytest.raises(TransportError) as caught:
            await client.list_opportunities()
    assert caught.value.retryable
    assert "Canary" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"12",
        b'"Canary"',
        b"\xff\xfeCanary",
        b'{"__type": 5}',
        b'{"__type": ["Canary"]}',
        b'{"__type": "ValidationException", "Message": "no", "ErrorList": [1]}',
        b'{"__type": "ValidationException", "Message": "no", "ErrorList": {"a": 1}}',
        b'{"__type": "ValidationException", "Message": "no", "ErrorList": "Canary"}',
        b'{"__type": "AccessDeniedException", "Reason": ["Canary"]}',
        b'{"__type": "ValidationException", "ErrorList": [{"FieldName": 5, "Message": "no"}]}',
        '{"message": "Canary"}'.encode("utf-16"),
        b"\xef\xbb\xbf" + b'{"message": "Canary"}',
        b"[" * 100_000,
        b"",
    ],
    ids=range(16),
)
@pytest.mark.parametrize("status", [400, 503])
async def test_an_error_that_is_none_of_awss_is_a_service_error_by_its_status(
    make_client: MakeClient, emulator: PartnerCentralEmulator, body: bytes, status: int
) -> None:
    emulator.fail(Fault.http(status, body))
    with pytest.raises(ServiceError) as caught:
        await make_client(emulator, retry=ONCE).list_opportunities()
    assert caught.value.code == f"HTTP {status}"
    assert caught.value.request_id
    assert caught.value.retryable is (status == 503)
    assert "Canary" not in "".join(traceback.format_exception(caught.value))


async def test_a_request_that_aws_waited_for_too_long_is_retried(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.error("RequestTimeoutException"))
    await make_client(emulator).list_opportunities()
    assert len(emulator.requests) == 2


def server_side() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.mark.parametrize("verify", [False, str(CERTIFICATE)], ids=["unchecked", "bundle"])
async def test_tls_is_checked_as_the_settings_say(
    make_client: MakeClient, verify: bool | str
) -> None:
    with responding(page(), server_side()) as (port, requests):
        url = f"https://127.0.0.1:{port}"
        response = await make_client(url, config=ClientConfig(verify=verify)).list_opportunities()
    assert response.opportunity_summaries == ()
    assert len(requests) == 1


async def test_a_certificate_that_cannot_be_trusted_is_not_retried(
    make_client: MakeClient,
) -> None:
    with responding(page(), server_side()) as (port, requests):
        client = make_client(f"https://127.0.0.1:{port}")
        with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            await client.list_opportunities()
    assert requests == []
    assert caught.value.attempts == 1


async def test_a_host_that_cannot_be_found_is_a_transport_error(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    client = make_client("http://partner-central.invalid", retry=ONCE)
    with pytest.raises(TransportError, match=r"partner-central\.invalid"):
        await client.list_opportunities()


async def test_an_address_that_is_not_http_is_not_retried(
    make_client: MakeClient,
) -> None:
    with pytest.raises(TransportError) as caught:
        await make_client("ftp://127.0.0.1:9").list_opportunities()
    assert caught.value.attempts == 1
    assert not caught.value.retryable
