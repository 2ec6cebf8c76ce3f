"""Streams that are closed, and what a terminal is sent of what companies are called."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.cli.running import argv_of, on_terminal

# Sets a title, clears the screen, and C1's one-character form of the same escape.
HOSTILE = "Acme\x1b]0;owned\x07 \x1b[2J \x9b2J \x7f Ltd"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@pytest.fixture
def hostile() -> Iterator[PartnerCentralEmulator]:
    record = {
        "Id": "O1",
        "Catalog": "AWS",
        "Customer": {"Account": {"CompanyName": HOSTILE}},
        "New\x1b[2J": {"Member\x1b[2J": HOSTILE},
        "List\x1b[2J": [{"Member\x1b[2J": HOSTILE}],
    }
    with PartnerCentralEmulator([record]) as emulator:
        yield emulator


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "text", "yaml", "yaml-stream", "table"])
def test_a_terminal_is_sent_no_command_that_a_record_holds(
    form: str, hostile: PartnerCentralEmulator
) -> None:
    words = ("--output", form, "--color", "off")
    code, shown = on_terminal(argv_of(hostile, *words), columns=200, TERM="dumb")
    assert code == 0
    assert "Acme" in shown
    assert not CONTROL.findall(shown)
    if not form.startswith("yaml"):
        assert "\\u001b]0;owned\\u0007" in shown


@pytest.mark.parametrize("form", ["csv", "text"])
def test_a_pipe_gets_the_bytes_that_the_aws_cli_writes(
    form: str, hostile: PartnerCentralEmulator
) -> None:
    done = subprocess.run(
        argv_of(hostile, "--output", form), capture_output=True, encoding="utf-8", check=True
    )
    assert HOSTILE in done.stdout


def test_a_message_has_no_command_for_a_terminal(emulator: PartnerCentralEmulator) -> None:
    words = ("--starting-token", "\x1b[2J", "--query", "\x1b]0;owned\x07[")
    done = subprocess.run(
        argv_of(emulator, *words), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 252
    assert not CONTROL.findall(done.stderr)


def test_debug_sends_a_terminal_no_command_that_an_error_holds(
    emulator: PartnerCentralEmulator,
) -> None:
    emulator.fail(Fault.error("AccessDeniedException", message=HOSTILE), times=None)
    code, shown = on_terminal(argv_of(emulator, "--debug"), columns=200, TERM="dumb")
    assert code == 254
    assert "Traceback (most recent call last)" in shown
    assert shown.count("Acme\\u001b]0;owned\\u0007") >= 2
    assert not CONTROL.findall(shown)


LOGS = """
import logging, sys, warnings
from partnercentral_list.cli import main
main(["completion", "fish"])
logging.getLogger("other").error("Acme\\x1b]0;logged\\x07")
warnings.warn("Acme\\x1b]0;warned\\x07")
raise ValueError("Acme\\x1b]0;raised\\x07")
"""


def test_no_line_on_stderr_has_a_command_for_a_terminal() -> None:
    # What other libraries log and warn of, and what Python itself prints, is escaped too.
    code, shown = on_terminal([sys.executable, "-c", LOGS], columns=200, TERM="dumb")
    assert code == 1
    for kind in ("logged", "warned", "raised"):
        assert f"Acme\\u001b]0;{kind}\\u0007" in shown
    assert not CONTROL.findall(shown)


def closed(stream: int, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a program as `program 2>&-` does."""
    shell = ["sh", "-c", f'exec "$@" {stream}>&-', "sh"]
    return subprocess.run([*shell, *argv], capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("words", [("--life-cycle-stage", "Qualifed"), ("--elephant",)])
def test_with_stderr_closed_a_message_is_not_in_the_response(
    words: tuple[str, ...], emulator: PartnerCentralEmulator
) -> None:
    done = closed(2, *argv_of(emulator, *words))
    assert (done.returncode, done.stdout) == (252, "")


def test_with_stderr_closed_a_listing_is_whole(emulator: PartnerCentralEmulator) -> None:
    done = closed(2, *argv_of(emulator, "--output", "jsonl", "--max-items", "20"))
    assert (done.returncode, done.stdout.count("\n")) == (0, 20)


def test_with_stdout_closed_it_says_so_and_sends_nothing(emulator: PartnerCentralEmulator) -> None:
    done = closed(1, *argv_of(emulator))
    assert done.returncode == 255
    assert done.stderr == (
        "partnercentral-list: [ERROR]: There is no stdout to write to: it is closed.\n"
    )
    assert not emulator.requests


def test_with_stdout_that_cannot_be_written_it_says_so(emulator: PartnerCentralEmulator) -> None:
    with open(os.devnull) as nowhere:
        done = subprocess.run(
            argv_of(emulator), stdout=nowhere, stderr=subprocess.PIPE, encoding="utf-8", check=False
        )
    assert done.returncode == 255
    assert "cannot be written: Bad file descriptor." in done.stderr
