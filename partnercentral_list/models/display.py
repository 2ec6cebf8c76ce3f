"""Tables of opportunities that a notebook shows and rich prints.

They show values that a repr redacts, because whoever displays an opportunity wants to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, cast

from pydantic import BaseModel

MAX_ROWS: Final = 20

# A longer number is shown with its exponent, which could stand for a billion digits.
_MAX_EXPONENT: Final = 100
# Joiners and marks of direction, which Persian, Arabic, Hebrew and the scripts of India need.
_INVISIBLE: Final = frozenset("\u200c\u200d\u200e\u200f")


@dataclass(slots=True, eq=False, repr=False)
class DisplayTable:
    """A table of texts."""

    head: Sequence[str]
    """The names of the columns."""
    rows: Sequence[Sequence[str]]
    """The rows that are shown."""
    note: str = ""
    """What stands below it."""

    def html(self) -> str:
        """Return the table in HTML, escaped."""
        rows = "".join(_html_row("td", row) for row in self.rows)
        note = f"<p>{_escape(self.note)}</p>" if self.note else ""
        head = f"<thead>{_html_row('th', self.head)}</thead>"
        return f"<table>{head}<tbody>{rows}</tbody></table>{note}"

    def rich(self) -> Any:
        """Return the table for rich, which calls this and is installed where it does."""
        from rich.table import Table
        from rich.text import Text

        table = Table(caption=self.note or None)
        for name in self.head:
            table.add_column(name)
        for row in self.rows:
            # As texts: a company's name may look like markup of rich's.
            table.add_row(*(Text(printable(cell)) for cell in row))
        return table


def table_of(opportunities: Sequence[Any]) -> DisplayTable:
    """Return one row for each of the first opportunities, and how many there are."""
    shown = [
        [cell(opportunity) for cell in CELLS.values()] for opportunity in opportunities[:MAX_ROWS]
    ]
    total = len(opportunities)
    first = f"the first {MAX_ROWS} of " if total > MAX_ROWS else ""
    noun = "opportunity" if total == 1 else "opportunities"
    return DisplayTable(list(CELLS), shown, f"{first}{total} {noun}")


def fields_of(model: BaseModel) -> DisplayTable:
    """Return one row for each field that has a value, by its path."""
    return DisplayTable(("field", "value"), list(_fields(model, "")))


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
    return DisplayTable(("report", "value"), rows)


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


def _spend_text(opportunity: Any) -> str:
    project = opportunity.project
    spends = (project.expected_customer_spend if project else None) or ()
    return ", ".join(_estimate_text(spend) for spend in spends if spend.amount is not None)


def _estimate_text(spend: Any) -> str:
    words = (
        amount_text(spend.amount),
        text_of(spend.currency_code),
        text_of(spend.frequency).lower(),
    )
    return " ".join(word for word in words if word)


def _reader(field: str) -> Callable[[Any], str]:
    read = attrgetter(field)
    return lambda opportunity: text_of(read(opportunity))


CELLS: Final[Mapping[str, Callable[[Any], str]]] = {
    "id": _reader("id"),
    "company": _reader("company_name"),
    "stage": _reader("stage"),
    "review status": _reader("review_status"),
    "target close": _reader("target_close_date"),
    "spend": _spend_text,
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


def _escape(text: str) -> str:
    from html import escape

    # Half of a surrogate pair cannot be written in UTF-8, which a notebook's file is.
    return escape(text.encode("utf-8", "backslashreplace").decode())


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_escape(cell)}</{tag}>' for cell in cells)}</tr>"
