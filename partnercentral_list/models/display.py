"""Tables of opportunities that a notebook shows and rich prints.

They show values that a repr redacts, because whoever displays an opportunity wants to see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Final, cast

from pydantic import BaseModel

MAX_ROWS: Final = 20

_HEAD: Final = ("id", "company", "stage", "review status", "target close", "spend", "last change")


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
            table.add_row(*(Text(_printable(cell)) for cell in row))
        return table


def table_of(opportunities: Sequence[Any]) -> DisplayTable:
    """Return one row for each of the first opportunities, and how many there are."""
    shown = [_row(opportunity) for opportunity in opportunities[:MAX_ROWS]]
    total = len(opportunities)
    first = f"the first {MAX_ROWS} of " if total > MAX_ROWS else ""
    noun = "opportunity" if total == 1 else "opportunities"
    return DisplayTable(_HEAD, shown, f"{first}{total} {noun}")


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
            rows.append((name, _text(value)))
    return DisplayTable(("report", "value"), rows)


def _row(opportunity: Any) -> tuple[str, ...]:
    project = opportunity.project
    spends = (project.expected_customer_spend if project else None) or ()
    return (
        opportunity.id,
        _text(opportunity.company_name),
        _text(opportunity.stage),
        _text(opportunity.review_status),
        _text(opportunity.target_close_date),
        ", ".join(_spend(spend) for spend in spends if spend.amount is not None),
        _text(opportunity.last_modified_date),
    )


def _spend(spend: Any) -> str:
    words = (f"{spend.amount:,}", _text(spend.currency_code), _text(spend.frequency).lower())
    return " ".join(word for word in words if word)


def _fields(value: BaseModel, path: str) -> Iterator[tuple[str, str]]:
    for name in type(value).model_fields:
        inner = getattr(value, name)
        entries = cast("tuple[object, ...]", inner if isinstance(inner, tuple) else (inner,))
        for number, entry in enumerate(entries):
            at = f"{path}{name}[{number}]" if isinstance(inner, tuple) else f"{path}{name}"
            if isinstance(entry, BaseModel):
                yield from _fields(entry, f"{at}.")
            elif entry is not None:
                yield at, _text(entry)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".rjust(16, "0")
    return "" if value is None else str(value)


def _printable(text: str) -> str:
    """Return a text with its control characters escaped, for a terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _escape(text: str) -> str:
    from html import escape

    # Half of a surrogate pair cannot be written in UTF-8, which a notebook's file is.
    return escape(text.encode("utf-8", "backslashreplace").decode())


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_escape(cell)}</{tag}>' for cell in cells)}</tr>"
