"""PgBouncer in transaction mode before a server: each transaction may get another connection."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from tests.postgres.server import PORT, PostgresServer

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")


@contextmanager
def pooled(server: PostgresServer) -> Generator[str, None, None]:
    """Yield the connection string of a pool of two connections, which clients share."""
    assert PROGRAM is not None
    folder = server.folder / "pgbouncer"
    server.make_folder(folder)
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"""[databases]
postgres = host={server.socket} port={PORT} dbname=postgres user=postgres

[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = {PORT}
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 100
""",
        encoding="utf-8",
    )
    process = subprocess.Popen([PROGRAM, settings], stderr=subprocess.PIPE, **server.account)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if b"process up" in line:
                break
        yield f"postgresql://postgres@/postgres?host={folder}&port={PORT}"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
