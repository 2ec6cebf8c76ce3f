"""Resume an interrupted listing: nothing is listed twice, and nothing is skipped."""

from __future__ import annotations

import asyncio

from partnercentral_list import (
    ClientConfig,
    OpportunitySort,
    PartnerCentralClient,
    PartnerCentralError,
    RetryPolicy,
)
from partnercentral_list.emulator import PartnerCentralEmulator

# Sorted by what never changes, an opportunity that is edited in between does not move.
BY_CREATION = OpportunitySort(sort_by="CreatedDate", sort_order="ASCENDING")


async def main() -> None:
    """List until the server fails, then resume with the error's token."""
    with PartnerCentralEmulator(opportunities=250) as emulator:
        async with PartnerCentralClient(
            "AWS",
            endpoint_url=emulator.url,
            config=ClientConfig(sign_requests=False),
            retry=RetryPolicy(max_attempts=1),
        ) as client:
            emulator.fail("InternalServerException", at=3)
            seen: list[str] = []
            token: str | None = None
            try:
                async for opportunity in client.iter_opportunities(sort=BY_CREATION):
                    seen.append(opportunity.id)
            except PartnerCentralError as error:
                token = error.resume_token
                print(f"After {len(seen)} opportunities: {error}")
            # No token would be a listing from the start.
            if token is not None:
                # A line of text: store it, or pass it to the AWS CLI as --starting-token.
                print(f"Resuming at {token}")
                rest = client.iter_opportunities(sort=BY_CREATION, starting_token=token)
                seen += [opportunity.id async for opportunity in rest]
            print(f"{len(seen)} opportunities, {len(set(seen))} of them different")


if __name__ == "__main__":
    asyncio.run(main())
