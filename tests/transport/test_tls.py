"""A CA bundle is read once for the process, and again when its file changes."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig

from partnercentral_list import ClientConfig, ConfigurationError, TransportError
from tests.conftest import ONCE, MakeClient
from tests.transport.raw import page, responding
from tests.transport.test_transport import CERTIFICATE, server_side


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """A CA bundle that nothing has read yet."""
    return str(shutil.copy(CERTIFICATE, tmp_path / "trusted.pem"))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The CA bundles that are read, each time one is."""
    files: list[str] = []
    original = ssl.SSLContext.load_verify_locations

    def load(context: ssl.SSLContext, cafile: Any, *more: Any) -> None:
        files.append(cafile)
        original(context, cafile, *more)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    return files


async def read_over_tls(make_client: MakeClient, config: ClientConfig, **server: Any) -> None:
    context = server_side()
    if server:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CERTIFICATE)
    with responding(page(), context) as (port, _):
        client = make_client(f"https://127.0.0.1:{port}", config=config, retry=ONCE)
        await client.list_opportunities()


async def test_clients_share_what_was_read_of_a_bundle(
    make_client: MakeClient, loaded: list[str], bundle: str
) -> None:
    for _ in range(3):
        await read_over_tls(make_client, ClientConfig(verify=bundle))
    assert loaded == [bundle]


async def test_another_bundle_is_another_trust(make_client: MakeClient, bundle: str) -> None:
    await read_over_tls(make_client, ClientConfig(verify=bundle))
    with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
        await read_over_tls(make_client, ClientConfig())


async def test_a_bundle_that_changed_is_read_again(
    make_client: MakeClient, loaded: list[str], tmp_path: Path
) -> None:
    import botocore

    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes((Path(botocore.__file__).parent / "cacert.pem").read_bytes())
    config = ClientConfig(verify=str(bundle))
    with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
        await read_over_tls(make_client, config)
    (tmp_path / "new.pem").write_bytes(CERTIFICATE.read_bytes())
    os.replace(tmp_path / "new.pem", bundle)
    await read_over_tls(make_client, config)
    assert loaded == [str(bundle)] * 2


async def test_of_many_bundles_the_first_is_not_kept(
    make_client: MakeClient, loaded: list[str], tmp_path: Path
) -> None:
    bundles = [str(shutil.copy(CERTIFICATE, tmp_path / f"{number}.pem")) for number in range(9)]
    for bundle in (*bundles, bundles[-1], bundles[0]):
        await read_over_tls(make_client, ClientConfig(verify=bundle))
    assert loaded == [*bundles, bundles[0]]


async def test_a_client_certificate_stays_with_its_client(make_client: MakeClient) -> None:
    plain = ClientConfig(verify=str(CERTIFICATE))
    own = ClientConfig(verify=str(CERTIFICATE), aio_config=AioConfig(client_cert=str(CERTIFICATE)))
    await read_over_tls(make_client, own, asks_for="a certificate")
    with pytest.raises(TransportError):
        await read_over_tls(make_client, plain, asks_for="a certificate")


async def test_a_bundle_that_is_none_is_named(make_client: MakeClient, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r"The CA bundle '.*bundle\.pem' cannot be used"):
        await read_over_tls(make_client, ClientConfig(verify=str(bundle)))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"connector_args": {"force_close": True}}, "force_close is True"),
        ({"connector_args": {"write_timeout": 3}}, "write_timeout"),
        (
            {
                "proxies": {"http": "http://127.0.0.1:9"},
                "proxies_config": {"proxy_client_cert": "/nowhere"},
            },
            "proxies_config",
        ),
    ],
    ids=["closing and keeping", "a setting of another session", "no certificate"],
)
async def test_an_aio_config_that_contradicts_itself_is_named(
    make_client: MakeClient, options: dict[str, Any], what: str
) -> None:
    config = ClientConfig(aio_config=AioConfig(**options))
    with responding(page()) as (port, requests):
        client = make_client(f"http://127.0.0.1:{port}", config=config)
        with pytest.raises(ConfigurationError, match=f"ClientConfig.aio_config .*{what}") as caught:
            await client.list_opportunities()
    assert requests == []
    assert caught.value.attempts == 1
    assert caught.value.__cause__ is not None


async def test_an_aio_config_that_cannot_be_merged_is_named(make_client: MakeClient) -> None:
    class Odd:
        def merge(self, other: Any) -> Any:
            raise ValueError("two regions")

    config = ClientConfig(aio_config=Odd())
    with pytest.raises(ConfigurationError, match=r"ClientConfig\.aio_config"):
        await make_client("http://127.0.0.1:9", config=config).list_opportunities()
