"""The command and the AWS CLI (v1, from PyPI) against one emulator: the same responses.

AWS CLI v2, which the command follows, prints timestamps with +00:00 where v1 prints them as they
came; that is taken out of the comparison.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list.cli import main
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.peers.command_lines import CommandLines

VALID, INVALID = 230, 90
SEED = 7


@pytest.fixture(scope="module")
def emulator() -> Iterator[PartnerCentralEmulator]:
    with PartnerCentralEmulator(opportunities=90, seed=11) as running:
        yield running


@pytest.fixture(scope="module")
def command_lines(emulator: PartnerCentralEmulator) -> list[list[str]]:
    some = [record for record in emulator.opportunities if record["Customer"]][:12]
    identifiers = [record["Id"] for record in some]
    companies = [record["Customer"]["Account"]["CompanyName"] for record in some]
    made = CommandLines(SEED, identifiers, companies)
    return [made.valid() for _ in range(VALID)] + [made.invalid() for _ in range(INVALID)]


@pytest.fixture(scope="module")
def theirs(
    emulator: PartnerCentralEmulator, command_lines: list[list[str]], tmp_path_factory: Any
) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("aws")
    python = Path(os.environ["PEER_ENVIRONMENTS"]) / "awscli" / "bin" / "python"
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING": emulator.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
        "PYTHONUTF8": "1",
        "COLUMNS": "120",
    }
    done = subprocess.run(
        [str(python), str(Path(__file__).parent / "awscli_runner.py")],
        input="".join(json.dumps(argv) + "\n" for argv in command_lines),
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=folder,
        env=environment,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("number", range(VALID))
def test_a_good_command_line_prints_the_same(
    number: int,
    emulator: PartnerCentralEmulator,
    command_lines: list[list[str]],
    theirs: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    credentials: None,
) -> None:
    argv = command_lines[number]
    code, out = ours(argv, emulator, capsys, monkeypatch)
    their = theirs[number]
    # A query may not fit every part of the output: for the line of the token, in text.
    assert code == their["code"] == (255 if "In function" in their["err"] else 0), argv
    if "table" in argv:
        assert bool(out) == bool(their["out"])
    elif "text" in argv and " --max-items 0 " in f" {' '.join(argv)} " and not their["out"]:
        # Ours has sent nothing, and does not know that nothing matches.
        assert out.startswith("NEXTTOKEN\t")
    elif "text" in argv:
        assert comparable(out) == comparable(their["out"]), argv
    else:
        assert parsed(out) == parsed(their["out"]), argv


@pytest.mark.parametrize("number", range(VALID, VALID + INVALID))
def test_a_bad_command_line_is_refused_by_both(
    number: int,
    emulator: PartnerCentralEmulator,
    command_lines: list[list[str]],
    theirs: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    credentials: None,
) -> None:
    argv = command_lines[number]
    before = len(emulator.requests)
    code, out = ours(argv, emulator, capsys, monkeypatch)
    assert theirs[number]["code"] not in (0, None), argv
    assert (code, out) == (252, ""), argv
    assert len(emulator.requests) == before


def ours(
    argv: list[str],
    emulator: PartnerCentralEmulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[int, str]:
    monkeypatch.setenv("COLUMNS", "120")
    code = main(["opportunities", "--endpoint-url", emulator.url, *argv])
    return code, capsys.readouterr().out


def parsed(text: str) -> object:
    """The response with the order of its members, and tokens opened."""
    return comparable(json.dumps(json.loads(text, object_pairs_hook=opened), ensure_ascii=False))


def opened(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    return {name: token_of(value) if name == "NextToken" else value for name, value in pairs}


def token_of(value: object) -> object:
    if isinstance(value, str) and value.startswith("eyJ"):
        return json.loads(base64.b64decode(value))
    return value


def comparable(text: str) -> str:
    def same_form(match: re.Match[str]) -> str:
        fraction = (match[2] or "").rstrip("0").rstrip(".")
        return f"{match[1]}{fraction[:7]}Z"

    return re.sub(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?:Z|\+00:00)", same_form, text)
