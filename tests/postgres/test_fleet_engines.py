"""The examples of engines on many machines: real workers, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import PostgresStore
from tests.postgres.server import PostgresServer
from tests.sync.test_sync import wire

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TENANTS = [f"tenant {number}" for number in range(6)]
WORKERS = 3
LOCAL = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
OWNERS = "SELECT lease_owner FROM partner_central.accounts WHERE lease_owner IS NOT NULL"
# A queue in a folder, in place of a broker.
CELERY_CONFIG = """
broker_url = "filesystem://"
broker_transport_options = {{
    "data_folder_in": "{folder}/queue",
    "data_folder_out": "{folder}/queue",
    "control_folder": "{folder}/control",
}}
result_backend = "file://{folder}/results"
"""


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


class Engine:
    """The processes of an engine, and what they sync."""

    def __init__(self, folder: Path, dsn: str, emulator: PartnerCentralEmulator) -> None:
        self.folder = folder
        self.dsn = dsn
        self.emulator = emulator
        self.tenants = folder / "tenants.json"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": str(folder / "no-config"),
        }
        self.processes: list[subprocess.Popen[str]] = []
        members = [{"name": name, "endpoint_url": emulator.url} for name in TENANTS]
        self.tenants.write_text(json.dumps(members))

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a Python module or program, which ends with the test."""
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.processes.append(process)
        return process

    def kill_one_in_the_middle(self, program: subprocess.Popen[str]) -> int:
        """Kill a process that syncs an account, and return its id."""
        owners: list[tuple[str]] = []

        def is_in_the_middle() -> bool:
            assert program.poll() is None, (self.folder / "log").read_text()
            owners[:] = connection.execute(OWNERS).fetchall()
            return bool(owners) and len(self.emulator.requests) > WORKERS

        with psycopg.connect(self.dsn, autocommit=True) as connection:
            wait_until(is_in_the_middle)
        victim = int(owners[0][0].split("/")[1])
        os.kill(victim, signal.SIGKILL)
        for process in self.processes:
            # A process exists, and its lease counts, until its parent knows of its end.
            if process.pid == victim:
                process.wait()
        return victim

    async def check(self) -> None:
        """Compare each replica with the catalog; no lease is left."""
        for name in TENANTS:
            async with PostgresStore.from_conn_string(self.dsn, account=name) as store:
                assert dict(await store.get(await store.identifiers())) == wire(self.emulator)
                await store.acquire_lease("another-machine/1/x", "AWS", timedelta(minutes=5))


@pytest.fixture
def engine(server: PostgresServer, schema: str, tmp_path: Path) -> Iterator[Engine]:
    with psycopg.connect(server.conn_string, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {schema}".encode())
    dsn = server.conn_string.replace("/postgres?", f"/{schema}?")
    # Slow, so that a process is in the middle of an account when it is killed.
    with (
        PartnerCentralEmulator(250, latency=0.15) as emulator,
        Engine(tmp_path, dsn, emulator) as running,
    ):
        yield running


async def set_up(engine: Engine) -> None:
    async with PostgresStore.from_conn_string(engine.dsn) as store:
        await store.setup()


async def test_a_dask_cluster_loses_a_worker_and_no_account(engine: Engine) -> None:
    await set_up(engine)
    file = engine.folder / "scheduler.json"
    engine.start(
        *("-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(file), *LOCAL),
        *("--port", "0"),
    )
    wait_until(file.exists)
    scheduler = json.loads(file.read_text())["address"]
    workers = [
        engine.start(
            *("-m", "distributed.cli.dask_worker", scheduler, *LOCAL, "--nthreads", "1"),
            *("--no-nanny", "--local-directory", str(engine.folder)),
        )
        for _ in range(WORKERS)
    ]
    program = engine.start(
        *(str(EXAMPLES / "fleet_dask.py"), str(engine.tenants)),
        *("--store", engine.dsn, "--scheduler", scheduler),
    )
    victim = engine.kill_one_in_the_middle(program)
    assert victim in [worker.pid for worker in workers]
    printed, _ = program.communicate(timeout=60)
    assert printed.startswith(f"{len(TENANTS)} accounts: {len(TENANTS)} synced, 0 to retry, 0 fail")
    assert [worker.pid for worker in workers if worker.poll() is not None] == [victim]
    await engine.check()


async def test_celery_loses_a_process_and_no_account(engine: Engine) -> None:
    await set_up(engine)
    for name in ("queue", "done", "results", "control"):
        (engine.folder / name).mkdir()
    (engine.folder / "celeryconfig.py").write_text(CELERY_CONFIG.format(folder=engine.folder))
    engine.environment["PYTHONPATH"] = f"{EXAMPLES}:{engine.folder}"
    worker = engine.start(
        *("-m", "celery", "--app", "fleet_celery", "worker", "--concurrency", str(WORKERS)),
        *("--without-gossip", "--without-mingle"),
    )
    program = engine.start(
        str(EXAMPLES / "fleet_celery.py"), str(engine.tenants), "--store", engine.dsn
    )
    victim = engine.kill_one_in_the_middle(program)
    assert victim != worker.pid
    printed, _ = program.communicate(timeout=60)
    assert [line.split(":")[0] for line in printed.splitlines()] == TENANTS
    assert worker.poll() is None
    await engine.check()
