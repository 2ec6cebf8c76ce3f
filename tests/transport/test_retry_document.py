"""The tables of docs/retries.md are the code's."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from partnercentral_list import PartnerCentralError, RetryPolicy
from partnercentral_list._transport.retry import (
    MAX_HINT_EXCESS,
    RETRY_COST,
    THROTTLING_RETRY_COST,
)
from tests.transport.test_retry import Clock, attempts, broken, throttled

DOCUMENT = (Path(__file__).parents[2] / "docs" / "retries.md").read_text("utf-8")


def rows(header: str) -> list[list[str]]:
    table = DOCUMENT.split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    return [
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]
    ]


@pytest.mark.parametrize(("column", "failure"), [(1, throttled), (2, broken)])
async def test_the_longest_waits_are_those_of_the_formula(
    column: int, failure: type[PartnerCentralError]
) -> None:
    clock = Clock()
    await attempts(clock.policy(max_elapsed=0), *[failure() for _ in range(7)])
    table = rows("before retry")
    assert [row[0] for row in table] == [str(number) for number in range(1, 8)]
    assert [float(row[column]) for row in table] == clock.slept


def test_the_limits_are_the_policys_defaults() -> None:
    documented = {row[0]: float(row[1]) for row in rows("what")}
    policy = RetryPolicy()
    assert documented == {name: float(getattr(policy, name)) for name in documented}
    tunable = {field.name for field in fields(policy)} - {
        "wait",
        "stop",
        "sleep",
        "clock",
        "random",
    }
    assert tunable - set(documented) == {"transient_base", "throttling_base", "max_delay"}


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (r"takes (\d+) tokens", RETRY_COST),
        (r"after throttling: (\d+)\), a\s+success", THROTTLING_RETRY_COST),
        (r"at most `t \+ (\d+)`", MAX_HINT_EXCESS),
        (r"at most (\d+) retries", RetryPolicy().quota // RETRY_COST),
        (r"after\s+throttling: (\d+)\) on top", RetryPolicy().quota // THROTTLING_RETRY_COST),
        (r"throttling_base` \((\d+) s\)", RetryPolicy().throttling_base),
        (r"transient_base` \((\d+) ms\)", RetryPolicy().transient_base * 1000),
    ],
)
def test_a_number_in_the_text_is_the_codes(said: str, number: float) -> None:
    (found,) = re.findall(said, DOCUMENT)
    assert float(found) == number
