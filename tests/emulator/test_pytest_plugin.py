"""The pytest plugin: a project that only installs the package has its fixtures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

USE = """
import asyncio
import os
import socket

import pytest

from partnercentral_list import PartnerCentralClient, TransportError, RetryPolicy


async def listed(**options):
    async with PartnerCentralClient("AWS", **options) as client:
        return await client.iter_opportunities().collect()


def test_sync(partner_central):
    assert len(asyncio.run(listed())) == 250
    assert len(partner_central.requests) == 3


async def test_async(partner_central):
    partner_central.fail("ThrottlingException")
    partner_central.add({"Id": "O1"})
    async with PartnerCentralClient("AWS", retry=RetryPolicy(throttling_base=0.0)) as client:
        assert await client.iter_opportunities(identifier=["O1"]).collect()
    assert [request.status for request in partner_central.requests] == [400, 200]


def test_botocore(partner_central):
    from botocore.session import Session

    client = Session().create_client("partnercentral-selling")
    assert len(client.list_opportunities(Catalog="AWS", MaxResults=7)["OpportunitySummaries"]) == 7
    (request,) = partner_central.requests
    assert "Credential=testing/" in request.headers["authorization"]


def test_awss_own_address(partner_central):
    url = "https://partnercentral-selling.us-east-1.api.aws"
    once = RetryPolicy(max_attempts=1)
    with pytest.raises(TransportError):
        asyncio.run(listed(endpoint_url=url, retry=once))
    with pytest.raises(OSError, match="keeps a test from reaching"):
        socket.create_connection(("PartnerCentral-Selling.us-east-1.api.aws", 443))
    with pytest.raises(OSError, match="keeps a test"):
        socket.getaddrinfo(b"partnercentral-selling.us-east-1.amazonaws.com", 443)
    assert socket.getaddrinfo("127.0.0.1", 80)
    assert partner_central.requests == []


@pytest.mark.partner_central(3, seed=5)
def test_marker(partner_central):
    assert len(asyncio.run(listed())) == 3


@pytest.mark.parametrize("number", range(4))
def test_each_has_its_own(partner_central, number):
    assert partner_central.requests == []
    partner_central.add({"Id": "O1"})


def test_several(partner_central_factory):
    first, second = partner_central_factory(1), partner_central_factory(2, catalog="AWS", seed=9)
    assert len(asyncio.run(listed())) == 1
    assert len(asyncio.run(listed(endpoint_url=second.url))) == 2
    assert len(first.requests) == len(second.requests) == 1


def test_credentials(partner_central_factory):
    from partnercentral_list.emulator import AcceptedCredentials

    known = AcceptedCredentials("AKIDEXAMPLE", "secret", "token")
    emulator = partner_central_factory(4, credentials=known)
    assert len(asyncio.run(listed())) == 4
    assert emulator.requests[0].status == 200


def test_nothing_is_reached_before_there_is_an_emulator(partner_central_factory):
    with pytest.raises(TransportError):
        asyncio.run(listed(retry=RetryPolicy(max_attempts=1)))


def test_the_machines_settings_are_ignored(partner_central):
    assert "AWS_PROFILE" not in os.environ
    assert "AWS_SESSION_TOKEN" not in os.environ
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    assert os.environ["NO_PROXY"] == "example.com,127.0.0.1"


def test_and_are_back_behind_it():
    assert os.environ["AWS_PROFILE"] == "production"
    assert os.environ["NO_PROXY"] == "example.com"
    assert "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING" not in os.environ
"""
SETTINGS = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "real",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "NO_PROXY": "example.com",
}


MODULE = """
import asyncio
import os

import pytest

from partnercentral_list import PartnerCentralClient

pytestmark = pytest.mark.partner_central(3)


def test_it_is_as_the_module_is_marked(module_partner_central):
    assert len(module_partner_central.opportunities) == 3
    module_partner_central.add({"Id": "O1"})


def test_the_next_test_sees_what_the_first_has_changed(module_partner_central):
    async def listed():
        async with PartnerCentralClient("AWS") as client:
            return await client.iter_opportunities().collect()

    assert "O1" in {opportunity.id for opportunity in asyncio.run(listed())}
    assert len(module_partner_central.requests) == 1


def test_a_test_with_one_of_its_own_does_not_meet_it(module_partner_central, partner_central):
    assert os.environ["AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING"] == partner_central.url
    assert module_partner_central.url != partner_central.url


def test_and_the_next_one_meets_it_again(module_partner_central):
    endpoint = os.environ["AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING"]
    assert endpoint == module_partner_central.url


def test_several(module_partner_central_factory):
    assert module_partner_central_factory(1).url != module_partner_central_factory(2).url
"""
BEHIND_IT = """
import os


def test_the_machines_settings_are_back():
    assert os.environ["AWS_PROFILE"] == "production"
    assert "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING" not in os.environ
"""
# A client that lives as long as the loop needs an emulator that does too.
SESSION = """
import os

import pytest

from partnercentral_list import PartnerCentralClient

CLIENT = PartnerCentralClient("AWS")
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("number", [1, 2])
async def test_a_client_of_the_module(session_partner_central, number):
    assert len(await CLIENT.iter_opportunities().collect()) == 250
    assert len(session_partner_central.requests) == 3 * number


async def test_it_is_still_there_in_a_test_without_the_fixture():
    assert os.environ["AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING"].startswith("http://127.0.0.1:")
    await CLIENT.aclose()


async def test_several(session_partner_central_factory):
    assert session_partner_central_factory(1).url != session_partner_central_factory(2).url
"""


def run_pytest(folder: Path, program: str, *arguments: str) -> str:
    """Run pytest in a project of its own, on a machine with AWS settings and a proxy."""
    (folder / "test_it.py").write_text(program, encoding="utf-8")
    (folder / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        "addopts = --strict-markers -W error -p no:cacheprovider\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=folder,
        env=dict(os.environ) | SETTINGS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_a_project_has_the_fixtures_without_configuration(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert "14 passed" in run_pytest(tmp_path, USE, *arguments)


def test_a_module_can_share_one_emulator(tmp_path: Path) -> None:
    (tmp_path / "test_z_behind_it.py").write_text(BEHIND_IT, encoding="utf-8")
    assert "6 passed" in run_pytest(tmp_path, MODULE)


def test_a_session_can_share_one_emulator_and_a_client(tmp_path: Path) -> None:
    assert "4 passed" in run_pytest(tmp_path, SESSION)


# As much of it as aiohttp looks for, which then finds every address with it.
RESOLVER = """
resolved = []


class error:
    DNSError = OSError


class DNSResolver:
    def __init__(self, *arguments, **options):
        pass

    async def getaddrinfo(self, host, *arguments, **options):
        resolved.append(host)
        raise OSError(4, "no such host")

    gethostbyname = getaddrinfo

    def cancel(self):
        pass

    async def close(self):
        pass
"""
NAMED = """
import asyncio

import aiodns
import aiohttp
import pytest


async def request(host):
    async with aiohttp.ClientSession(trust_env=False) as session:
        await session.get(f"https://{host}/")


@pytest.mark.parametrize("resolver", [aiohttp.AsyncResolver, aiohttp.ThreadedResolver])
def test_awss_own_address(partner_central, resolver, monkeypatch):
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", resolver)
    with pytest.raises(aiohttp.ClientConnectorError, match="keeps a test from reaching"):
        asyncio.run(request("partnercentral-selling.us-east-1.api.aws"))
    assert aiodns.resolved == []


def test_another_address(partner_central, monkeypatch):
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", aiohttp.AsyncResolver)
    with pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(request("www.example.invalid"))
    assert aiodns.resolved == ["www.example.invalid"]
"""


def test_awss_address_is_not_found_by_a_resolver_that_is_not_pythons(tmp_path: Path) -> None:
    (tmp_path / "aiodns.py").write_text(RESOLVER, encoding="utf-8")
    assert "3 passed" in run_pytest(tmp_path, NAMED)


def test_the_tests_in_the_guide_pass(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "testing.md"
    programs = re.findall(r"^```python\n(.*?)^```$", guide.read_text("utf-8"), re.S | re.M)
    tests = [program for program in programs if "\ndef test_" in program]
    for number, program in enumerate(tests):
        (tmp_path / f"test_guide_{number}.py").write_text(program, encoding="utf-8")
    count = sum(program.count("\ndef test_") for program in tests)
    assert count >= 6
    assert f"{count + 1} passed" in run_pytest(tmp_path, "def test_it(): pass")


def test_nothing_heavy_is_imported_before_a_fixture_is_used(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "HEAVY = {'botocore', 'aiobotocore', 'aiohttp', 'pydantic', 'tenacity'}\n"
        "def test_it():\n"
        "    assert 'partnercentral_list.emulator._pytest_plugin' in sys.modules\n"
        "    assert 'partnercentral_list.emulator._emulator' not in sys.modules\n"
        "    assert not HEAVY & set(sys.modules)\n"
    )
    assert "1 passed" in run_pytest(tmp_path, program)


def test_the_fixtures_and_the_marker_say_what_they_are(tmp_path: Path) -> None:
    printed = run_pytest(tmp_path, "def test_it(): pass", "--fixtures", "--markers")
    assert "@pytest.mark.partner_central(" in printed
    printed = run_pytest(tmp_path, "def test_it(): pass", "--fixtures")
    assert "A running ``PartnerCentralEmulator``" in printed
    assert "Start any number of emulators" in printed
