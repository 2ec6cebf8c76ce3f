"""A Lambda function behind an SQS queue of EventBridge events, which keeps a replica current.

The rule: ``{"source": ["aws.partnercentral-selling"], "detail": {"catalog": ["AWS"]}}``. A schedule
runs the same function with any other event, because AWS delivers events at best effort.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from partnercentral_list import PartnerCentralClient
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.eventbridge import OpportunityEvent, parse_events
from partnercentral_list.sync import OpportunitySync, SQLiteStore

# Made once for all calls of the function: each call finds its connection open. `preload` reads what
# the first call would wait for, in the init phase.
RUNNER = asyncio.Runner()
CLIENT = PartnerCentralClient("AWS")
CLIENT.preload()


async def handle(event: Mapping[str, object]) -> str:
    """Store what the events name; without one, what changed since the last time."""
    named = [found for found in parse_events(event) if isinstance(found, OpportunityEvent)]
    # A function's own disk does not last, and SQLite needs a disk of one machine: on AWS, replace
    # this by a PostgresStore. It is opened for each call, because between two calls the function
    # is frozen, and a server closes connections that are silent.
    async with SQLiteStore(os.environ["PIPELINE"]) as store:
        sync = OpportunitySync(CLIENT, store)
        return str(await sync.apply(named) if named else await sync.run())


def handler(event: Mapping[str, object], context: object) -> str:
    """Be called by Lambda. What is raised makes SQS deliver the batch again, which is harmless."""
    return RUNNER.run(handle(event))


def main() -> None:
    """Play AWS: a schedule, then a change and its event, delivered twice."""
    with tempfile.TemporaryDirectory() as folder, PartnerCentralEmulator(250) as emulator:
        settings = {**emulator.environment, "PIPELINE": str(Path(folder) / "pipeline.db")}
        os.environ.update(settings)
        try:
            schedule = {"source": "aws.events", "detail-type": "Scheduled Event"}
            print("Schedule:", handler(schedule, None))
            emulator.update(emulator.opportunities[0]["Id"], {"LifeCycle": {"Stage": "Launched"}})
            bodies = [json.dumps(event) for event in emulator.take_events()] * 2
            records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
            print("Events:  ", handler({"Records": records}, None))
            print("Again:   ", handler({"Records": records}, None))
        finally:
            RUNNER.run(CLIENT.aclose())
            RUNNER.close()
            for name in settings:
                del os.environ[name]


if __name__ == "__main__":
    main()
