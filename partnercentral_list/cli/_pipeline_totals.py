"""Totals of a pipeline: counts and monthly spend, added exactly and by currency.

Amounts in different currencies are never added. What cannot be added is counted, and said.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, Inexact
from typing import Final, TypeAlias

from partnercentral_list.cli._text_table import OutputStyle, TextColumn, TextTable
from partnercentral_list.models import (
    ExpectedCustomerSpend,
    OpportunitySummary,
    PaymentFrequency,
    Stage,
)
from partnercentral_list.models.display import Amount, Cell, amount_text
from partnercentral_list.models.response import EXACT

#: What stands for an amount or a currency that AWS did not send.
_MISSING: Final = "?"
_TOO_LONG: Final = "over 100 digits"
_NO_STAGE: Final = "(no stage)"
_ENDED: Final = frozenset({Stage.LAUNCHED, Stage.CLOSED_LOST})
_STAGE_COLORS: Final[Mapping[str, str]] = {
    Stage.QUALIFIED: "36",
    Stage.TECHNICAL_VALIDATION: "34",
    Stage.BUSINESS_VALIDATION: "35",
    Stage.COMMITTED: "33",
    Stage.LAUNCHED: "32",
    Stage.CLOSED_LOST: "2",
}
_NO_HEAD: Final = ("", "", "")
_SPEND: Final = "monthly spend"
_BAR_COLOR: Final = "36"
_MAX_BAR: Final = 20
_MIN_BAR: Final = 3
# Two bars, each with a gap of two spaces in front.
_AROUND_BARS: Final = 4

_Amounts: TypeAlias = dict[str, Decimal | None]
"""A sum for each currency; None is one of more digits than can be added exactly."""
_Row: TypeAlias = Sequence[Cell]


def stage_color(stage: str) -> str:
    """Return the color of a stage; empty for none."""
    return _STAGE_COLORS.get(stage, "")


def is_overdue(opportunity: OpportunitySummary, today: date) -> bool:
    """Return whether an opportunity should have closed, and is neither launched nor lost."""
    close = opportunity.target_close_date
    return close is not None and close < today and opportunity.stage not in _ENDED


def monthly_spends(opportunity: OpportunitySummary) -> tuple[Amount, ...]:
    """Return the sum of the monthly estimates in each currency, and each that is incomplete."""
    amounts: _Amounts = {}
    incomplete: list[Amount] = []
    for spend in _estimates(opportunity):
        if spend.frequency is not PaymentFrequency.MONTHLY:
            continue
        if spend.amount is None or not spend.currency_code:
            number = _MISSING if spend.amount is None else amount_text(spend.amount)
            incomplete.append((number, spend.currency_code or _MISSING))
        else:
            _add(amounts, spend.currency_code, spend.amount)
    return (*_sums(amounts), *incomplete)


@dataclass(slots=True)
class PipelineTotals:
    """Counts of opportunities and of their estimates, and sums of the monthly ones."""

    opportunities: int = 0
    overdue: int = 0
    amounts: _Amounts = field(default_factory=dict[str, Decimal | None])
    without_amount: int = 0
    without_currency: int = 0
    not_monthly: int = 0

    def add(self, opportunity: OpportunitySummary, today: date) -> None:
        """Count an opportunity."""
        self.opportunities += 1
        self.overdue += is_overdue(opportunity, today)
        for spend in _estimates(opportunity):
            if spend.frequency is not PaymentFrequency.MONTHLY:
                self.not_monthly += 1
            elif spend.amount is None:
                self.without_amount += 1
            elif not spend.currency_code:
                self.without_currency += 1
            else:
                _add(self.amounts, spend.currency_code, spend.amount)

    def lines(self, style: OutputStyle, notes: Sequence[str]) -> Iterator[str]:
        """Yield the counts and sums as a footer; numbers are never shortened.

        Args:
            style: How it is shown.
            notes: What else is to be said, a paragraph each.
        """
        noun = "opportunity" if self.opportunities == 1 else "opportunities"
        overdue = f", {self.overdue:,} overdue (!)" if self.overdue else ""
        yield style.colored(f"{self.opportunities:,} {noun}{overdue}", "1")
        sums = [style.clean_cell((amount,)) for amount in _sums(self.amounts)]
        rows = [("" if number else _SPEND, amount) for number, amount in enumerate(sums)]
        columns = (TextColumn(""), TextColumn("", "amount"))
        table = TextTable(columns, rows, replace(style, width=None))
        if style.width is None or table.width <= style.width:
            yield from table.lines()
        elif sums:
            # Aligned with one that is too long, all of them would wrap.
            yield _SPEND
            yield from (style.clean(" ".join(amount)) for amount in _sums(self.amounts))
        for note in filter(None, (self._not_added(), *notes)):
            yield from [note] if style.width is None else textwrap.wrap(note, style.width)

    def _not_added(self) -> str:
        kinds = {
            "without an amount": self.without_amount,
            "without a currency": self.without_currency,
            "not monthly": self.not_monthly,
        }
        counts = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items() if number)
        return f"Estimates in no total: {counts}." if counts else ""


class StageSummary:
    """Counts and monthly spend by stage, with bars."""

    def __init__(self) -> None:
        self._stages: defaultdict[str, PipelineTotals] = defaultdict(PipelineTotals)

    def add(self, opportunity: OpportunitySummary, today: date) -> None:
        """Count an opportunity."""
        self._stages[opportunity.stage or _NO_STAGE].add(opportunity, today)

    def table(self, style: OutputStyle) -> TextTable:
        """Return a row for each currency of each stage.

        A bar compares a stage with the others, and its spend with theirs in the same currency.
        """
        columns = (
            TextColumn("STAGE", min_width=7, color=stage_color),
            TextColumn("COUNT", "right"),
            TextColumn("", color=_bar_color),
            TextColumn("MONTHLY SPEND", "amount"),
            TextColumn("", color=_bar_color),
        )
        without_bars = list(self._rows(style, 0))
        others = (0, 1, 3)
        taken = TextTable(columns, without_bars, replace(style, width=None), others).width
        width = _MAX_BAR
        if style.width is not None:
            width = min(width, (style.width - taken - _AROUND_BARS) // 2)
        if width < _MIN_BAR:
            table = TextTable(columns, without_bars, style, others)
            if table.hidden:
                # A row that is only for another currency would be blank without the spend.
                hidden, first_rows = table.hidden, [row for row in without_bars if row[1]]
                table = TextTable(columns, first_rows, style, (0, 1))
                table.hidden = hidden
            return table
        return TextTable(columns, list(self._rows(style, width)), style, (*others, 2, 4))

    def _rows(self, style: OutputStyle, width: int) -> Iterator[_Row]:
        most = max(totals.opportunities for totals in self._stages.values())
        largest: dict[str, Decimal] = {}
        for totals in self._stages.values():
            for currency, amount in totals.amounts.items():
                largest[currency] = max(largest.get(currency, Decimal()), amount or Decimal())
        for stage, totals in sorted(self._stages.items(), key=_stage_order):
            count_bar = style.bar(_eighths(Decimal(totals.opportunities), Decimal(most), width))
            head = (style.clean(stage), f"{totals.opportunities:,}", count_bar)
            for currency, amount in sorted(totals.amounts.items()):
                bar = style.bar(_eighths(amount or Decimal(), largest[currency], width))
                yield [*head, style.clean_cell((_sum(currency, amount),)), bar]
                head = _NO_HEAD
            if not totals.amounts:
                yield [*head, (), ""]


def _estimates(opportunity: OpportunitySummary) -> Sequence[ExpectedCustomerSpend]:
    return (opportunity.project and opportunity.project.expected_customer_spend) or ()


def _add(amounts: _Amounts, currency: str, amount: Decimal) -> None:
    total = amounts.get(currency)
    try:
        if currency not in amounts:
            amounts[currency] = amount
        elif total is not None:
            amounts[currency] = EXACT.add(total, amount)
    except Inexact:
        amounts[currency] = None


def _sums(amounts: _Amounts) -> list[Amount]:
    return [_sum(currency, amount) for currency, amount in sorted(amounts.items())]


def _sum(currency: str, amount: Decimal | None) -> Amount:
    return _TOO_LONG if amount is None else amount_text(amount), currency


def _stage_order(stage: tuple[str, PipelineTotals]) -> tuple[int, str]:
    known = list[str](Stage)
    if stage[0] == _NO_STAGE:
        return len(known) + 1, ""
    return (known.index(stage[0]) if stage[0] in known else len(known)), stage[0]


def _eighths(value: Decimal, largest: Decimal, width: int) -> int:
    """Return the length of a bar in eighths of a cell; what is more than nothing is seen."""
    if value <= 0:
        return 0
    return max(1, int(value / largest * width * 8))


def _bar_color(bar: str) -> str:
    return _BAR_COLOR
