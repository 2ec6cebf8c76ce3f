"""Scan a whole pipeline, several pages at a time, while it is edited."""

from __future__ import annotations

import asyncio

from partnercentral_list import ClientConfig, PartnerCentralClient
from partnercentral_list.emulator import PartnerCentralEmulator


async def main() -> None:
    """Scan, and count the requests that it took."""
    # A quarter of a second to a page, and the account's quota: as AWS may be.
    with PartnerCentralEmulator(1_000, latency=0.25, requests_per_second=10) as emulator:
        before = {opportunity["Id"] for opportunity in emulator.opportunities}
        async with PartnerCentralClient(
            "AWS", endpoint_url=emulator.url, config=ClientConfig(sign_requests=False)
        ) as client:
            seen: list[str] = []
            async for opportunity in client.scan_opportunities():
                seen.append(opportunity.id)
                if len(seen) % 250 == 0:
                    emulator.update(opportunity.id, {"LifeCycle": {"Stage": "Launched"}})
        print(f"{len(seen)} opportunities, {len(set(seen))} of them different")
        print(f"missed: {len(before - set(seen))}")
        print(f"{len(emulator.requests)} requests for ten pages")


if __name__ == "__main__":
    asyncio.run(main())
