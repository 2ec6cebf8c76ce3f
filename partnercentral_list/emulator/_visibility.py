"""Late visibility: what is stored, and what requests see of it yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from partnercentral_list.emulator._behavior import Behavior
from partnercentral_list.emulator._record import Record


@dataclass(frozen=True, slots=True)
class _Change:
    """What a record becomes, None if it goes; in the order in which changes were made."""

    turn: int
    serial: int
    record: Record | None
    due_at: float
    due_request: int


class Visibility:
    """The records that requests see, by serial; the caller keeps threads apart."""

    def __init__(self, behavior: Behavior, seed: int, clock: Callable[[], float]) -> None:
        self._seconds = behavior.late_seconds
        self._requests = behavior.late_requests
        self._seed = seed
        self._clock = clock
        self._turn = 0
        self._request = 0
        self._shown: dict[int, int] = {}
        self._pending: list[_Change] = []
        self._records: dict[int, Record] = {}

    @property
    def records(self) -> Iterable[Record]:
        """What is visible, in the order in which it was added."""
        return self._records.values()

    def change(self, serial: int, record: Record | None) -> bool:
        """Take a change, and say whether it is visible at once."""
        self._turn += 1
        rng = Random(f"{self._seed}:late:{self._turn}")
        change = _Change(
            self._turn,
            serial,
            record,
            # The clock is asked only where it matters: a test may count how often it is.
            self._clock() + rng.uniform(0, self._seconds) if self._seconds else 0.0,
            self._request + rng.randint(0, self._requests),
        )
        if self._seconds or self._requests:
            self._pending.append(change)
            return False
        self._show([change])
        return True

    def load(self, serial: int, record: Record) -> None:
        """Take a record that has always been there."""
        self._records[serial] = record

    def see(self) -> bool:
        """Let one more request see what is due, and say whether anything became visible."""
        self._request += 1
        if not self._pending:
            return False
        now = self._clock() if self._seconds else 0.0
        due = [c for c in self._pending if c.due_at <= now and c.due_request < self._request]
        self._pending = [change for change in self._pending if change not in due]
        self._show(due)
        return bool(due)

    def _show(self, changes: Sequence[_Change]) -> None:
        for change in changes:
            # A later change of the same record may have been faster.
            if self._shown.get(change.serial, 0) > change.turn:
                continue
            if self._seconds or self._requests:
                self._shown[change.serial] = change.turn
            if change.record is None:
                self._records.pop(change.serial, None)
            else:
                self._records[change.serial] = change.record
