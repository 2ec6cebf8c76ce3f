"""The columns of a pipeline: those of every table, and those of the flat schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Final, TypeAlias

from partnercentral_list.cli._errors import CommandError, suggestion
from partnercentral_list.cli._pipeline_totals import is_overdue, monthly_spends, stage_color
from partnercentral_list.cli._text_table import TextColumn
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.columns import COLUMNS, Column, Kind, read_columns
from partnercentral_list.models.display import CELLS, Cell, text_of

_DEFAULT: Final = (
    "id",
    "company",
    "stage",
    "review-status",
    "target-close",
    "monthly-spend",
    "last-change",
)
#: What a narrow terminal lacks first, the last of these at first.
_LESS_IMPORTANT: Final = ("target-close", "monthly-spend", "review-status", "last-change")
#: What it lacks, too, if the texts of the others would be shortened much.
_OPTIONAL: Final = ("review-status", "last-change")
_WIDE: Final = (
    *_DEFAULT,
    "created-date",
    "opportunity-type",
    "industry",
    "country-code",
    "partner-opportunity-identifier",
    "next-steps",
)
#: The fields that have another name in tables.
_TABLE_NAMES: Final = {
    "company-name": "company",
    "target-close-date": "target-close",
    "last-modified-date": "last-change",
}
_OVERDUE_MARK: Final = "!"
_OVERDUE_COLOR: Final = "1;31"
_MIN_TEXT: Final = 10
_GOOD_TEXT: Final = 16
_MIN_ENUM: Final = 7
_GOOD_ENUM: Final = 10

_Read: TypeAlias = Callable[[Sequence[OpportunitySummary], date], Iterable[Cell]]
"""Returns a column's cells for some opportunities and today's date."""


@dataclass(frozen=True, slots=True)
class PipelineColumn:
    """A column of a pipeline.

    Args:
        text: How it is shown.
        read: Returns its cells for some opportunities; the date is today's.
    """

    text: TextColumn
    read: _Read


def select_columns(value: str | None, *, is_wide: bool) -> tuple[list[PipelineColumn], list[int]]:
    """Return the columns that ``--columns`` names, or those that a table has without it.

    Returns:
        The columns, and their places with the most important one first.

    Raises:
        CommandError: There is no such column.
    """
    known = known_columns()
    if value is not None:
        named = [known[_column_name(word)] for word in value.split(",")]
        return named, list(range(len(named)))
    names = _WIDE if is_wide else _DEFAULT
    ranks = {name: rank for rank, name in enumerate(_LESS_IMPORTANT, start=1)}
    places = sorted(range(len(names)), key=lambda place: ranks.get(names[place], 0))
    return [_optional(known[name]) if name in _OPTIONAL else known[name] for name in names], places


@cache
def known_columns() -> dict[str, PipelineColumn]:
    """Return the columns by their names."""
    known = {
        "id": _displayed("id"),
        "company": _displayed("company", min_width=_MIN_TEXT, good_width=_GOOD_TEXT),
        "stage": _displayed("stage", min_width=_MIN_ENUM, good_width=_GOOD_ENUM, color=stage_color),
        "review-status": _displayed("review status", min_width=_MIN_ENUM, good_width=_GOOD_ENUM),
        "target-close": PipelineColumn(
            TextColumn("TARGET CLOSE", color=_overdue_color), _target_close_dates
        ),
        "monthly-spend": PipelineColumn(TextColumn("MONTHLY SPEND", "amount"), _monthly_spends),
        "spend": _displayed("spend", align="amount"),
        "last-change": _displayed("last change", short=_day_of),
    }
    for column in COLUMNS:
        name = _dashed(column.path[-1])
        if name not in known and name not in _TABLE_NAMES:
            known[name] = _of_schema(column)
    return known


def _column_name(word: str) -> str:
    known, name = known_columns(), _dashed(word.strip().casefold())
    # The name that a frame has, of the whole path.
    of_path = {_dashed(column.name): _dashed(column.path[-1]) for column in COLUMNS}
    name = of_path.get(name, name)
    name = _TABLE_NAMES.get(name, name)
    if name in known:
        return name
    problem = f'there is no column "{word.strip()}".' if name else "a name is empty."
    meant = suggestion(name, [*known, *_TABLE_NAMES])
    advice = f"{meant} There are: {', '.join(known)}.".strip()
    raise CommandError(f"Bad value for --columns: {problem} {advice}")


def _displayed(head: str, **settings: Any) -> PipelineColumn:
    cell = CELLS[head]
    return PipelineColumn(
        TextColumn(head.upper(), **settings), lambda opportunities, today: map(cell, opportunities)
    )


def _optional(column: PipelineColumn) -> PipelineColumn:
    return replace(column, text=replace(column.text, is_optional=True))


def _of_schema(column: Column) -> PipelineColumn:
    settings: Mapping[Kind, Mapping[str, Any]] = {
        "text": {"min_width": _MIN_TEXT},
        "enum": {"min_width": _MIN_ENUM},
        "timestamp": {"short": _day_of},
    }
    head = column.path[-1].replace("_", " ").upper()
    return PipelineColumn(
        TextColumn(head, **settings.get(column.kind, {})),
        lambda opportunities, today: map(
            text_of, read_columns(opportunities, [column])[column.name]
        ),
    )


def _target_close_dates(opportunities: Sequence[OpportunitySummary], today: date) -> Iterator[str]:
    for opportunity in opportunities:
        mark = _OVERDUE_MARK if is_overdue(opportunity, today) else ""
        yield text_of(opportunity.target_close_date) + mark


def _monthly_spends(opportunities: Sequence[OpportunitySummary], today: date) -> Iterator[Cell]:
    return map(monthly_spends, opportunities)


def _overdue_color(cell: str) -> str:
    return _OVERDUE_COLOR if cell.endswith(_OVERDUE_MARK) else ""


def _day_of(cell: str) -> str:
    return cell.partition(" ")[0]


def _dashed(name: str) -> str:
    return name.replace("_", "-")
