"""The program of docs/schedule.md that loads a replica into DuckDB runs, and misses nothing."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from partnercentral_list import PartnerCentralClient
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import OpportunitySync, PostgresStore, SQLiteStore
from tests.conftest import MakeClient
from tests.peers.peers import clean_environment, program
from tests.postgres.server import installations, running_server
from tests.test_documents import ROOT, blocks

Replica = tuple[SQLiteStore | PostgresStore, str]

HISTORY = timedelta(days=30)
(PROGRAM,) = (
    block for block in blocks(ROOT / "docs" / "schedule.md", "python") if "import dlt" in block
)


@pytest.fixture(scope="session")
def conn_string() -> Iterator[str]:
    with running_server(installations()["wheel"]) as server:
        yield server.conn_string


@pytest.fixture(params=["sqlite", "postgres"])
async def replica(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Replica]:
    """A store, and its address as the program takes it."""
    if request.param == "sqlite":
        async with SQLiteStore(tmp_path / "pipeline.db", history=HISTORY) as file:
            yield file, f"sqlite:///{tmp_path}/pipeline.db"
        return
    conn_string = request.getfixturevalue("conn_string")
    async with PostgresStore.from_conn_string(conn_string, history=HISTORY) as database:
        await database.setup()
        yield database, conn_string.replace("postgresql:", "postgresql+psycopg:")


class Warehouse:
    """A DuckDB file that the program loads into, in a process of its own each time."""

    def __init__(self, replica: str, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "warehouse.duckdb"
        self._arguments = [replica, str(self._path), str(folder / "state")]

    def load(self) -> None:
        done = subprocess.run(
            [program("dlt"), "-c", PROGRAM, *self._arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            env=clean_environment(str(self._folder)),
        )
        assert done.returncode == 0, done.stderr
        assert "no failed jobs" in done.stdout
        assert done.stderr == ""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self._path)) as connection:
            connection.execute("USE warehouse.partner_central")
            return connection.execute(query).fetchall()


@pytest.fixture
def emulator() -> Iterator[PartnerCentralEmulator]:
    with PartnerCentralEmulator(120, odd_values=False) as running:
        yield running


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")


async def test_a_warehouse_has_what_the_replica_has(
    replica: Replica,
    emulator: PartnerCentralEmulator,
    make_client: MakeClient,
    tmp_path: Path,
) -> None:
    store, address = replica
    client: PartnerCentralClient = make_client(emulator)
    sync = OpportunitySync(client, store)
    warehouse = Warehouse(address, tmp_path)

    await sync.run()
    warehouse.load()
    listed = {record["Id"]: record for record in emulator.opportunities}
    assert {id for (id,) in warehouse.rows("SELECT id FROM opportunities")} == set(listed)
    amounts = [
        Decimal(spend["Amount"])
        for record in listed.values()
        for spend in record.get("Project", {}).get("ExpectedCustomerSpend") or ()
        if spend.get("Amount")
    ]
    ((total,),) = warehouse.rows("SELECT sum(amount::DECIMAL(38, 2)) FROM spend")
    assert total == sum(amounts)
    assert warehouse.rows("SELECT kind, count(*) FROM changes GROUP BY 1") == [("created", 120)]

    updated, removed, *_ = listed
    emulator.update(updated, {"LifeCycle": {"Stage": "Launched"}})
    emulator.remove(removed)
    await sync.reconcile()
    for _ in range(2):
        # The second load finds nothing new, and makes nothing twice.
        warehouse.load()
        stages = dict(warehouse.rows("SELECT id, life_cycle_stage FROM opportunities"))
        assert set(stages) == set(listed) - {removed}
        assert stages[updated] == "Launched"
        assert warehouse.rows("SELECT id FROM gone") == [(removed,)]
        changes = warehouse.rows("SELECT kind, count(*) FROM changes GROUP BY 1 ORDER BY 1")
        assert changes == [("created", 120), ("gone", 1), ("updated", 1)]
