"""Tables of aligned text, measured as a terminal shows it and fitted to its width.

rich, which writes ``--output table``, is not always installed, wraps cells, and shortens numbers.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Final, Literal, TypeAlias

from partnercentral_list.models.display import Amount, Cell, printable

Align: TypeAlias = Literal["left", "right", "amount"]

BOLD: Final = "1"
DIM: Final = "2"

_MAX_GAP: Final = 2
_MIN_GAP: Final = 1
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_ELLIPSIS: Final = "…"
_RULE: Final = "─"
_BETWEEN_AMOUNTS: Final = ", "
#: The vowels and final consonants of Korean that join the consonant in front of them.
_JOINING_HANGUL: Final = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
_PICTURE: Final = "[\u2190-\u2bff\U0001f000-\U0001faff]"
#: What combines characters into one picture or ligature: terminals do not agree how wide that is.
_COMBINING_IN_SOME: Final = re.compile(
    f"[\u200d\ufe0e\ufe0f]|(?<={_PICTURE})[\U0001f3fb-\U0001f3ff]"
)
#: What may be the beginning of a number at the end of a text that is cut there.
_NUMBER_AT_END: Final = re.compile(r"\d[\d.,]*\Z")


@lru_cache(4096)
def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return 2
    return 0 if any(ord(char) in joining for joining in _JOINING_HANGUL) else 1


def display_width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


@dataclass(frozen=True, slots=True)
class OutputStyle:
    """The abilities of stdout: its width, colors, marks of direction and encoding.

    Args:
        width: What a line may take; None if it is not limited.
        has_colors: Whether it shows colors.
        has_isolates: Whether text from right to left is to be kept from moving its neighbors.
        encoding: What text is encoded in.
    """

    width: int | None = None
    has_colors: bool = False
    has_isolates: bool = False
    encoding: str = "utf-8"

    def clean(self, text: str) -> str:
        """Return a text that stays on its line, whose width is known, and that can be encoded."""
        if text.isascii() and text.isprintable():
            return text
        text = printable(_COMBINING_IN_SOME.sub("", text))
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def clean_cell(self, cell: Cell) -> Cell:
        """Return a cell whose texts are clean."""
        if isinstance(cell, str):
            return self.clean(cell)
        return tuple((self.clean(number), self.clean(unit)) for number, unit in cell)

    def colored(self, text: str, code: str) -> str:
        """Return a text in a color or a style, the number of an ANSI escape sequence."""
        return f"\x1b[{code}m{text}\x1b[0m" if code and text and self.has_colors else text

    def isolated(self, text: str) -> str:
        """Return a text within marks that keep its direction inside, if it needs them."""
        if not self.has_isolates or text.isascii():
            return text
        if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text):
            return f"{_ISOLATE}{text}{_END_OF_ISOLATE}"
        return text

    def shortened(self, text: str, width: int) -> str:
        """Return a text that is too long in so many cells, with an ellipsis at its end.

        The ellipsis does not follow a digit: a number that has lost digits is another number.
        """
        ellipsis = _ELLIPSIS if self._can_encode(_ELLIPSIS) else "~"
        left = width - 1
        for place, char in enumerate(text):
            left -= _char_width(char)
            if left < 0:
                return _NUMBER_AT_END.sub("", text[:place]) + ellipsis
        return text

    def rule(self, width: int) -> str:
        """Return a horizontal line."""
        return self.colored((_RULE if self._can_encode(_RULE) else "-") * width, DIM)

    def bar(self, eighths: int) -> str:
        """Return a bar; its length is in eighths of a cell."""
        if not self._can_encode(_EIGHTHS):
            return "#" * ((eighths + 7) // 8)
        return _EIGHTHS[8] * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")

    def _can_encode(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


def output_style(color: str, *, is_wide: bool) -> OutputStyle:
    """Return the abilities of stdout.

    Args:
        color: ``--color``. If it is ``auto``, NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE decide in
            this order, as in Python itself, and otherwise the terminal.
        is_wide: Whether lines may be longer than those of the terminal.
    """
    terminal = os.environ.get("TERM", "")
    is_terminal = sys.stdout.isatty()
    # Windows Terminal sets no TERM; nothing is known of what sets neither.
    shows_escapes = terminal not in ("", "dumb") or "WT_SESSION" in os.environ
    if color == "auto":
        forced = (os.environ.get(name, "") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
        has_colors = not os.environ.get("NO_COLOR") and (
            any(value not in ("", "0") for value in forced) or (is_terminal and shows_escapes)
        )
    else:
        has_colors = color == "on"
    return OutputStyle(
        width=None if is_wide else _width(is_terminal=is_terminal),
        has_colors=has_colors,
        # The console of Linux shows the marks themselves.
        has_isolates=is_terminal and shows_escapes and terminal != "linux",
        encoding=sys.stdout.encoding or "utf-8",
    )


def _width(*, is_terminal: bool) -> int | None:
    """Return the width of the terminal; of a pipe the variable COLUMNS, which watch(1) sets."""
    if is_terminal:
        return shutil.get_terminal_size().columns
    columns = re.fullmatch(r"[1-9]\d{0,5}", os.environ.get("COLUMNS", ""), re.ASCII)
    return int(columns[0]) if columns else None


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column.

    Args:
        head: Its name.
        align: Where its cells stand; amounts have their decimal points below each other. Several
            in a cell get a line each where they do not fit on one.
        min_width: How narrow it may become, by shortening cells; None if it may not.
        good_width: How wide it should be before an optional column is shown.
        is_optional: Whether it is shown only if the others have a good width.
        short: Shortens a cell in its own way, before anything else is shortened.
        color: Returns the color of a cell.
    """

    head: str
    align: Align = "left"
    min_width: int | None = None
    good_width: int = 0
    is_optional: bool = False
    short: Callable[[str], str] | None = None
    color: Callable[[str], str] | None = None


class TextTable:
    """A table, fitted to a width by shortening cells, and then by leaving out columns.

    Args:
        columns: Its columns, at least one.
        rows: The cells of each row, cleaned by `style`: amounts where a column has them.
        style: How it is shown.
        importance: The places of the columns, the most important one first; one is left out if it
            has no room beside those in front of it. None is their own order.

    Attributes:
        hidden: The heads of the columns that are left out.
        width: How wide its lines are.
    """

    def __init__(
        self,
        columns: Sequence[TextColumn],
        rows: Sequence[Sequence[Cell]],
        style: OutputStyle,
        importance: Sequence[int] | None = None,
    ) -> None:
        self._rows = rows
        self._style = style
        places = range(len(columns)) if importance is None else importance
        shown: list[_FittedColumn] = []
        for place in places:
            column = _FittedColumn(columns[place], place, rows)
            if not shown or self._can_hold([*shown, column]):
                shown.append(column)
        self._shown = sorted(shown, key=lambda column: column.place)
        left_out = set(places) - {column.place for column in shown}
        self.hidden = [columns[place].head for place in sorted(left_out) if columns[place].head]
        self._gap = self._fit()
        self.width = sum(column.width + self._gap for column in shown) - self._gap

    def lines(self) -> Iterator[str]:
        """Yield the heads and the rows, each as wide as the others."""
        gap = " " * self._gap
        heads = [textwrap.wrap(column.head, column.width) for column in self._shown]
        for line in zip_longest(*heads, fillvalue=""):
            texts = zip(self._shown, line, strict=True)
            yield gap.join(column.padded(text, self._style, BOLD) for column, text in texts)
        blank = [" " * column.width for column in self._shown]
        for row in self._rows:
            cells = [column.lines(row[column.place], self._style) for column in self._shown]
            for number in range(max(map(len, cells))):
                pairs = zip(cells, blank, strict=True)
                yield gap.join(lines[number] if number < len(lines) else no for lines, no in pairs)

    def _can_hold(self, columns: Sequence[_FittedColumn]) -> bool:
        is_last_optional = columns[-1].is_optional
        widths = (column.good if is_last_optional else column.least for column in columns)
        needed = sum(widths) + (len(columns) - 1) * _MIN_GAP
        return self._style.width is None or needed <= self._style.width

    def _fit(self) -> int:
        """Set the widths of the columns that are shown; return how many spaces separate them."""
        columns, width = self._shown, self._style.width
        natural = sum(column.natural + _MAX_GAP for column in columns) - _MAX_GAP
        if width is None or natural <= width:
            return _MAX_GAP
        for column in columns:
            column.width = min(column.least, width)
        left = width - sum(column.width + _MIN_GAP for column in columns) + _MIN_GAP
        # The narrowest one grows first, so that one long text takes nothing from the others.
        while left and (growing := [column for column in columns if column.can_grow]):
            min(growing, key=lambda column: (column.is_good, column.width)).width += 1
            left -= 1
        for column in columns:
            if column.natural - column.width <= left:
                left -= column.natural - column.width
                column.width = column.natural
        return _MIN_GAP


class _FittedColumn:
    """A column of a table, with its widths.

    Attributes:
        is_optional: Whether it is shown only if the others have a good width.
        least: How narrow it can be.
        good: How wide it should be.
        natural: How wide it is if nothing in it is shortened.
        width: How wide it is shown.
    """

    def __init__(self, column: TextColumn, place: int, rows: Sequence[Sequence[Cell]]) -> None:
        self.head = column.head
        self.place = place
        self.is_optional = column.is_optional
        self._column = column
        self._widths_of_amounts = _AmountWidths()
        self._widest = max((self._measure(row[place]) for row in rows), default=0)
        least = self._widest
        if column.align == "amount":
            least = self._widths_of_amounts.stacked
        elif column.min_width is not None:
            least = min(least, column.min_width)
        elif column.short is not None:
            cells = (column.short(_text_in(row[place])) for row in rows)
            least = max(map(display_width, cells), default=0)
        self.least = max(least, 1, *map(len, column.head.split()))
        self.natural = self.width = max(self._widest, len(column.head), self.least)
        self.good = max(self.least, min(column.good_width, self.natural))

    @property
    def can_grow(self) -> bool:
        """True if a wider column would show more of its cells."""
        return self._column.min_width is not None and self.width < self.natural

    @property
    def is_good(self) -> bool:
        """True if it is as wide as it should be."""
        return self.width >= self.good

    def lines(self, cell: Cell, style: OutputStyle) -> list[str]:
        """Return the lines of a cell, as wide as the column: several of an amount's only."""
        column, is_shortened = self._column, self.width < self._widest
        if not isinstance(cell, str):
            texts = self._widths_of_amounts.lines(cell, is_stacked=is_shortened)
            return [self.padded(self._cut(text, style), style) for text in texts]
        text = column.short(cell) if column.short is not None and is_shortened else cell
        code = column.color(cell) if column.color is not None else ""
        return [self.padded(self._cut(text, style), style, code)]

    def padded(self, text: str, style: OutputStyle, code: str = "") -> str:
        """Return a text in a color, as wide as the column."""
        space = " " * (self.width - display_width(text))
        shown = style.colored(style.isolated(text), code)
        return shown + space if self._column.align == "left" else space + shown

    def _cut(self, text: str, style: OutputStyle) -> str:
        if display_width(text) <= self.width:
            return text
        # Nothing is left of an identifier, a date or a number that has no room.
        return style.shortened(text, self.width if self._column.min_width is not None else 1)

    def _measure(self, cell: Cell) -> int:
        return (
            display_width(cell) if isinstance(cell, str) else self._widths_of_amounts.measure(cell)
        )


class _AmountWidths:
    """The widest parts of the amounts of a column, whose points stand below each other."""

    def __init__(self) -> None:
        self._number = self._joined = self._fraction = self._unit = 0

    @property
    def stacked(self) -> int:
        """The width of a column with one amount on a line."""
        return self._number + self._fraction + self._unit

    def measure(self, amounts: Sequence[Amount]) -> int:
        """Return the width of a column with all amounts of a cell on one line, as far as known."""
        before = 0
        for amount in amounts:
            number, fraction, unit = map(display_width, _amount_parts(amount))
            self._number = max(self._number, number)
            self._fraction = max(self._fraction, fraction)
            self._unit = max(self._unit, unit)
            self._joined = max(self._joined, before + number)
            before += number + fraction + unit + len(_BETWEEN_AMOUNTS)
        return self._joined + self._fraction + self._unit

    def lines(self, amounts: Sequence[Amount], *, is_stacked: bool) -> list[str]:
        """Return the lines of a cell; spaces fill the fraction and the unit of the last amount."""
        aligned = [self._aligned(amount) for amount in amounts]
        if is_stacked or not aligned:
            return aligned or [""]
        before = ["".join(_amount_parts(amount)) for amount in amounts[:-1]]
        return [_BETWEEN_AMOUNTS.join([*before, aligned[-1]])]

    def _aligned(self, amount: Amount) -> str:
        number, fraction, unit = _amount_parts(amount)
        return number + _fill(fraction, self._fraction) + _fill(unit, self._unit)


def _fill(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))


def _amount_parts(amount: Amount) -> tuple[str, str, str]:
    number, unit = amount
    whole, point, decimals = number.partition(".")
    return whole, point + decimals, f" {unit}" if unit else ""


def _text_in(cell: Cell) -> str:
    return cell if isinstance(cell, str) else ""
