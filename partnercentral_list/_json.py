"""Parse JSON without losing anything: exact numbers, and no member that hides another."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final, NoReturn

#: pydantic reads 200 levels of nesting, Python writes some hundreds. An entry that is nested more
#: deeply is its text to whoever stores or prints it.
MAX_DEPTH: Final = 250

_SPACE: Final = re.compile(r"[ \t\n\r]*")


class JsonError(ValueError):
    """A text that is not the JSON it should be; the message says why, without its contents."""


@dataclass(slots=True, eq=False, repr=False)
class JsonText:
    """A value, and the text that it was read from."""

    text: str
    value: Any
    """As Python's own `json` reads it. A number that Python cannot hold is its text, and so is a
    whole value that is nested too deeply."""
    is_too_deep: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Envelope:
    """An object with one long list, of which each entry is read by itself."""

    entries: tuple[JsonText, ...]
    """The entries of the list."""
    rest: str
    """The object's text, with an empty list in place of the long one."""


def read_envelope(body: bytes, list_name: str, max_entries: int) -> Envelope:
    """Read an object that has a list.

    Args:
        body: The object's text in UTF-8.
        list_name: The name of the member with the list.
        max_entries: How many entries the list may have; reading ends at the first beyond.

    Raises:
        JsonError: It is not JSON or not an object, a name occurs twice, the list is missing or too
            long.
    """
    if not body:
        raise JsonError("it is empty")
    try:
        # As text: of bytes, Python's own would take UTF-16 too.
        return _EnvelopeReader(body.decode(), _PLAIN).read(list_name, max_entries)
    except JsonError:
        raise
    except (ValueError, RecursionError):
        pass
    raise JsonError("it is not JSON")


def read_entries_exact(body: bytes, list_name: str, *, one_by_one: bool) -> list[Any]:
    """Return an object's list with every number as it was written: a fraction is a `Decimal`.

    Args:
        body: The text of an object that was read before.
        list_name: The name of the member with the list.
        one_by_one: Whether an entry is nested too deeply; it is then its text.
    """
    text = body.decode()
    if one_by_one:
        envelope = _EnvelopeReader(text, _EXACT).read(list_name, len(text))
        return [entry.value for entry in envelope.entries]
    entries: list[Any] = _EXACT.decode(text)[list_name]
    return entries


class _EnvelopeReader:
    def __init__(self, text: str, decoder: json.JSONDecoder) -> None:
        self._text = text
        self._decoder = decoder
        self._at = 0

    def read(self, list_name: str, max_entries: int) -> Envelope:
        entries: tuple[JsonText, ...] | None = None
        members: dict[str, str] = {}
        if not self._next_is("{"):
            self._value()
            self._end()
            raise JsonError("it is not a JSON object")
        if not self._next_is("}"):
            while True:
                name = self._value()
                if not isinstance(name.value, str) or not self._next_is(":"):
                    raise ValueError
                if name.value in members:
                    raise JsonError("a member occurs twice")
                members[name.value] = f"{name.text}:[]"
                if name.value == list_name and self._next_is("["):
                    entries = self._entries(max_entries)
                else:
                    members[name.value] = f"{name.text}:{self._value().text}"
                if not self._next_is(","):
                    break
            self._take("}")
        self._end()
        if entries is None:
            raise JsonError(f"it has no list of {list_name}")
        return Envelope(entries, f"{{{','.join(members.values())}}}")

    def _entries(self, most: int) -> tuple[JsonText, ...]:
        entries: list[JsonText] = []
        if self._next_is("]"):
            return ()
        while True:
            if len(entries) == most:
                raise JsonError(f"it has more than the {most} records requested")
            entries.append(self._entry())
            if not self._next_is(","):
                break
        self._take("]")
        return tuple(entries)

    def _entry(self) -> JsonText:
        start = self._skip_space()
        try:
            entry = self._value()
        except RecursionError:
            pass
        else:
            if not _is_too_deep(entry.text):
                return entry
        self._at, _ = _end_and_depth(self._text, start)
        text = self._text[start : self._at]
        return JsonText(text, text, is_too_deep=True)

    def _value(self) -> JsonText:
        start = self._skip_space()
        value, self._at = self._decoder.raw_decode(self._text, start)
        return JsonText(self._text[start : self._at], value)

    def _next_is(self, char: str) -> bool:
        if not self._text.startswith(char, self._skip_space()):
            return False
        self._at += 1
        return True

    def _take(self, char: str) -> None:
        if not self._next_is(char):
            raise ValueError

    def _end(self) -> None:
        if self._skip_space() != len(self._text):
            raise ValueError

    def _skip_space(self) -> int:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._at


def _is_too_deep(text: str) -> bool:
    brackets = text.count("[") + text.count("{")
    return brackets > MAX_DEPTH and _end_and_depth(text, 0)[1] > MAX_DEPTH


def _end_and_depth(text: str, start: int) -> tuple[int, int]:
    """Return where a list or object ends, by its brackets alone, and how deep they are nested."""
    closing: list[str] = []
    depth = 0
    for token in _BRACKET_OR_STRING.finditer(text, start):
        bracket = token[0]
        if bracket in _CLOSING:
            closing.append(_CLOSING[bracket])
            depth = max(depth, len(closing))
        elif bracket in _CLOSING.values() and closing.pop() != bracket:
            break
        if not closing:
            return token.end(), depth
    raise ValueError("a bracket is not closed")


_CLOSING: Final = {"[": "]", "{": "}"}
_BRACKET_OR_STRING: Final = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*+"')


def _integer(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        # Python refuses to convert one of more than 4,300 digits.
        return text


def _float(text: str) -> float | str:
    value = float(text)
    return value if isfinite(value) else text


def _exact_integer(text: str) -> int | Decimal:
    value = _integer(text)
    return Decimal(value) if isinstance(value, str) else value


def _exact_fraction(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        # An exponent of more than 18 digits.
        return text


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_PLAIN: Final = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_refuse)
_EXACT: Final = json.JSONDecoder(
    parse_int=_exact_integer, parse_float=_exact_fraction, parse_constant=_refuse
)
