"""Models of the request and the response of ListOpportunities, and their enumerations."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from partnercentral_list.models.enums import (
        Catalog,
        CatalogName,
        ClosedLostReason,
        CountryCode,
        CurrencyCode,
        DeliveryModel,
        ExpectedContractDurationTerm,
        Industry,
        OpportunitySortName,
        OpportunityType,
        PaymentFrequency,
        ReviewStatus,
        ReviewStatusName,
        SortByName,
        SortOrder,
        SortOrderName,
        Stage,
        StageName,
    )
    from partnercentral_list.models.request import (
        CreatedDateFilter,
        LastModifiedDateFilter,
        ListOpportunitiesRequest,
        OpportunityFilters,
        OpportunitySort,
        ScanFilters,
        TargetCloseDateFilter,
    )
    from partnercentral_list.models.response import (
        AccountSummary,
        AddressSummary,
        CustomerSummary,
        ExpectedContractDuration,
        ExpectedCustomerSpend,
        LifeCycleSummary,
        ListOpportunitiesResponse,
        OpportunitySummary,
        ProjectSummary,
        ResponseMetadata,
    )

__all__ = [
    "AccountSummary",
    "AddressSummary",
    "Catalog",
    "CatalogName",
    "ClosedLostReason",
    "CountryCode",
    "CreatedDateFilter",
    "CurrencyCode",
    "CustomerSummary",
    "DeliveryModel",
    "ExpectedContractDuration",
    "ExpectedContractDurationTerm",
    "ExpectedCustomerSpend",
    "Industry",
    "LastModifiedDateFilter",
    "LifeCycleSummary",
    "ListOpportunitiesRequest",
    "ListOpportunitiesResponse",
    "OpportunityFilters",
    "OpportunitySort",
    "OpportunitySortName",
    "OpportunitySummary",
    "OpportunityType",
    "PaymentFrequency",
    "ProjectSummary",
    "ResponseMetadata",
    "ReviewStatus",
    "ReviewStatusName",
    "ScanFilters",
    "SortByName",
    "SortOrder",
    "SortOrderName",
    "Stage",
    "StageName",
    "TargetCloseDateFilter",
]

# Where the names above are; the one that brings no pydantic first.
_MODULES: Final = ("enums", "request", "response")

# Type checkers read the imports above: to them, a name that is not there must stay an error.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        # Imported when it is first used: the command's help needs the enumerations only.
        for place in _MODULES if name in __all__ else ():
            module = import_module(f"{__name__}.{place}")
            if hasattr(module, name):
                value = globals()[name] = getattr(module, name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    special = [name for name in globals() if name.startswith("__")]
    return sorted({*__all__, *special})
