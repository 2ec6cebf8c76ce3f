"""How far a listing is, on a line of stderr that rewrites itself; only on a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from partnercentral_list import PageReceived, RateLimited, RequestEvent, RetryScheduled

REDRAW_AFTER = 0.1
ERASE = "\r\x1b[K"


class Progress:
    """Counts what the events tell, and shows it.

    Args:
        stream: Where it is shown.
        enabled: Whether it is.
        clock: Seconds.
    """

    def __init__(
        self, stream: TextIO, *, enabled: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._enabled = enabled
        self._clock = clock
        self._started = clock()
        self._drawn = self._started
        self._is_shown = False
        self._waiting = ""
        self.records = 0
        self.pages = 0
        self.waited = 0.0

    def __call__(self, event: RequestEvent) -> None:
        """Take an event of the client."""
        if isinstance(event, PageReceived):
            self.pages += 1
            self.records += event.opportunities + event.invalid
            self._waiting = ""
        elif isinstance(event, RateLimited):
            self.waited += event.waited
        elif isinstance(event, RetryScheduled):
            self.waited += event.delay
            self._waiting = f", again in {event.delay:.1f} s after {event.error}"
        self._draw(at_once=isinstance(event, RetryScheduled))

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._stream.write(ERASE)
            self._stream.flush()
            self._is_shown = False

    def line(self) -> str:
        """Give what is shown."""
        elapsed = max(self._clock() - self._started, 0.001)
        waits = f", {self.waited:.1f} s waited" if self.waited >= REDRAW_AFTER else ""
        return (
            f"{self.records:,} opportunities, {self.pages:,} pages, "
            f"{self.records / elapsed:,.0f}/s{waits}{self._waiting}"
        )

    def _draw(self, *, at_once: bool) -> None:
        now = self._clock()
        if not self._enabled or (now - self._drawn < REDRAW_AFTER and not at_once):
            return
        self._drawn, self._is_shown = now, True
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(ERASE + self.line()[:width])
        self._stream.flush()


def belongs_on_stderr(*, answer_is_at_the_end: bool) -> bool:
    """Tell whether progress would be seen, and would not stand in the middle of the answer."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return False
    return answer_is_at_the_end or not sys.stdout.isatty()
