"""When faults hit: scripts by the number of a request, and faults at random from a seed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from partnercentral_list.emulator._effects import Effect, NoEffect
from partnercentral_list.emulator._faults import Fault, is_a

# What a client gets over that tries again: nothing here says that a listing is at its end.
_PASSING: tuple[Fault, ...] = (
    Fault.error("ThrottlingException"),
    Fault.error("InternalServerException"),
    Fault.error("ServiceUnavailableException", status=503),
    Fault.http(500),
    Fault.proxy(502),
    Fault.proxy(504),
    Fault.proxy(200),
    Fault.body(b""),
    Fault.truncate(),
    Fault.reset("before"),
    Fault.reset("during"),
    Fault.reset("after"),
    Fault.drip(delay=0.0, chunk=4096),
    Fault.empty_page(),
)


@dataclass(frozen=True)
class RandomFaults:
    """Faults that hit requests at random, the same ones for the same seed.

    Attributes:
        rate: How probable it is that a fault, or a run of the same one, begins with a request: 0
            to 1.
        seed: What chance is made from.
        kinds: What happens, each as probable as the others; a text is an error's code. By default
            all that a client gets over that tries again: throttling, errors of the service, pages
            of proxies, empty and truncated bodies, resets, and empty pages that have a token.
        burst: The longest run of one fault, 1 or more: 20 makes storms.

    Raises:
        TypeError: One of the kinds is no fault.
        ValueError: A number is out of its bounds, or there are no kinds.
    """

    rate: float = 0.1
    seed: int = 0
    kinds: Sequence[Fault | str] = _PASSING
    burst: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError("rate must be in 0..1")
        if not is_a(self.burst, int) or self.burst < 1:
            raise ValueError("burst must be a whole number, 1 or more")
        if isinstance(self.kinds, str) or not is_a(self.kinds, Sequence) or not self.kinds:
            raise ValueError("kinds must be a sequence of one or more faults")
        for kind in self.kinds:
            as_fault(kind)

    def effect_on(self, number: int) -> Effect | None:
        """Give what happens to the request of a number; None if nothing does."""
        for start in range(max(1, number - self.burst + 1), number + 1):
            rng = Random(f"{self.seed}:fault:{start}")
            hits = rng.random() < self.rate
            chosen = rng.choice(self.kinds)
            if hits and start + rng.randint(1, self.burst) > number:
                return as_fault(chosen).effect
        return None


@dataclass(frozen=True, slots=True)
class _Script:
    effect: Effect | RandomFaults
    first: int
    last: int | None

    def effect_on(self, number: int) -> Effect | None:
        if number < self.first or (self.last is not None and number > self.last):
            return None
        chance = self.effect
        return chance.effect_on(number) if isinstance(chance, RandomFaults) else chance


class FaultPlan:
    """Which request is hit by what; of several scripts the one registered first wins."""

    def __init__(self) -> None:
        self._scripts: list[_Script] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault | RandomFaults | str, *, first: int, times: int | None) -> None:
        """Let a fault hit so many requests (None: all) from a request number on.

        Raises:
            TypeError: It is no fault.
            ValueError: times is less than 1.
        """
        if times is not None and times < 1:
            raise ValueError("times must be 1 or more, or None for every request")
        last = None if times is None else first + times - 1
        effect = fault if isinstance(fault, RandomFaults) else as_fault(fault).effect
        with self._lock:
            self._scripts.append(_Script(effect, first, last))

    def clear(self) -> None:
        """Forget every fault, also those that are still to come."""
        with self._lock:
            self._scripts.clear()

    def effect_on(self, number: int) -> Effect:
        """Give what happens to the request of this number."""
        with self._lock:
            hits = (script.effect_on(number) for script in self._scripts)
            return next((hit for hit in hits if hit is not None), NoEffect())


def as_fault(fault: object) -> Fault:
    """Read a text as an error's code.

    Raises:
        TypeError: It is neither a fault nor a text.
    """
    if isinstance(fault, str):
        return Fault.error(fault)
    if not isinstance(fault, Fault):
        raise TypeError(f"a fault must be a Fault or the code of an error, not {fault!r}")
    return fault
