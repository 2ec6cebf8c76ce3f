"""A user's program, checked with the built wheel and no stubs installed: see `nox -s consumer`."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from partnercentral_list import (
    LastModifiedDateFilter,
    OpportunitySort,
    PartnerCentralClient,
    ReviewStatus,
    Stage,
)


async def closing_soon(client: PartnerCentralClient, since: datetime) -> AsyncIterator[str]:
    """Yield a line for each approved opportunity that changed lately."""
    async for opportunity in client.iter_opportunities(
        life_cycle_stage=[Stage.QUALIFIED, "Committed"],
        life_cycle_review_status=[ReviewStatus.APPROVED],
        last_modified_date=LastModifiedDateFilter(after_last_modified_date=since),
        sort=OpportunitySort(sort_by="LastModifiedDate", sort_order="ASCENDING"),
    ):
        identifier: str = opportunity.id
        stage: Stage | None = opportunity.stage
        spend: Decimal | None = opportunity.monthly_spend("USD")
        yield f"{identifier} {stage or '-'} {opportunity.target_close_date or '-'} {spend or '-'}"


async def count_by_stage(client: PartnerCentralClient) -> dict[Stage | None, int]:
    """Count the whole catalog's opportunities by stage, page by page."""
    counts: dict[Stage | None, int] = {}
    async for page in client.iter_opportunities(page_size=100).pages():
        for opportunity in page.opportunity_summaries:
            counts[opportunity.stage] = counts.get(opportunity.stage, 0) + 1
    return counts


async def main() -> None:
    """Print the pipeline."""
    async with PartnerCentralClient("Sandbox") as client:
        async for line in closing_soon(client, datetime.now(UTC) - timedelta(days=7)):
            print(line)
        print(await count_by_stage(client))
        first = await client.iter_opportunities(max_items=1).first()
        if first is not None:
            print(first.company_name, first.review_status)


if __name__ == "__main__":
    asyncio.run(main())
