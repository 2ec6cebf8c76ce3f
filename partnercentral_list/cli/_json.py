"""JSON as the command holds and prints it: with numbers as AWS sent them."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Self, TypeGuard

from partnercentral_list.cli._exits import FAILED, CommandError


class SentNumber(float):
    """A number that a float would print as another one: 1.10, 1e999.

    A query computes with the float; where the number itself is printed, it is `text`.
    """

    text: str

    def __new__(cls, number: Decimal) -> Self:
        """Make it of the exact number."""
        made = super().__new__(cls, number)
        made.text = str(number)
        return made

    def __str__(self) -> str:
        return self.text


# jmespath's functions take numbers by the name of their class.
SentNumber.__name__ = "float"


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether it is a list."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether it is an object."""
    return isinstance(value, dict)


def compact_json(value: object) -> str:
    """Return a value as JSON on one line, without spaces."""
    pieces: list[str] = []
    _write(value, pieces.append, "", ":", "", "")
    return "".join(pieces)


def write_indented_json(value: object, write: Callable[[str], object]) -> None:
    """Write a value as JSON with an indent of four, piece by piece."""
    _write(value, write, "\n", ": ", "    ", "")


def _write(
    value: object, write: Callable[[str], object], line: str, colon: str, step: str, indent: str
) -> None:
    # json has no way to print a number of another class: what it is given is a float's repr.
    if isinstance(value, str):
        write(encode_basestring(value))
    elif isinstance(value, bool) or value is None:
        write("null" if value is None else str(value).lower())
    elif is_object(value):
        inner, mark = f"{line}{indent}{step}", "{"
        for name, member in value.items():
            write(f"{mark}{inner}{encode_basestring(name)}{colon}")
            _write(member, write, line, colon, step, indent + step)
            mark = ","
        write(f"{line}{indent}}}" if value else "{}")
    elif is_list(value):
        inner, mark = f"{line}{indent}{step}", "["
        for entry in value:
            write(f"{mark}{inner}")
            _write(entry, write, line, colon, step, indent + step)
            mark = ","
        write(f"{line}{indent}]" if value else "[]")
    elif isinstance(value, float) and not math.isfinite(value) and type(value) is float:
        raise CommandError("--query gives a number that is too large for JSON.", FAILED)
    else:
        write(str(value))
