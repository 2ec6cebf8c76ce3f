"""Numbers among the options; what is none is said without Python's names for them."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TypeVar

NumberT = TypeVar("NumberT", int, float)


def whole_number(text: str) -> int:
    """Read a whole number.

    Raises:
        ArgumentTypeError: It is none.
    """
    return _number(int, text, "a whole number")


def real_number(text: str) -> float:
    """Read a number.

    Raises:
        ArgumentTypeError: It is none.
    """
    return _number(float, text, "a number")


def _number(kind: Callable[[str], NumberT], text: str, wanted: str) -> NumberT:
    try:
        return kind(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not {wanted}") from None
