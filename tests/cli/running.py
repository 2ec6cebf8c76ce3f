"""The command against an emulator: its words, in a process of its own, on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from partnercentral_list import PartnerCentralClient, RetryPolicy
from partnercentral_list.emulator import Fault, PartnerCentralEmulator

Action = Callable[[subprocess.Popen[bytes]], None]


def where(emulator: PartnerCentralEmulator) -> list[str]:
    """The options that lead the command to an emulator."""
    return ["--catalog", "AWS", "--endpoint-url", emulator.url, "--no-sign-request"]


def argv_of(emulator: PartnerCentralEmulator, *words: str, command: str = "opportunities") -> Any:
    """The command line of a process that runs the command."""
    module = ["-W", "error", "-m", "partnercentral_list.cli", command]
    return [sys.executable, *module, *where(emulator), *words]


#: Runs the command where a file cannot have more bytes than the first argument says, as on a disk
#: that is full by then. Python ignores the signal that comes with it.
LIMITED = """
import resource, sys
from partnercentral_list.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


def on_full_disk(emulator: PartnerCentralEmulator, *words: str, bytes_left: int) -> Any:
    """Run `opportunities` where a file can have so many bytes, and return how it ended."""
    program = [sys.executable, "-W", "error", "-c", LIMITED, str(bytes_left), "opportunities"]
    argv = [*program, *where(emulator), *words]
    # Coverage would write its own file there, and complain on stderr.
    environment = {name: at for name, at in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(argv, capture_output=True, encoding="utf-8", check=False, env=environment)


@contextmanager
def signaled_in(emulator: PartnerCentralEmulator, at: int, number_of_signal: int) -> Iterator[None]:
    """Send the signal to this process while that request waits for its response."""
    with HangingRequest(emulator, at) as hanging:
        is_reached = hanging.set

        def reached() -> None:
            is_reached()
            os.kill(os.getpid(), number_of_signal)

        hanging.set = reached
        yield


def on_terminal(
    argv: list[str],
    columns: int = 100,
    meanwhile: Action | None = None,
    stdout: int | None = None,
    **environment: str,
) -> tuple[int, str]:
    """Run with stderr, and stdout if nothing else is said, on a terminal; return what it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    removed = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    inherited = {name: value for name, value in os.environ.items() if name not in removed}
    process = subprocess.Popen(
        argv,
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
        start_new_session=True,
        env={**inherited, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    shown = b""
    if meanwhile is not None:
        meanwhile(process)
    while True:
        if not select.select([ours], [], [], 60)[0]:
            process.kill()
            raise AssertionError("the command shows nothing and does not end")
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(ours)
    return process.wait(60), shown.decode()


class HangingRequest:
    """Lets a request wait as long as the block lasts, which gets an event of its arrival."""

    def __init__(self, emulator: PartnerCentralEmulator, at: int) -> None:
        self.reached, self._released = threading.Event(), threading.Event()
        emulator.fail(Fault.edit_page(self._wait), at=at)

    def _wait(self, page: dict[str, Any]) -> dict[str, Any]:
        self.reached.set()
        self._released.wait(60)
        return page

    def __enter__(self) -> threading.Event:
        return self.reached

    def __exit__(self, *error: object) -> None:
        self._released.set()


def replace_client(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> list[dict[str, Any]]:
    """Pass these arguments to the command's client too; return the arguments of each."""
    given: list[dict[str, Any]] = []

    init: Any = PartnerCentralClient.__init__

    def spy(self: PartnerCentralClient, *args: Any, **options: Any) -> None:
        given.append(options)
        init(self, *args, **options, **settings)

    # private: the command has no option for retries, and a timeout shows only when it has passed.
    monkeypatch.setattr(PartnerCentralClient, "__init__", spy)
    return given


def without_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command send each request once, so that no test waits."""
    replace_client(monkeypatch, retry=RetryPolicy(max_attempts=1))
