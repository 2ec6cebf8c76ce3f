"""The recipes of docs/schedule.md run: cron's lines and systemd's units, by their exit codes."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.running import HangingRequest
from tests.test_documents import ROOT, blocks

GUIDE = ROOT / "docs" / "schedule.md"
BUSY, STOPPED = 75, 143

Start = Callable[[list[str]], "subprocess.Popen[str]"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the command where the recipes look for it."""
    programs = tmp_path / "partner" / ".venv" / "bin"
    programs.mkdir(parents=True)
    command = programs / "partnercentral-list"
    module = f"{shlex.quote(sys.executable)} -W error -m partnercentral_list.cli"
    command.write_text(f'#!/bin/sh\nexec {module} "$@"\n', "utf-8")
    command.chmod(0o755)
    return tmp_path


@pytest.fixture
def start(home: Path, emulator: PartnerCentralEmulator) -> Iterator[Start]:
    """Starts a command line, with the environment that cron gives and the emulator's."""
    started: list[subprocess.Popen[str]] = []

    def start(argv: list[str]) -> subprocess.Popen[str]:
        environment = {"HOME": str(home), "PATH": os.defpath, **emulator.environment}
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        started.append(subprocess.Popen(argv, cwd=home, env=environment, text=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        # One that a failed test has left behind.
        if process.poll() is None:
            process.kill()
            process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of a process and what it printed."""
    printed, _ = process.communicate(timeout=60)
    return process.returncode, printed


def stored(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM opportunities").fetchone()[0])


def cron_lines() -> list[list[str]]:
    """The command of each of cron's lines, as cron starts it."""
    (text,) = blocks(GUIDE, "text")
    assert "%" not in text, "cron takes % for a new line"
    return [["/bin/sh", "-c", line.split(maxsplit=5)[5]] for line in text.splitlines()]


def test_crons_lines_keep_a_replica_and_print_nothing(start: Start, home: Path) -> None:
    sync, reconcile = cron_lines()
    for line in (sync, reconcile, sync):
        assert ended(start(line)) == (0, "")
    log = (home / "partner" / "sync.log").read_text("utf-8").splitlines()
    begins = ["250 created, 0 updated", "250 listed", "the copy is what AWS lists", "0 created"]
    assert [line[: len(begin)] for line, begin in zip(log, begins, strict=True)] == begins
    assert stored(home / "partner" / "pipeline.db") == 250


def test_crons_line_started_twice_at_once_breaks_nothing(
    start: Start, home: Path, emulator: PartnerCentralEmulator
) -> None:
    line, _ = cron_lines()
    with HangingRequest(emulator, 3) as reached:
        first = start(line)
        assert reached.wait(60)
        assert ended(start(line)) == (0, "")
    assert ended(first) == (0, "")
    log = (home / "partner" / "sync.log").read_text("utf-8")
    assert "lease" in log
    assert "250 created" in log
    assert stored(home / "partner" / "pipeline.db") == 250


def test_crons_line_prints_what_needs_a_person(
    start: Start, home: Path, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail("AccessDeniedException")
    line, _ = cron_lines()
    assert ended(start(line)) == (0, "The sync failed with 254: see sync.log\n")
    assert "AccessDeniedException" in (home / "partner" / "sync.log").read_text("utf-8")


def units() -> tuple[str, str]:
    """The service and the timer."""
    service, timer = blocks(GUIDE, "ini")
    return service, timer


def parsed(unit: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment] # configparser's own advice
    parser.read_string(unit)
    return parser


@pytest.fixture
def exec_start(home: Path) -> list[str]:
    """The command line that systemd runs, with its folders in the test's."""
    service = parsed(units()[0])["Service"]
    state = home / service["StateDirectory"]
    assert f"%S/{service['StateDirectory']}/" in service["ExecStart"]
    line = service["ExecStart"].replace("/opt/partner", str(state)).replace("%S", str(home))
    return shlex.split(line)


def test_systemds_service_ends_well_if_no_person_is_needed(
    start: Start, home: Path, emulator: PartnerCentralEmulator, exec_start: list[str]
) -> None:
    successes = {0, *map(int, parsed(units()[0])["Service"]["SuccessExitStatus"].split())}
    path = home / "partner" / "pipeline.db"
    with HangingRequest(emulator, 4) as reached:
        first = start(exec_start)
        assert reached.wait(60)
        code, printed = ended(start(exec_start))
        assert code == BUSY
        assert "lease" in printed
        first.send_signal(signal.SIGTERM)
        assert ended(first)[0] == STOPPED
    before = stored(path)
    assert 0 < before < 250
    code, printed = ended(start(exec_start))
    assert code == 0
    assert printed.startswith(f"{250 - before} created, 0 updated")
    assert successes == {0, BUSY, STOPPED}


def test_systemds_service_fails_if_a_person_is_needed(
    start: Start, emulator: PartnerCentralEmulator, exec_start: list[str]
) -> None:
    emulator.fail("AccessDeniedException")
    code, _ = ended(start(exec_start))
    assert str(code) not in parsed(units()[0])["Service"]["SuccessExitStatus"].split()
    assert code != 0


def test_systemd_accepts_the_units(home: Path) -> None:
    service, timer = units()
    assert parsed(service)["Service"]["Type"] == "oneshot"
    assert parsed(timer)["Install"]["WantedBy"] == "timers.target"
    # A timer starts the service of its own name: neither unit names the other.
    names = re.findall(r"^`/etc/systemd/system/(.*)`:$", GUIDE.read_text("utf-8"), re.M)
    assert [Path(name).suffix for name in names] == [".service", ".timer"]
    assert len({Path(name).stem for name in names}) == 1
    analyze = shutil.which("systemd-analyze")
    if analyze is None:  # The rest of the check is systemd's own, where there is one.
        return
    paths = [home / name for name in names]
    for path, unit in zip(paths, (service, timer), strict=True):
        path.write_text(unit.replace("/opt/partner", str(home / "partner")), "utf-8")
    done = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
