"""The members that are written down for the command are botocore's, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.session import Session

from partnercentral_list import models
from partnercentral_list.cli import _shapes
from partnercentral_list.cli._shapes import OPPORTUNITY, REQUEST, TIMESTAMP, RequestMember, Shape


@pytest.fixture(scope="module")
def operation() -> Any:
    model = Session().get_service_model("partnercentral-selling")
    return model.operation_model("ListOpportunities")


def test_the_request_has_the_models_members(operation: Any) -> None:
    # The lowest botocore that is supported may lack nothing; a newer one may add.
    same_members(REQUEST, operation.input_shape)


def same_members(members: Mapping[str, RequestMember], shape: Any) -> None:
    assert [name for name in shape.members if name in members] == list(members)
    for name, member in members.items():
        inner = shape.members[name]
        assert member.required == (name in shape.required_members)
        assert member.is_list == (inner.type_name == "list")
        if member.members is not None:
            same_members(member.members, inner)
        scalar = inner.member if member.is_list else inner
        declared = getattr(scalar, "enum", None)
        if declared:
            assert set(member.choices) <= set(declared)
        assert (member.kind == TIMESTAMP) == (scalar.type_name == "timestamp")


def test_an_opportunity_has_the_models_members_in_its_order(operation: Any) -> None:
    summaries = operation.output_shape.members["OpportunitySummaries"]
    same_shape(OPPORTUNITY, summaries.member)


def same_shape(ours: Shape, shape: Any) -> None:
    if isinstance(ours, Mapping):
        assert [name for name in shape.members if name in ours] == list(ours)
        for name, inner in ours.items():
            same_shape(inner, shape.members[name])
    elif isinstance(ours, list):
        same_shape(ours[0], shape.member)
    else:
        assert (ours == TIMESTAMP) == (shape.type_name == "timestamp")


@pytest.mark.parametrize(
    ("ours", "enum"),
    [
        (_shapes.STAGES, models.Stage),
        (_shapes.REVIEW_STATUSES, models.ReviewStatus),
        (_shapes.SORT_FIELDS, models.OpportunitySortName),
        (_shapes.SORT_ORDERS, models.SortOrder),
        (_shapes.CATALOGS, models.Catalog),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_values_offered_are_those_of_the_models(ours: tuple[str, ...], enum: Any) -> None:
    assert list(ours) == [member.value for member in enum]
