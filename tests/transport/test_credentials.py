"""Credentials that other services give: the session that reads opportunities has to know those."""

from __future__ import annotations

import hashlib
import json
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from botocore.credentials import SSOProvider
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoRegionError,
    ReadTimeoutError,
)

from partnercentral_list import (
    ConfigurationError,
    Credentials,
    PartnerCentralClient,
    PartnerCentralError,
    RetryPolicy,
    RetryScheduled,
    TransportError,
)
from partnercentral_list.emulator import AcceptedCredentials, PartnerCentralEmulator
from tests.conftest import ONCE, MakeClient
from tests.transport.raw import page, responding

KEYS = AcceptedCredentials("AKIDOFTHEROLE", "secret-of-the-role", "token")
FAR = "2999-01-01T00:00:00Z"
STS = f"""<{{0}}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{{0}}Result>
<Credentials><AccessKeyId>{KEYS.access_key}</AccessKeyId><SecretAccessKey>{KEYS.secret_key}
</SecretAccessKey><SessionToken>{KEYS.session_token}</SessionToken><Expiration>{FAR}</Expiration>
</Credentials></{{0}}Result></{{0}}Response>""".replace("\n", "")
ROLE = "role_arn = arn:aws:iam::123456789012:role/reader"
START_URL = "https://partner.awsapps.com/start"
SSO = {
    "accessKeyId": KEYS.access_key,
    "secretAccessKey": KEYS.secret_key,
    "sessionToken": KEYS.session_token,
    "expiration": 32_472_144_000_000,
}


def assumed(folder: Path) -> str:
    return (
        f"[profile reader]\n{ROLE}\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n"
    )


def federated(folder: Path) -> str:
    (folder / "token").write_text("a token of another identity provider")
    return f"[profile reader]\n{ROLE}\nweb_identity_token_file = {folder / 'token'}\n"


def signed_on(folder: Path) -> str:
    cached = folder / f"{hashlib.sha1(START_URL.encode()).hexdigest()}.json"  # noqa: S324 # AWS's
    cached.write_text(json.dumps({"accessToken": "token", "expiresAt": FAR}))
    return (
        f"[profile reader]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = reader\n"
    )


@pytest.mark.parametrize(
    ("service", "profile", "response"),
    [
        ("STS", assumed, STS.format("AssumeRole")),
        ("STS", federated, STS.format("AssumeRoleWithWebIdentity")),
        ("SSO", signed_on, json.dumps({"roleCredentials": SSO})),
    ],
    ids=["assumed role", "web identity", "single sign-on"],
)
@pytest.mark.parametrize("is_preloaded", [False, True])
async def test_a_profile_gets_its_credentials_from_another_service(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    profile: Callable[[Path], str],
    response: str,
    is_preloaded: bool,
) -> None:
    # A folder of data files of its own, so that none has been read for another test.
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    (tmp_path / "config").write_text(profile(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with (
        responding(page(response.encode())) as (port, requests),
        PartnerCentralEmulator(3, credentials=[KEYS]) as emulator,
    ):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{port}")
        client = PartnerCentralClient("AWS", profile_name="reader", endpoint_url=emulator.url)
        if is_preloaded:
            client.preload()
        async with client:
            assert len(await client.iter_opportunities().collect()) == 3
    assert len(requests) == 1


def sts_error(code: str, status: int, message: str) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "of-sts"},
    }
    return ClientError(response, "AssumeRole")


SOURCES: dict[str, Exception] = {
    "a timeout": TimeoutError("the vault is away"),
    "an error of the system": OSError(5, "the vault is away"),
    "a reset": ConnectionResetError("the vault is away"),
    "no name": socket.gaierror(socket.EAI_AGAIN, "the vault is away"),
    "no endpoint": EndpointConnectionError(endpoint_url="https://vault/", error="is away"),
    "no response in time": ReadTimeoutError(endpoint_url="https://vault/"),
    "throttling": sts_error("Throttling", 400, "the vault is away"),
    "an internal error": sts_error("InternalFailure", 500, "the vault is away"),
}
UNQUOTED: dict[str, Exception] = {
    "aiohttp's": aiohttp.ClientPayloadError("Canary"),
    "a lost connection": aiohttp.ServerDisconnectedError("Canary"),
    "a broken response": HTTPClientError(error=ValueError("Canary")),
}


class Failing:
    """A source of credentials that fails at first."""

    def __init__(self, error: Exception, times: int | None = 1) -> None:
        self.error, self.times = error, times
        self.calls = 0

    async def __call__(self) -> Credentials:
        self.calls += 1
        if self.times is None or self.calls <= self.times:
            raise self.error
        return Credentials("AKIDEXAMPLE", "secret")


@pytest.mark.parametrize(
    "error", [*SOURCES.values(), *UNQUOTED.values()], ids=[*SOURCES, *UNQUOTED]
)
@pytest.mark.parametrize("is_opened", [False, True], ids=["first call", "async with"])
async def test_a_source_that_fails_once_is_called_again(
    make_client: MakeClient, emulator: PartnerCentralEmulator, error: Exception, is_opened: bool
) -> None:
    source, events = Failing(error), list[object]()
    client = make_client(emulator, credentials=source, on_event=events.append)
    if is_opened:
        await client.__aenter__()
        assert len(emulator.requests) == 0
    await client.list_opportunities()
    assert source.calls == 2
    assert len(emulator.requests) == 1
    (retry,) = [event for event in events if isinstance(event, RetryScheduled)]
    assert retry.error == "TransportError"


@pytest.mark.parametrize("error", SOURCES.values(), ids=SOURCES)
async def test_a_source_that_keeps_failing_is_quoted(
    make_client: MakeClient, emulator: PartnerCentralEmulator, error: Exception
) -> None:
    source = Failing(error, times=None)
    client = make_client(emulator, credentials=source)
    with pytest.raises(TransportError, match="credentials=") as caught:
        await client.list_opportunities()
    assert "away" in str(caught.value) or "vault" in str(caught.value)
    assert source.calls == RetryPolicy().max_attempts
    assert caught.value.__cause__ is error
    assert caught.value.retryable
    assert emulator.requests == []


@pytest.mark.parametrize("error", UNQUOTED.values(), ids=UNQUOTED)
async def test_what_a_broken_response_says_is_not_quoted(
    make_client: MakeClient, emulator: PartnerCentralEmulator, error: Exception
) -> None:
    client = make_client(emulator, credentials=Failing(error, times=None))
    with pytest.raises(TransportError, match=type(error).__name__) as caught:
        await client.list_opportunities()
    assert "Canary" not in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (sts_error("AccessDenied", 403, "not authorized: sts:AssumeRole"), "sts:AssumeRole"),
        (FileNotFoundError(2, "No such file", "/vault"), "/vault"),
        (PermissionError(13, "Permission denied", "/vault"), "/vault"),
        (NoRegionError(), "specify a region"),
        (ValueError("Canary"), "ValueError"),
        (KeyError("Canary"), "KeyError"),
    ],
    ids=["denied", "no file", "no permission", "no region", "a value", "a key"],
)
async def test_a_failure_that_will_not_pass_is_not_retried(
    make_client: MakeClient, emulator: PartnerCentralEmulator, error: Exception, text: str
) -> None:
    source = Failing(error)
    client = make_client(emulator, credentials=source)
    with pytest.raises(ConfigurationError, match="credentials=") as caught:
        await client.list_opportunities()
    assert text in str(caught.value)
    assert "Canary" not in str(caught.value)
    assert source.calls == 1
    assert caught.value.__cause__ is error


ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
<Code>{0}</Code><Message>{1}</Message></Error><RequestId>of-sts</RequestId></ErrorResponse>"""


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", ConfigurationError),
        (400, "ValidationError", ConfigurationError),
        (400, "Throttling", TransportError),
        (503, "ServiceUnavailable", TransportError),
    ],
)
async def test_an_error_of_sts_keeps_its_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    status: int,
    code: str,
    error: type[PartnerCentralError],
) -> None:
    (tmp_path / "config").write_text(assumed(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    body = ERROR.format(code, "in the words of STS").encode()
    response = page(body).replace(b"200 OK", f"{status} Status".encode())
    with responding(response) as (port, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
        client = make_client(emulator, profile_name="reader", retry=ONCE)
        with pytest.raises(PartnerCentralError, match="in the words of STS") as caught:
            await client.list_opportunities()
    assert type(caught.value) is error
    assert caught.value.operation == "AssumeRole"
    assert caught.value.request_id == "of-sts"
    assert caught.value.retryable is (error is TransportError)
    assert emulator.requests == []


async def test_a_broken_response_of_sts_is_not_quoted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
) -> None:
    (tmp_path / "config").write_text(assumed(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    broken = STS.format("AssumeRole").replace("</Credentials>", "")
    with responding(page(broken.encode())) as (port, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
        client = make_client(emulator, profile_name="reader", retry=ONCE)
        with pytest.raises(PartnerCentralError) as caught:
            await client.list_opportunities()
    assert KEYS.secret_key not in "".join(traceback.format_exception(caught.value))
