"""Signatures: what AWS would refuse is refused, with AWS's errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from partnercentral_list import ConfigurationError, PartnerCentralClient, ServiceError
from partnercentral_list.emulator import AcceptedCredentials, PartnerCentralEmulator
from tests.conftest import ONCE, MakeClient
from tests.emulator.calls import TARGET, Caller, HttpResponse, calling

KEY = AcceptedCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI")
SESSION = AcceptedCredentials("ASIAEXAMPLE", "secret", "session-token")
BODY = '{"Catalog": "AWS", "CustomerCompanyName": ["Ünïcode"]}'.encode()


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


@pytest.fixture
def caller() -> Iterator[Caller]:
    short = AcceptedCredentials("ASIASHORT", "secret", "short-token", expires_at=CLOCK() + 60)
    emulator = PartnerCentralEmulator(3, credentials=[KEY, SESSION, short], clock=CLOCK)
    with emulator, calling(emulator) as connected:
        yield connected


def sign(
    caller: Caller,
    access_key: str = KEY.access_key,
    secret_key: str = KEY.secret_key,
    token: str | None = None,
    *,
    service: str = "partnercentral-selling",
    region: str = "us-east-1",
    path: str = "/",
    headers: dict[str, str] | None = None,
) -> dict[str, str]:
    """Sign as every botocore client does."""
    host = f"{caller.connection.host}:{caller.connection.port}"
    sent = {"X-Amz-Target": TARGET, "Host": host} | (headers or {})
    request = AWSRequest("POST", f"http://{host}{path}", sent, BODY)
    SigV4Auth(Credentials(access_key, secret_key, token), service, region).add_auth(request)
    return dict(request.headers)


def refused(response: HttpResponse) -> str:
    assert response.status == 400
    assert response.json["__type"].startswith("com.amazon.coral.service#")
    assert response.json["message"]
    return response.code


def test_a_valid_signature_is_accepted(caller: Caller) -> None:
    assert caller.send(BODY, headers=sign(caller)).status == 200


def test_a_session_token_is_part_of_the_credentials(caller: Caller) -> None:
    good = sign(caller, "ASIAEXAMPLE", "secret", "session-token")
    assert caller.send(BODY, headers=good).status == 200
    for token in (None, "other"):
        headers = sign(caller, "ASIAEXAMPLE", "secret", token)
        assert refused(caller.send(BODY, headers=headers)) == "UnrecognizedClientException"


def test_headers_are_signed_as_they_are_trimmed(caller: Caller) -> None:
    headers = sign(caller, headers={"X-Amzn-User-Agent": "An   Integrator|  Product "})
    assert caller.send(BODY, headers=headers).status == 200


def test_a_query_is_part_of_what_is_signed(caller: Caller) -> None:
    path = "/?b=2&a=%C3%BC%20&c"
    headers = sign(caller, path=path)
    assert caller.send(BODY, path=path, headers=headers).status == 200
    assert refused(caller.send(BODY, headers=headers)) == "InvalidSignatureException"


def test_no_signature_is_a_missing_token(caller: Caller) -> None:
    assert refused(caller.send(BODY)) == "MissingAuthenticationTokenException"


def test_an_unknown_key_is_not_recognized(caller: Caller) -> None:
    headers = sign(caller, "AKIDOTHER")
    assert refused(caller.send(BODY, headers=headers)) == "UnrecognizedClientException"


def test_a_wrong_secret_is_an_invalid_signature(caller: Caller) -> None:
    headers = sign(caller, secret_key="other")
    assert refused(caller.send(BODY, headers=headers)) == "InvalidSignatureException"


def test_another_body_or_header_is_an_invalid_signature(caller: Caller) -> None:
    headers = sign(caller)
    assert refused(caller.send(BODY + b" ", headers=headers)) == "InvalidSignatureException"
    headers["X-Amz-Target"] += "x"
    assert refused(caller.send(BODY, headers=headers)) == "InvalidSignatureException"


def test_another_services_signature_is_invalid(caller: Caller) -> None:
    response = caller.send(BODY, headers=sign(caller, service="s3"))
    assert refused(response) == "InvalidSignatureException"
    assert "partnercentral-selling" in response.json["message"]


def test_another_regions_signature_is_invalid(caller: Caller) -> None:
    response = caller.send(BODY, headers=sign(caller, region="eu-west-1"))
    assert refused(response) == "InvalidSignatureException"
    assert "us-east-1" in response.json["message"]


def test_expired_credentials_say_so(caller: Caller) -> None:
    headers = sign(caller, "ASIASHORT", "secret", "short-token")
    assert caller.send(BODY, headers=headers).status == 200
    CLOCK.now += 60
    assert refused(caller.send(BODY, headers=headers)) == "ExpiredTokenException"


@pytest.mark.parametrize(("minutes", "words"), [(-10, "expired"), (10, "not yet current")])
def test_a_skewed_clock_makes_the_signature_invalid(
    caller: Caller, minutes: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: stamp.replace(tzinfo=None))
    response = caller.send(BODY, headers=sign(caller))
    assert refused(response) == "InvalidSignatureException"
    assert words in response.json["message"]


def test_a_client_may_sign_with_the_time_of_the_responses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    then = datetime(2033, 3, 3, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: then.replace(tzinfo=None))
    emulator = PartnerCentralEmulator(3, credentials=KEY, clock=then.timestamp)
    with emulator, calling(emulator) as caller:
        response = caller.send(BODY, headers=sign(caller))
    assert (response.status, response.headers["date"]) == (200, "Thu, 03 Mar 2033 00:00:00 GMT")


Spoil = Callable[[dict[str, str]], None]


def replacing(old: str, new: str) -> Spoil:
    def spoil(headers: dict[str, str]) -> None:
        changed = headers["Authorization"].replace(old, new)
        assert changed != headers["Authorization"]
        headers["Authorization"] = changed

    return spoil


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (replacing("AWS4-HMAC-SHA256", "Bearer"), "IncompleteSignatureException"),
        (replacing("Signature=", "Sig="), "IncompleteSignatureException"),
        (replacing("host;", ""), "IncompleteSignatureException"),
        (replacing("host;", "absent;host;"), "IncompleteSignatureException"),
        (replacing("/aws4_request", ""), "IncompleteSignatureException"),
        (replacing("/us-east-1/", "/eu-west-1/"), "InvalidSignatureException"),
        (replacing("/20", "/19"), "InvalidSignatureException"),
        (lambda headers: headers.pop("X-Amz-Date") and None, "IncompleteSignatureException"),
    ],
    ids=["scheme", "no signature", "host", "absent", "scope", "region", "date", "no date"],
)
def test_a_malformed_authorization_header_is_refused(
    caller: Caller, spoil: Spoil, code: str
) -> None:
    headers = sign(caller)
    spoil(headers)
    assert refused(caller.send(BODY, headers=headers)) == code


def test_a_scope_of_another_day_is_named(caller: Caller) -> None:
    headers = sign(caller)
    replacing("/20", "/19")(headers)
    assert "Date in Credential scope" in caller.send(BODY, headers=headers).json["message"]


def test_a_malformed_date_is_refused(caller: Caller) -> None:
    headers = sign(caller)
    headers["X-Amz-Date"] = headers["X-Amz-Date"][:8] + "T99"
    assert refused(caller.send(BODY, headers=headers)) == "IncompleteSignatureException"


def test_unauthenticated_requests_do_not_use_up_the_quota() -> None:
    emulator = PartnerCentralEmulator(3, credentials=KEY, requests_per_second=1, clock=CLOCK)
    with emulator, calling(emulator) as caller:
        assert refused(caller.send(BODY)) == "MissingAuthenticationTokenException"
        assert caller.send(BODY, headers=sign(caller)).status == 200


def test_secrets_are_not_in_the_repr() -> None:
    assert repr(SESSION) == "AcceptedCredentials(access_key='ASIAEXAMPLE', expires_at=None)"


async def test_the_librarys_own_requests_are_accepted(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(30, credentials=KEY) as emulator:
        client: PartnerCentralClient = make_client(emulator)
        assert len(await client.iter_opportunities(page_size=10).collect()) == 30


async def test_the_librarys_requests_with_a_wrong_secret_are_refused(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    options: dict[str, Any] = {"retry": ONCE}
    with PartnerCentralEmulator(3, credentials=KEY) as emulator:
        client = make_client(emulator, **options)
        with pytest.raises((ServiceError, ConfigurationError), match="InvalidSignature"):
            await client.list_opportunities()
