"""When the next request may go: the arithmetic of pacing, without clock, lock or waiting."""

from __future__ import annotations

from collections import deque
from math import exp, inf

# A request is on its way for up to 50 ms longer than the one before it, so that what left a second
# apart arrives closer together. 10 in 1.06 s are never more than 10 in 1 s at AWS.
MARGIN = 0.06
HEADROOM = 0.95
BURST = 3

# The share of an account that several programs use is found by giving way (cut) and trying again:
# the distance to the full rate shrinks by exp(-(GROWTH * t + ACCELERATION * t**2)) in t quiet
# seconds. So who has less grows faster, and shares become equal; linear growth left somebody with
# less than three quarters of a fair share in one simulation of ten.
CUT = 0.75
FLOOR = 0.05
GROWTH = 0.008
ACCELERATION = 0.00012


class Pace:
    """A bucket for the rate, a sliding log for the window, and a rate that gives way.

    The bucket alone would send its burst on top of a second's worth after a rest; the log alone
    would send a second's worth at once. All times are seconds of one clock.

    Args:
        per_second: The quota: requests in any window of one second (below 1: one request in any
            ``1 / per_second`` seconds).
    """

    def __init__(self, per_second: float) -> None:
        self._quota = per_second
        self._slots = max(1, int(per_second))
        self._window = max(1.0, 1.0 / per_second) + MARGIN
        self._burst = min(BURST, self._slots)
        self._log: deque[float] = deque(maxlen=self._slots)
        self._costs: deque[float] = deque(maxlen=self._slots)
        self._paid_until = -inf
        self._ceiling = HEADROOM * per_second
        self._rate_after_cut = self._ceiling
        self._cut_at = -inf

    def rate(self, now: float) -> float:
        """Requests per second at this time."""
        quiet = now - self._cut_at
        distance = self._ceiling - self._rate_after_cut
        return self._ceiling - distance * exp(-quiet * (GROWTH + ACCELERATION * quiet))

    def slot(self, now: float, position: int) -> float:
        """When a request may go that has `position` others before it, none of which has gone.

        Exact for the first; for those further back it is an estimate from the present rate.
        """
        return self._slot(now, position, 1.0 / self.rate(now))

    def earliest(self, now: float, position: int) -> float:
        """When it may go if nothing slows down and the rate is the full one at once."""
        return self._slot(now, position, 1.0 / self._ceiling)

    def _slot(self, now: float, position: int, spacing: float) -> float:
        rounds, first = divmod(position, self._slots)
        start = max(self._paid_until, now) - (self._burst - 1) / self.rate(now)
        at = max(now, start + first * spacing)
        index = len(self._log) - self._slots + first
        if 0 <= index < len(self._log):
            at = max(at, self._log[index] + self._window)
        return max(at + rounds * self._window, start + position * spacing)

    def slack(self, now: float) -> float:
        """How late a slot may be taken without a loss: the burst makes up for it."""
        return max(self._burst - 1, 0.1) / self.rate(now)

    def take(self, now: float) -> None:
        """A request goes."""
        cost = 1.0 / self.rate(now)
        self._log.append(now)
        self._costs.append(cost)
        self._paid_until = max(self._paid_until, now) + cost

    def release(self, taken_at: float) -> None:
        """The request that was to go at that time did not."""
        index = index_of_recent(self._log, taken_at)
        if index is not None:
            # What was paid before the last cut is void: giving it back would undo the pause.
            if taken_at >= self._cut_at:
                self._paid_until -= self._costs[index]
            del self._log[index]
            del self._costs[index]

    def throttled(self, sent_at: float, now: float) -> None:
        """AWS refused the request of `sent_at`: slow down, once for each round trip."""
        if sent_at < self._cut_at:
            return
        self._rate_after_cut = max(FLOOR * self._quota, CUT * self.rate(now))
        self._cut_at = now
        # The bucket is emptied too: the next one goes a spacing from now, and no burst after it.
        self._paid_until = max(self._paid_until, now + self._burst / self._rate_after_cut)


def index_of_recent(times: deque[float], time: float) -> int | None:
    """Return where a time, which is probably one of the last, is among times that grow."""
    for index in range(len(times) - 1, -1, -1):
        if times[index] <= time:
            return index if times[index] == time else None
    return None
