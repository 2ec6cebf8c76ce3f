from __future__ import annotations

import copy
import json
import pickle
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from partnercentral_list import models
from partnercentral_list.models import Catalog, ReviewStatus, Stage
from partnercentral_list.models.enums import OpenStrEnum

PUBLIC = {name: getattr(models, name) for name in models.__all__}
ENUMS = [
    value for value in PUBLIC.values() if isinstance(value, type) and issubclass(value, OpenStrEnum)
]
#: `StageName` has the values of `Stage`; this one is not named after its enumeration.
OTHER_NAMES = {"SortByName": "OpportunitySortName"}
LITERALS: list[tuple[Any, type[OpenStrEnum]]] = [
    (value, PUBLIC[OTHER_NAMES.get(name, name.removesuffix("Name"))])
    for name, value in PUBLIC.items()
    if get_origin(value) is Literal
]
NEW = "Something New"


def test_the_enumerations_of_the_request_have_literals() -> None:
    names = {enum.__name__ for _, enum in LITERALS}
    assert {"Catalog", "OpportunitySortName", "ReviewStatus", "SortOrder", "Stage"} <= names


def test_thirteen_enumerations_are_public() -> None:
    assert len(ENUMS) == 13


@pytest.mark.parametrize(("literal", "enum"), LITERALS, ids=lambda value: repr(value)[:40])
def test_the_literal_has_exactly_the_values_of_its_enum(
    literal: Any, enum: type[OpenStrEnum]
) -> None:
    assert sorted(get_args(literal)) == sorted(member.value for member in enum)


@pytest.mark.parametrize("enum", ENUMS)
def test_no_value_has_two_names(enum: type[OpenStrEnum]) -> None:
    assert len(enum.__members__) == len({member.value for member in enum})


@pytest.mark.parametrize("enum", ENUMS)
def test_every_member_is_named_after_its_value(enum: type[OpenStrEnum]) -> None:
    def letters(text: str) -> str:
        return "".join(char for char in text.casefold() if char.isalnum())

    renamed = {
        member.name: member.value for member in enum if letters(member.name) != letters(member)
    }
    # CamelCase values become words, which the comparison ignores; nothing else is renamed.
    assert renamed == {}


def test_a_misspelled_value_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="'Qualifed' is not a valid Stage"):
        Stage("Qualifed")


@pytest.mark.parametrize("value", ["qualified", "Qualified ", "QUALIFIED", ""])
def test_a_value_is_exact(value: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Stage"):
        Stage(value)


def test_calling_with_a_declared_value_gives_the_member() -> None:
    assert Stage("Qualified") is Stage.QUALIFIED


@pytest.mark.parametrize("enum", ENUMS)
def test_every_declared_member_is_known(enum: type[OpenStrEnum]) -> None:
    assert [member for member in enum if not member.is_known] == []


@pytest.mark.parametrize("enum", ENUMS)
def test_an_unknown_member_says_so(enum: type[OpenStrEnum]) -> None:
    assert enum.unknown(NEW).is_known is False


@pytest.mark.parametrize("enum", ENUMS)
def test_an_unknown_member_is_an_instance_of_its_enum(enum: type[OpenStrEnum]) -> None:
    assert isinstance(enum.unknown(NEW), enum)


def test_unknown_gives_the_declared_member_of_a_declared_value() -> None:
    assert Stage.unknown("Qualified") is Stage.QUALIFIED


@pytest.mark.parametrize("value", [None, 7, b"Qualified", ["Qualified"]])
def test_unknown_takes_only_a_string(value: Any) -> None:
    with pytest.raises(TypeError, match=r"Stage\.unknown\(\) takes a str"):
        Stage.unknown(value)


def test_unknown_adds_no_member_to_the_enum() -> None:
    before = list(Stage)
    Stage.unknown(NEW)
    assert list(Stage) == before


def test_unknown_does_not_make_the_value_callable() -> None:
    Stage.unknown(NEW)
    with pytest.raises(ValueError, match="is not a valid Stage"):
        Stage(NEW)


@pytest.mark.parametrize("member", [Stage.QUALIFIED, Stage.unknown(NEW)])
class TestAsAString:
    def test_equals_its_string(self, member: Stage) -> None:
        assert member == str(member.value)

    def test_hashes_like_its_string(self, member: Stage) -> None:
        assert {str(member.value): 1}[member] == 1

    def test_differs_from_another_string(self, member: Stage) -> None:
        assert member != "Prospect"

    def test_formats_as_its_value(self, member: Stage) -> None:
        assert f"{member}|{member!s}|{member:>15}" == (
            f"{member.value}|{member.value}|{member.value:>15}"
        )

    def test_is_a_json_string(self, member: Stage) -> None:
        assert json.dumps({"Stage": member}) == f'{{"Stage": "{member.value}"}}'

    def test_joins(self, member: Stage) -> None:
        assert "-".join([member, member]) == f"{member.value}-{member.value}"


def test_two_unknown_members_of_one_value_are_equal() -> None:
    assert Stage.unknown(NEW) == Stage.unknown(NEW)


def test_two_unknown_members_of_different_values_differ() -> None:
    assert Stage.unknown(NEW) != Stage.unknown("Something else")


def test_an_unknown_member_has_its_value_as_name() -> None:
    assert Stage.unknown(NEW).name == NEW


def test_repr_of_an_unknown_member_can_be_pasted_into_a_program() -> None:
    assert repr(Stage.unknown(NEW)) == "Stage.unknown('Something New')"


def test_repr_of_a_declared_member_is_an_enums() -> None:
    assert repr(Stage.QUALIFIED) == "<Stage.QUALIFIED: 'Qualified'>"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_unknown_member_survives_pickling(protocol: int) -> None:
    restored = pickle.loads(pickle.dumps(ReviewStatus.unknown(NEW), protocol))
    assert repr(restored) == "ReviewStatus.unknown('Something New')"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_declared_member_is_itself_after_pickling(protocol: int) -> None:
    restored = pickle.loads(pickle.dumps(Catalog.SANDBOX, protocol))
    assert restored is Catalog.SANDBOX


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("member", [Stage.QUALIFIED, Stage.unknown(NEW)])
def test_a_copied_member_is_itself(duplicate: Any, member: Stage) -> None:
    assert duplicate(member) is member


def test_a_users_model_takes_only_declared_values_of_an_enum() -> None:
    class Theirs(BaseModel):
        stage: Stage

    with pytest.raises(ValueError, match="Input should be 'Prospect'"):
        Theirs.model_validate({"stage": "Qualifed"})
