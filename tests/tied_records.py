"""The proof of tied records with one of its parts taken away, for tests that must then fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from partnercentral_list._tied_records import TiedRecords


def _one_pass(self: TiedRecords) -> int | None:
    return self._passes


def _without_versions(self: TiedRecords) -> int | None:
    proven = _OURS(self)
    is_held = self._previous is not None and self._previous.keys() <= self._records.keys()
    return self._passes - 1 if proven is None and is_held else proven


def _without_repeats(self: TiedRecords) -> int | None:
    self._has_repeats = False
    return _OURS(self)


def _with_repeats_before(self: TiedRecords) -> int | None:
    """As the scan had it: only the pass that proves has no repeats, not the one that is proven."""
    has_repeats, self._has_repeats = self._has_repeats, False
    return None if has_repeats else _OURS(self)


_OURS = TiedRecords._proven_pass
WEAKENED: Mapping[str, Callable[[TiedRecords], int | None]] = {
    "one pass": _one_pass,
    "records and not their versions": _without_versions,
    "repeats ignored": _without_repeats,
    "a pass with repeats": _with_repeats_before,
}


@contextmanager
def weakened(name: str) -> Iterator[None]:
    """Take that part of the proof away."""
    # Scan and sync make their own: there is no other place to put in a weaker one.
    with patch.object(TiedRecords, "_proven_pass", WEAKENED[name]):
        yield
