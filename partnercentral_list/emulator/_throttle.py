"""The quota on requests: so many in any window of a second, so many in any window of a day."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

_DAY = 86_400.0


class AccountQuota:
    """The quota of a partner's account, which several emulators can be given to share.

    Args:
        per_second: How many requests are let through in any window of one second, more than 0. A
            fraction widens the window: 0.5 lets one through in any two seconds, 1.5 two in any four
            thirds. None for no limit.
        per_day: How many are let through in any window of 24 hours, 1 or more; None for no limit.
        clock: Gives seconds that never go back.

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
        self._windows: list[_Window] = []
        if per_second is not None:
            limit = math.ceil(per_second)
            self._windows.append(_Window(limit, limit / per_second))
        if per_day is not None:
            self._windows.append(_Window(int(per_day), _DAY))
        self._clock = clock
        self._lock = threading.Lock()

    def admit(self, *, count_rejected: bool = False) -> float | None:
        """Count one more request if it is within the quota.

        Args:
            count_rejected: Whether it is counted even if it is not.

        Returns:
            None if it is within; else the seconds until one would be.
        """
        if not self._windows:
            return None
        with self._lock:
            now = self._clock()
            is_within = self._wait(now) <= 0
            if is_within or count_rejected:
                for window in self._windows:
                    window.count(now)
            # Asked again: a rejected request that counts makes those after it wait longer.
            return None if is_within else self._wait(now)

    def _wait(self, now: float) -> float:
        return max(window.wait(now) for window in self._windows)


class _Window:
    """The times of the requests in one sliding window."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        # What is older than the last so many cannot matter any more.
        self._times: deque[float] = deque(maxlen=limit)

    def wait(self, now: float) -> float:
        if len(self._times) < self._limit:
            return 0.0
        elapsed = now - self._times[0]
        return 0.0 if elapsed >= self._seconds else self._seconds - elapsed

    def count(self, now: float) -> None:
        self._times.append(now)
