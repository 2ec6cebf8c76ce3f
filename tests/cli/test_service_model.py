"""The members that the command knows are those of botocore's service model, in its order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, get_args

import pytest
import yaml
from botocore.session import Session

from partnercentral_list import models
from partnercentral_list.models.columns import COLUMNS
from tests.cli.conftest import Run

EPOCH = "1970-01-01T00:00:00"


@pytest.fixture(scope="module")
def operation() -> Any:
    model = Session().get_service_model("partnercentral-selling")
    return model.operation_model("ListOpportunities")


def assert_same_members(sample: Mapping[str, Any], shape: Any) -> None:
    # The lowest botocore that is supported may lack nothing; a newer one may add.
    assert [name for name in shape.members if name in sample] == list(sample)
    for name, value in sample.items():
        assert_same_shape(value, shape.members[name])


def assert_same_shape(sample: Any, shape: Any) -> None:
    assert isinstance(sample, dict) == (shape.type_name == "structure")
    assert isinstance(sample, list) == (shape.type_name == "list")
    if isinstance(sample, dict):
        assert_same_members(sample, shape)
    elif isinstance(sample, list):
        assert_same_shape(sample[0], shape.member)
    else:
        assert (sample == EPOCH) == (shape.type_name == "timestamp")
        assert isinstance(sample, int) == (shape.type_name == "integer")


def test_the_request_has_the_models_members(operation: Any, run: Run) -> None:
    skeleton = json.loads(run("opportunities", "--generate-cli-skeleton").out)
    assert_same_members(skeleton, operation.input_shape)


def test_a_response_has_the_models_members_in_its_order(operation: Any, run: Run) -> None:
    words = ("--catalog", "AWS", "--generate-cli-skeleton", "output")
    skeleton = json.loads(run("opportunities", *words).out)
    summaries = operation.output_shape.members["OpportunitySummaries"]
    assert_same_shape(skeleton["OpportunitySummaries"], summaries)


def test_what_is_required_is_what_the_model_requires(operation: Any, run: Run) -> None:
    skeleton = run("opportunities", "--generate-cli-skeleton", "yaml-input").out
    lines = {line.split(":")[0].strip(): "[REQUIRED]" in line for line in skeleton.splitlines()}
    sort = operation.input_shape.members["Sort"]
    required = {*operation.input_shape.required_members, *sort.required_members}
    assert {name for name, is_required in lines.items() if is_required} == required
    assert set(yaml.safe_load(skeleton)) <= set(operation.input_shape.members)


def enums_in(annotation: Any) -> Iterator[type[Enum]]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        yield annotation
    for part in get_args(annotation):
        yield from enums_in(part)


ENUMS = {
    f"--{name.replace('_', '-')}": enum
    for name, field in models.ListOpportunitiesRequest.model_fields.items()
    for enum in enums_in(field.annotation)
}


def test_the_request_has_enumerations() -> None:
    assert {"--catalog", "--life-cycle-stage", "--life-cycle-review-status"} <= ENUMS.keys()


@pytest.mark.parametrize(("option", "enum"), ENUMS.items())
def test_the_values_in_the_help_are_those_of_the_models(
    option: str, enum: type[Enum], run: Run
) -> None:
    text = " ".join(run("opportunities", "--help").out.split())
    about = text.partition(f" {option} ")[2].partition(" --")[0]
    assert all(str(member.value) in about for member in enum)


def test_the_sorts_in_the_help_are_those_of_the_models(run: Run) -> None:
    text = "".join(run("opportunities", "--help").out.split())
    fields = "|".join(member.value for member in models.OpportunitySortName)
    orders = "|".join(member.value for member in models.SortOrder)
    assert f"SortBy={fields},SortOrder={orders}" in text


def test_a_response_has_every_scalar_field_of_the_models(run: Run) -> None:
    words = ("--catalog", "AWS", "--generate-cli-skeleton", "output")
    (record,) = json.loads(run("opportunities", *words).out)["OpportunitySummaries"]
    for column in COLUMNS:
        value = record
        for member in column.members:
            assert member in value, f"add {'.'.join(column.members)} to OPPORTUNITY in _shapes.py"
            value = value[member]
