"""The types of the public API, as a type checker sees them; checked, never run."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Literal, Protocol, assert_type

from typing_extensions import Unpack

from partnercentral_list import (
    AccessDeniedException,
    AccountSummary,
    AddressSummary,
    Catalog,
    CatalogName,
    ClientClosedError,
    ClientConfig,
    ClosedLostReason,
    ConfigurationError,
    CountryCode,
    CreatedDateFilter,
    Credentials,
    CurrencyCode,
    CustomerSummary,
    DeliveryModel,
    ExpectedContractDuration,
    ExpectedContractDurationTerm,
    ExpectedCustomerSpend,
    Industry,
    InternalServerException,
    InvalidOpportunity,
    InvalidOpportunityError,
    LastModifiedDateFilter,
    LifeCycleSummary,
    ListOpportunitiesRequest,
    ListOpportunitiesResponse,
    MalformedResponseError,
    OnEvent,
    OnInvalid,
    OnMissing,
    OpportunitiesNotFoundError,
    OpportunityFilters,
    OpportunityPager,
    OpportunityScan,
    OpportunitySort,
    OpportunitySortName,
    OpportunitySummary,
    OpportunityType,
    PageReceived,
    PaginationError,
    PartnerCentralClient,
    PartnerCentralError,
    PaymentFrequency,
    ProjectSummary,
    RateLimited,
    RequestEvent,
    RequestFailed,
    RequestProblem,
    RequestQueued,
    RequestSent,
    RequestTimeoutError,
    RequestValidationError,
    ResourceNotFoundException,
    ResponseMetadata,
    RetryPolicy,
    RetryScheduled,
    ReviewStatus,
    ReviewStatusName,
    ScanFinished,
    ServiceError,
    SortByName,
    SortOrder,
    SortOrderName,
    Stage,
    StageName,
    StoreError,
    TargetCloseDateFilter,
    ThrottlingException,
    TokenExpiredError,
    TransportError,
    ValidationException,
    ValidationExceptionError,
    run,
)
from partnercentral_list.eventbridge import (
    OpportunityEvent,
    OtherEvent,
    parse_event,
    parse_events,
)
from partnercentral_list.sync import (
    ApplyReport,
    FleetReport,
    FleetResult,
    MemoryStore,
    OpportunityChange,
    OpportunitySync,
    PageCommitted,
    PartnerAccount,
    ReconcileReport,
    SQLiteStore,
    SyncEvent,
    SyncFleet,
    SyncReport,
    SyncStore,
    sync_account,
)

# The client


async def fresh_credentials() -> Credentials:
    return Credentials("AKIDEXAMPLE", "secret", token=None, expiry=None)


def making_a_client(catalog_name: CatalogName) -> None:
    client = PartnerCentralClient("AWS")
    assert_type(client, PartnerCentralClient)
    assert_type(client.catalog, Catalog)
    PartnerCentralClient(Catalog.SANDBOX)
    PartnerCentralClient(catalog_name)
    PartnerCentralClient("AWS", profile_name="sales", region_name="us-east-1")
    PartnerCentralClient(
        "Sandbox",
        endpoint_url="http://127.0.0.1:8765",
        credentials=fresh_credentials,
        config=ClientConfig(verify="ca.pem", connect_timeout=1, integration="Acme|CRM"),
        retry=RetryPolicy(max_attempts=3, max_elapsed=0),
        on_event=count,
    )


def count(event: RequestEvent) -> float:
    match event:
        case ScanFinished():
            assert_type(event.may_lack_undated, bool)
            return assert_type(event.opportunities, int)
        case RequestQueued():
            assert_type(event.queue_length, int)
            return assert_type(event.expected_wait, float)
        case RateLimited():
            assert_type(event.invocation_id, str)
            assert_type(event.attempt, int)
            return assert_type(event.waited, float)
        case RequestSent():
            return 0.0
        case PageReceived():
            assert_type(event.request_id, str | None)
            return assert_type(event.elapsed, float)
        case RequestFailed():
            assert_type(event.code, str | None)
            return assert_type(event.elapsed, float)
        case RetryScheduled():
            assert_type(event.error, str)
            return assert_type(event.delay, float)


async def using_a_client() -> None:
    async with PartnerCentralClient("AWS") as client:
        assert_type(client, PartnerCentralClient)
    assert_type(client.preload(), None)
    assert_type(await client.aclose(), None)
    assert_type(await client.aclose(drain=True), None)


async def one_page(client: PartnerCentralClient, request: ListOpportunitiesRequest) -> None:
    assert_type(await client.list_opportunities(), ListOpportunitiesResponse)
    assert_type(await client.list_opportunities(request), ListOpportunitiesResponse)
    page = await client.list_opportunities(
        max_results=5, next_token="token", life_cycle_stage=["Qualified"]
    )
    assert_type(page.opportunity_summaries, tuple[OpportunitySummary, ...])
    assert_type(page.next_token, str | None)
    assert_type(page.response_metadata, ResponseMetadata)
    assert_type(page.response_metadata.request_id, str | None)
    assert_type(page.response_metadata.http_status, int | None)
    assert_type(page.response_metadata.attempts, int)
    assert_type(page.response_metadata.elapsed, float)


def taking_notice(invalid: InvalidOpportunity) -> None:
    assert_type(invalid.id, str | None)
    assert_type(invalid.page, int)
    assert_type(invalid.index, int)
    assert_type(invalid.problems, tuple[str, ...])
    assert_type(invalid.raw, object)


async def listing(client: PartnerCentralClient, request: ListOpportunitiesRequest) -> None:
    scan = client.scan_opportunities(life_cycle_stage=["Qualified", Stage.COMMITTED], concurrency=4)
    assert_type(scan, OpportunityScan)
    assert_type(await scan.collect(), list[OpportunitySummary])
    async for scanned in client.scan_opportunities(request, on_invalid=taking_notice):
        assert_type(scanned, OpportunitySummary)
    pager = client.iter_opportunities()
    assert_type(pager, OpportunityPager)
    async for opportunity in pager:
        assert_type(opportunity, OpportunitySummary)
    async for page in pager.pages():
        assert_type(page, ListOpportunitiesResponse)
    assert_type(await pager.collect(), list[OpportunitySummary])
    assert_type(await pager.first(), OpportunitySummary | None)
    assert_type(pager.resume_token, str | None)
    assert_type(pager.pages(), AsyncGenerator[ListOpportunitiesResponse, None])
    assert_type([item.id async for item in pager], list[str])
    client.iter_opportunities(request, page_size=10, max_items=5)
    client.iter_opportunities(page_size="aws")
    client.iter_opportunities(starting_token=pager.resume_token, prefetch=0, on_invalid="raise")
    client.iter_opportunities(on_invalid=taking_notice)
    invalid: list[InvalidOpportunity] = []
    client.iter_opportunities(on_invalid=invalid.append)


async def listing_by_id(client: PartnerCentralClient, names: list[str], unique: set[str]) -> None:
    found = client.iter_opportunities_by_id(names)
    assert_type(found, AsyncGenerator[OpportunitySummary, None])
    async with aclosing(found) as opportunities:
        async for opportunity in opportunities:
            assert_type(opportunity, OpportunitySummary)
    async with aclosing(aiter(client.iter_opportunities())) as listed:
        assert_type(await anext(listed), OpportunitySummary)
    async for opportunity in found:
        assert_type(opportunity, OpportunitySummary)
    missing: list[str] = []
    client.iter_opportunities_by_id(("O1", "O2"), on_missing=missing.append)
    client.iter_opportunities_by_id(unique, on_missing="raise")
    client.iter_opportunities_by_id(frozenset(names))
    client.iter_opportunities_by_id({"O1": 1}.keys())


def filtering(
    client: PartnerCentralClient,
    since: datetime,
    stages: list[Stage],
    stage_names: list[StageName],
    either: list[Stage | StageName],
    statuses: tuple[ReviewStatus, ...],
    status_name: ReviewStatusName,
    sort_by: SortByName,
    sort_order: SortOrderName,
    names: list[str],
) -> None:
    client.iter_opportunities(life_cycle_stage=["Qualified", "Committed"])
    client.iter_opportunities(life_cycle_stage=["Qualified", Stage.COMMITTED])
    client.iter_opportunities(life_cycle_stage=(Stage.QUALIFIED, "Committed"))
    client.iter_opportunities(life_cycle_stage=stages)
    client.iter_opportunities(life_cycle_stage=stage_names)
    client.iter_opportunities(life_cycle_stage=either)
    client.iter_opportunities(life_cycle_stage=list(Stage))
    client.iter_opportunities(life_cycle_stage=[Stage.unknown("Something new")])
    client.iter_opportunities(life_cycle_stage=[stage for stage in Stage if stage.is_known])
    client.iter_opportunities(life_cycle_stage=None, identifier=None, sort=None)
    client.iter_opportunities(life_cycle_review_status=statuses)
    client.iter_opportunities(life_cycle_review_status=[status_name, ReviewStatus.IN_REVIEW])
    client.iter_opportunities(identifier=names, customer_company_name=tuple(names))
    client.iter_opportunities(identifier=["O1"], customer_company_name=["Blue Heron Bakery"])
    client.iter_opportunities(
        last_modified_date=LastModifiedDateFilter(
            after_last_modified_date=since, before_last_modified_date=None
        ),
        created_date=CreatedDateFilter(after_created_date=since, before_created_date=since),
        target_close_date=TargetCloseDateFilter(
            after_target_close_date=since.date(), before_target_close_date=date(2027, 1, 1)
        ),
        sort=OpportunitySort(sort_by=sort_by, sort_order=sort_order),
    )
    filters: OpportunityFilters = {"life_cycle_stage": ["Qualified"], "identifier": names}
    client.iter_opportunities(**filters)
    client.iter_opportunities(**filters, page_size=5)


# The request


def requests(stages: list[Stage]) -> None:
    request = ListOpportunitiesRequest(
        catalog="AWS",
        max_results=5,
        next_token="token",
        sort=OpportunitySort(sort_by="CreatedDate", sort_order=SortOrder.ASCENDING),
        last_modified_date=LastModifiedDateFilter(),
        identifier=["O1"],
        life_cycle_stage=["Qualified", Stage.COMMITTED],
        life_cycle_review_status=["In review"],
        customer_company_name=("Blue Heron Bakery",),
        created_date=CreatedDateFilter(),
        target_close_date=TargetCloseDateFilter(),
    )
    ListOpportunitiesRequest(catalog=Catalog.AWS, life_cycle_stage=stages)
    assert_type(ListOpportunitiesRequest.model_validate({}), ListOpportunitiesRequest)
    assert_type(request.catalog, Catalog)
    assert_type(request.max_results, int | None)
    assert_type(request.next_token, str | None)
    assert_type(request.sort, OpportunitySort | None)
    assert_type(request.last_modified_date, LastModifiedDateFilter | None)
    assert_type(request.identifier, tuple[str, ...] | None)
    assert_type(request.life_cycle_stage, tuple[Stage, ...] | None)
    assert_type(request.life_cycle_review_status, tuple[ReviewStatus, ...] | None)
    assert_type(request.customer_company_name, tuple[str, ...] | None)
    assert_type(request.created_date, CreatedDateFilter | None)
    assert_type(request.target_close_date, TargetCloseDateFilter | None)


def parts_of_requests(
    sort: OpportunitySort,
    changed: LastModifiedDateFilter,
    created: CreatedDateFilter,
    closing: TargetCloseDateFilter,
) -> None:
    assert_type(sort.sort_by, OpportunitySortName)
    assert_type(sort.sort_order, SortOrder)
    assert_type(changed.after_last_modified_date, datetime | None)
    assert_type(changed.before_last_modified_date, datetime | None)
    assert_type(created.after_created_date, datetime | None)
    assert_type(created.before_created_date, datetime | None)
    assert_type(closing.after_target_close_date, date | None)
    assert_type(closing.before_target_close_date, date | None)


# A program's own interfaces, which a client satisfies and a test double can


class ListsByStage(Protocol):
    def iter_opportunities(
        self, *, life_cycle_stage: Sequence[Stage | StageName] | None = None
    ) -> AsyncIterable[OpportunitySummary]: ...


class ListsOpportunities(Protocol):
    def iter_opportunities(
        self,
        *,
        page_size: int | None = None,
        max_items: int | None = None,
        starting_token: str | None = None,
        prefetch: int = 1,
        on_invalid: OnInvalid = "raise",
        **filters: Unpack[OpportunityFilters],
    ) -> AsyncIterable[OpportunitySummary]: ...


def interfaces(client: PartnerCentralClient) -> None:
    narrow: ListsByStage = client
    whole: ListsOpportunities = client
    narrow = whole
    print(narrow, whole)


def callbacks(on_invalid: OnInvalid, on_missing: OnMissing, on_event: OnEvent) -> None:
    client = PartnerCentralClient("AWS", on_event=on_event)
    client.iter_opportunities(on_invalid=on_invalid)
    client.iter_opportunities_by_id(["O1"], on_missing=on_missing)


# The response


def summaries(opportunity: OpportunitySummary) -> None:
    assert_type(opportunity.catalog, Catalog)
    assert_type(opportunity.id, str)
    assert_type(opportunity.arn, str | None)
    assert_type(opportunity.partner_opportunity_identifier, str | None)
    assert_type(opportunity.opportunity_type, OpportunityType | None)
    assert_type(opportunity.last_modified_date, datetime | None)
    assert_type(opportunity.created_date, datetime | None)
    assert_type(opportunity.life_cycle, LifeCycleSummary | None)
    assert_type(opportunity.customer, CustomerSummary | None)
    assert_type(opportunity.project, ProjectSummary | None)
    assert_type(opportunity.stage, Stage | None)
    assert_type(opportunity.review_status, ReviewStatus | None)
    assert_type(opportunity.company_name, str | None)
    assert_type(opportunity.target_close_date, date | None)
    assert_type(opportunity.country_code, CountryCode | None)
    assert_type(opportunity.industry, Industry | None)
    assert_type(opportunity.monthly_spend("USD"), Decimal | None)
    assert_type(opportunity.monthly_spend(CurrencyCode.EUR, target_company="AWS"), Decimal | None)
    assert_type({opportunity}, set[OpportunitySummary])


def life_cycles(life_cycle: LifeCycleSummary) -> None:
    assert_type(life_cycle.stage, Stage | None)
    assert_type(life_cycle.closed_lost_reason, ClosedLostReason | None)
    assert_type(life_cycle.next_steps, str | None)
    assert_type(life_cycle.target_close_date, date | None)
    assert_type(life_cycle.review_status, ReviewStatus | None)
    assert_type(life_cycle.review_comments, str | None)
    assert_type(life_cycle.review_status_reason, str | None)


def customers(customer: CustomerSummary, account: AccountSummary, address: AddressSummary) -> None:
    assert_type(customer.account, AccountSummary | None)
    assert_type(account.industry, Industry | None)
    assert_type(account.other_industry, str | None)
    assert_type(account.company_name, str | None)
    assert_type(account.website_url, str | None)
    assert_type(account.address, AddressSummary | None)
    assert_type(address.city, str | None)
    assert_type(address.postal_code, str | None)
    assert_type(address.state_or_region, str | None)
    assert_type(address.country_code, CountryCode | None)


def codes() -> tuple[Literal[CountryCode.ZW], Literal[CurrencyCode.ZWL]]:
    return CountryCode.ZW, CurrencyCode.ZWL


def projects(
    project: ProjectSummary, spend: ExpectedCustomerSpend, duration: ExpectedContractDuration
) -> None:
    assert_type(project.delivery_models, tuple[DeliveryModel, ...] | None)
    assert_type(project.expected_customer_spend, tuple[ExpectedCustomerSpend, ...] | None)
    assert_type(project.expected_contract_duration, ExpectedContractDuration | None)
    assert_type(spend.amount, Decimal | None)
    assert_type(spend.currency_code, CurrencyCode | None)
    assert_type(spend.frequency, PaymentFrequency | None)
    assert_type(spend.target_company, str | None)
    assert_type(spend.estimation_url, str | None)
    assert_type(duration.term, ExpectedContractDurationTerm | None)
    assert_type(duration.value, str | None)


def enumerations(text: str) -> None:
    assert_type(Stage(text), Stage)
    assert_type(Stage.unknown(text), Stage)
    assert_type(Stage.QUALIFIED.is_known, bool)
    assert_type(Stage.QUALIFIED.value, Literal["Qualified"])
    as_string: str = Stage.QUALIFIED
    assert_type(as_string.upper(), str)


# The errors


def errors(error: PartnerCentralError) -> None:
    assert_type(error.operation, str | None)
    assert_type(error.attempts, int)
    assert_type(error.request_id, str | None)
    assert_type(error.resume_token, str | None)
    assert_type(error.retryable, bool)
    if isinstance(error, RequestValidationError):
        assert_type(error.errors(), list[RequestProblem])
        assert_type(error.errors()[0]["field"], str)
        assert_type(error.errors()[0]["problem"], str)
        assert_type(error.errors()[0]["valid"], str)
    elif isinstance(error, InvalidOpportunityError):
        assert_type(error.invalid, InvalidOpportunity)
        assert_type(error.resume_token_after, str | None)
    elif isinstance(error, OpportunitiesNotFoundError):
        assert_type(error.identifiers, tuple[str, ...])
    elif isinstance(error, ServiceError):
        assert_type(error.code, str)
        assert_type(error.message, str)
        assert_type(error.http_status, int | None)
        assert_type(error.retry_after, float | None)


def modeled_errors(denied: AccessDeniedException, refused: ValidationException) -> None:
    assert_type(denied.reason, str | None)
    assert_type(refused.reason, str | None)
    assert_type(refused.error_list, tuple[ValidationExceptionError, ...])
    assert_type(refused.error_list[0].field_name, str | None)
    assert_type(refused.error_list[0].message, str)
    assert_type(refused.error_list[0].code, str)


def the_tree_of_errors(
    configuration: ConfigurationError,
    closed: ClientClosedError,
    timed_out: RequestTimeoutError,
    malformed: MalformedResponseError,
    expired: TokenExpiredError,
    internal: InternalServerException,
    not_found: ResourceNotFoundException,
    throttled: ThrottlingException,
    wrong: RequestValidationError,
) -> None:
    base: list[PartnerCentralError] = [configuration, closed, malformed, timed_out, expired, wrong]
    service: list[ServiceError] = [internal, not_found, throttled]
    transport: TransportError = timed_out
    pagination: PaginationError = expired
    value_error: ValueError = wrong
    print(base, service, transport, pagination, value_error)


# run


def running(client: PartnerCentralClient) -> None:
    assert_type(run(client.iter_opportunities().collect()), list[OpportunitySummary])
    assert_type(run(client.list_opportunities(), debug=True), ListOpportunitiesResponse)
    assert_type(run(client.aclose()), None)


# Keeping a local replica


async def keeping_a_replica(client: PartnerCentralClient, own: SyncStore) -> None:
    async with SQLiteStore("pipeline.db", account="One") as store:
        assert_type(store, SQLiteStore)
        sync = OpportunitySync(client, store, lookback=timedelta(minutes=1), page_size=50)
        report = await sync.run()
        assert_type(report, SyncReport)
        assert_type(report.watermark, datetime | None)
        async for change in sync.changes():
            assert_type(change, OpportunityChange)
            assert_type(change.kind, Literal["created", "updated"])
            assert_type(change.before, OpportunitySummary | None)
            assert_type(change.after, OpportunitySummary)
        events = parse_events({"Records": []})
        assert_type(events, list[OpportunityEvent | OtherEvent])
        assert_type(await sync.apply(events), ApplyReport)
        reconciled = await sync.reconcile()
        assert_type(reconciled, ReconcileReport)
        assert_type(reconciled.gone, tuple[str, ...])
    in_memory: SyncStore = MemoryStore()
    stores: list[SyncStore] = [in_memory, own, SQLiteStore("another.db")]
    OpportunitySync(client, stores[0], on_event=on_sync_event)


def on_sync_event(event: SyncEvent) -> None:
    if isinstance(event, PageCommitted):
        assert_type(event.requests, int)


async def a_fleet(accounts: Sequence[PartnerAccount], own: SyncStore) -> None:
    fleet = SyncFleet(
        {account.name: account.make_client for account in accounts},
        lambda name: SQLiteStore("pipeline.db", account=name),
        concurrency=4,
        deadline=timedelta(minutes=10),
        make_sync=partial(OpportunitySync, lease_wait=timedelta(minutes=6)),
    )
    results: list[FleetResult] = []
    async for result in fleet.run():
        assert_type(result, FleetResult)
        assert_type(result.report, SyncReport | None)
        assert_type(result.error, Exception | None)
        results.append(result)
    assert_type(FleetReport(results).failed, list[FleetResult])
    # A store of one's own, one that is closed, and a client of any kind.
    SyncFleet({"emea": lambda: PartnerCentralClient("AWS")}, lambda name: own)
    SyncFleet({"emea": PartnerCentralClient.demo}, lambda name: aclosing(SQLiteStore(name)))
    assert_type(sync_account(accounts[0], "postgresql://host/db"), SyncReport)


def an_event(payload: dict[str, object]) -> None:
    event = parse_event(payload)
    if isinstance(event, OpportunityEvent):
        assert_type(event.kind, Literal["created", "updated"])
        assert_type(event.catalog, Catalog)
        assert_type(event.time, datetime | None)
        assert_type(event.account, str | None)
    else:
        assert_type(event, OtherEvent)


def a_store_error(error: StoreError) -> None:
    base: PartnerCentralError = error
    print(base)
