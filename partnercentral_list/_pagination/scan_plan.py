"""Which page a scan asks for next: creation time as gaps that are eaten from both of their ends.

Everything created outside the gaps has been received, or belongs to a `Tie`. Estimates of how many
records are where decide about speed, never about what is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from partnercentral_list._pagination.scan_average import Average
from partnercentral_list._pagination.scan_gap import Gap, Side
from partnercentral_list._pagination.scan_tie import Tie
from partnercentral_list._pagination.scan_window import (
    ASCENDING,
    DESCENDING,
    FIRST,
    LAST,
    REACH,
    Chain,
    Query,
    View,
)

#: A gap is not divided for less than so many pages, nor below so many seconds.
WORTH_DIVIDING = 1.5
NARROWEST = 6
#: While one end's page is on its way, the other end waits if so little of a page may be left.
NOT_WORTH_IT = 0.3

Walker = Side | Tie


@dataclass(slots=True)
class Plan:
    """What is left to be read, and which page of it comes next.

    Args:
        query: What the scan asks for.
    """

    query: Query
    gaps: list[Gap] = field(init=False)
    ties: list[Tie] = field(init=False, default_factory=list[Tie])
    average: Average = field(init=False, default_factory=Average)

    def __post_init__(self) -> None:
        first = Side(self.query, ASCENDING, None, 0.0), Side(self.query, DESCENDING, None, 0.0)
        self.gaps = [Gap(*first)]

    @property
    def is_done(self) -> bool:
        """Whether everything has been received."""
        return not self.gaps and not self.ties

    @property
    def has_work(self) -> bool:
        """Whether a page is worth asking for before another one has come."""
        return self._best() is not None

    def take(self) -> Walker | None:
        """Give whose page is next, which is then busy until `received`; None to wait."""
        best = self._best()
        if isinstance(best, Gap):
            best = self._divide(best)
        if best is not None:
            best.is_busy = True
        return best

    def received(self, walker: Walker, view: View) -> None:
        """Take in the page that was asked for.

        Raises:
            PaginationError: It leads nowhere.
        """
        walker.is_busy = False
        if isinstance(walker, Side):
            self._advance(walker, view)
        else:
            walker.received(view)
        self.ties = [tie for tie in self.ties if not tie.is_done]
        self.gaps = [gap for gap in self.gaps if gap.span >= 0]
        self.average.received(len(view.versions), sum(gap.span for gap in self.gaps))

    def restart(self, walker: Walker) -> None:
        """Begin that walk again, because AWS refused its token."""
        walker.is_busy = False
        if isinstance(walker, Tie):
            walker.restart()
        elif walker.chain is not None:
            walker.chain.records.restart()

    def _best(self) -> Walker | Gap | None:
        for tie in self.ties:
            # It cannot be divided: the sooner, the better.
            if not tie.is_busy:
                return tie
        fresh = [side for gap in self.gaps for side in gap.sides if side.is_fresh]
        if fresh:
            return next((side for side in fresh if not side.is_busy), None)
        # Until both ends are known the other side may be where there is nothing left.
        lost = [side for gap in self.gaps for side in gap.sides if side.position is None]
        if lost and not lost[0].is_busy:
            return lost[0]
        idle = [side for gap in self.gaps for side in gap.sides if self._is_worth_it(side)]
        best = max(idle, key=lambda side: self._rest(side.gap), default=None)
        wide = [gap for gap in self.gaps if gap.is_bounded and gap.span >= NARROWEST]
        widest = max(wide, key=self._rest, default=None)
        if widest is None or self._rest(widest) < WORTH_DIVIDING * self.query.page_size:
            return best
        is_better = best is None or self._rest(best.gap) < self._rest(widest) / 2
        return widest if is_better else best

    def _rest(self, gap: Gap) -> float:
        return gap.rest(self.query.page_size, self.average.densest)

    def _is_worth_it(self, side: Side) -> bool:
        return not (side.is_busy or side.is_at_end) and not (
            side.partner.is_busy and self._rest(side.gap) < NOT_WORTH_IT * self.query.page_size
        )

    def _divide(self, gap: Gap) -> Side:
        left, right = gap.sides
        # Only gaps with both ends are divided.
        assert left.position is not None  # noqa: S101 # see above
        assert right.position is not None  # noqa: S101 # see above
        middle = round((left.expected_end + right.expected_end) / 2)
        middle = min(max(middle, left.position + REACH), right.position - REACH)
        density = (left.density + right.density) / 2
        down = Side(self.query, DESCENDING, middle, density)
        up = Side(self.query, ASCENDING, middle, density)
        place = self.gaps.index(gap)
        self.gaps[place : place + 1] = [Gap(left, down), Gap(up, right)]
        return up

    def _advance(self, side: Side, view: View) -> None:
        side.is_fresh = False
        chain = side.chain
        assert chain is not None  # noqa: S101 # it was asked for
        # From records without a creation date only the token leads on.
        leads_on = not view.seconds or view.ends_undated
        token = view.token if leads_on else None
        chain.records.receive(view.versions, token)
        if token is not None or chain.records.complete_pass is None:
            if side.gap not in self.gaps:
                side.chain = None
            return
        side.chain = None
        if view.token is None:
            self._end(side)
        elif side.gap in self.gaps:
            self._go_on(side, chain, view)

    def _go_on(self, side: Side, chain: Chain, view: View) -> None:
        first, last = view.seconds[0], view.seconds[-1]
        is_one_second = first == last
        if not is_one_second:
            side.measure(abs(last - first), len(view.seconds))
        has_moved = side.position is None or side.is_beyond(last, side.position)
        if not has_moved:
            assert side.position is not None  # noqa: S101 # else it has moved
            last = side.position
        if side.is_beyond(last, side.partner.position) or (has_moved and not is_one_second):
            side.position = last
            return
        self.ties.append(Tie(self.query, chain, view, side.direction, last))
        side.position = last + side.direction * REACH

    def _end(self, side: Side) -> None:
        # The walk that has ended had everything between the bounds that it was asked with.
        low, high = side.asked
        if side.partner.position is None and side.asked != (None, None):
            # But for records without a date, which its partner is among at the moment.
            side.is_at_end = True
            side.position = LAST if side.direction == ASCENDING else FIRST
        else:
            self.gaps = [gap for gap in self.gaps if not _is_within(gap, low, high)]


def _is_within(gap: Gap, low: int | None, high: int | None) -> bool:
    left, right = gap.left.position, gap.right.position
    return (low is None or (left is not None and left >= low)) and (
        high is None or (right is not None and right <= high)
    )
