"""Fixtures of the tests of the command: a runner, and an emulator."""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import pytest

from partnercentral_list.cli import main
from partnercentral_list.emulator import Behavior


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]

#: What only a program could use: arguments, members, classes and values of Python's.
OF_PYTHON = re.compile(
    r"(?:(?<![\w'/.-])[a-z]+(?:_[a-z0-9]+)+\b(?! of the profile))|\w+=\.\.\."
    r"|\bNone\b|\bdate(?:time)?\("
    r"|\b(?:ClientConfig|RateLimit|RetryPolicy|PartnerCentralClient|SQLiteStore|MemoryStore"
    r"|\w+Filter|ListOpportunitiesRequest|int|str|float|dict|pager)\b"
)
#: Members of the AWS configuration files, as botocore names them.
OF_CONFIGURATION = re.compile(
    r"aws_(?:access_key_id|secret_access_key)|credential_process|source_profile"
)
#: What --behavior takes.
OF_BEHAVIOR = {item.name for item in fields(Behavior)}


def of_python(said: str) -> list[str]:
    """Return the words of a message that only a Python program could use."""
    return [
        word
        for word in OF_PYTHON.findall(said)
        if not OF_CONFIGURATION.fullmatch(word) and word not in OF_BEHAVIOR
    ]


@pytest.fixture(autouse=True)
def hang_ups_end_a_program() -> Iterator[None]:
    """Let SIGHUP do what it does by default; nohup and some runners of tests ignore it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """Restore logging, which --debug configures for the whole process: here, for the tests."""
    root, ours = logging.getLogger(), logging.getLogger("partnercentral_list")
    handlers, level = list(root.handlers), ours.level
    yield
    root.handlers[:] = handlers
    ours.setLevel(level)


@pytest.fixture
def run(
    logging_restored: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Runs the command in this process."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")

    def run(*argv: str) -> Done:
        capsys.readouterr()
        code = main(argv)
        done = Done(code, *capsys.readouterr())
        if "--debug" not in argv:
            assert not of_python(done.err), done.err
        return done

    return run


@pytest.fixture
def listed(run: Run, emulator_url: str) -> Run:
    """Runs `opportunities` against the emulator, unsigned."""

    def listed(*argv: str, catalog: str = "AWS") -> Done:
        where = ("--catalog", catalog, "--endpoint-url", emulator_url, "--no-sign-request")
        return run("opportunities", *where, *argv)

    return listed


@pytest.fixture
def emulator_url(emulator: object) -> str:
    return str(emulator.url)
