"""How dense a scan's records are on the whole, against which what one page shows is held."""

from __future__ import annotations

from math import inf, isfinite

#: The record of a short burst, taken for a long gap, promises thousands where there is silence.
MOST_TIMES_AVERAGE = 12
#: An average of fewer records than this says nothing yet.
ENOUGH = 500


class Average:
    """Records received, over the creation time that they came from."""

    def __init__(self) -> None:
        self._whole: float | None = None
        self._left = inf
        self._records = 0

    def received(self, records: int, seconds_left: float) -> None:
        """Take in a page; `seconds_left` is the creation time that is still unknown, if it is."""
        if self._whole is not None:
            self._records += records
            self._left = seconds_left
        elif isfinite(seconds_left):
            self._whole = seconds_left

    @property
    def densest(self) -> float:
        """Records a second that no gap is believed to hold more of."""
        if self._whole is None or self._records < ENOUGH:
            return inf
        return MOST_TIMES_AVERAGE * self._records / max(1.0, self._whole - self._left)
