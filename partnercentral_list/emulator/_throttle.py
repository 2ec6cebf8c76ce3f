"""The quota on requests: no more than so many in any window of one second."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class RequestWindow:
    """Counts the requests let through in the sliding window that ends now."""

    def __init__(self, requests_per_second: float | None, clock: Callable[[], float]) -> None:
        """Start with an empty window.

        Args:
            requests_per_second: More than 0, or None for no limit. A fraction widens the window:
                0.5 lets one request through in any two seconds.
            clock: Gives seconds that never go back.

        Raises:
            ValueError: requests_per_second is not more than 0.
        """
        if requests_per_second is not None and not requests_per_second > 0:
            raise ValueError("requests_per_second must be more than 0, or None for no limit")
        self._limit = None if requests_per_second is None else max(1, int(requests_per_second))
        self._seconds = (self._limit or 0) / (requests_per_second or 1)
        self._clock = clock
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def admit(self) -> bool:
        """Say whether one more request is within the quota, and count it if it is."""
        if self._limit is None:
            return True
        with self._lock:
            now = self._clock()
            while self._times and now - self._times[0] >= self._seconds:
                self._times.popleft()
            if len(self._times) >= self._limit:
                return False
            self._times.append(now)
            return True
