"""A password in an address is refused, and shown nowhere: errors, their causes, logs, reprs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiobotocore.config import AioConfig

from partnercentral_list import (
    ClientConfig,
    ConfigurationError,
    PartnerCentralClient,
    PartnerCentralError,
)
from tests.conftest import ONCE
from tests.faults.test_canary import texts_of

PASSWORD = "hunter2"
ADDRESSES = [
    f"http://user:{PASSWORD}@127.0.0.1:9",
    f"https://{PASSWORD}@127.0.0.1:9/",
    f"http://user:{PASSWORD}/x@127.0.0.1:9",
    f"http://user:{PASSWORD} x@127.0.0.1:9",
    f"user:{PASSWORD}@127.0.0.1:9",
    f"http://127.0.0.1:9/x?token={PASSWORD}",
    f"http://127.0.0.1:9#{PASSWORD}",
    f"127.0.0.1:9?{PASSWORD}",
]

pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture(autouse=True)
def nothing_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert [record for record in caplog.records if PASSWORD in record.getMessage()] == []
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_endpoint_with_a_password_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="endpoint_url must not contain") as caught:
        PartnerCentralClient("AWS", endpoint_url=address)
    assert not any(PASSWORD in text for text in texts_of(caught.value))


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("place", ["variable", "profile"])
async def test_a_configured_endpoint_with_a_password_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, place: str
) -> None:
    if place == "variable":
        monkeypatch.setenv("AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING", address)
    else:
        (tmp_path / "config").write_text(f"[default]\nendpoint_url = {address}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    client = PartnerCentralClient("AWS", retry=ONCE)
    with pytest.raises(ConfigurationError, match=r"endpoint|an address in it") as caught:
        await client.list_opportunities()
    await client.aclose()
    assert not any(PASSWORD in text for text in texts_of(caught.value))
    assert PASSWORD not in repr(client)


async def test_the_password_of_a_proxy_is_not_shown() -> None:
    proxies = {"http": f"http://user:{PASSWORD}@127.0.0.1:9"}
    events: list[object] = []
    client = PartnerCentralClient(
        "AWS",
        endpoint_url="http://127.0.0.1:9",
        config=ClientConfig(aio_config=AioConfig(proxies=proxies)),
        retry=ONCE,
        on_event=events.append,
    )
    with pytest.raises(PartnerCentralError) as caught:
        await client.list_opportunities()
    await client.aclose()
    assert not any(PASSWORD in text for text in texts_of(caught.value))
    assert PASSWORD not in repr(events)


def test_the_password_of_a_proxy_is_in_no_repr() -> None:
    config = ClientConfig(aio_config=AioConfig(proxies={"http": f"http://u:{PASSWORD}@h"}))
    assert PASSWORD not in repr(config)
