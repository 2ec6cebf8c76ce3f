"""A field of a type that no column holds is named, at import."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, create_model

from partnercentral_list import OpportunitySummary
from partnercentral_list.models.columns import COLUMNS, columns_of


@pytest.mark.parametrize("annotation", [int, bool | None, str | int])
def test_a_field_of_another_type_is_named(annotation: Any) -> None:
    class Inner(BaseModel):
        probability: annotation

    model = create_model("Outer", title=(str, ...), inner=(Inner | None, None))
    columns = columns_of(model)
    assert next(columns).name == "title"
    with pytest.raises(TypeError, match=r"Inner\.probability has a type .* Valid: StrEnum, str"):
        next(columns)


def test_the_columns_are_those_of_the_model() -> None:
    assert tuple(columns_of(OpportunitySummary)) == COLUMNS
