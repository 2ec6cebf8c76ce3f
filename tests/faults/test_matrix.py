"""Every fault on every page, once and always: the whole listing, or an error to resume from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.cases import CASES, Case
from tests.faults.matrix import combinations, run


def name(value: Any) -> str:
    return "always" if value is None else str(value)


@pytest.mark.parametrize(("case", "page", "times"), combinations(CASES), ids=name)
def test_a_listing_is_complete_or_raises_and_can_be_completed(
    case: Case, page: int, times: int | None
) -> None:
    run(case, page, times)
