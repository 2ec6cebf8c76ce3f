"""Own records, additions and changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.emulator.calls import calling


def moment(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["LastModifiedDate"])


def test_own_records_are_sent_unchanged_but_for_the_catalog() -> None:
    record = {"Id": "O1", "Unknown": {"x": [1, None]}, "LifeCycle": "broken", "Arn": None}
    with PartnerCentralEmulator([record]) as emulator, calling(emulator) as caller:
        assert caller.fetch().json["OpportunitySummaries"] == [{"Catalog": "AWS"} | record]


def test_a_record_of_another_catalog_is_listed_there() -> None:
    records = [{"Id": "O1"}, {"Id": "O2", "Catalog": "Sandbox"}]
    with PartnerCentralEmulator(records) as emulator, calling(emulator) as caller:
        assert (caller.fetch().ids, caller.fetch("Sandbox").ids) == (["O1"], ["O2"])


def test_records_without_an_id_are_listed_last() -> None:
    records = [{"Arn": "arn:a"}, {"Id": "O1"}, {"Arn": "arn:b"}]
    sort = {"SortBy": "Identifier", "SortOrder": "ASCENDING"}
    with PartnerCentralEmulator(records) as emulator, calling(emulator) as caller:
        found = caller.fetch(Sort=sort).json["OpportunitySummaries"]
    assert [record.get("Id", record.get("Arn")) for record in found] == ["O1", "arn:a", "arn:b"]


def test_own_records_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="an opportunity O1 already"):
        PartnerCentralEmulator([{"Id": "O1"}, {"Id": "O1"}])


def test_a_record_that_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError):
        PartnerCentralEmulator([{"Id": "O1", "CreatedDate": datetime(2025, 1, 1)}])


def test_a_negative_number_of_records_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 9,000,000, not -1"):
        PartnerCentralEmulator(-1)


def test_more_records_than_have_distinct_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 9,000,000, not 9,000,001: the Ids"):
        PartnerCentralEmulator(9_000_001)


def test_add_refuses_to_generate_what_would_repeat_an_id() -> None:
    emulator = PartnerCentralEmulator(8_999_999)
    emulator.add()
    with pytest.raises(ValueError, match="all 9,000,000 opportunities that can be"):
        emulator.add()
    assert emulator.add({"Id": "O1"})["Id"] == "O1"


def test_the_snapshot_is_a_copy() -> None:
    emulator = PartnerCentralEmulator(2)
    emulator.opportunities[0]["LifeCycle"] = "spoilt"
    emulator.opportunities.clear()
    assert emulator.opportunities == PartnerCentralEmulator(2).opportunities


def test_add_without_a_record_generates_the_newest() -> None:
    emulator = PartnerCentralEmulator(10)
    latest = max(map(moment, emulator.opportunities))
    added = emulator.add()
    assert added["CreatedDate"] == added["LastModifiedDate"]
    assert moment(added) > latest
    assert emulator.opportunities[10] == added
    assert added["Id"] == PartnerCentralEmulator(11).opportunities[10]["Id"]


def test_add_generates_past_an_id_that_is_used() -> None:
    first, second = (record["Id"] for record in PartnerCentralEmulator(2).opportunities)
    emulator = PartnerCentralEmulator([{"Id": first}])
    assert emulator.add()["Id"] == second


def test_add_stores_a_record_unchanged() -> None:
    emulator = PartnerCentralEmulator(0)
    assert emulator.add({"Id": "O1"}) == {"Catalog": "AWS", "Id": "O1"}
    assert [record["Id"] for record in emulator.opportunities] == ["O1"]


def test_add_refuses_an_id_that_is_used_and_changes_nothing() -> None:
    emulator = PartnerCentralEmulator([{"Id": "O1"}])
    with pytest.raises(ValueError, match="already"):
        emulator.add({"Id": "O1", "Arn": "arn:x"})
    assert emulator.opportunities == [{"Catalog": "AWS", "Id": "O1"}]


def test_what_was_added_while_it_runs_is_listed_first() -> None:
    with PartnerCentralEmulator(5) as emulator, calling(emulator) as caller:
        caller.fetch()
        added = emulator.add()
        assert caller.fetch().ids[0] == added["Id"]


def test_update_merges_objects_and_replaces_all_else() -> None:
    record = {
        "Id": "O1",
        "Customer": None,
        "LifeCycle": {"Stage": "Qualified", "NextSteps": "call"},
        "Project": {"DeliveryModels": ["Resell"]},
    }
    emulator = PartnerCentralEmulator([record])
    changed = emulator.update(
        "O1",
        {
            "Customer": {"Account": {"CompanyName": "Bluefern"}},
            "LifeCycle": {"Stage": "Launched"},
            "Project": {"DeliveryModels": None},
        },
    )
    assert changed == emulator.opportunities[0]
    assert changed["Customer"] == {"Account": {"CompanyName": "Bluefern"}}
    assert changed["LifeCycle"] == {"Stage": "Launched", "NextSteps": "call"}
    assert changed["Project"] == {"DeliveryModels": None}


def test_each_update_is_later_than_everything_before() -> None:
    emulator = PartnerCentralEmulator(10)
    ids = [record["Id"] for record in emulator.opportunities]
    times = [max(map(moment, emulator.opportunities))]
    times += [moment(emulator.update(identifier, {})) for identifier in (ids[3], ids[3], ids[7])]
    assert times == sorted(set(times))


def test_updates_are_the_same_each_time() -> None:
    identifier = PartnerCentralEmulator(1).opportunities[0]["Id"]
    one, other = (PartnerCentralEmulator(1).update(identifier, {}) for _ in range(2))
    assert one == other


def test_an_update_after_nanoseconds_is_still_later() -> None:
    emulator = PartnerCentralEmulator(
        [{"Id": "O1", "LastModifiedDate": "2026-01-01T00:00:00.999999999Z"}]
    )
    assert emulator.update("O1", {})["LastModifiedDate"] == "2026-01-01T00:00:01.999Z"


def test_an_update_may_name_its_own_time() -> None:
    emulator = PartnerCentralEmulator([{"Id": "O1"}])
    text = "2024-01-01T00:00:00Z"
    assert emulator.update("O1", {"LastModifiedDate": text})["LastModifiedDate"] == text


def test_update_moves_a_record_to_the_front_and_into_filters() -> None:
    with PartnerCentralEmulator(30) as emulator, calling(emulator) as caller:
        last = caller.fetch(MaxResults=30).ids[-1]
        emulator.update(last, {"Customer": {"Account": {"CompanyName": "Only One"}}})
        assert caller.fetch().ids[0] == last
        assert caller.fetch(CustomerCompanyName=["only one"]).ids == [last]


def test_update_of_an_unknown_record_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="O1"):
        PartnerCentralEmulator(0).update("O1", {})


def test_an_id_cannot_change() -> None:
    with pytest.raises(ValueError, match="cannot change"):
        PartnerCentralEmulator([{"Id": "O1"}]).update("O1", {"Id": "O2"})
