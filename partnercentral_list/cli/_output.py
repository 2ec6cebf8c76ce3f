"""--output: the formats, written as a whole at the end or page by page in constant memory."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TextIO, cast

from partnercentral_list import ListOpportunitiesResponse
from partnercentral_list.cli._csv import cell_of, column_names, csv_line, record_cells, safe_cell
from partnercentral_list.cli._errors import FAILED, CommandError, suggestion
from partnercentral_list.cli._files import OutputFile
from partnercentral_list.cli._options import FORMATS
from partnercentral_list.cli._process import open_stdout
from partnercentral_list.cli._query import QueryFunction
from partnercentral_list.cli._serialization import (
    as_printed,
    compact_json,
    dump_yaml,
    is_list,
    is_object,
    text_lines,
    write_indented_json,
)
from partnercentral_list.cli._session import AwsConfiguration
from partnercentral_list.cli._shapes import SUMMARIES, TOKEN
from partnercentral_list.cli._table import write_table


class ResponseWriter(ABC):
    """Writes a listing in one format, page by page.

    Args:
        query: ``--query``, which is applied to what is written.
        stream: Where it is written.

    Attributes:
        shows_pages: Whether the size of a page can be seen in what is written.
        shows_token: Whether the resume token is a part of what is written.
        takes_invalid: Whether an invalid record can be written, like any other.
        unusable_if_incomplete: The message for the user when the listing ends early and the
            output cannot be used; empty if an incomplete output is usable.
    """

    shows_pages = False
    shows_token = False
    takes_invalid = True
    unusable_if_incomplete = ""

    def __init__(self, query: QueryFunction | None, stream: TextIO) -> None:
        self._query = query
        self._stream = stream

    def records_of(self, page: ListOpportunitiesResponse) -> list[Any]:
        """Return the records of a page, as they are written."""
        return [as_printed(record) for record in page.raw_opportunities]

    @abstractmethod
    def write_page(self, records: list[Any], token: str | None) -> None:
        """Write, or keep, the records of a page; `token` is AWS's for the next page."""

    def finish(self, token: str | None) -> None:  # noqa: B027 # most formats have no end
        """Write the end of the listing; `token` is the resume token if it was cut."""

    def write_response(self, response: dict[str, Any]) -> None:
        """Write a response of one page, as AWS sent it."""
        self.write_page(response[SUMMARIES], response.get(TOKEN))

    def _shown(self, response: Any) -> Any:
        return response if self._query is None else self._query(response)

    def _rows(self, records: list[Any]) -> Iterator[Any]:
        """Yield the records of a page, or the entries of the query's result."""
        found = records if self._query is None else self._query({SUMMARIES: records})
        if is_list(found):
            yield from found
        elif found is not None:
            yield found


class DocumentWriter(ResponseWriter):
    """Collects the records, and has `write` write one document at the end: JSON, YAML, a table."""

    shows_token = True

    def __init__(
        self, query: QueryFunction | None, stream: TextIO, write: Callable[[Any, TextIO], None]
    ) -> None:
        super().__init__(query, stream)
        self._write = write
        self._records: list[Any] = []

    def write_page(self, records: list[Any], token: str | None) -> None:
        """Keep the records."""
        self._records += records

    def finish(self, token: str | None) -> None:
        """Write the document."""
        self.write_response(response_of(self._records, token))

    def write_response(self, response: dict[str, Any]) -> None:
        """Write a response."""
        self._write(self._shown(response), self._stream)


class TextWriter(ResponseWriter):
    """Writes tab-separated lines."""

    shows_pages = True
    shows_token = True

    def write_page(self, records: list[Any], token: str | None) -> None:
        """Write the page's records."""
        self.write_response({SUMMARIES: records})

    def finish(self, token: str | None) -> None:
        """Write the resume token; the query is applied to it as to a page, as by the AWS CLI."""
        if token is not None:
            self.write_response({TOKEN: {TOKEN: token}})

    def write_response(self, response: dict[str, Any]) -> None:
        """Write a response."""
        for line in text_lines(self._shown(response)):
            self._stream.write(line + "\n")
        self._stream.flush()


class YamlStreamWriter(ResponseWriter):
    """Writes YAML: each page is an entry of one list, and has AWS's own token."""

    shows_pages = True
    shows_token = True

    def write_page(self, records: list[Any], token: str | None) -> None:
        """Write the page."""
        self._write(self._shown(response_of(records, token)))

    def write_response(self, response: dict[str, Any]) -> None:
        """Write a response; nothing for an empty object."""
        shown = self._shown(response)
        if shown != {}:
            self._write(shown)

    def _write(self, shown: Any) -> None:
        dump_yaml([shown], self._stream)
        self._stream.flush()


class JsonLinesWriter(ResponseWriter):
    """Writes a JSON object a line: a record, or an entry of what the query returns."""

    def write_page(self, records: list[Any], token: str | None) -> None:
        """Write the page's records."""
        for value in self._rows(records):
            self._stream.write(compact_json(value) + "\n")
        self._stream.flush()


class CsvWriter(ResponseWriter):
    """Writes a line of names, then a record a line; the columns do not depend on the records.

    Args:
        query: ``--query``, which is applied to what is written.
        stream: Where it is written.
        has_header: Whether there is a line of names.
        is_safe: Whether no cell may be taken for a formula.
    """

    def __init__(
        self, query: QueryFunction | None, stream: TextIO, *, has_header: bool, is_safe: bool
    ) -> None:
        super().__init__(query, stream)
        self._has_header = has_header
        self._is_safe = is_safe
        self._columns: list[str] | None = None

    def write_page(self, records: list[Any], token: str | None) -> None:
        """Write the page's records."""
        if self._query is None:
            self._begin(column_names())
            for record in records:
                self._write_line(record_cells(record))
        else:
            for row in self._rows(records):
                self._write_row(row)
        self._stream.flush()

    def finish(self, token: str | None) -> None:
        """Write the names, if there was no page."""
        if self._query is None:
            self.write_page([], None)

    def _begin(self, names: list[str]) -> None:
        if self._columns is None:
            self._columns = names
            if self._has_header:
                self._write_line(names)

    def _write_line(self, cells: list[str]) -> None:
        self._stream.write(
            csv_line([safe_cell(cell) for cell in cells] if self._is_safe else cells)
        )

    def _write_row(self, row: Any) -> None:
        if is_list(row):
            self._write_line([cell_of(value) for value in row])
        elif is_object(row):
            self._begin(list(row))
            unknown = sorted(row.keys() - set(self._columns or ()))
            if unknown:
                raise CommandError(
                    f"--output csv: an entry has {', '.join(unknown)}, which the first one has "
                    "not; name the same members for each, as in [].{id: Id}.",
                    FAILED,
                )
            self._write_line([cell_of(row.get(name)) for name in self._columns or ()])
        else:
            self._write_line([cell_of(row)])


class ParquetWriter(ResponseWriter):
    """Writes a Parquet file; its records are opportunities."""

    takes_invalid = False
    unusable_if_incomplete = "the Parquet output is incomplete and cannot be read."

    def __init__(self, stream: TextIO) -> None:
        from partnercentral_list.cli._parquet import ParquetFile

        super().__init__(None, stream)
        self._parquet = ParquetFile()

    def records_of(self, page: ListOpportunitiesResponse) -> list[Any]:
        """Return the page's opportunities."""
        return list(page.opportunity_summaries)

    def write_page(self, records: list[Any], token: str | None) -> None:
        """Write the page's opportunities, or keep them for a row group."""
        self._parquet.add(records, self._stream.buffer)

    def finish(self, token: str | None) -> None:
        """Write what is left, and the end of the file."""
        self._parquet.finish(self._stream.buffer)

    def write_response(self, response: dict[str, Any]) -> None:
        """Write a file of one page."""
        super().write_response(response)
        self.finish(None)


def create_writer(
    options: Namespace,
    configuration: AwsConfiguration,
    query: QueryFunction | None,
    file: OutputFile | None,
    *,
    is_rest: bool = False,
) -> ResponseWriter:
    """Return what writes the wanted format.

    Args:
        options: The options.
        configuration: The AWS configuration, which may name the format.
        query: ``--query``, which is applied to what is written.
        file: ``--output-file``; None for stdout.
        is_rest: Whether the listing resumes.

    Raises:
        CommandError: An option does not fit the format, or a package is missing.
    """
    out = open_stdout() if file is None else cast("TextIO", file)
    name = _format_name(options, configuration)
    if name != "csv":
        _refuse_csv_options(options, name)
    match name:
        case "jsonl":
            return JsonLinesWriter(query, out)
        case "csv":
            # On stdout, the rest of a listing is appended to what came before.
            is_continued = is_rest and file is None
            has_header = not is_continued if options.header is None else options.header
            return CsvWriter(query, out, has_header=has_header, is_safe=options.csv_safe)
        case "parquet":
            _check_parquet(options, file)
            return ParquetWriter(sys.stdout if file is None else out)
        case "text":
            return TextWriter(query, out)
        case "yaml-stream":
            return YamlStreamWriter(query, out)
        case "table":
            stream = sys.stdout if file is None else out
            return DocumentWriter(query, stream, partial(write_table, color=options.color))
        case "yaml":
            return DocumentWriter(query, out, write_yaml)
        case _:
            return DocumentWriter(query, out, write_json)


def _refuse_csv_options(options: Namespace, name: str) -> None:
    given = {
        "--header": options.header is True,
        "--no-header": options.header is False,
        "--csv-safe": options.csv_safe,
    }
    for flag, is_given in given.items():
        if is_given:
            raise CommandError(f"{flag} is for --output csv, and the format is {name}.")


def _check_parquet(options: Namespace, file: OutputFile | None) -> None:
    if options.query is not None:
        raise CommandError(
            "--query cannot be used with --output parquet, whose columns are fixed: leave one of "
            "them out, or use --output csv."
        )
    if options.generate_cli_skeleton is not None:
        raise CommandError("--generate-cli-skeleton has no Parquet form: use another --output.")
    if file is None and sys.stdout.isatty():
        raise CommandError(
            "--output parquet is binary, which a terminal cannot show: name a file with "
            "--output-file PATH, or send it to a pipe or a file."
        )


def _format_name(options: Namespace, configuration: AwsConfiguration) -> str:
    """Return the format: the option's, the environment's, the profile's, or JSON."""
    in_environment = os.environ.get("AWS_DEFAULT_OUTPUT")
    name: str = options.output or in_environment or configuration.output or "json"
    if name not in FORMATS:
        source = "AWS_DEFAULT_OUTPUT" if in_environment else "output of the profile"
        raise CommandError(
            f"Unknown output type: {name} ({source}). There are {', '.join(FORMATS)}. "
            f"{suggestion(name, FORMATS)}".strip()
        )
    return name


def response_of(records: Sequence[Any], token: str | None) -> dict[str, Any]:
    """Return a response with these records, and with a token if there is one."""
    response: dict[str, Any] = {SUMMARIES: records}
    if token is not None:
        response[TOKEN] = token
    return response


def write_json(value: Any, stream: TextIO) -> None:
    """Write a value as the AWS CLI does, which writes nothing for an empty object."""
    if value != {}:
        write_indented_json(value, stream.write)
        stream.write("\n")
        stream.flush()


def write_yaml(value: Any, stream: TextIO) -> None:
    """Write a value as YAML; nothing for an empty object."""
    if value != {}:
        dump_yaml(value, stream)
        stream.flush()
