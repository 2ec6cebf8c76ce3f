"""Sync a pipeline into an SQLite file, and query it with SQL."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from pathlib import Path

from partnercentral_list import ClientConfig, PartnerCentralClient
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.sync import OpportunitySync, SQLiteStore

PIPELINE = """
    SELECT life_cycle_stage, count(*), max(last_modified_date)
    FROM opportunities GROUP BY life_cycle_stage ORDER BY 2 DESC
"""


async def main() -> None:
    """Read everything, then only what changed, then compare the whole."""
    with tempfile.TemporaryDirectory() as folder, PartnerCentralEmulator(250) as emulator:
        path = Path(folder) / "pipeline.db"
        config = ClientConfig(sign_requests=False)
        async with (
            PartnerCentralClient("AWS", endpoint_url=emulator.url, config=config) as client,
            SQLiteStore(path) as store,
        ):
            sync = OpportunitySync(client, store)
            print("First run: ", await sync.run())

            emulator.update(emulator.opportunities[0]["Id"], {"LifeCycle": {"Stage": "Launched"}})
            print("Second run:", await sync.run())

            # Now and then: what no run can see, such as an opportunity that is gone.
            emulator.remove(emulator.opportunities[1]["Id"])
            print("Reconciled:", await sync.reconcile())

        connection = sqlite3.connect(path)
        for stage, count, latest in connection.execute(PIPELINE):
            print(f"{count:5}  {stage}, changed last at {latest}")
        connection.close()


if __name__ == "__main__":
    asyncio.run(main())
