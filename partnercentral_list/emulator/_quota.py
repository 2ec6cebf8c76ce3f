"""The quota of an account: requests in any window of a second, and of a day."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

_DAY = 86_400.0


class AccountQuota:
    """The quota of a partner's account, which several emulators can share.

    Args:
        per_second: How many requests are admitted in any window of one second, more than 0. A
            fraction widens the window: 0.5 admits one in any two seconds, 1.5 two in any four
            thirds. None for no limit.
        per_day: How many are admitted in any window of 24 hours, 1 or more; None for no limit.
        clock: Returns seconds that never go back.

    Raises:
        ValueError: A limit is out of its bounds.
    """

    def __init__(
        self,
        per_second: float | None = 10.0,
        per_day: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if per_second is not None and not 0 < per_second < math.inf:
            raise ValueError("requests_per_second must be more than 0, or None for no limit")
        if per_day is not None and (per_day < 1 or per_day % 1):
            raise ValueError("per_day must be a whole number, 1 or more, or None for no limit")
        # The length of each sliding window in seconds, and the times of the last requests in it.
        self._windows: list[tuple[float, deque[float]]] = []
        if per_second is not None:
            limit = math.ceil(per_second)
            self._windows.append((limit / per_second, deque(maxlen=limit)))
        if per_day is not None:
            self._windows.append((_DAY, deque(maxlen=int(per_day))))
        self._clock = clock
        self._lock = threading.Lock()

    def admit(self, *, count_rejected: bool = False) -> float | None:
        """Admit one more request if it is within the quota.

        Args:
            count_rejected: Whether a request that is not admitted is counted too.

        Returns:
            None if it is admitted; else the seconds until one would be.
        """
        if not self._windows:
            return None
        with self._lock:
            now = self._clock()
            is_within = self._wait(now) <= 0
            if is_within or count_rejected:
                for _, times in self._windows:
                    times.append(now)
            # Computed anew: a rejected request that counts makes those after it wait longer.
            return None if is_within else self._wait(now)

    def _wait(self, now: float) -> float:
        full = [(seconds, times) for seconds, times in self._windows if len(times) == times.maxlen]
        return max([0.0, *(seconds - (now - times[0]) for seconds, times in full)])
