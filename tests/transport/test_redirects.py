"""A redirect is an error: what a request carries goes to the endpoint, and nowhere else."""

from __future__ import annotations

import functools
import traceback
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession

from partnercentral_list import ClientConfig, ConfigurationError, RequestFailed, ServiceError
from tests.conftest import MakeClient
from tests.transport.raw import page, responding
from tests.transport.test_credentials import assumed
from tests.transport.test_transport import CERTIFICATE, server_side


def redirect(status: int, location: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https to http"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_host_is_not_followed(
    make_client: MakeClient, status: int, is_tls: bool
) -> None:
    with responding(page()) as (other, stolen):
        location = f"http://localhost:{other}/?{status}"
        tls = server_side() if is_tls else None
        with responding(redirect(status, location), tls) as (port, requests):
            url = f"{'https' if is_tls else 'http'}://127.0.0.1:{port}"
            config = ClientConfig(verify=str(CERTIFICATE) if is_tls else True)
            client = make_client(url, config=config)
            with pytest.raises(ServiceError, match="redirect to localhost") as caught:
                await client.list_opportunities(customer_company_name=["Canary Ltd"])
    assert stolen == []
    assert len(requests) == 1
    assert (caught.value.code, caught.value.http_status) == (f"HTTP {status}", status)
    assert not caught.value.retryable


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_the_same_host_sends_nothing_again(
    make_client: MakeClient, status: int
) -> None:
    with (
        responding(redirect(status, "/elsewhere")) as (port, requests),
        pytest.raises(ServiceError, match=f"HTTP {status}"),
    ):
        await make_client(f"http://127.0.0.1:{port}").list_opportunities()
    assert len(requests) == 1


@pytest.mark.parametrize("status", [300, 305, 306, 399])
async def test_a_page_with_the_status_of_a_redirect_is_no_page(
    make_client: MakeClient, status: int
) -> None:
    body = b'{"OpportunitySummaries": [], "Canary": 1}'
    with (
        responding(redirect(status, "/", body)) as (port, _),
        pytest.raises(ServiceError, match=f"HTTP {status}") as caught,
    ):
        await make_client(f"http://127.0.0.1:{port}").list_opportunities()
    assert "Canary" not in "".join(traceback.format_exception(caught.value))


async def test_where_a_redirect_leads_is_shown_without_its_secrets(make_client: MakeClient) -> None:
    location = "https://user:hunter2@login.example/start?token=hunter2"
    with (
        responding(redirect(302, location)) as (port, _),
        pytest.raises(ServiceError, match=r"redirect to login\.example") as caught,
    ):
        await make_client(f"http://127.0.0.1:{port}").list_opportunities()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("status", [302, 307])
async def test_a_redirect_of_sts_is_not_followed(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int
) -> None:
    (tmp_path / "config").write_text(assumed(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    events: list[object] = []
    with responding(page()) as (other, stolen), responding(page()) as (service, listed):
        location = f"http://localhost:{other}/"
        with responding(redirect(status, location)) as (sts, requests):
            monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{sts}")
            url = f"http://127.0.0.1:{service}"
            client = make_client(url, profile_name="reader", on_event=events.append)
            with pytest.raises(ServiceError, match="redirect to localhost"):
                await client.list_opportunities()
    assert (stolen, listed) == ([], [])
    assert len(requests) == 1
    (failed,) = [event for event in events if isinstance(event, RequestFailed)]
    assert failed.http_status == status


class OfTheProgram(AIOHTTPSession):
    """An HTTP session that a program brings; it would follow redirects."""


async def test_an_http_session_of_the_program_is_refused(make_client: MakeClient) -> None:
    config = ClientConfig(aio_config=AioConfig(http_session_cls=OfTheProgram))
    with responding(page()) as (port, requests):
        client = make_client(f"http://127.0.0.1:{port}", config=config)
        with pytest.raises(ConfigurationError, match=r"aio_config must not set http_session_cls"):
            await client.list_opportunities()
    assert requests == []


async def test_aiobotocores_own_http_session_may_be_named(make_client: MakeClient) -> None:
    config = ClientConfig(aio_config=AioConfig(http_session_cls=AIOHTTPSession))
    with responding(redirect(307, "/elsewhere")) as (port, requests):
        client = make_client(f"http://127.0.0.1:{port}", config=config)
        with pytest.raises(ServiceError, match="HTTP 307"):
            await client.list_opportunities()
    assert len(requests) == 1


async def test_an_aiobotocore_that_would_follow_redirects_is_not_used(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = AIOHTTPSession.send

    async def later(session: Any, request: Any) -> Any:
        # private: aiobotocore's. As if a later version of it made its sessions in another way.
        session._get_session = functools.partial(AIOHTTPSession._get_session, session)
        return await send(session, request)

    monkeypatch.setattr(AIOHTTPSession, "send", later)
    with (
        responding(page()) as (port, _),
        pytest.raises(ConfigurationError, match="version of aiobotocore"),
    ):
        await make_client(f"http://127.0.0.1:{port}").list_opportunities()
