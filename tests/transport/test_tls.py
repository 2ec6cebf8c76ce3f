"""A CA bundle is read once for the process, and again when its file changes."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import ssl
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore
import pytest
from aiobotocore.config import AioConfig

from partnercentral_list import (
    ClientConfig,
    ConfigurationError,
    PartnerCentralClient,
    TransportError,
)
from tests.conftest import ONCE, MakeClient
from tests.transport.raw import page, responding
from tests.transport.test_transport import CERTIFICATE, server_side

#: Certificates of others than the server.
OTHERS = Path(botocore.__file__).parent / "cacert.pem"


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


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[ssl.SSLContext]]:
    """The TLS contexts that a CA bundle is read into."""
    made: list[weakref.ref[ssl.SSLContext]] = []
    original = ssl.SSLContext.load_verify_locations

    def load(context: ssl.SSLContext, *files: Any) -> None:
        made.append(weakref.ref(context))
        original(context, *files)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", load)
    return made


def tls_client(port: int, *, verify: str) -> PartnerCentralClient:
    return PartnerCentralClient(
        "AWS",
        endpoint_url=f"https://127.0.0.1:{port}",
        config=ClientConfig(verify=verify, sign_requests=False),
        retry=ONCE,
        rate_limit=None,
    )


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
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(OTHERS.read_bytes())
    config = ClientConfig(verify=str(bundle))
    with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
        await read_over_tls(make_client, config)
    (tmp_path / "new.pem").write_bytes(CERTIFICATE.read_bytes())
    os.replace(tmp_path / "new.pem", bundle)
    await read_over_tls(make_client, config)
    assert loaded == [str(bundle)] * 2


async def test_a_bundle_rewritten_with_its_old_time_is_read_again(
    make_client: MakeClient, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(OTHERS.read_bytes())
    before = bundle.stat()
    config = ClientConfig(verify=str(bundle))
    with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
        await read_over_tls(make_client, config)
    bundle.write_bytes(CERTIFICATE.read_bytes().ljust(before.st_size, b"\n"))
    os.utime(bundle, ns=(before.st_atime_ns, before.st_mtime_ns))
    await read_over_tls(make_client, config)


async def test_open_clients_share_however_many_bundles_are_in_use(
    make_client: MakeClient, loaded: list[str], tmp_path: Path
) -> None:
    bundles = [str(shutil.copy(CERTIFICATE, tmp_path / f"{number}.pem")) for number in range(12)]
    for bundle in bundles * 2:
        await read_over_tls(make_client, ClientConfig(verify=bundle))
    assert loaded == bundles


async def test_closed_clients_leave_only_the_last_context(
    contexts: list[weakref.ref[ssl.SSLContext]], tmp_path: Path
) -> None:
    bundles = [str(shutil.copy(CERTIFICATE, tmp_path / f"{number}.pem")) for number in range(4)]
    with responding(page(), server_side()) as (port, _):
        clients = [tls_client(port, verify=bundle) for bundle in bundles]
        for client in clients:
            await client.list_opportunities()
        assert [made() is not None for made in contexts] == [True] * 4
        for client in clients:
            await client.aclose()
    gc.collect()
    assert [made() is not None for made in contexts] == [False, False, False, True]


async def test_clients_in_turn_read_a_bundle_once(loaded: list[str], bundle: str) -> None:
    with responding(page(), server_side()) as (port, _):
        for _ in range(3):
            async with tls_client(port, verify=bundle) as client:
                await client.list_opportunities()
            gc.collect()
    assert loaded == [bundle]


def test_threads_that_open_at_once_share(loaded: list[str], bundle: str) -> None:
    # As many certificates as usual: reading them takes long enough for the threads to meet.
    with Path(bundle).open("ab") as file:
        file.write(OTHERS.read_bytes())
    at_once = threading.Barrier(8, timeout=30)

    async def read(client: PartnerCentralClient) -> None:
        async with client:
            await client.list_opportunities()

    def thread(port: int) -> None:
        client = tls_client(port, verify=bundle)
        at_once.wait()
        client.preload()
        asyncio.run(read(client))

    with responding(page(), server_side()) as (port, _), ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(thread, port) for _ in range(8)]:
            done.result()
    assert loaded == [bundle]


async def test_a_client_that_checks_nothing_weakens_no_other(make_client: MakeClient) -> None:
    others = ClientConfig(verify=str(OTHERS))
    await read_over_tls(make_client, ClientConfig(verify=False))
    with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
        await read_over_tls(make_client, others)
    await read_over_tls(make_client, ClientConfig(verify=False))


async def test_a_log_of_tls_keys_has_the_clients_that_opened_with_it(
    make_client: MakeClient, bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "keys.log"
    config = ClientConfig(verify=bundle)

    async def logged() -> int:
        await read_over_tls(make_client, config)
        return log.read_text().count("TRAFFIC_SECRET") if log.exists() else 0

    assert await logged() == 0
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    first = await logged()
    assert first > 0
    monkeypatch.delenv("SSLKEYLOGFILE")
    assert await logged() == first


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
