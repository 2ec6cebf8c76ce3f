"""Python's garbage collector, kept from looking for garbage where there can be none."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

#: A program that freezes anything freezes thousands of objects, which must stay so; Python 3.12
#: begins with some hundreds of its own.
PROGRAMS = 1_000


@contextmanager
def collector_paused(*, settles: bool = False) -> Generator[None]:
    """Pause the collector, if it runs, while nothing but what stays is made.

    Args:
        settles: Count what was made as old, so that it is not gone through until the next full
            collection, in whoever makes objects next.

    A page is thousands of objects that are all alive, imported modules are hundreds of thousands:
    collections in the middle find nothing, and make Python go over the whole heap.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
            if settles and gc.get_freeze_count() < PROGRAMS:
                # Nothing stays frozen: the whole heap joins the oldest generation.
                gc.freeze()
                gc.unfreeze()
