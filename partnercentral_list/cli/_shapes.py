"""The members of a request and of an opportunity, in the order in which the AWS CLI prints them.

They are written down here so that nothing heavy is imported to show help or a skeleton; a test
holds them against botocore's service model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

STAGES: Final = (
    "Prospect",
    "Qualified",
    "Technical Validation",
    "Business Validation",
    "Committed",
    "Launched",
    "Closed Lost",
)
REVIEW_STATUSES: Final = (
    "Pending Submission",
    "Submitted",
    "In review",
    "Approved",
    "Rejected",
    "Action Required",
)
SORT_NAMES: Final = (
    "LastModifiedDate",
    "Identifier",
    "CustomerCompanyName",
    "CreatedDate",
    "TargetCloseDate",
)
SORT_ORDERS: Final = ("ASCENDING", "DESCENDING")
CATALOGS: Final = ("AWS", "Sandbox")

TEXT: Final = "text"
INTEGER: Final = "integer"
MOMENT: Final = "moment"
DAY: Final = "day"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the request.

    Args:
        kind: What a value is; of a list, what each of its values is; "structure" has members.
        about: AWS's sentence about it.
        choices: The declared values.
        is_list: Whether there may be several values.
        required: Whether the request or its structure needs it.
        members: The members of a structure.
    """

    kind: str
    about: str
    choices: Sequence[str] = ()
    is_list: bool = False
    required: bool = False
    members: Mapping[str, Member] | None = None


def _span(about: str, kind: str, **bounds: str) -> Member:
    return Member(
        "structure", about, members={name: Member(kind, text) for name, text in bounds.items()}
    )


REQUEST: Final[Mapping[str, Member]] = {
    "Catalog": Member(
        TEXT, "Specifies the catalog associated with the request.", CATALOGS, required=True
    ),
    "MaxResults": Member(
        INTEGER, "Specifies the maximum number of results to return in a single call."
    ),
    "NextToken": Member(
        TEXT,
        "A pagination token used to retrieve the next set of results in subsequent calls.",
    ),
    "Sort": Member(
        "structure",
        "An object that specifies how the response is sorted.",
        members={
            "SortOrder": Member(TEXT, "Sort order.", SORT_ORDERS, required=True),
            "SortBy": Member(TEXT, "Field name to sort by.", SORT_NAMES, required=True),
        },
    ),
    "LastModifiedDate": _span(
        "Filters the opportunities based on their last modified date.",
        MOMENT,
        AfterLastModifiedDate="Specifies the date after which the opportunities were modified.",
        BeforeLastModifiedDate="Specifies the date before which the opportunities were modified.",
    ),
    "Identifier": Member(
        TEXT, "Filters the opportunities based on the opportunity identifier.", is_list=True
    ),
    "LifeCycleStage": Member(
        TEXT, "Filters the opportunities based on their lifecycle stage.", STAGES, is_list=True
    ),
    "LifeCycleReviewStatus": Member(
        TEXT,
        "Filters the opportunities based on their current lifecycle approval status.",
        REVIEW_STATUSES,
        is_list=True,
    ),
    "CustomerCompanyName": Member(
        TEXT, "Filters the opportunities based on the customer's company name.", is_list=True
    ),
    "CreatedDate": _span(
        "Filter opportunities by creation date criteria.",
        MOMENT,
        AfterCreatedDate="Filter opportunities created after this date.",
        BeforeCreatedDate="Filter opportunities created before this date.",
    ),
    "TargetCloseDate": _span(
        "Filters opportunities based on their target close date.",
        DAY,
        AfterTargetCloseDate="Filters opportunities with a target close date after this date.",
        BeforeTargetCloseDate="Filters opportunities with a target close date before this date.",
    ),
}

Shape: TypeAlias = "str | Mapping[str, Shape] | Sequence[Shape]"
"""A kind of scalar, a structure's members, or a list with the one shape of its entries."""


def _texts(*names: str) -> dict[str, Shape]:
    return dict.fromkeys(names, TEXT)


OPPORTUNITY: Final[Mapping[str, Shape]] = {
    **_texts("Catalog", "Id", "Arn", "PartnerOpportunityIdentifier", "OpportunityType"),
    "LastModifiedDate": MOMENT,
    "CreatedDate": MOMENT,
    "LifeCycle": _texts(
        *("Stage", "ClosedLostReason", "NextSteps", "TargetCloseDate"),
        *("ReviewStatus", "ReviewComments", "ReviewStatusReason"),
    ),
    "Customer": {
        "Account": {
            **_texts("Industry", "OtherIndustry", "CompanyName", "WebsiteUrl"),
            "Address": _texts("City", "PostalCode", "StateOrRegion", "CountryCode"),
        }
    },
    "Project": {
        "DeliveryModels": [TEXT],
        "ExpectedCustomerSpend": [
            _texts("Amount", "CurrencyCode", "Frequency", "TargetCompany", "EstimationUrl")
        ],
        "ExpectedContractDuration": _texts("Term", "Value"),
    },
}
