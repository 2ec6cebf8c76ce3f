"""partnercentral-list opportunities: one listing, written as it was asked for."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from partnercentral_list import (
    ListOpportunitiesResponse,
    OpportunityPager,
    PartnerCentralClient,
)
from partnercentral_list._pagination.pager import AwsCliPager
from partnercentral_list._pagination.requests import page_request
from partnercentral_list.cli._answers import AtTheEnd, Query, Writer, answer_of, write_json
from partnercentral_list.cli._connect import connect, endpoint
from partnercentral_list.cli._exits import OK
from partnercentral_list.cli._failures import CutShortError
from partnercentral_list.cli._output import output_format, query_of, writer_of
from partnercentral_list.cli._printed import printed
from partnercentral_list.cli._progress import Progress, belongs_on_stderr
from partnercentral_list.cli._request import Asked, asked, refuse_with_scan
from partnercentral_list.cli._setup import Setup
from partnercentral_list.cli._signals import cancelled_by_signals
from partnercentral_list.cli._skeleton import (
    input_skeleton,
    output_skeleton,
    yaml_input_skeleton,
)
from partnercentral_list.cli._terminal import say, stdout
from partnercentral_list.cli._tokens import resume_token
from partnercentral_list.errors import InvalidOpportunity, PartnerCentralError, TokenExpiredError

#: Records of a scan that are written at a time.
BATCH = 100

AS_THEY_READ = "--output jsonl, csv, text and yaml-stream write as they read."


def run(options: Namespace) -> int:
    """List what the options ask for.

    Returns:
        The exit code.

    Raises:
        CommandError, PartnerCentralError: It cannot be done.
    """
    query = query_of(options.query)
    if options.generate_cli_skeleton is not None:
        return _skeleton(options, query)
    wanted = asked(vars(options), "AWS" if options.demo else None)
    setup = Setup(options)
    writer = writer_of(output_format(options, setup), query, options.color)
    progress = Progress(
        sys.stderr,
        enabled=belongs_on_stderr(answer_is_at_the_end=isinstance(writer, AtTheEnd)),
        limit=wanted.limit,
    )
    with endpoint(options, wanted.catalog) as url:
        client = connect(options, setup, wanted.catalog, url, progress)
        listing = Listing(client, wanted, writer, progress)
        return asyncio.run(listing.run(scan=options.scan))


def _skeleton(options: Namespace, query: Query | None) -> int:
    form: str = options.generate_cli_skeleton
    if form == "yaml-input":
        sys.stdout.write(yaml_input_skeleton())
    elif form == "input":
        write_json(input_skeleton(), stdout())
    else:
        wanted = asked(vars(options), "AWS" if options.demo else None)
        setup = Setup(options)
        _check(connect(options, setup, wanted.catalog, options.endpoint_url), wanted)
        writer = writer_of(output_format(options, setup), query, options.color)
        writer.whole(output_skeleton())
    return OK


def _check(client: PartnerCentralClient, wanted: Asked) -> None:
    if wanted.one_page:
        paging = {"max_results": wanted.max_results, "next_token": wanted.next_token}
        page_request(client.catalog, None, paging, wanted.filters)
    else:
        client.iter_opportunities(
            page_size=wanted.page_size, max_items=wanted.max_items, **wanted.filters
        )


@dataclass
class Listing:
    """A listing under way, and the place up to which it was written."""

    client: PartnerCentralClient
    asked: Asked
    writer: Writer
    progress: Progress
    written: int = 0
    token: str | None = None
    is_complete: bool = False
    found: list[Any] = field(default_factory=list[Any])

    async def run(self, *, scan: bool) -> int:
        """List and write.

        Returns:
            The exit code.

        Raises:
            CutShortError: It failed; what was read is written, and the rest is said.
        """
        with cancelled_by_signals() as ending:
            try:
                async with self.client:
                    await (self._scan() if scan else self._list())
            except asyncio.CancelledError:
                return OK if self.is_complete else self._interrupted(ending.code)
            except PartnerCentralError as error:
                self.progress.clear()
                raise CutShortError(error, self._standing(error)) from error
            finally:
                self.progress.clear()
        return OK

    async def _list(self) -> None:
        wanted = self.asked
        if wanted.one_page:
            page = await self.client.list_opportunities(
                max_results=wanted.max_results,
                next_token=wanted.next_token,
                on_invalid=_print_it_too,
                **wanted.filters,
            )
            self.progress.clear()
            self.writer.whole(answer_of(_printed(page), page.next_token))
            self.is_complete = True
        else:
            await self._pages(self._pager())

    def _pager(self) -> OpportunityPager:
        wanted = self.asked
        start = wanted.starting_token
        pager = self.client.iter_opportunities(
            page_size=wanted.page_size,
            max_items=wanted.max_items,
            starting_token=None if start is None else resume_token(start),
            on_invalid=_print_it_too,
            **wanted.filters,
        )
        # AWS's own pages can be seen in the answer, or in the place that its token names.
        as_aws_pages = self.writer.shows_pages or wanted.max_items is not None
        return AwsCliPager(pager, has_aws_pages=as_aws_pages and wanted.page_size is None)

    async def _pages(self, pager: OpportunityPager) -> None:
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                self._write(_printed(page), page.next_token)
                self.token = pager.resume_token
                if self.token is None:
                    # Nothing is left to read: an interruption from here on comes too late.
                    self._end()
        if self.asked.max_items == 0:
            self.writer.page([], None)
        if not self.is_complete:
            self.token = pager.resume_token
            self._end()

    async def _scan(self) -> None:
        wanted = self.asked
        refuse_with_scan(wanted)
        scan = self.client.scan_opportunities(on_invalid=_print_it_too, **wanted.filters)
        async with aclosing(scan.pages()) as pages:
            async for page in pages:
                self.found += _printed(page)
                if len(self.found) >= BATCH:
                    self._write_found()
            if self.found or not self.written:
                self._write_found()
            self._end()

    def _write_found(self) -> None:
        found, self.found = self.found, []
        self._write(found, None)

    def _write(self, records: list[Any], token: str | None) -> None:
        self.writer.page(records, token)
        self.written += len(records)
        self.progress.add(len(records))

    def _end(self) -> None:
        if sys.stdout.isatty():
            # The answer itself is what is seen there.
            self.progress.clear()
        else:
            self.progress.finish()
        self.writer.end(self.token)
        self.is_complete = True
        if self.token is not None and not self.writer.shows_token:
            say(f"There are more. {_go_on(self.token)}")

    def _interrupted(self, code: int) -> int:
        self.progress.clear()
        if self.token is not None:
            self.writer.end(self.token)
            say(f"Interrupted after {self.written:,} opportunities. {_go_on(self.token)}")
        else:
            standing = self._standing_of_a_scan()
            say(f"Interrupted. {standing}" if standing else "Interrupted: nothing was written.")
        return code

    def _standing(self, error: PartnerCentralError) -> str:
        if self.token is None:
            return self._standing_of_a_scan()
        if isinstance(self.writer, AtTheEnd):
            return f"{self.written:,} opportunities were read, and none was written. {AS_THEY_READ}"
        if isinstance(error, TokenExpiredError):
            return f"{self.written:,} opportunities were written."
        return f"{self.written:,} opportunities were written. {_go_on(self.token)}"

    def _standing_of_a_scan(self) -> str:
        if self.found:
            self._write_found()
        if not self.written:
            return ""
        # It has no place to go on from, without which a part would look like the whole.
        if isinstance(self.writer, AtTheEnd):
            stands = f"{self.written:,} opportunities were read, and none was written"
            return f"{stands}; a scan cannot be resumed. {AS_THEY_READ}"
        return f"{self.written:,} opportunities were written; a scan cannot be resumed."


def _go_on(token: str) -> str:
    return f"Go on with: --starting-token {token}"


def _printed(page: ListOpportunitiesResponse) -> list[Any]:
    return [printed(record) for record in page.raw_opportunities]


def _print_it_too(invalid: InvalidOpportunity) -> None:
    """Ignore that a record is invalid: the command prints what AWS sent."""
