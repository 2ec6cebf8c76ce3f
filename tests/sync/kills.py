"""Start processes that sync, kill them at random instants, and print what the store holds.

    python -m tests.sync.kills FOLDER SEED KILLS

It runs as a process of its own because it forks, which no process with threads should do.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random

from partnercentral_list.sync import OpportunitySync, SQLiteStore
from tests.edited_service import EditedService
from tests.service import DirectClient


def start(path: Path, service: EditedService, consumed: Path, consumes: bool) -> int:
    """Fork a process that syncs, and writes each change to a log before it requests the next."""
    child = os.fork()
    if child:
        return child
    try:
        log = os.open(consumed, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        asyncio.run(synchronize(path, service, log if consumes else None))
    finally:
        os._exit(0)


async def synchronize(path: Path, service: EditedService, log: int | None) -> None:
    async with SQLiteStore(path) as store:
        sync = OpportunitySync(DirectClient(service), store, lookback=timedelta(seconds=1))
        if log is None:
            await sync.run()
            return
        changes = sync.changes()
        async for change in changes:
            os.write(log, f"{change.after.partner_opportunity_identifier}\n".encode())
        await changes.aclose()


def main(folder: Path, seed: int, kills: int) -> dict[str, object]:
    rng = Random(seed)
    service = EditedService(random=rng, page_size=5, size=60)
    path, consumed = folder / "pipeline.db", folder / "consumed"
    consumes = seed % 2 == 0
    started = time.perf_counter()
    os.waitpid(start(folder / "measured.db", service, folder / "measured", consumes), 0)
    whole = time.perf_counter() - started
    tries, killed, unsound = 0, 0, 0
    # Those that end before they are killed do not count.
    while killed < kills and tries < 20 * kills:
        tries += 1
        child = start(path, service, consumed, consumes)
        time.sleep(rng.uniform(0, 1.1 * whole))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        unsound += not is_sound(path)
        for _ in range(rng.choice([0, 2, 20])):
            service.edit_at(service.latest + 1000)
        service.now = service.latest + 1
    asyncio.run(
        synchronize(path, service, os.open(consumed, os.O_WRONLY | os.O_APPEND | os.O_CREAT))
    )
    expected = service.expected()
    log = set(consumed.read_text().split())
    return {
        "killed": killed,
        "unsound": unsound,
        "is_exact": asyncio.run(stored(path)) == expected,
        "unheard": len({r.partner_opportunity_identifier for r in expected.values()} - log)
        if consumes
        else 0,
    }


def is_sound(path: Path) -> bool:
    if not path.exists() or not path.stat().st_size:
        return True
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()


async def stored(path: Path) -> object:
    async with SQLiteStore(path) as store:
        return await store.get(await store.identifiers())


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
