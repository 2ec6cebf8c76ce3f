"""The progress of a listing, on a line of a terminal that is redrawn."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from partnercentral_list import (
    PageReceived,
    RateLimited,
    RequestEvent,
    RequestQueued,
    RetryScheduled,
    ScanFinished,
)
from partnercentral_list.cli._process import unescaped_stderr

_MIN_SECONDS_BETWEEN_DRAWINGS = 0.1
_MIN_SECONDS_SHOWN = 0.1
_ERASE_LINE = "\r\x1b[K"
MAY_LACK_UNDATED = (
    "Opportunities without a creation date may be missing: a scan cannot always reach them."
)


class ProgressLine:
    """Shows the number of opportunities so far, their rate, and what the client waits for.

    Args:
        stream: Where it is shown.
        enabled: Whether it is.
        limit: How many opportunities there are at most, where that is known: AWS does not say.
        counted: What is counted.
        clock: Seconds.

    Attributes:
        may_lack_undated: Whether opportunities without a creation date may be missing in a scan.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        enabled: bool,
        limit: int | None = None,
        counted: str = "opportunities",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._enabled = enabled
        self._limit = limit
        self._counted = counted
        self._clock = clock
        self._was_shown = self._is_shown = False
        self.restart()

    def restart(self) -> None:
        """Start counting from zero again."""
        self._started = self._drawn = self._clock()
        self._waiting = ""
        self.may_lack_undated = False
        self._records = self._pages = 0
        self._waited = 0.0

    def __call__(self, event: RequestEvent) -> None:
        """Update the line for an event of the client."""
        if isinstance(event, PageReceived):
            # Drawn when its records are counted.
            self._pages += 1
            self._waiting = ""
            return
        starts_wait = False
        if isinstance(event, ScanFinished):
            self.may_lack_undated = event.may_lack_undated
        elif isinstance(event, RateLimited):
            self._waited += event.waited
            self._waiting = ""
        elif isinstance(event, RetryScheduled):
            self._waited += event.delay
            self._waiting = f", again in {event.delay:.1f} s after {event.error}"
            starts_wait = True
        elif isinstance(event, RequestQueued) and event.expected_wait >= _MIN_SECONDS_SHOWN:
            self._waiting = f", waiting {event.expected_wait:.1f} s for the quota"
            starts_wait = True
        self._draw(at_once=starts_wait)

    def add(self, records: int) -> None:
        """Add to the count."""
        self._records += records
        self._draw(at_once=False)

    def clear(self) -> None:
        """Erase the line."""
        if self._is_shown:
            self._write(_ERASE_LINE)
            self._is_shown = False

    def finish(self) -> None:
        """Write a closing line, if the command ran long enough to show progress."""
        if self._was_shown:
            lacks = f"{MAY_LACK_UNDATED}\n" if self.may_lack_undated else ""
            self._write(f"{_ERASE_LINE}{self.summary()}\n{lacks}")
            self._was_shown = self._is_shown = False

    def line(self) -> str:
        """Return the text that is shown while the command runs."""
        of = "" if self._limit is None else f" of at most {self._limit:,}"
        return (
            f"{self._records:,}{of} {self._counted}, {self._shown_pages()}, "
            f"{self._rate():,.0f}/s{self._shown_wait()}{self._waiting}"
        )

    def summary(self) -> str:
        """Return the text that is shown at the end."""
        return (
            f"{self._records:,} {self._counted}, {self._shown_pages()} in {self._elapsed():.1f} s "
            f"({self._rate():,.0f}/s{self._shown_wait()})"
        )

    def _shown_pages(self) -> str:
        return "1 page" if self._pages == 1 else f"{self._pages:,} pages"

    def _shown_wait(self) -> str:
        return f", {self._waited:.1f} s waited" if self._waited >= _MIN_SECONDS_SHOWN else ""

    def _elapsed(self) -> float:
        return max(self._clock() - self._started, 0.001)

    def _rate(self) -> float:
        return self._records / self._elapsed()

    def _draw(self, *, at_once: bool) -> None:
        now = self._clock()
        if not self._enabled or (now - self._drawn < _MIN_SECONDS_BETWEEN_DRAWINGS and not at_once):
            return
        self._drawn, self._is_shown, self._was_shown = now, True, True
        width = shutil.get_terminal_size().columns - 1
        self._write(_ERASE_LINE + self.line()[:width])

    def _write(self, text: str) -> None:
        print(text, end="", file=self._stream, flush=True)


def is_progress_wanted(*, is_response_last: bool) -> bool:
    """Return whether stderr is a terminal where progress does not mix with the response."""
    if not unescaped_stderr().isatty() or os.environ.get("TERM") == "dumb":
        return False
    return is_response_last or not sys.stdout.isatty()
