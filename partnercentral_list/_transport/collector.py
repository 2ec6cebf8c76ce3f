"""Python's garbage collector, paused where everything that is created stays alive.

A page is thousands of objects, imported modules are hundreds of thousands: a collection in between
finds nothing, and looks at all of them. The figures are ratios of CPU time within interleaved
rounds, by `python -m tests.benchmarks.process`:

- a listing of 10,000 takes 1.5 times as long if the collector runs while a page is parsed;
- the first record of a process takes 1.10 times as long if it runs during the imports;
- 1.04 times if what was imported stays young, and then the next collection of young objects blocks
  the event loop for a tenth of a second in place of nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

#: A program that freezes anything freezes thousands of objects, which must stay so; Python 3.12
#: starts with some hundreds of its own.
MAX_FROZEN_BY_PYTHON = 1_000


@contextmanager
def collector_paused(*, settles: bool = False) -> Generator[None]:
    """Pause the collector, if it is enabled, while only objects are created that stay alive.

    Args:
        settles: Move what was created to the oldest generation, so that only the next full
            collection looks at it. Not done where the program has frozen objects of its own.
    """
    was_enabled = gc.isenabled()
    if was_enabled:
        # Not otherwise: another thread that has paused it may enable it in this moment, and nobody
        # would do so again.
        gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
            if settles and gc.get_freeze_count() < MAX_FROZEN_BY_PYTHON:
                # Nothing stays frozen: the whole heap joins the oldest generation.
                gc.freeze()
                gc.unfreeze()
