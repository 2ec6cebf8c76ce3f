"""Every filter and the sort, on sample data; for your own pipeline leave the endpoint out."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

from partnercentral_list import (
    ClientConfig,
    CreatedDateFilter,
    LastModifiedDateFilter,
    OpportunityFilters,
    OpportunitySort,
    PartnerCentralClient,
    RequestValidationError,
    ReviewStatus,
    Stage,
    TargetCloseDateFilter,
)
from partnercentral_list.emulator import PartnerCentralEmulator


async def main() -> None:
    """Count what each filter lets through."""
    with PartnerCentralEmulator(opportunities=250) as emulator:
        async with PartnerCentralClient(
            "AWS", endpoint_url=emulator.url, config=ClientConfig(sign_requests=False)
        ) as client:
            first = await client.iter_opportunities().first()
            if first is None:
                return
            # Values in one list are alternatives, different filters all apply.
            examples: dict[str, OpportunityFilters] = {
                "everything": {},
                "two stages": {"life_cycle_stage": [Stage.QUALIFIED, "Committed"]},
                "approved and launched": {
                    "life_cycle_stage": [Stage.LAUNCHED],
                    "life_cycle_review_status": [ReviewStatus.APPROVED],
                },
                "changed since 2026": {
                    "last_modified_date": LastModifiedDateFilter(
                        after_last_modified_date=datetime(2026, 1, 1, tzinfo=UTC)
                    )
                },
                "created in 2025": {
                    "created_date": CreatedDateFilter(
                        after_created_date=datetime(2025, 1, 1, tzinfo=UTC),
                        before_created_date=datetime(2026, 1, 1, tzinfo=UTC),
                    )
                },
                "closing from 2027 on, soonest first": {
                    "target_close_date": TargetCloseDateFilter(
                        after_target_close_date=date(2027, 1, 1)
                    ),
                    "sort": OpportunitySort(sort_by="TargetCloseDate", sort_order="ASCENDING"),
                },
                "one company": {"customer_company_name": [first.company_name or "Example"]},
                "by identifier": {"identifier": [first.id]},
            }
            for name, filters in examples.items():
                found = await client.iter_opportunities(**filters).collect()
                print(f"{len(found):>5}  {name}")

            # A value that would never match is refused before anything is sent.
            typed_in: list[Any] = ["In Review"]
            try:
                client.iter_opportunities(life_cycle_review_status=typed_in)
            except RequestValidationError as error:
                print(error)


if __name__ == "__main__":
    asyncio.run(main())
