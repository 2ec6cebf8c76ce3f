"""partnercentral-list pipeline: the opportunities as a table that people read, or a summary."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from partnercentral_list.cli._errors import OK, CommandError, InterruptedByError, parameter_error
from partnercentral_list.cli._pipeline_columns import PipelineColumn, select_columns
from partnercentral_list.cli._pipeline_totals import PipelineTotals, StageSummary
from partnercentral_list.cli._process import cancelled_by_signals, print_message, unescaped_stderr
from partnercentral_list.cli._progress import MAY_LACK_UNDATED, ProgressLine, is_progress_wanted
from partnercentral_list.cli._request import CommandRequest, parse_request
from partnercentral_list.cli._session import AwsConfiguration, create_client
from partnercentral_list.cli._text_table import OutputStyle, TextTable, output_style
from partnercentral_list.cli._values import parse_date
from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.errors import (
    InvalidOpportunity,
    InvalidOpportunityError,
    PartnerCentralError,
)
from partnercentral_list.models import ListOpportunitiesResponse, OpportunitySummary
from partnercentral_list.models.display import Cell

#: The options of `opportunities` that are not taken here.
_NOT_TAKEN: Final[dict[str, Any]] = {
    "paginate": True,
    **dict.fromkeys(
        (
            *("max_results", "next_token", "starting_token", "page_size"),
            *("cli_input_json", "cli_input_yaml"),
        )
    ),
}
_MAX_NAMED: Final = 10


def run_pipeline(options: Namespace) -> int:
    """Print the pipeline that the options request; return the exit code."""
    today = _today(options.today)
    columns, importance = select_columns(options.columns, is_wide=options.wide)
    if options.summary and options.columns is not None:
        raise CommandError("--summary has columns of its own: leave out --columns.")
    request = parse_request(_NOT_TAKEN | vars(options), "AWS" if options.demo else None)
    if options.scan:
        request.refuse_scan()
    configuration = AwsConfiguration(options)
    style = output_style(options.color, is_wide=options.wide)
    progress = ProgressLine(
        unescaped_stderr(), enabled=is_progress_wanted(is_response_last=True), limit=request.limit
    )
    pipeline = _Pipeline([] if options.summary else columns, today, style, progress)
    client = create_client(options, configuration, request.catalog, progress)
    reading = pipeline.read(
        client, request, is_scan=options.scan, skips_invalid=options.skip_invalid
    )
    code = asyncio.run(reading)
    if code == OK:
        pipeline.write(importance)
    return code


def _today(value: str | None) -> date:
    if value is None:
        return datetime.now(UTC).date()
    try:
        return parse_date(value)
    except ValueError as error:
        raise parameter_error("--today", str(error)) from None


@dataclass
class _Pipeline:
    """A pipeline that was read: the cells of the rows, and the totals.

    The width of a column depends on all rows, so that nothing is written before all are read. The
    opportunities themselves are not kept.
    """

    columns: Sequence[PipelineColumn]
    today: date
    style: OutputStyle
    progress: ProgressLine
    rows: list[tuple[Cell, ...]] = field(default_factory=list[tuple[Cell, ...]])
    totals: PipelineTotals = field(default_factory=PipelineTotals)
    stages: StageSummary = field(default_factory=StageSummary)
    invalid: list[str | None] = field(default_factory=list[str | None])
    has_more: bool = False

    async def read(
        self,
        client: PartnerCentralClient,
        request: CommandRequest,
        *,
        is_scan: bool,
        skips_invalid: bool,
    ) -> int:
        """Read everything; return the exit code.

        Raises:
            InterruptedByError: It failed.
        """
        on_invalid: Literal["raise"] | Callable[[InvalidOpportunity], object] = "raise"
        if skips_invalid:
            on_invalid = self._skip
        with cancelled_by_signals() as ending:
            try:
                async with client:
                    if is_scan:
                        scan = client.scan_opportunities(on_invalid=on_invalid, **request.filters)
                        await self._read_pages(scan.pages())
                    elif request.max_items == 0:
                        self.has_more = True
                    else:
                        pager = client.iter_opportunities(
                            max_items=request.max_items, on_invalid=on_invalid, **request.filters
                        )
                        await self._read_pages(pager.pages())
                        self.has_more = pager.resume_token is not None
            except asyncio.CancelledError:
                self.progress.clear()
                print_message("Interrupted: nothing was written.")
                return ending.code
            except PartnerCentralError as error:
                self.progress.clear()
                raise InterruptedByError(error, self._outcome(error)) from error
            finally:
                self.progress.clear()
        return OK

    def write(self, importance: Sequence[int]) -> None:
        """Write the table or the summary, and the totals below it."""
        if not self.totals.opportunities:
            self._write_lines(self._invalid_notes())
            print_message(self._nothing())
            return
        if self.columns:
            columns = [column.text for column in self.columns]
            table = TextTable(columns, self.rows, self.style, importance)
        else:
            table = self.stages.table(self.style)
        notes = [*self._invalid_notes(), *self._notes(table.hidden)]
        self._write_lines(table.lines())
        self._write_lines([self.style.rule(table.width)])
        self._write_lines(self.totals.lines(self.style, notes))

    async def _read_pages(self, pages: AsyncGenerator[ListOpportunitiesResponse, None]) -> None:
        async with aclosing(pages):
            async for page in pages:
                self._add(page.opportunity_summaries)
        if not sys.stdout.isatty():
            self.progress.finish()

    def _add(self, opportunities: Sequence[OpportunitySummary]) -> None:
        clean = self.style.clean_cell
        cells = (map(clean, column.read(opportunities, self.today)) for column in self.columns)
        self.rows += zip(*cells, strict=True)
        for opportunity in opportunities:
            self.totals.add(opportunity, self.today)
            self.stages.add(opportunity, self.today)
        self.progress.add(len(opportunities))

    def _skip(self, invalid: InvalidOpportunity) -> None:
        self.invalid.append(invalid.id)

    def _outcome(self, error: PartnerCentralError) -> str:
        count = self.totals.opportunities
        parts = [f"{count:,} opportunities were read, and none was written."] if count else []
        if isinstance(error, InvalidOpportunityError):
            parts.append("--skip-invalid leaves out what cannot be parsed, and names it.")
        return " ".join(parts)

    def _nothing(self) -> str:
        if self.has_more:
            return "No opportunities were listed: --max-items ended the listing."
        return f"No {'valid ' if self.invalid else ''}opportunities match."

    def _invalid_notes(self) -> Iterator[str]:
        if not self.invalid:
            return
        named = [self.style.clean(name) for name in self.invalid[:_MAX_NAMED] if name is not None]
        more = ", …" if len(self.invalid) > len(named) else ""
        names = f" ({', '.join(named)}{more})" if named else ""
        yield f"Left out of the table and the totals, as invalid: {len(self.invalid):,}{names}."

    def _notes(self, hidden: Sequence[str]) -> Iterator[str]:
        if self.has_more:
            yield "More opportunities match: --max-items ended the table and its totals."
        if self.progress.may_lack_undated:
            yield MAY_LACK_UNDATED
        if hidden:
            yield f"No room for: {', '.join(hidden).lower()}. --wide shows everything."

    def _write_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
