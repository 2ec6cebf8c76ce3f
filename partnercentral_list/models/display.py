"""Tables of opportunities that a notebook shows and rich prints.

They show values that a repr redacts, because whoever displays an opportunity wants to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

from pydantic import BaseModel

MAX_ROWS: Final = 20

# A longer number is shown with its exponent, which could stand for a billion digits.
_MAX_EXPONENT: Final = 100
# Joiners and marks of direction, which Persian, Arabic, Hebrew and the scripts of India need.
_INVISIBLE: Final = frozenset("\u200c\u200d\u200e\u200f")
# What columns of text need for the others to be on one line, and for their words to be whole.
_GOOD_WIDTH: Final = 16
_MIN_WIDTH: Final = 8

Amount: TypeAlias = tuple[str, str]
"""A number, and its unit or nothing: ``("1,234.50", "USD monthly")``."""
Cell: TypeAlias = str | tuple[Amount, ...]
"""What stands in a cell: a text, or amounts."""


@dataclass(slots=True, eq=False, repr=False)
class DisplayTable:
    """A table of texts and amounts."""

    head: Sequence[str]
    """The names of the columns."""
    rows: Sequence[Sequence[Cell]]
    """The rows that are shown."""
    note: str = ""
    """What stands below it."""
    whole: Collection[str] = ()
    """The columns whose words are not broken where there is room: identifiers, dates, amounts."""

    def html(self) -> str:
        """Return the table in HTML, escaped."""
        rows = "".join(
            _html_row("td", (", ".join(_lines(cell)) for cell in row)) for row in self.rows
        )
        note = f"<p>{_escape(self.note)}</p>" if self.note else ""
        head = f"<thead>{_html_row('th', self.head)}</thead>"
        return f"<table>{head}<tbody>{rows}</tbody></table>{note}"

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Yield the table for rich, which calls this and is installed where it does."""
        from rich.box import SIMPLE_HEAD
        from rich.measure import Measurement
        from rich.table import Table
        from rich.text import Text

        # As texts: a company's name may look like markup of rich's.
        rows = [
            [Text("\n".join(map(printable, _lines(cell)))) for cell in row] for row in self.rows
        ]
        columns = zip(map(Text, self.head), *rows, strict=True)
        sizes = [[Measurement.get(console, options, text) for text in texts] for texts in columns]
        natural = [max(size.maximum for size in column) for column in sizes]
        longest_words = [max(size.minimum for size in column) for column in sizes]
        room = options.max_width - len(natural) + 1
        widths = self._whole_widths(natural, _GOOD_WIDTH, room)
        widths = widths or self._whole_widths(longest_words, _MIN_WIDTH, room)
        gap = int(sum(natural) + len(natural) <= room)
        table = Table(
            caption=self.note or None,
            box=SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            padding=(0, gap, 0, 0),
        )
        for name in self.head:
            # What is too long continues on the next line: an end that is cut off may be a digit.
            table.add_column(name, overflow="fold", width=widths.get(name))
        for row in rows:
            table.add_row(*row)
        yield table

    def _whole_widths(self, widths: Sequence[int], others: int, room: int) -> dict[str, int]:
        """Return the widths of the columns in `whole`; none if `others` have no room."""
        found = {
            name: width for name, width in zip(self.head, widths, strict=True) if name in self.whole
        }
        needed = sum(
            found.get(name, min(width, others))
            for name, width in zip(self.head, widths, strict=True)
        )
        return found if needed <= room else {}


def table_of(opportunities: Sequence[Any]) -> DisplayTable:
    """Return one row for each of the first opportunities, and how many there are."""
    shown = [
        [cell(opportunity) for cell in CELLS.values()] for opportunity in opportunities[:MAX_ROWS]
    ]
    total = len(opportunities)
    first = f"the first {MAX_ROWS} of " if total > MAX_ROWS else ""
    noun = "opportunity" if total == 1 else "opportunities"
    whole = ("id", "target close", "spend", "last change")
    return DisplayTable(list(CELLS), shown, f"{first}{total} {noun}", whole)


def fields_of(model: BaseModel) -> DisplayTable:
    """Return one row for each field that has a value, by its path."""
    return DisplayTable(("field", "value"), list(_fields(model, "")), whole=("field",))


def report_of(report: Any) -> DisplayTable:
    """Return one row for each value of a sync's report; of lists, how many and the first."""
    rows: list[tuple[str, str]] = []
    for name in (field.name for field in fields(report)):
        value = getattr(report, name)
        if isinstance(value, tuple):
            entries = cast("tuple[object, ...]", value)
            shown = ", ".join(entry for entry in entries[:MAX_ROWS] if isinstance(entry, str))
            more = ", …" if shown and len(entries) > MAX_ROWS else ""
            rows.append((name, f"{len(entries)}: {shown}{more}" if shown else str(len(entries))))
        elif not is_dataclass(value) and value is not None:
            rows.append((name, text_of(value)))
    return DisplayTable(("report", "value"), rows, whole=("report",))


def text_of(value: object) -> str:
    """Return a value as it is shown; empty for None."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".rjust(16, "0")
    return "" if value is None else str(value)


def amount_text(amount: Decimal) -> str:
    """Return an amount with all of its digits, and commas between the thousands."""
    if abs(amount.adjusted()) > _MAX_EXPONENT:
        return str(amount)
    return f"{amount:,f}"


def printable(text: str) -> str:
    r"""Return a text without what a terminal obeys or does not show, which becomes ``\u001b``."""
    if text.isprintable():
        return text
    return "".join(map(_printable, text))


def _printable(char: str) -> str:
    if char.isprintable() or char in _INVISIBLE:
        return char
    if char.isspace() and char >= "\xa0" and char not in "\u2028\u2029":
        return char
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"


def _spends(opportunity: Any) -> Cell:
    project = opportunity.project
    spends = (project.expected_customer_spend if project else None) or ()
    return tuple(
        (
            amount_text(spend.amount),
            f"{text_of(spend.currency_code)} {text_of(spend.frequency).lower()}".strip(),
        )
        for spend in spends
        if spend.amount is not None
    )


def _reader(field: str) -> Callable[[Any], Cell]:
    read = attrgetter(field)
    return lambda opportunity: text_of(read(opportunity))


CELLS: Final[Mapping[str, Callable[[Any], Cell]]] = {
    "id": _reader("id"),
    "company": _reader("company_name"),
    "stage": _reader("stage"),
    "review status": _reader("review_status"),
    "target close": _reader("target_close_date"),
    "spend": _spends,
    "last change": _reader("last_modified_date"),
}
"""What a table shows of an opportunity: the heads of its columns, and what their cells say."""


def _fields(value: BaseModel, path: str) -> Iterator[tuple[str, str]]:
    for name in type(value).model_fields:
        inner = getattr(value, name)
        entries = cast("tuple[object, ...]", inner if isinstance(inner, tuple) else (inner,))
        for number, entry in enumerate(entries):
            at = f"{path}{name}[{number}]" if isinstance(inner, tuple) else f"{path}{name}"
            if isinstance(entry, BaseModel):
                yield from _fields(entry, f"{at}.")
            elif entry is not None:
                yield at, text_of(entry)


def _lines(cell: Cell) -> list[str]:
    if isinstance(cell, str):
        return [cell]
    return [f"{number} {unit}".rstrip() for number, unit in cell]


def _escape(text: str) -> str:
    from html import escape

    # Half of a surrogate pair cannot be written in UTF-8, which a notebook's file is.
    return escape(text.encode("utf-8", "backslashreplace").decode())


def _html_row(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_escape(cell)}</{tag}>' for cell in cells)}</tr>"
