"""The tables of docs/retries.md are the code's."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from partnercentral_list import PartnerCentralError, RetryPolicy
from partnercentral_list.emulator import Fault
from tests.transport.retrying import BROKEN, Attempts, Clock, throttled

DOCUMENT = (Path(__file__).parents[2] / "docs" / "retries.md").read_text("utf-8")


def rows(header: str) -> list[list[str]]:
    table = DOCUMENT.split(f"| {header} |", 1)[1].split("\n\n", 1)[0]
    return [
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]
    ]


@pytest.mark.parametrize(("column", "fault"), [(1, throttled()), (2, BROKEN)])
async def test_the_longest_waits_are_those_of_the_formula(
    attempts: Attempts, column: int, fault: Fault
) -> None:
    clock = Clock()
    await attempts(clock.policy(max_elapsed=0), *[fault] * 7)
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


def documented(pattern: str) -> float:
    (number,) = re.findall(pattern, DOCUMENT)
    return float(number)


@pytest.mark.parametrize(
    ("pattern", "number"),
    [
        (r"throttling_base` \((\d+) s\)", RetryPolicy().throttling_base),
        (r"transient_base` \((\d+) ms\)", RetryPolicy().transient_base * 1000),
    ],
)
def test_a_default_in_the_text_is_the_policys(pattern: str, number: float) -> None:
    assert documented(pattern) == number


async def test_the_hint_counts_as_documented(attempts: Attempts) -> None:
    clock = Clock()
    await attempts(clock.policy(), throttled(1000.0))
    assert clock.slept == [1.0 + documented(r"at most `t \+ (\d+)`")]


@pytest.mark.parametrize(
    ("fault", "cost", "retries"),
    [
        (BROKEN, r"acquires (\d+) tokens", r"at most (\d+) retries"),
        (
            throttled(),
            r"after throttling: (\d+)\), a\s+success",
            r"after\s+throttling: (\d+)\) on top",
        ),
    ],
    ids=["transient", "throttling"],
)
async def test_retries_cost_what_is_documented(
    attempts: Attempts, fault: Fault, cost: str, retries: str
) -> None:
    async def most_retries(quota: int) -> int:
        policy = Clock().policy(quota=quota, max_attempts=1000, max_elapsed=0)
        with pytest.raises(PartnerCentralError) as caught:
            await attempts(policy, *[fault] * 120)
        return caught.value.attempts - 1

    assert await most_retries(RetryPolicy().quota) == documented(retries)
    assert await most_retries(int(documented(cost))) == 1
    assert await most_retries(int(documented(cost)) - 1) == 0
