"""partnercentral-list opportunities: one listing, or a scan."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from partnercentral_list import OpportunityPager, PartnerCentralClient
from partnercentral_list.cli._errors import OK, InterruptedByError
from partnercentral_list.cli._files import OutputFile
from partnercentral_list.cli._output import (
    DocumentWriter,
    ResponseWriter,
    create_writer,
    response_of,
    write_json,
)
from partnercentral_list.cli._process import (
    cancelled_by_signals,
    open_stdout,
    print_message,
    unescaped_stderr,
)
from partnercentral_list.cli._progress import ProgressLine, is_progress_wanted
from partnercentral_list.cli._query import QueryFunction, compile_query
from partnercentral_list.cli._request import CommandRequest, move_token, parse_request, resume_token
from partnercentral_list.cli._session import AwsConfiguration, create_client
from partnercentral_list.cli._shapes import input_skeleton, output_skeleton, yaml_input_skeleton
from partnercentral_list.errors import (
    InvalidOpportunity,
    InvalidOpportunityError,
    PartnerCentralError,
    RequestValidationError,
    TokenExpiredError,
)

if TYPE_CHECKING:
    from partnercentral_list import OnInvalid

#: Records of a scan that are written at a time.
_SCAN_BATCH: Final = 100

_FORMATS_BY_PAGE: Final = "--output jsonl, csv, text and yaml-stream write as they read."

_INVALID_PRINTED: Final = "--output jsonl and csv print an invalid record as AWS sent it."


def run_opportunities(options: Namespace) -> int:
    """Run the listing or scan that the options describe; return the exit code."""
    query = compile_query(options.query)
    if options.generate_cli_skeleton is not None:
        return _write_skeleton(options, query)
    request = parse_request(vars(options), "AWS" if options.demo else None)
    configuration = AwsConfiguration(options)
    file = _output_file(options, is_rest=request.is_rest)
    writer = create_writer(options, configuration, query, file, is_rest=request.is_rest)
    is_response_last = file is not None or isinstance(writer, DocumentWriter)
    progress = ProgressLine(
        unescaped_stderr(),
        enabled=is_progress_wanted(is_response_last=is_response_last),
        limit=request.limit,
    )
    client = create_client(options, configuration, request.catalog, progress)
    run = _ListingRun(client, request, writer, progress, file)
    return asyncio.run(run.run(scan=options.scan))


def _output_file(options: Namespace, *, is_rest: bool) -> OutputFile | None:
    return None if options.output_file is None else OutputFile(options.output_file, is_rest=is_rest)


def _write_skeleton(options: Namespace, query: QueryFunction | None) -> int:
    kind: str = options.generate_cli_skeleton
    file = _output_file(options, is_rest=False)
    out = open_stdout() if file is None else cast("TextIO", file)
    if kind != "output":
        with file or nullcontext():
            if kind == "input":
                write_json(input_skeleton(), out)
            else:
                out.write(yaml_input_skeleton())
            if file is not None:
                file.complete()
        return OK
    request = parse_request(vars(options), "AWS" if options.demo else None)
    configuration = AwsConfiguration(options)
    client = create_client(options, configuration, request.catalog)
    _validate(client, request)
    writer = create_writer(options, configuration, query, file)
    with file or nullcontext():
        writer.write_response(output_skeleton())
        if file is not None:
            file.complete()
    return OK


def _validate(client: PartnerCentralClient, request: CommandRequest) -> None:
    size = request.max_results if request.one_page else request.page_size
    try:
        client.iter_opportunities(page_size=size, max_items=request.max_items, **request.filters)
    except RequestValidationError as error:
        problems = error.errors()
        for problem in problems:
            if request.one_page and problem["field"] == "page_size":
                problem["field"] = "max_results"
        raise RequestValidationError(problems) from None


@dataclass
class _ListingRun:
    """A running listing, and the resume token after the records written so far."""

    client: PartnerCentralClient
    request: CommandRequest
    writer: ResponseWriter
    progress: ProgressLine
    file: OutputFile | None
    written: int = 0
    token: str | None = None
    is_complete: bool = False
    unwritten: list[Any] = field(default_factory=list[Any])

    @property
    def on_invalid(self) -> OnInvalid:
        """The handling of invalid records that the output format needs."""
        return _ignore_invalid if self.writer.takes_invalid else "raise"

    async def run(self, *, scan: bool) -> int:
        """List and write; return the exit code.

        Raises:
            InterruptedByError: It failed; what was read is written, if a part is of use.
        """
        # The file is created where a signal cannot end the process without removing it.
        with cancelled_by_signals() as ending, self.file or nullcontext():
            try:
                async with self.client:
                    await (self._scan() if scan else self._list())
            except asyncio.CancelledError:
                return OK if self.is_complete else self._finish_interrupted(ending.code)
            except PartnerCentralError as error:
                self.progress.clear()
                raise InterruptedByError(error, self._outcome(error)) from error
            finally:
                self.progress.clear()
        return OK

    async def _list(self) -> None:
        request, start = self.request, self.request.starting_token
        if request.one_page:
            await self._list_one_page()
            return
        # AWS's own pages can be seen in the response, or in the position that its token names.
        has_aws_pages = self.writer.shows_pages or request.max_items is not None
        pager = self.client.iter_opportunities(
            page_size="aws" if has_aws_pages and request.page_size is None else request.page_size,
            max_items=request.max_items,
            starting_token=None if start is None else resume_token(start),
            on_invalid=self.on_invalid,
            **request.filters,
        )
        if request.max_items == 0:
            self.writer.write_page([], None)
        else:
            await self._write_pages(pager)
        if not self.is_complete:
            self.token = self.token or pager.resume_token
            self._finish()

    async def _list_one_page(self) -> None:
        page = await self.client.list_opportunities(
            max_results=self.request.max_results,
            next_token=self.request.next_token,
            on_invalid=self.on_invalid,
            **self.request.filters,
        )
        self.progress.clear()
        self.writer.write_response(response_of(self.writer.records_of(page), page.next_token))
        self._complete()

    async def _write_pages(self, pager: OpportunityPager) -> None:
        async with aclosing(pager.pages()) as pages:
            self.token = pager.resume_token
            async for page in pages:
                records = self.writer.records_of(page)
                left = len(records)
                if self.request.max_items is not None:
                    left = min(left, self.request.max_items - self.written)
                # The pager counts opportunities; invalid records are printed too, and count here.
                is_cut = left < len(records)
                self.token = move_token(self.token, left) if is_cut else pager.resume_token
                self._write(records[:left], page.next_token)
                if self.token is None:
                    # Nothing is left to read: an interruption from here on comes too late.
                    self._finish()
                if self.written == self.request.max_items:
                    break

    async def _scan(self) -> None:
        self.request.refuse_scan()
        scan = self.client.scan_opportunities(on_invalid=self.on_invalid, **self.request.filters)
        async with aclosing(scan.pages()) as pages:
            async for page in pages:
                self.unwritten += self.writer.records_of(page)
                if len(self.unwritten) >= _SCAN_BATCH:
                    self._write_batch()
            if self.unwritten or not self.written:
                self._write_batch()
            self._finish()

    def _write_batch(self) -> None:
        records, self.unwritten = self.unwritten, []
        self._write(records, None)

    def _write(self, records: list[Any], token: str | None) -> None:
        self.writer.write_page(records, token)
        self.written += len(records)
        self.progress.add(len(records))

    def _finish(self) -> None:
        if self.file is None and sys.stdout.isatty():
            # The response itself is what is seen there.
            self.progress.clear()
        else:
            self.progress.finish()
        self.writer.finish(self.token)
        self._complete()
        if self.token is not None and not self.writer.shows_token:
            print_message(f"There are more. {_how_to_resume(self.token)}")

    def _complete(self) -> None:
        if self.file is not None:
            self.file.complete()
        self.is_complete = True

    def _unusable(self) -> str:
        """Return why the output of an incomplete listing is unusable; empty if it is usable."""
        if self.file is not None:
            return f"nothing was written to {self.file.path!r}."
        return self.writer.unusable_if_incomplete

    def _finish_interrupted(self, code: int) -> int:
        self.progress.clear()
        if unusable := self._unusable():
            ending_text = f" after {self.written + len(self.unwritten):,} opportunities: {unusable}"
        elif self.token is not None and self.written:
            self.writer.finish(self.token)
            ending_text = f" after {self.written:,} opportunities. {_how_to_resume(self.token)}"
        else:
            outcome = self._scan_outcome()
            ending_text = f". {outcome}" if outcome else ": nothing was written."
        print_message(f"Interrupted{ending_text}")
        return code

    def _outcome(self, error: PartnerCentralError) -> str:
        if unusable := self._unusable():
            read = self.written + len(self.unwritten)
            said = [f"{read:,} opportunities were read; {unusable}"] if read else []
            said += [_INVALID_PRINTED] if isinstance(error, InvalidOpportunityError) else []
            return " ".join(said)
        if self.token is None or not self.written:
            return self._scan_outcome()
        count = f"{self.written:,} opportunities were"
        if isinstance(self.writer, DocumentWriter):
            return f"{count} read, and none was written. {_FORMATS_BY_PAGE}"
        if isinstance(error, TokenExpiredError):
            return f"{count} written."
        return f"{count} written. {_how_to_resume(self.token)}"

    def _scan_outcome(self) -> str:
        if self.unwritten:
            self._write_batch()
        if not self.written:
            return ""
        count, no_resuming = f"{self.written:,} opportunities were", "a scan cannot be resumed."
        # It has no place to resume from, without which a part would look like the whole.
        if isinstance(self.writer, DocumentWriter):
            return f"{count} read, and none was written; {no_resuming} {_FORMATS_BY_PAGE}"
        return f"{count} written; {no_resuming}"


def _how_to_resume(token: str) -> str:
    return f"Resume with: --starting-token {token}"


def _ignore_invalid(invalid: InvalidOpportunity) -> None:
    """Do nothing: the command prints an invalid record as AWS sent it."""
