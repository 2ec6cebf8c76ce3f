"""A span of creation time of which nothing is known yet, and how much it probably holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from partnercentral_list._pagination.scan_window import Chain, Query

#: Pages are as dense as those before if it is no more than so many times as much or as little;
#: what was so page after page is believed to go on for so much of what has come of it.
ALIKE = 4
GOES_ON = 0.75


class Side:
    """One end of a gap: ascending from the earlier one, or descending from the later one."""

    def __init__(self, query: Query, direction: int, position: int | None, density: float) -> None:
        self._query = query
        self.direction = direction
        self.position = position
        self.density = density
        self.in_a_row = 0
        self.is_busy = False
        self.is_fresh = position is None
        self.is_at_end = False
        self.gap: Gap
        self.asked: tuple[int | None, int | None] = (None, None)
        self.chain: Chain | None = None

    @property
    def partner(self) -> Side:
        """The other end."""
        return self.gap.right if self is self.gap.left else self.gap.left

    @property
    def expected_end(self) -> float:
        """Where it will be when the page on its way has come."""
        assert self.position is not None  # noqa: S101 # only gaps with both ends are divided
        is_known = self.is_busy and self.density > 0
        ahead = self._query.page_size / self.density if is_known else 0.0
        return self.position + self.direction * ahead

    def request(self) -> Mapping[str, object]:
        """Give the parameters of the page that is next."""
        if self.chain is None:
            # The first ones have no bound of ours, for which records without a date would not do.
            is_first = self.position is None
            low, high = (
                (None, None) if is_first else (self.gap.left.position, self.gap.right.position)
            )
            self.asked = low, high
            after = None if low is None else low - 1
            before = None if high is None else high + 1
            self.chain = self._query.within(self.direction, after, before)
        return self.chain.request()

    def is_beyond(self, second: int, other: int | None) -> bool:
        """Whether a second lies behind another one in this side's direction."""
        return other is not None and self.direction * (second - other) > 0

    def measure(self, seconds: int, records: int) -> None:
        """Take in how dense the records of a page were."""
        latest = records / max(1, seconds)
        is_alike = latest / ALIKE <= self.density <= latest * ALIKE
        self.in_a_row = records + (self.in_a_row if is_alike else 0)
        self.density = latest if not self.density else (self.density + latest) / 2


@dataclass(eq=False, slots=True)
class Gap:
    """A span of creation time of which nothing is known yet."""

    left: Side
    right: Side

    def __post_init__(self) -> None:
        self.left.gap = self.right.gap = self

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both ends."""
        return self.left, self.right

    @property
    def is_bounded(self) -> bool:
        """Whether both ends are known."""
        return self.left.position is not None and self.right.position is not None

    @property
    def span(self) -> float:
        """Its length in seconds."""
        if self.left.position is None or self.right.position is None:
            return inf
        return self.right.position - self.left.position

    def rest(self, page_size: int, densest: float) -> float:
        """How many records are left in it, without those on their way; an estimate."""
        if not self.is_bounded:
            return inf
        density = (self.left.density + self.right.density) / 2
        # The average says little inside a year's import: what went on for pages may go on.
        goes_on = GOES_ON * (self.left.in_a_row + self.right.in_a_row)
        believed = max(self.span * densest, goes_on)
        under_way = page_size * sum(side.is_busy for side in self.sides)
        return max(0.0, min(self.span * density, believed) - under_way)
