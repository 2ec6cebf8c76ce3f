"""List a pipeline: with --emulator a generated one on this machine, without it your own.

python examples/quickstart.py --emulator
python examples/quickstart.py --catalog Sandbox --profile my-profile
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from partnercentral_list import (
    Catalog,
    OpportunitySort,
    PartnerCentralClient,
    PartnerCentralError,
    ReviewStatus,
    Stage,
)


async def list_pipeline(client: PartnerCentralClient, max_items: int) -> int:
    """Print the open opportunities that are submitted for review or approved, newest first.

    Open are those in one of the stages from Qualified to Committed.

    Args:
        client: A client of the catalog to list.
        max_items: How many to print at most.

    Returns:
        How many were printed.
    """
    opportunities = client.iter_opportunities(
        life_cycle_stage=[
            Stage.QUALIFIED,
            Stage.TECHNICAL_VALIDATION,
            Stage.BUSINESS_VALIDATION,
            "Committed",  # A text does as well.
        ],
        life_cycle_review_status=[ReviewStatus.SUBMITTED, ReviewStatus.APPROVED],
        sort=OpportunitySort(sort_by="CreatedDate", sort_order="DESCENDING"),
        max_items=max_items,
    )
    number = 0
    async for opportunity in opportunities:
        number += 1
        print(
            f"{opportunity.id:<12} {opportunity.stage or '-':<21} "
            f"{opportunity.target_close_date or '-'!s:<11} {opportunity.company_name or '-'}"
        )
    more = "" if opportunities.resume_token is None else ", and there are more"
    print(f"{number} opportunities{more}")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example."""
    parser = argparse.ArgumentParser(description="List the open opportunities of a pipeline.")
    parser.add_argument("--emulator", action="store_true", help="a generated pipeline, no account")
    parser.add_argument("--catalog", default="AWS", help="AWS (default) or Sandbox")
    parser.add_argument("--profile", help="a profile of your AWS configuration")
    parser.add_argument("--max-items", type=int, default=25, help="how many to print")
    options = parser.parse_args(arguments)

    async def run() -> None:
        catalog = Catalog(options.catalog)
        if options.emulator:
            client = PartnerCentralClient.demo(catalog=catalog)
        else:
            client = PartnerCentralClient(catalog, profile_name=options.profile)
        async with client:
            await list_pipeline(client, options.max_items)

    try:
        asyncio.run(run())
    except (PartnerCentralError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
