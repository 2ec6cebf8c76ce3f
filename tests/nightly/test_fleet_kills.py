"""Two hundred kills of the workers of one fleet, which take a few minutes: `nox -s nightly`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres.fleet_kills import kill_workers
from tests.postgres.server import installations, running_server
from tests.postgres.test_fleet_kills import check

KILLS = 50


@pytest.mark.parametrize("seed", range(4))
async def test_two_hundred_kills_lose_nothing(seed: int, tmp_path: Path) -> None:
    with running_server(installations()["wheel"]) as server:
        check(await kill_workers(server.conn_string, tmp_path, KILLS, seed), KILLS)
