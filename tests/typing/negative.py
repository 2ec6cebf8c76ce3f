"""Programs that a type checker must refuse; checked, never run.

Both checkers read ``type: ignore``, and both report one that has no error to ignore: a mistake
that is no longer refused fails the check. The code in brackets is mypy's.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from partnercentral_list import (
    CreatedDateFilter,
    LifeCycleSummary,
    ListOpportunitiesRequest,
    OpportunityFilters,
    OpportunityPager,
    OpportunitySort,
    OpportunitySortName,
    OpportunitySummary,
    PartnerCentralClient,
    ResponseMetadata,
    ReviewStatus,
    Stage,
    TargetCloseDateFilter,
    run,
)


def stages(client: PartnerCentralClient, texts: list[str]) -> None:
    client.iter_opportunities(life_cycle_stage=["Qualifed"])  # type: ignore[list-item]
    client.iter_opportunities(life_cycle_stage=["Closed Won"])  # type: ignore[list-item]
    client.iter_opportunities(life_cycle_stage=texts)  # type: ignore[arg-type]
    client.iter_opportunities(life_cycle_stage="Qualified")  # type: ignore[arg-type]
    client.iter_opportunities(life_cycle_stage=Stage.QUALIFIED)  # type: ignore[arg-type]
    client.iter_opportunities(life_cycle_stage=[ReviewStatus.APPROVED])  # type: ignore[list-item]
    client.iter_opportunities(life_cycle_review_status=["In Review"])  # type: ignore[list-item]
    client.iter_opportunities(life_cycle_review_status="In review")  # type: ignore[arg-type]


def bare_strings(client: PartnerCentralClient) -> None:
    client.iter_opportunities(identifier="O1")  # type: ignore[arg-type]
    client.iter_opportunities(customer_company_name="Blue Heron Bakery")  # type: ignore[arg-type]
    client.iter_opportunities_by_id("O1")  # type: ignore[arg-type]
    client.iter_opportunities(identifier=[1])  # type: ignore[list-item]


def arguments(client: PartnerCentralClient, request: ListOpportunitiesRequest) -> None:
    client.iter_opportunities(limit=5)  # type: ignore[call-arg]
    client.iter_opportunities(page_size="5")  # type: ignore[arg-type]
    client.iter_opportunities(max_items=5.0)  # type: ignore[arg-type]
    client.iter_opportunities(on_invalid="skip")  # type: ignore[arg-type]
    client.iter_opportunities(next_token="token")  # type: ignore[call-arg]
    client.iter_opportunities(request=request)  # type: ignore[call-arg]
    client.iter_opportunities({"Catalog": "AWS"})  # type: ignore[arg-type]
    client.iter_opportunities(created_date={"after_created_date": None})  # type: ignore[arg-type]
    client.iter_opportunities(sort={"sort_by": "Identifier", "sort_order": "ASCENDING"})  # type: ignore[arg-type]
    client.iter_opportunities(last_modified_date=datetime.now())  # type: ignore[arg-type]
    client.iter_opportunities_by_id(["O1"], on_missing="skip")  # type: ignore[arg-type]


async def one_page(client: PartnerCentralClient) -> None:
    await client.list_opportunities(max_results="5")  # type: ignore[arg-type]
    await client.list_opportunities(page_size=5)  # type: ignore[call-arg]
    await client.list_opportunities(life_cycle_stage="Qualified")  # type: ignore[arg-type]


def clients() -> None:
    PartnerCentralClient("aws")  # type: ignore[arg-type]
    PartnerCentralClient("SandBox")  # type: ignore[arg-type]
    PartnerCentralClient()  # type: ignore[call-arg]
    PartnerCentralClient("AWS", "profile")  # type: ignore[call-arg]
    PartnerCentralClient("AWS", profile="sales")  # type: ignore[arg-type]


def sorts() -> None:
    OpportunitySort(sort_by="LastModifedDate", sort_order="ASCENDING")  # type: ignore[arg-type]
    OpportunitySort(sort_by="Identifier", sort_order="ascending")  # type: ignore[arg-type]
    OpportunitySort(sort_by="Identifier")  # type: ignore[call-arg]
    OpportunitySort(sort_order="ASCENDING")  # type: ignore[call-arg]
    OpportunitySort("Identifier", "ASCENDING")  # type: ignore[call-arg]


def requests(filters: dict[str, str]) -> None:
    ListOpportunitiesRequest(catalog="AWS", life_cycle_stage=["Qualifed"])  # type: ignore[list-item]
    ListOpportunitiesRequest(catalog="AWS", identifier="O1")  # type: ignore[arg-type]
    ListOpportunitiesRequest(catalog="AWS", limit=5)  # type: ignore[call-arg]
    ListOpportunitiesRequest()  # type: ignore[call-arg]
    CreatedDateFilter(after_created_date=5)  # type: ignore[arg-type]
    TargetCloseDateFilter(after_target_close_date="soon")  # type: ignore[arg-type]
    TargetCloseDateFilter(after=None)  # type: ignore[call-arg]
    wrong: OpportunityFilters = filters  # type: ignore[assignment]
    OpportunityFilters(stage=["Qualified"])  # type: ignore[typeddict-unknown-key]
    print(wrong)


def frozen(
    opportunity: OpportunitySummary,
    life_cycle: LifeCycleSummary,
    sort: OpportunitySort,
    request: ListOpportunitiesRequest,
    metadata: ResponseMetadata,
) -> None:
    opportunity.id = "O2"  # type: ignore[misc]
    opportunity.stage = Stage.COMMITTED  # type: ignore[misc]
    print(opportunity.Id)  # type: ignore[attr-defined]
    life_cycle.stage = Stage.COMMITTED  # type: ignore[misc]
    sort.sort_by = OpportunitySortName.IDENTIFIER  # type: ignore[misc]
    request.max_results = 5  # type: ignore[misc]
    metadata.attempts = 5  # type: ignore[misc]


async def iterating(client: PartnerCentralClient, pager: OpportunityPager) -> None:
    for _ in pager:  # type: ignore[attr-defined]
        pass
    for _ in pager.pages():  # type: ignore[attr-defined]
        pass
    for _ in client.iter_opportunities_by_id(["O1"]):  # type: ignore[attr-defined]
        pass
    with client:  # type: ignore[attr-defined]
        pass
    len(pager)  # type: ignore[arg-type]
    await pager  # type: ignore[misc]


def absent(opportunity: OpportunitySummary) -> Decimal:
    print(opportunity.life_cycle.stage)  # type: ignore[union-attr]
    return opportunity.monthly_spend("USD")  # type: ignore[return-value]


def what_is_no_coroutine(client: PartnerCentralClient) -> None:
    run(client.aclose)  # type: ignore[arg-type]
    run(client.iter_opportunities())  # type: ignore[arg-type]
