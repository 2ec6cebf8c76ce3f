"""The members of a request and of a response in the AWS CLI's order, and skeletons of both.

Nothing heavy is imported for help and completion: the enumerations bring no pydantic. A test
compares the members with botocore's service model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from partnercentral_list.models.enums import (
    Catalog,
    OpenStrEnum,
    OpportunitySortName,
    ReviewStatus,
    SortOrder,
    Stage,
)

TEXT: Final = "text"
INTEGER: Final = "integer"
TIMESTAMP: Final = "timestamp"
DATE: Final = "date"

SUMMARIES: Final = "OpportunitySummaries"
TOKEN: Final = "NextToken"  # noqa: S105 # the name of a member, no secret

EPOCH: Final = "1970-01-01T00:00:00"


@dataclass(frozen=True, slots=True)
class RequestMember:
    """A member of the request.

    Args:
        kind: What a value is; of a list, what each of its values is; "structure" has members.
        about: AWS's sentence about it.
        choices: The declared values.
        is_list: Whether there may be several values.
        required: Whether the request or its structure needs it.
        members: The members of a structure.
        metavar: What the command's help calls the value of a filter's option.
        help_text: The sentence of that help, in front of the choices or the bounds.
    """

    kind: str
    about: str
    choices: Sequence[str] = ()
    is_list: bool = False
    required: bool = False
    members: Mapping[str, RequestMember] | None = None
    metavar: str = ""
    help_text: str = ""


def _values(enum: type[OpenStrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in enum)


def _date_range(about: str, kind: str, help_text: str, **bounds: str) -> RequestMember:
    return RequestMember(
        "structure",
        about,
        members={name: RequestMember(kind, text) for name, text in bounds.items()},
        metavar="SPAN",
        help_text=help_text,
    )


REQUEST: Final[Mapping[str, RequestMember]] = {
    "Catalog": RequestMember(
        TEXT, "Specifies the catalog associated with the request.", _values(Catalog), required=True
    ),
    "MaxResults": RequestMember(
        INTEGER, "Specifies the maximum number of results to return in a single call."
    ),
    "NextToken": RequestMember(
        TEXT, "A pagination token used to retrieve the next set of results in subsequent calls."
    ),
    "Sort": RequestMember(
        "structure",
        "An object that specifies how the response is sorted.",
        members={
            "SortOrder": RequestMember(TEXT, "Sort order.", _values(SortOrder), required=True),
            "SortBy": RequestMember(
                TEXT, "Field name to sort by.", _values(OpportunitySortName), required=True
            ),
        },
    ),
    "LastModifiedDate": _date_range(
        "Filters the opportunities based on their last modified date.",
        TIMESTAMP,
        "only those changed within",
        AfterLastModifiedDate="Specifies the date after which the opportunities were modified.",
        BeforeLastModifiedDate="Specifies the date before which the opportunities were modified.",
    ),
    "Identifier": RequestMember(
        TEXT,
        "Filters the opportunities based on the opportunity identifier.",
        is_list=True,
        metavar="ID",
        help_text="only these, such as O1111111, at most 20",
    ),
    "LifeCycleStage": RequestMember(
        TEXT,
        "Filters the opportunities based on their lifecycle stage.",
        _values(Stage),
        is_list=True,
        metavar="STAGE",
        help_text="only those in one of these stages",
    ),
    "LifeCycleReviewStatus": RequestMember(
        TEXT,
        "Filters the opportunities based on their current lifecycle approval status.",
        _values(ReviewStatus),
        is_list=True,
        metavar="STATUS",
        help_text="only those with one of these review statuses",
    ),
    "CustomerCompanyName": RequestMember(
        TEXT,
        "Filters the opportunities based on the customer's company name.",
        is_list=True,
        metavar="NAME",
        help_text="only those of one of these customers, at most 10",
    ),
    "CreatedDate": _date_range(
        "Filter opportunities by creation date criteria.",
        TIMESTAMP,
        "only those created within",
        AfterCreatedDate="Filter opportunities created after this date.",
        BeforeCreatedDate="Filter opportunities created before this date.",
    ),
    "TargetCloseDate": _date_range(
        "Filters opportunities based on their target close date.",
        DATE,
        "only those expected to close within",
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
    "LastModifiedDate": TIMESTAMP,
    "CreatedDate": TIMESTAMP,
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


def input_skeleton(members: Mapping[str, RequestMember] = REQUEST) -> dict[str, Any]:
    """Return a sample request."""
    return {name: _sample(member) for name, member in members.items()}


def _sample(member: RequestMember) -> Any:
    if member.members is not None:
        return input_skeleton(member.members)
    if member.kind == INTEGER:
        return 0
    sample = EPOCH if member.kind == TIMESTAMP else _first_choice(member)
    return [sample] if member.is_list else sample


def _first_choice(member: RequestMember) -> str:
    # AWS declares the catalogs in prose only, so that its own sample has none.
    return "" if member is REQUEST["Catalog"] or not member.choices else member.choices[0]


def yaml_input_skeleton() -> str:
    """Return a sample request in YAML, with what each member is for."""
    return "\n".join(_yaml_lines(REQUEST, "")) + "\n"


def _yaml_lines(members: Mapping[str, RequestMember], indent: str) -> Iterator[str]:
    for position, (name, member) in enumerate(members.items()):
        comment = f"# {'[REQUIRED] ' if member.required else ''}{member.about}"
        if member.members is not None:
            yield f"{indent}{name}: {comment}"
            yield from _yaml_lines(member.members, indent + "  ")
            continue
        sample = _yaml_scalar(member)
        if member.is_list:
            yield f"{indent}{name}: {comment}"
            yield f"{indent}- {sample}"
        else:
            if indent and member.choices:
                comment += f" Valid values are: {', '.join(member.choices)}."
            # The AWS CLI writes one more space in front of a structure's first comment.
            gap = "  " if position == 0 else " "
            yield f"{indent}{name}: {sample}{gap}{comment}"


def _yaml_scalar(member: RequestMember) -> str:
    if member.kind == INTEGER:
        return "0"
    if member.kind == TIMESTAMP:
        return EPOCH.replace("T", " ")
    return _first_choice(member) or "''"


def output_skeleton() -> dict[str, Any]:
    """Return a sample response, whose values are the names of its members."""
    return {SUMMARIES: [_output_sample(OPPORTUNITY, "")], TOKEN: TOKEN}


def _output_sample(shape: Shape, name: str) -> Any:
    if isinstance(shape, Mapping):
        return {member: _output_sample(inner, member) for member, inner in shape.items()}
    if isinstance(shape, list):
        # AWS's name of a list's entries is that of the list without its plural.
        return [_output_sample(shape[0], name.removesuffix("s"))]
    return EPOCH if shape == TIMESTAMP else name
