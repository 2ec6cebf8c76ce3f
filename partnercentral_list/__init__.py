"""Read an AWS partner's pipeline: the opportunities of AWS Partner Central, typed and complete.

::

    async with PartnerCentralClient("AWS") as client:
        async for opportunity in client.iter_opportunities(life_cycle_stage=["Qualified"]):
            print(opportunity.id, opportunity.stage, opportunity.target_close_date)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from partnercentral_list._pagination.invalid import OnInvalid
    from partnercentral_list._pagination.lookup import OnMissing
    from partnercentral_list._pagination.pager import OpportunityPager
    from partnercentral_list._pagination.scan.scan import OpportunityScan
    from partnercentral_list._run import run
    from partnercentral_list._transport.events import (
        OnEvent,
        PageReceived,
        RateLimited,
        RequestEvent,
        RequestFailed,
        RequestQueued,
        RequestSent,
        RetryScheduled,
        ScanFinished,
    )
    from partnercentral_list._transport.rate_limiter import RateLimiter
    from partnercentral_list.client import PartnerCentralClient
    from partnercentral_list.config import ClientConfig, Credentials, RateLimit, RetryPolicy
    from partnercentral_list.errors import (
        AccessDeniedException,
        ClientClosedError,
        ConfigurationError,
        DailyLimitError,
        InternalServerException,
        InvalidOpportunity,
        InvalidOpportunityError,
        MalformedResponseError,
        OpportunitiesNotFoundError,
        PaginationError,
        PartnerCentralError,
        RateLimitTimeoutError,
        RequestProblem,
        RequestTimeoutError,
        RequestValidationError,
        ResourceNotFoundException,
        ServiceError,
        StoreError,
        ThrottlingException,
        TokenExpiredError,
        TransportError,
        ValidationException,
        ValidationExceptionError,
    )
    from partnercentral_list.models import (
        AccountSummary,
        AddressSummary,
        Catalog,
        CatalogName,
        ClosedLostReason,
        CountryCode,
        CreatedDateFilter,
        CurrencyCode,
        CustomerSummary,
        DeliveryModel,
        ExpectedContractDuration,
        ExpectedContractDurationTerm,
        ExpectedCustomerSpend,
        Industry,
        LastModifiedDateFilter,
        LifeCycleSummary,
        ListOpportunitiesRequest,
        ListOpportunitiesResponse,
        OpportunityFilters,
        OpportunitySort,
        OpportunitySortName,
        OpportunitySummary,
        OpportunityType,
        PaymentFrequency,
        ProjectSummary,
        ResponseMetadata,
        ReviewStatus,
        ReviewStatusName,
        ScanFilters,
        SortByName,
        SortOrder,
        SortOrderName,
        Stage,
        StageName,
        TargetCloseDateFilter,
    )

__all__ = [
    "AccessDeniedException",
    "AccountSummary",
    "AddressSummary",
    "Catalog",
    "CatalogName",
    "ClientClosedError",
    "ClientConfig",
    "ClosedLostReason",
    "ConfigurationError",
    "CountryCode",
    "CreatedDateFilter",
    "Credentials",
    "CurrencyCode",
    "CustomerSummary",
    "DailyLimitError",
    "DeliveryModel",
    "ExpectedContractDuration",
    "ExpectedContractDurationTerm",
    "ExpectedCustomerSpend",
    "Industry",
    "InternalServerException",
    "InvalidOpportunity",
    "InvalidOpportunityError",
    "LastModifiedDateFilter",
    "LifeCycleSummary",
    "ListOpportunitiesRequest",
    "ListOpportunitiesResponse",
    "MalformedResponseError",
    "OnEvent",
    "OnInvalid",
    "OnMissing",
    "OpportunitiesNotFoundError",
    "OpportunityFilters",
    "OpportunityPager",
    "OpportunityScan",
    "OpportunitySort",
    "OpportunitySortName",
    "OpportunitySummary",
    "OpportunityType",
    "PageReceived",
    "PaginationError",
    "PartnerCentralClient",
    "PartnerCentralError",
    "PaymentFrequency",
    "ProjectSummary",
    "RateLimit",
    "RateLimitTimeoutError",
    "RateLimited",
    "RateLimiter",
    "RequestEvent",
    "RequestFailed",
    "RequestProblem",
    "RequestQueued",
    "RequestSent",
    "RequestTimeoutError",
    "RequestValidationError",
    "ResourceNotFoundException",
    "ResponseMetadata",
    "RetryPolicy",
    "RetryScheduled",
    "ReviewStatus",
    "ReviewStatusName",
    "ScanFilters",
    "ScanFinished",
    "ServiceError",
    "SortByName",
    "SortOrder",
    "SortOrderName",
    "Stage",
    "StageName",
    "StoreError",
    "TargetCloseDateFilter",
    "ThrottlingException",
    "TokenExpiredError",
    "TransportError",
    "ValidationException",
    "ValidationExceptionError",
    "__version__",
    "run",
]

# Where the names above are; those that cost least to import first.
_MODULES: Final = (
    "errors",
    "config",
    "models",
    "client",
    "_transport.events",
    "_transport.rate_limiter",
    "_pagination.invalid",
    "_pagination.pager",
    "_pagination.lookup",
    "_pagination.scan.scan",
    "_run",
)


# Type checkers read the imports above: to them, a name that is not there must stay an error.
if not TYPE_CHECKING:

    def _find(name: str) -> Any:
        from partnercentral_list._transport.collector import collector_paused

        with collector_paused(settles=True):
            for place in _MODULES:
                module = import_module(f"{__name__}.{place}")
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"{name!r} is in __all__ of {__name__!r}, and in none of its modules")

    def __getattr__(name: str) -> Any:
        # Imported when it is first used, so that what needs a few names, or only the command's
        # help, does not pay for pydantic and the client.
        if name in __all__:
            value = globals()[name] = _find(name)
            return value
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    modules = [name for name in _MODULES if "_" not in name]
    special = [name for name in globals() if name.startswith("__")]
    return sorted({*__all__, *modules, *special})
