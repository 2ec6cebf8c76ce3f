"""Tied records are read completely or not at all, and each part of the proof is needed for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnercentral_list import PaginationError
from tests.service import TiedRecords
from tests.tied_records import WEAKENED, weakened

ADVICE = "Run again."


@dataclass
class Service:
    """Tied records behind tokens that are positions; between two responses they change."""

    random: Random
    is_shuffled: bool
    changes: float
    page_size: int
    versions: dict[str, int] = field(default_factory=dict[str, int])
    away: set[str] = field(default_factory=set[str])
    changed: set[str] = field(default_factory=set[str])

    requests: int = 0

    def page(self, token: str | None) -> tuple[dict[str, object], str | None]:
        self.requests += 1
        listed = [name for name in self.versions if name not in self.away]
        if self.is_shuffled:
            self.random.shuffle(listed)
        start = int(token.partition("/")[0]) if token else 0
        end = start + self.random.choice([0, *[self.page_size] * 5])
        records: dict[str, object] = {name: self.versions[name] for name in listed[start:end]}
        while self.random.random() < self.changes:
            self._change()
        return records, f"{end}/{self.requests}" if end < len(listed) else None

    def _change(self) -> None:
        name = self.random.choice([*self.versions, f"N{len(self.versions)}"])
        self.changed.add(name)
        self.versions[name] = self.versions.get(name, 0) + 1
        self.away ^= {name} if self.random.random() < 0.8 else set()


def missed(seed: str, *, can_leave: bool = True) -> set[str] | None:
    """Read such records; what matched throughout and did not come; None if there was an error."""
    random = Random(seed)
    service = Service(
        random,
        is_shuffled=random.random() < 0.5,
        changes=random.choice([0.0, 0.1, 0.4]) if can_leave else 0.0,
        page_size=random.choice([2, 3]),
        versions={f"O{number}": 0 for number in range(random.choice([1, 3, 4, 6, 9]))},
    )
    everything = set(service.versions)
    reading = TiedRecords("Many have one date", ADVICE, can_leave=can_leave)
    passes: list[set[str]] = [set()]
    while reading.complete_pass is None:
        if reading.token is None:
            passes.append(set())
        page, token = service.page(reading.token)
        passes[-1] |= page.keys()
        try:
            reading.receive(page, token)
        except PaginationError:
            return None
    return everything - service.changed - passes[reading.complete_pass]


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
