"""How records are ordered: a sort, where nulls stand in it, and who goes first among equals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._record import Record

_DEFAULT_SORT = ("LastModifiedDate", "DESCENDING")
_SORT_KEYS: Mapping[str, str] = {
    "LastModifiedDate": "last_modified",
    "Identifier": "identifier",
    "CustomerCompanyName": "company",
    "CreatedDate": "created",
    "TargetCloseDate": "target_close",
}


class Order:
    """A total order of records; texts, Ids too, go by code point: O10 comes before O2.

    Attributes:
        name: Tells the orders of one emulator apart; begins with what is sorted by.
        is_down: Whether the order is descending.
    """

    def __init__(self, parameters: Mapping[str, Any], behavior: Behavior, salt: str) -> None:
        """Read a request's sort; ``salt`` is what ties are shuffled by, if they are random."""
        sort: Mapping[str, str] = parameters.get("Sort", {})
        sort_by = sort.get("SortBy", _DEFAULT_SORT[0])
        sort_order = sort.get("SortOrder", _DEFAULT_SORT[1])
        self._value: Callable[[Record], Any] = attrgetter(_SORT_KEYS.get(sort_by, "last_modified"))
        self.is_down = sort_order == "DESCENDING"
        nulls = {str(key): place for key, place in behavior.null_order.items()}.get(sort_by)
        self._keeps_nulls = nulls != "filtered_out"
        self._nulls_first = nulls == "always_first" or nulls == (
            "last" if self.is_down else "first"
        )
        self._tie, self._tie_down = _tie(behavior, salt, down=self.is_down)
        self.name = (sort_by, sort_order, salt if behavior.tie_order == "random" else "")

    def sort(self, records: Iterable[Record]) -> list[Record]:
        """Give the records in this order."""
        value = self._value
        tied = sorted(records, key=self._tie, reverse=self._tie_down)
        present = [record for record in tied if value(record) is not None]
        # Sorting is stable downwards too, so the ties stay in the order that they have.
        present.sort(key=value, reverse=self.is_down)
        absent = [record for record in tied if value(record) is None] if self._keeps_nulls else []
        return absent + present if self._nulls_first else present + absent

    def position_behind(self, anchor: Record, records: Sequence[Record]) -> int:
        """Give how many of the sorted records are not behind the anchor, which may be among them.

        The anchor counts as it was when it was kept, wherever it has moved since.
        """
        low, high = 0, len(records)
        while low < high:
            middle = (low + high) // 2
            if self._is_behind(records[middle], anchor):
                high = middle
            else:
                low = middle + 1
        return low

    def _is_behind(self, record: Record, anchor: Record) -> bool:
        mine, other = self._value(record), self._value(anchor)
        if (mine is None) != (other is None):
            return (other is None) if self._nulls_first else (mine is None)
        if mine != other:
            return bool(mine < other) if self.is_down else bool(mine > other)
        tie, other_tie = self._tie(record), self._tie(anchor)
        return bool(tie < other_tie) if self._tie_down else bool(tie > other_tie)


def _tie(behavior: Behavior, salt: str, *, down: bool) -> tuple[Callable[[Record], Any], bool]:
    if behavior.tie_order == "insertion":
        return attrgetter("serial"), False
    if behavior.tie_order == "random":

        def shuffled(record: Record) -> bytes:
            text = f"{salt}:{record.serial}"
            return hashlib.blake2b(text.encode(), digest_size=8).digest()

        return shuffled, False
    return (lambda record: record.identifier or ""), down == (behavior.tie_order == "id")
