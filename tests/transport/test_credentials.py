"""Credentials that other services give: the session that reads opportunities has to know those."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.credentials import SSOProvider

from partnercentral_list import PartnerCentralClient
from partnercentral_list._transport import service_data
from partnercentral_list.emulator import AcceptedCredentials, PartnerCentralEmulator
from tests.transport.raw import answering, page

KEYS = AcceptedCredentials("AKIDOFTHEROLE", "secret", "token")
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
    ("service", "profile", "answer"),
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
    answer: str,
    is_preloaded: bool,
) -> None:
    monkeypatch.setattr(service_data, "_loaders", {})
    monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(tmp_path))
    (tmp_path / "config").write_text(profile(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with (
        answering(page(answer.encode())) as (port, requests),
        PartnerCentralEmulator(3, credentials=[KEYS]) as emulator,
    ):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", f"http://127.0.0.1:{port}")
        client = PartnerCentralClient("AWS", profile_name="reader", endpoint_url=emulator.url)
        if is_preloaded:
            client.preload()
        async with client:
            assert len(await client.iter_opportunities().collect()) == 3
    assert len(requests) == 1
