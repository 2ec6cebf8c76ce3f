"""The sample records: valid where the service's are, and odd where the service's are."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import botocore.loaders
import pytest

from partnercentral_list.emulator import PartnerCentralEmulator

RECORDS = PartnerCentralEmulator(1500).opportunities
SHAPES = botocore.loaders.Loader().load_service_model("partnercentral-selling", "service-2")[
    "shapes"
]


def strings(
    shape_name: str, value: Any, path: str = ""
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the strings of a record by botocore's raw model; an unknown member is a KeyError."""
    shape = SHAPES[shape_name]
    if value is None:
        return
    if shape["type"] == "structure":
        for name, member in value.items():
            yield from strings(shape["members"][name]["shape"], member, f"{path}.{name}")
    elif shape["type"] == "list":
        for member in value:
            yield from strings(shape["member"]["shape"], member, path)
    else:
        yield path, shape, value


LEAVES = [leaf for record in RECORDS for leaf in strings("OpportunitySummary", record)]


def at(record: dict[str, Any], *path: str) -> Any:
    value: Any = record
    for name in path:
        value = (value or {}).get(name)
    return value


def test_the_same_seed_gives_the_same_records() -> None:
    assert PartnerCentralEmulator(20).opportunities == RECORDS[:20]


def test_another_seed_gives_other_records() -> None:
    assert PartnerCentralEmulator(20, seed=1).opportunities != RECORDS[:20]


def test_ids_are_unique_and_of_several_lengths() -> None:
    ids = [record["Id"] for record in PartnerCentralEmulator(3000, seed=7).opportunities]
    assert len(set(ids)) == 3000
    assert {len(identifier) for identifier in ids} == {8, 9}


def test_every_enum_value_is_the_models() -> None:
    wrong = {
        (path, value) for path, shape, value in LEAVES if value not in shape.get("enum", [value])
    }
    assert wrong == set()


@pytest.mark.parametrize("name", ["Stage", "ReviewStatus", "OpportunityType", "Industry"])
def test_every_value_of_an_enum_occurs(name: str) -> None:
    found = {value for _, shape, value in LEAVES if shape is SHAPES[name]}
    assert found == set(SHAPES[name]["enum"])


def test_a_change_is_never_before_the_creation() -> None:
    for record in RECORDS:
        created = datetime.fromisoformat(record["CreatedDate"])
        assert created <= datetime.fromisoformat(record["LastModifiedDate"]), record["Id"]
        assert 2023 <= created.year <= int(record["LastModifiedDate"][:4]) <= 2026


def test_some_times_have_seconds_and_some_milliseconds() -> None:
    assert {len(record["LastModifiedDate"]) for record in RECORDS} == {20, 24}


def test_some_records_share_their_last_change() -> None:
    times = sorted(record["LastModifiedDate"][:19] for record in RECORDS)
    assert any(left == right for left, right in pairwise(times))


def test_only_lost_opportunities_have_a_reason() -> None:
    lost = [r for r in RECORDS if at(r, "LifeCycle", "ClosedLostReason") is not None]
    assert lost
    assert {r["LifeCycle"]["Stage"] for r in lost} == {"Closed Lost"}


@pytest.mark.parametrize("member", ["Customer", "Project", "LifeCycle", "Arn"])
def test_whole_members_are_null_now_and_then(member: str) -> None:
    nulls = [record for record in RECORDS if member in record and record[member] is None]
    assert 0 < len(nulls) < len(RECORDS) / 4


def test_some_members_are_absent_altogether() -> None:
    assert 0 < sum("Arn" not in record for record in RECORDS) < len(RECORDS) / 4


@pytest.mark.parametrize("amount", ["", "531.0", "12", "120000.50"])
def test_amounts_are_as_odd_as_the_services(amount: str) -> None:
    assert amount in {value for path, _, value in LEAVES if path.endswith(".Amount")}


def test_websites_are_as_odd_as_the_services() -> None:
    sites = {value for path, _, value in LEAVES if path.endswith(".WebsiteUrl")}
    assert "null" in sites
    assert any(site.startswith("www.") for site in sites)
    assert any(site.startswith("https://") for site in sites)


@pytest.mark.parametrize("script", ["LATIN", "CYRILLIC", "ARABIC", "DEVANAGARI", "CJK", "HANGUL"])
def test_company_names_come_in_many_scripts(script: str) -> None:
    names = "".join(value for path, _, value in LEAVES if path.endswith(".CompanyName"))
    assert any(unicodedata.name(letter, "").startswith(script) for letter in set(names))


def test_currencies_are_several() -> None:
    found = {value for path, _, value in LEAVES if path.endswith(".CurrencyCode")}
    assert {"USD", "EUR", "JPY", "BRL"} <= found


def test_the_number_of_spends_goes_from_none_to_three() -> None:
    spends = [at(record, "Project", "ExpectedCustomerSpend") for record in RECORDS]
    assert {len(spend) for spend in spends if spend is not None} == {0, 1, 2, 3}
