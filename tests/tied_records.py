"""The proof of tied records with one of its parts taken away, for tests that must then fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias
from unittest.mock import patch
from weakref import WeakKeyDictionary

# private: the proof is tested by itself and in weaker forms, which no client takes.
from partnercentral_list._tied_records import TiedRecords

__all__ = ["WEAKENED", "TiedRecords", "weakened"]

Records: TypeAlias = Mapping[str, object]
_OURS = TiedRecords.receive


def _one_pass(self: TiedRecords, records: Records, token: str | None) -> None:
    _OURS(self, records, token)
    if token is None:
        self.complete_pass = 1


def _without_versions(self: TiedRecords, records: Records, token: str | None) -> None:
    _OURS(self, dict.fromkeys(records), token)


class _Pass:
    """The records that have come since the pass began."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.has_repeats = False


_PASSES: WeakKeyDictionary[TiedRecords, _Pass] = WeakKeyDictionary()


def _without_repeats(self: TiedRecords, records: Records, token: str | None) -> None:
    current = _PASSES.get(self)
    if current is None or self.token is None:
        current = _PASSES[self] = _Pass()
    new = {name: version for name, version in records.items() if name not in current.seen}
    current.has_repeats |= len(new) < len(records)
    current.seen |= records.keys()
    _OURS(self, new, token)


def _with_repeats_before(self: TiedRecords, records: Records, token: str | None) -> None:
    """As the scan had it: only the pass that proves has no repeats, not the one that is proven."""
    _without_repeats(self, records, token)
    if _PASSES[self].has_repeats:
        self.complete_pass = None


WEAKENED: Mapping[str, Callable[[TiedRecords, Records, str | None], None]] = {
    "one pass": _one_pass,
    "records and not their versions": _without_versions,
    "repeats ignored": _without_repeats,
    "a pass with repeats": _with_repeats_before,
}


@contextmanager
def weakened(name: str) -> Iterator[None]:
    """Take that part of the proof away."""
    # private: scan and sync make their own, and there is no other place to put in a weaker one.
    with patch.object(TiedRecords, "receive", WEAKENED[name]):
        yield
