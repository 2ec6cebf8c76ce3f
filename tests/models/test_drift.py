"""The models agree with botocore's service model, and the comparison finds seeded defects."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Annotated, Any

import botocore
import pytest
from botocore.loaders import Loader
from pydantic import BaseModel, Field, create_model

from partnercentral_list import models
from partnercentral_list.models.enums import OpenStrEnum
from partnercentral_list.models.fields import ListOf
from tests.models import drift

SERVICE_MODEL: dict[str, Any] = Loader().load_service_model("partnercentral-selling", "service-2")
FOUND = drift.by_subject(SERVICE_MODEL)

NEWER = (*drift.WRITTEN_AGAINST[:2], drift.WRITTEN_AGAINST[2] + 1)


@pytest.mark.parametrize("subject", FOUND)
def test_is_as_in_the_installed_service_model(
    subject: str, record_testsuite_property: Callable[[str, object], None]
) -> None:
    unexpected = drift.not_tolerated(FOUND[subject], drift.INSTALLED)
    for difference in FOUND[subject]:
        if difference not in unexpected:
            record_testsuite_property("added by a newer botocore", difference)
    assert unexpected == []


def test_the_models_are_written_against_the_pinned_botocore() -> None:
    (pinned,) = re.findall(r"^botocore==(\S+)", drift.CONSTRAINTS.read_text("utf-8"), re.MULTILINE)
    if botocore.__version__ != pinned or any(FOUND.values()):
        # Another one is installed, or the pinned one knows more, which is added after it.
        return
    assert drift.WRITTEN_AGAINST == drift.INSTALLED, (
        f"nothing of botocore {pinned} is missing here any more: make it WRITTEN_AGAINST in "
        "tests/models/drift.py"
    )


@pytest.mark.parametrize(
    "subject",
    [
        "ListOpportunitiesRequest.TargetCloseDate",
        "TargetCloseDateFilter.BeforeTargetCloseDate",
        "LastModifiedDateFilter.AfterLastModifiedDate",
        "ListOpportunitiesResponse.NextToken",
        "AddressSummary.CountryCode",
        "ExpectedContractDuration.Term",
        "Catalog 'Sandbox'",
        "CurrencyCode 'EUR'",
        "SortOrder 'ASCENDING'",
        "ListOpportunities error ValidationException",
        "ValidationExceptionError.FieldName",
    ],
)
def test_the_comparison_reaches(subject: str) -> None:
    assert subject in FOUND


@pytest.mark.parametrize("deviation", drift.DEVIATIONS, ids=" ".join)
def test_a_stated_deviation_is_about_something_compared(deviation: tuple[str, str]) -> None:
    assert deviation[0] in FOUND


# Defects in AWS's model, as drift would bring them.

Shapes = dict[str, Any]


def remove_member(shapes: Shapes) -> None:
    del shapes["OpportunitySummary"]["members"]["Arn"]


def add_member(shapes: Shapes) -> None:
    shapes["OpportunitySummary"]["members"]["Invented"] = {"shape": "String"}


def rename_member(shapes: Shapes) -> None:
    members = shapes["LifeCycleSummary"]["members"]
    members["NextStep"] = members.pop("NextSteps")


def add_structure(shapes: Shapes) -> None:
    shapes["InventedSummary"] = {"type": "structure", "members": {"Size": {"shape": "PageSize"}}}
    shapes["CustomerSummary"]["members"]["Invented"] = {"shape": "InventedSummary"}


def rename_structure(shapes: Shapes) -> None:
    shapes["Account"] = {"type": "structure", "members": {}}
    shapes["CustomerSummary"]["members"]["Account"] = {"shape": "Account"}


def add_value(shapes: Shapes) -> None:
    shapes["Stage"]["enum"].append("Invented")


def remove_value(shapes: Shapes) -> None:
    shapes["CurrencyCode"]["enum"].remove("EUR")


def respell_value(shapes: Shapes) -> None:
    values = shapes["ReviewStatus"]["enum"]
    values[values.index("In review")] = "In Review"


def narrow_catalog(shapes: Shapes) -> None:
    shapes["CatalogIdentifier"]["pattern"] = "[A-Z]+"


def raise_page_size(shapes: Shapes) -> None:
    shapes["PageSize"]["max"] = 200


def raise_lowest_page_size(shapes: Shapes) -> None:
    shapes["PageSize"]["min"] = 5


def shorten_list(shapes: Shapes) -> None:
    shapes["ListOpportunitiesRequestIdentifierList"]["max"] = 10


def raise_lowest_length(shapes: Shapes) -> None:
    shapes["ListOpportunitiesRequestLifeCycleStageList"]["min"] = 1


def lengthen_spend_list(shapes: Shapes) -> None:
    shapes["ExpectedCustomerSpendList"]["max"] = 20


def change_identifier(shapes: Shapes) -> None:
    shapes["OpportunityIdentifier"]["pattern"] = "OPP-[0-9]+"


def change_amount(shapes: Shapes) -> None:
    shapes["Amount"]["pattern"] = "[A-Z]{3} [0-9]+"


def require_member(shapes: Shapes) -> None:
    shapes["ListOpportunitiesRequest"]["required"].append("Sort")


def no_longer_require_member(shapes: Shapes) -> None:
    shapes["OpportunitySort"]["required"].remove("SortBy")


def end_stated_deviation(shapes: Shapes) -> None:
    shapes["AccountSummary"]["required"].remove("CompanyName")


def make_sensitive(shapes: Shapes) -> None:
    shapes["OpportunityArn"]["sensitive"] = True


def make_number(shapes: Shapes) -> None:
    shapes["AccountSummaryOtherIndustryString"]["type"] = "integer"


def remove_error_member(shapes: Shapes) -> None:
    del shapes["AccessDeniedException"]["members"]["Reason"]


def add_error_member(shapes: Shapes) -> None:
    shapes["ThrottlingException"]["members"]["Invented"] = {"shape": "String"}


def no_longer_require_error_member(shapes: Shapes) -> None:
    shapes["ValidationExceptionError"]["required"].remove("Code")


IDENTIFIER_PATTERN = "pattern is 'OPP-[0-9]+' at AWS, 'O[0-9]{1,19}' here"

AWS_DEFECTS = [
    (remove_member, ["OpportunitySummary.Arn is not in AWS's model"]),
    (add_member, ["OpportunitySummary.Invented is missing here"]),
    (
        rename_member,
        [
            "LifeCycleSummary.NextStep is missing here",
            "LifeCycleSummary.NextSteps is not in AWS's model",
        ],
    ),
    (
        add_structure,
        ["CustomerSummary.Invented is missing here", "InventedSummary.Size is missing here"],
    ),
    (add_value, ["Stage 'Invented' is missing here"]),
    (remove_value, ["CurrencyCode 'EUR' is not in AWS's model"]),
    (
        respell_value,
        [
            "ReviewStatus 'In Review' is missing here",
            "ReviewStatus 'In review' is not in AWS's model",
        ],
    ),
    (narrow_catalog, ["Catalog 'Sandbox' is not in AWS's model"]),
    (raise_page_size, ["ListOpportunitiesRequest.MaxResults: maximum is 200 at AWS, 100 here"]),
    (raise_lowest_page_size, ["ListOpportunitiesRequest.MaxResults: minimum is 5 at AWS, 1 here"]),
    (shorten_list, ["ListOpportunitiesRequest.Identifier: maximum is 10 at AWS, 20 here"]),
    (
        raise_lowest_length,
        ["ListOpportunitiesRequest.LifeCycleStage: minimum is 1 at AWS too: no deviation any more"],
    ),
    (
        lengthen_spend_list,
        ["ProjectSummary.ExpectedCustomerSpend: maximum is 20 at AWS, None here"],
    ),
    (change_identifier, [f"ListOpportunitiesRequest.Identifier: {IDENTIFIER_PATTERN}"]),
    (
        change_amount,
        [
            "ExpectedCustomerSpend.Amount: pattern is '[A-Z]{3} [0-9]+' at AWS, "
            r"'((0|([1-9][0-9]{0,30}))(\\.[0-9]{0,2})?)?' here"
        ],
    ),
    (require_member, ["ListOpportunitiesRequest.Sort: required is True at AWS, False here"]),
    (no_longer_require_member, ["OpportunitySort.SortBy: required is False at AWS, True here"]),
    (
        end_stated_deviation,
        ["AccountSummary.CompanyName: required is False at AWS too: no deviation any more"],
    ),
    (
        make_sensitive,
        ["OpportunitySummary.Arn: sensitive is True at AWS, False here"],
    ),
    (make_number, ["AccountSummary.OtherIndustry: type is 'integer' at AWS, 'string' here"]),
    (remove_error_member, ["AccessDeniedException.Reason is not in AWS's model"]),
    (add_error_member, ["ThrottlingException.Invented is missing here"]),
    (
        no_longer_require_error_member,
        ["ValidationExceptionError.Code: required is False at AWS, True here"],
    ),
]


@pytest.fixture
def service_model() -> dict[str, Any]:
    """The installed model, to be modified."""
    return copy.deepcopy(SERVICE_MODEL)


def new_differences(service_model: dict[str, Any], **options: Any) -> list[str]:
    known = drift.differences(SERVICE_MODEL)
    found = drift.differences(service_model, **options)
    return [difference for difference in found if difference not in known]


@pytest.mark.parametrize(
    ("defect", "expected"), AWS_DEFECTS, ids=[defect.__name__ for defect, _ in AWS_DEFECTS]
)
def test_reports_exactly_a_seeded_change_of_aws(
    service_model: dict[str, Any], defect: Callable[[Shapes], None], expected: list[str]
) -> None:
    defect(service_model["shapes"])
    assert new_differences(service_model) == expected


def test_reports_a_changed_date_pattern_wherever_a_date_is_used(
    service_model: dict[str, Any],
) -> None:
    service_model["shapes"]["Date"]["pattern"] = "[0-9]{8}"
    assert [difference.partition(":")[0] for difference in new_differences(service_model)] == [
        "LifeCycleSummary.TargetCloseDate",
        "TargetCloseDateFilter.AfterTargetCloseDate",
        "TargetCloseDateFilter.BeforeTargetCloseDate",
    ]


def test_reports_a_changed_timestamp_format_wherever_a_time_is_used(
    service_model: dict[str, Any],
) -> None:
    service_model["shapes"]["DateTime"]["timestampFormat"] = "unixTimestamp"
    assert [difference.partition(":")[0] for difference in new_differences(service_model)] == [
        "CreatedDateFilter.AfterCreatedDate",
        "CreatedDateFilter.BeforeCreatedDate",
        "LastModifiedDateFilter.AfterLastModifiedDate",
        "LastModifiedDateFilter.BeforeLastModifiedDate",
        "OpportunitySummary.CreatedDate",
        "OpportunitySummary.LastModifiedDate",
    ]


def test_reports_a_structure_that_is_called_something_else(service_model: dict[str, Any]) -> None:
    rename_structure(service_model["shapes"])
    assert (
        "CustomerSummary.Account: type is 'structure Account' at AWS, "
        "'structure AccountSummary' here"
    ) in new_differences(service_model)


def test_reports_an_error_that_aws_adds(service_model: dict[str, Any]) -> None:
    service_model["operations"]["ListOpportunities"]["errors"].append(
        {"shape": "InventedException"}
    )
    service_model["shapes"]["InventedException"] = {"type": "structure", "members": {}}
    assert new_differences(service_model) == [
        "ListOpportunities error InventedException is missing here"
    ]


def test_reports_an_error_that_aws_no_longer_names(service_model: dict[str, Any]) -> None:
    named = service_model["operations"]["ListOpportunities"]["errors"]
    named[:] = [error for error in named if error["shape"] != "ResourceNotFoundException"]
    assert new_differences(service_model) == [
        "ListOpportunities error ResourceNotFoundException is not in AWS's model",
        "ResourceNotFoundException.Message is not in AWS's model",
    ]


# Defects in the models, as a change here would bring them.


def variant(
    model: type[BaseModel], *, without: str = "", shown: str = "", **changed: Any
) -> type[BaseModel]:
    """The same model without a member, or with other annotations: name=(annotation, default)."""
    members: dict[str, Any] = {
        name: (
            Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation,
            ... if field.is_required() else field.default,
        )
        for name, field in model.model_fields.items()
        if name != without
    }
    made = create_model(model.__name__, __base__=model.__bases__[0], **(members | changed))
    made.__shown__ = model.__shown__ | {shown}
    return made


def stage_without(value: str) -> type:
    members = {member.name: member.value for member in models.Stage if member.value != value}
    make_enum: Any = OpenStrEnum
    return make_enum("Stage", members)


Request = models.ListOpportunitiesRequest

OUR_DEFECTS: dict[str, tuple[type, type, list[str]]] = {
    "a member of the response is left out": (
        models.OpportunitySummary,
        variant(models.OpportunitySummary, without="arn"),
        ["OpportunitySummary.Arn is missing here"],
    ),
    "a member of the request is left out": (
        Request,
        variant(Request, without="created_date"),
        [
            "CreatedDateFilter.AfterCreatedDate is missing here",
            "CreatedDateFilter.BeforeCreatedDate is missing here",
            "ListOpportunitiesRequest.CreatedDate is missing here",
        ],
    ),
    "a member that AWS does not have": (
        models.OpportunitySummary,
        variant(models.OpportunitySummary, invented=(str | None, None)),
        ["OpportunitySummary.Invented is not in AWS's model"],
    ),
    "an enumeration's value is left out": (
        models.Stage,
        stage_without("Committed"),
        ["Stage 'Committed' is missing here"],
    ),
    "another bound of the page size": (
        Request,
        variant(Request, max_results=(Annotated[int, Field(ge=1, le=50)] | None, None)),
        ["ListOpportunitiesRequest.MaxResults: maximum is 100 at AWS, 50 here"],
    ),
    "no bound of the page size": (
        Request,
        variant(Request, max_results=(int | None, None)),
        [
            "ListOpportunitiesRequest.MaxResults: minimum is 1 at AWS, None here",
            "ListOpportunitiesRequest.MaxResults: maximum is 100 at AWS, None here",
        ],
    ),
    "another bound of a list": (
        Request,
        variant(
            Request, life_cycle_stage=(Annotated[tuple[models.Stage, ...] | None, ListOf(7)], None)
        ),
        ["ListOpportunitiesRequest.LifeCycleStage: maximum is 10 at AWS, 7 here"],
    ),
    "another pattern": (
        Request,
        variant(
            Request,
            identifier=(
                Annotated[tuple[Annotated[str, Field(pattern="^O.*$")], ...] | None, ListOf(20)],
                None,
            ),
        ),
        ["ListOpportunitiesRequest.Identifier: pattern is 'O[0-9]{1,19}' at AWS, 'O.*' here"],
    ),
    "a sensitive value is shown": (
        models.AddressSummary,
        variant(models.AddressSummary, shown="city"),
        ["AddressSummary.City: sensitive is True at AWS, False here"],
    ),
    "a required mark is left out": (
        Request,
        variant(Request, catalog=(models.Catalog | None, None)),
        ["ListOpportunitiesRequest.Catalog: required is True at AWS, False here"],
    ),
    "a required mark too many": (
        models.OpportunitySummary,
        variant(models.OpportunitySummary, arn=(str, ...)),
        ["OpportunitySummary.Arn: required is False at AWS, True here"],
    ),
    "another type": (
        models.ExpectedContractDuration,
        variant(models.ExpectedContractDuration, value=(int | None, None)),
        ["ExpectedContractDuration.Value: type is 'string' at AWS, 'integer' here"],
    ),
    "one value where AWS has a list": (
        models.ProjectSummary,
        variant(models.ProjectSummary, delivery_models=(models.DeliveryModel | None, None)),
        [
            "ProjectSummary.DeliveryModels: type is 'list of enum DeliveryModel' at AWS, "
            "'enum DeliveryModel' here"
        ],
    ),
}


@pytest.mark.parametrize(
    ("ours", "broken", "expected"), OUR_DEFECTS.values(), ids=OUR_DEFECTS.keys()
)
def test_reports_exactly_a_seeded_defect_of_the_models(
    service_model: dict[str, Any], ours: type, broken: type, expected: list[str]
) -> None:
    assert new_differences(service_model, swap={ours: broken}) == expected


def test_a_variant_without_changes_has_no_differences(service_model: dict[str, Any]) -> None:
    same = {model: variant(model) for model in (Request, models.OpportunitySummary)}
    assert new_differences(service_model, swap=same) == []


def test_reports_a_modeled_error_that_is_left_out(service_model: dict[str, Any]) -> None:
    remaining = [
        error for error in drift.modeled_errors() if error.__name__ != "ThrottlingException"
    ]
    assert new_differences(service_model, error_classes=remaining) == [
        "ListOpportunities error ThrottlingException is missing here",
        "ThrottlingException.Message is missing here",
    ]


# What a newer botocore may do.


def test_an_addition_of_the_botocore_written_against_is_not_tolerated(
    service_model: dict[str, Any],
) -> None:
    add_member(service_model["shapes"])
    found = new_differences(service_model)
    assert drift.not_tolerated(found, drift.WRITTEN_AGAINST) == found


@pytest.mark.parametrize("addition", [add_member, add_value, add_structure, add_error_member])
def test_an_addition_of_a_newer_botocore_is_tolerated(
    service_model: dict[str, Any], addition: Callable[[Shapes], None]
) -> None:
    addition(service_model["shapes"])
    assert drift.not_tolerated(new_differences(service_model), NEWER) == []


@pytest.mark.parametrize("change", [remove_member, remove_value, raise_page_size, make_sensitive])
def test_any_other_change_of_a_newer_botocore_is_not_tolerated(
    service_model: dict[str, Any], change: Callable[[Shapes], None]
) -> None:
    change(service_model["shapes"])
    found = new_differences(service_model)
    assert drift.not_tolerated(found, NEWER) == found
