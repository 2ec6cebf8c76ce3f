"""The peers as programs of their own: what is installed, and `aws` as a user types it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.peers.peers import clean_environment, program
from tests.peers.records import records

CONSTRAINTS = Path(__file__).parent.parent.parent / "constraints"
PACKAGES = {
    "aiobotocore": "aiobotocore",
    "awscli": "awscli",
    "boto3": "boto3",
    "capo": "capo-partnercentral-selling",
}


def aws(emulator: PartnerCentralEmulator, home: Path, *arguments: str) -> tuple[int, str, str]:
    endpoint = {"AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING": emulator.url}
    done = subprocess.run(
        [program("awscli", "aws"), "partnercentral-selling", "list-opportunities", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        env=clean_environment(str(home)) | endpoint | {"AWS_DEFAULT_REGION": "us-east-1"},
    )
    return done.returncode, done.stdout, done.stderr


def test_aws_prints_every_opportunity(tmp_path: Path) -> None:
    with PartnerCentralEmulator(records()) as emulator:
        status, printed, _ = aws(emulator, tmp_path, "--catalog", "AWS", "--output", "json")
    assert status == 0
    listed = {record["Id"] for record in json.loads(printed)["OpportunitySummaries"]}
    assert listed == {record["Id"] for record in records() if record["Catalog"] == "AWS"}


def test_aws_fails_with_the_services_code(tmp_path: Path) -> None:
    with PartnerCentralEmulator(records()) as emulator:
        arguments = ("--catalog", "AWS", "--life-cycle-stage", "Qualifed")
        status, _, said = aws(emulator, tmp_path, *arguments)
    assert status == 255
    assert "An error occurred (ValidationException)" in said


@pytest.mark.parametrize("peer", PACKAGES)
def test_what_is_installed_is_what_is_locked(peer: str) -> None:
    locked = re.findall(
        r"^([a-z0-9-]+)==(\S+)", (CONSTRAINTS / f"peer-{peer}.txt").read_text("utf-8"), re.M
    )
    print_version = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    done = subprocess.run(
        [program(peer), "-c", print_version, PACKAGES[peer]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == dict(locked)[PACKAGES[peer]]
