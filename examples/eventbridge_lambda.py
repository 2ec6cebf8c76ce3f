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

from partnercentral_list import ClientConfig, PartnerCentralClient
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.eventbridge import OpportunityEvent, parse_events
from partnercentral_list.sync import OpportunitySync, SQLiteStore


async def handle(event: Mapping[str, object]) -> str:
    """Store what the events name; without one, what changed since the last time."""
    named = [found for found in parse_events(event) if isinstance(found, OpportunityEvent)]
    client = PartnerCentralClient(
        "AWS",
        endpoint_url=os.environ.get("PARTNER_CENTRAL_URL"),
        config=ClientConfig(sign_requests="PARTNER_CENTRAL_URL" not in os.environ),
    )
    # A Lambda's own disk does not last: mount a file system, or write a store for a database.
    async with client, SQLiteStore(os.environ["PIPELINE"]) as store:
        sync = OpportunitySync(client, store)
        return str(await sync.apply(named) if named else await sync.run())


def handler(event: Mapping[str, object], context: object) -> str:
    """Be called by Lambda. What is raised makes SQS deliver the batch again, which is harmless."""
    return asyncio.run(handle(event))


def main() -> None:
    """Play AWS: a schedule, then a change and its event, delivered twice."""
    with tempfile.TemporaryDirectory() as folder, PartnerCentralEmulator(250) as emulator:
        os.environ["PARTNER_CENTRAL_URL"] = emulator.url
        os.environ["PIPELINE"] = str(Path(folder) / "pipeline.db")
        try:
            schedule = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
            print("Schedule:", handler(schedule, None))
            emulator.update(emulator.opportunities[0]["Id"], {"LifeCycle": {"Stage": "Launched"}})
            bodies = [json.dumps(event) for event in emulator.take_events()] * 2
            records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
            print("Events:  ", handler({"Records": records}, None))
            print("Again:   ", handler({"Records": records}, None))
        finally:
            del os.environ["PARTNER_CENTRAL_URL"], os.environ["PIPELINE"]


if __name__ == "__main__":
    main()
