"""JSON schemas of the models: what web frameworks publish, such as FastAPI's /openapi.json."""

from __future__ import annotations

import inspect
from typing import Any, Literal

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema

from partnercentral_list import OpportunityFilters, ScanFilters, Stage, models
from partnercentral_list.models import (
    ListOpportunitiesRequest,
    ListOpportunitiesResponse,
    OpportunitySort,
)

MODELS = [
    value
    for value in (getattr(models, name) for name in models.__all__)
    if inspect.isclass(value) and issubclass(value, BaseModel)
]
MODES: list[Literal["validation", "serialization"]] = ["validation", "serialization"]


@pytest.mark.parametrize("by_alias", [True, False])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_schema(
    model: type[BaseModel], mode: Literal["validation", "serialization"], by_alias: bool
) -> None:
    schema = model.model_json_schema(mode=mode, by_alias=by_alias)
    names = {(field.alias if by_alias else name) for name, field in model.model_fields.items()}
    assert set(schema["properties"]) == names


def test_all_models_share_one_document() -> None:
    wanted = [(model, mode) for model in MODELS for mode in MODES]
    _, document = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    assert "ListOpportunitiesRequest" in document["$defs"]


def test_the_schema_of_a_request_has_its_bounds() -> None:
    schema = ListOpportunitiesRequest.model_json_schema()
    properties = schema["properties"]
    assert properties["MaxResults"]["anyOf"][0] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
    }
    assert properties["Identifier"]["anyOf"][0] == {
        "type": "array",
        "items": {"type": "string", "pattern": "^O[0-9]{1,19}$"},
        "minItems": 1,
        "maxItems": 20,
    }
    assert schema["required"] == ["Catalog"]


@pytest.mark.parametrize("mode", MODES)
def test_the_schema_of_an_enumeration_lists_its_values(
    mode: Literal["validation", "serialization"],
) -> None:
    schema = OpportunitySort.model_json_schema(mode=mode)
    assert schema["properties"]["SortOrder"]["enum"] == ["ASCENDING", "DESCENDING"]


def test_the_schema_of_a_response_allows_unknown_values() -> None:
    schema = ListOpportunitiesResponse.model_json_schema(mode="serialization")
    stage = schema["$defs"]["LifeCycleSummary"]["properties"]["Stage"]["anyOf"]
    assert {"type": "string"} in stage
    assert any(Stage.QUALIFIED.value in choice.get("enum", ()) for choice in stage)


@pytest.mark.parametrize("filters", [OpportunityFilters, ScanFilters])
def test_filters_can_be_validated_and_described(filters: Any) -> None:
    adapter = TypeAdapter(filters)
    given = {"identifier": ["O1"], "life_cycle_stage": ["Qualified"], "created_date": {}}
    assert adapter.validate_python(given)["identifier"] == ["O1"]
    with pytest.raises(ValidationError, match="identifier"):
        adapter.validate_python({"identifier": "O1"})
    assert adapter.json_schema()["properties"]["identifier"]["anyOf"][0]["type"] == "array"
