"""Tied records are read completely or not at all, and each part of the proof is needed for it."""

from __future__ import annotations

from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnercentral_list import PaginationError
from tests.expected import Rules
from tests.service import Service, created
from tests.tied_records import WEAKENED, TiedRecords, weakened

ADVICE = "Run again."


def missed(seed: str, *, can_leave: bool = True) -> set[str] | None:
    """Read tied records; what matched throughout and did not come; None if there was an error."""
    random = Random(seed)
    is_shuffled = random.random() < 0.5
    changes = random.choice([0.0, 0.1, 0.4]) if can_leave else 0.0
    size = random.choice([2, 3])
    tied = [created(f"O{number}", 0) for number in range(random.choice([1, 3, 4, 6, 9]))]
    everything, changed = {record["Id"] for record in tied}, set[str]()

    def edit(service: Service) -> None:
        while random.random() < changes:
            record = random.choice([*tied, created(f"N{len(tied)}", 0)])
            if record["Id"] not in {other["Id"] for other in tied}:
                tied.append(record)
            changed.add(record["Id"])
            record["LastModifiedDate"] = f"2025-01-01T00:00:00.{next(versions):06d}Z"
            if random.random() < 0.8:
                is_listed = record["LifeCycle"]["Stage"] == "Qualified"
                record["LifeCycle"] = {"Stage": "Launched" if is_listed else "Qualified"}

    versions = count()
    rules = Rules(ties="as given")
    service = Service(tied, rules, is_shuffled, empty_pages=1 / 6, edit=edit, random=random)
    request = {"Catalog": "AWS", "MaxResults": size, "LifeCycleStage": ["Qualified"]}
    reading = TiedRecords("Many have one date", ADVICE, can_leave=can_leave)
    passes: list[set[str]] = [set()]
    while reading.complete_pass is None:
        if reading.token is None:
            passes.append(set())
        page, token = service.respond({**request, "NextToken": reading.token})
        passes[-1] |= {record["Id"] for record in page}
        try:
            reading.receive(
                {record["Id"]: record.get("LastModifiedDate") for record in page}, token
            )
        except PaginationError:
            return None
    return everything - changed - passes[reading.complete_pass]


@settings(max_examples=500)
@given(st.integers(), st.booleans())
def test_a_complete_pass_has_every_record_that_stayed(seed: int, can_leave: bool) -> None:
    assert not missed(str(seed), can_leave=can_leave)


@pytest.mark.parametrize("name", WEAKENED)
def test_without_one_part_of_the_proof_records_are_missed(name: str) -> None:
    seeds = [f"{name}:{number}" for number in range(5_000)]
    with weakened(name):
        lost = next((seed for seed in seeds if missed(seed)), None)
    assert lost is not None
    assert not missed(lost)


def reading(*, can_leave: bool) -> TiedRecords:
    return TiedRecords("Many have one date", ADVICE, can_leave=can_leave)


@pytest.mark.parametrize("can_leave", [True, False])
def test_one_response_is_complete(can_leave: bool) -> None:
    tied = reading(can_leave=can_leave)
    tied.receive({}, "1")
    assert tied.token == "1"
    tied.receive({"O1": 0, "O2": 0}, None)
    assert tied.complete_pass == 1


def test_one_pass_is_complete_where_nothing_can_leave() -> None:
    tied = reading(can_leave=False)
    tied.receive({"O1": 0, "O2": 0}, "2")
    tied.receive({"O3": 0}, None)
    assert tied.complete_pass == 1


def test_the_pass_before_is_the_one_that_is_proven() -> None:
    tied = reading(can_leave=True)
    for _ in range(2):
        assert tied.complete_pass is None
        assert tied.token is None
        tied.receive({"O1": 0, "O2": 0}, "2")
        tied.receive({"O3": 0}, None)
    assert tied.complete_pass == 1


@pytest.mark.parametrize("can_leave", [True, False])
def test_records_in_another_order_each_time_end_in_an_error(can_leave: bool) -> None:
    tied = reading(can_leave=can_leave)
    with pytest.raises(PaginationError, match=r"Many have one date, and in 5 passes .* Run again"):
        for _ in range(5):
            tied.receive({"O1": 0, "O2": 0}, "2")
            tied.receive({"O2": 0}, None)
    assert tied.complete_pass is None


def test_tokens_in_a_circle_end_in_an_error() -> None:
    tied = reading(can_leave=True)
    with pytest.raises(PaginationError, match="refuses or repeats the page tokens"):
        for _ in range(100):
            tied.receive({"O1": 0}, "1")


def test_a_pass_that_begins_again_has_read_nothing() -> None:
    tied = reading(can_leave=False)
    tied.receive({"O1": 0, "O2": 0}, "2")
    tied.restart()
    assert tied.token is None
    tied.receive({"O1": 0, "O2": 0}, "2")
    tied.receive({"O3": 0}, None)
    assert tied.complete_pass == 1
