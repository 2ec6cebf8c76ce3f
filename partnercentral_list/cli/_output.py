"""--output: the formats, written as a whole at the end or page by page in constant memory."""

from __future__ import annotations

import csv
import os
import sys
from abc import ABC, abstractmethod
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TextIO

from partnercentral_list.cli._errors import FAILED, CommandError, suggestion
from partnercentral_list.cli._options import FORMATS
from partnercentral_list.cli._process import open_stdout
from partnercentral_list.cli._query import QueryFunction
from partnercentral_list.cli._serialization import (
    compact_json,
    dump_yaml,
    is_list,
    is_object,
    write_indented_json,
)
from partnercentral_list.cli._session import AwsConfiguration
from partnercentral_list.cli._shapes import OPPORTUNITY, SUMMARIES, TOKEN, Shape
from partnercentral_list.cli._table import write_table

REST: Final = "AdditionalMembers"
"""The last column of csv, with the members that have no column of their own."""


class ResponseWriter(ABC):
    """Writes a listing in one format, page by page.

    Args:
        query: ``--query``, which is applied to what is written.
        stream: Where it is written.

    Attributes:
        shows_pages: Whether the size of a page can be seen in what is written.
        shows_token: Whether the resume token is a part of what is written.
    """

    shows_pages = False
    shows_token = False

    def __init__(self, query: QueryFunction | None, stream: TextIO) -> None:
        self._query = query
        self._stream = stream

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
    """Writes a line of names, then a record a line; the columns do not depend on the records."""

    def __init__(self, query: QueryFunction | None, stream: TextIO) -> None:
        super().__init__(query, stream)
        self._writer = csv.writer(stream, lineterminator="\n")
        self._columns: list[str] | None = None

    def write_page(self, records: list[Any], token: str | None) -> None:
        """Write the page's records."""
        if self._query is None:
            self._write_header([*csv_columns(OPPORTUNITY), REST])
            self._writer.writerows(map(_record_cells, records))
        else:
            for row in self._rows(records):
                self._write_row(row)
        self._stream.flush()

    def finish(self, token: str | None) -> None:
        """Write the names, if there was no page."""
        if self._query is None:
            self.write_page([], None)

    def _write_header(self, names: list[str]) -> None:
        if self._columns is None:
            self._columns = names
            self._writer.writerow(names)

    def _write_row(self, row: Any) -> None:
        if is_list(row):
            self._writer.writerow([_cell(value) for value in row])
        elif is_object(row):
            self._write_header(list(row))
            unknown = sorted(row.keys() - set(self._columns or ()))
            if unknown:
                raise CommandError(
                    f"--output csv: an entry has {', '.join(unknown)}, which the first one has "
                    "not; name the same members for each, as in [].{id: Id}.",
                    FAILED,
                )
            self._writer.writerow([_cell(row.get(name)) for name in self._columns or ()])
        else:
            self._writer.writerow([_cell(row)])


def create_writer(
    options: Namespace, configuration: AwsConfiguration, query: QueryFunction | None
) -> ResponseWriter:
    """Return what writes the wanted format to stdout."""
    out = open_stdout()
    match _format_name(options, configuration):
        case "jsonl":
            return JsonLinesWriter(query, out)
        case "csv":
            return CsvWriter(query, out)
        case "text":
            return TextWriter(query, out)
        case "yaml-stream":
            return YamlStreamWriter(query, out)
        case "table":
            return DocumentWriter(query, sys.stdout, partial(write_table, color=options.color))
        case "yaml":
            return DocumentWriter(query, out, write_yaml)
        case _:
            return DocumentWriter(query, out, write_json)


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


def csv_columns(shape: Mapping[str, Shape], prefix: str = "") -> Iterator[str]:
    """Yield the names of a record's columns, such as ``LifeCycle.Stage``."""
    for name, member in shape.items():
        if isinstance(member, Mapping):
            yield from csv_columns(member, f"{prefix}{name}.")
        else:
            yield prefix + name


def _record_cells(record: Any) -> list[str]:
    rest: dict[str, Any] = {}
    cells = list(_cells(OPPORTUNITY, record, "", rest))
    return [*cells, compact_json(rest) if rest else ""]


def _cells(
    shape: Mapping[str, Shape], value: Any, prefix: str, rest: dict[str, Any]
) -> Iterator[str]:
    members: dict[str, Any] = value if is_object(value) else {}
    if value is not None and not is_object(value):
        rest[prefix.rstrip(".")] = value
    for name, member in shape.items():
        found = members.get(name)
        if isinstance(member, Mapping):
            yield from _cells(member, found, f"{prefix}{name}.", rest)
        else:
            yield _cell(found)
    rest.update((prefix + name, members[name]) for name in members if name not in shape)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else compact_json(value)


def text_lines(value: Any, name: str | None = None) -> Iterator[str]:
    """Yield the lines of a value in the AWS CLI's text format, without their ends.

    A structure is a line of its scalars in the order of their names; what it holds beside them
    follows, each with its name in front. In a list of structures every line has the scalars of all
    of them, so that columns stay columns.
    """
    if is_object(value):
        yield from _structure_lines(value, name, None)
    elif is_list(value):
        yield from _list_lines(value, name)
    else:
        yield str(value)


def _is_scalar(value: object) -> bool:
    return not (is_list(value) or is_object(value))


def _list_lines(values: list[Any], name: str | None) -> Iterator[str]:
    if any(is_object(value) for value in values):
        columns = sorted({column for value in values for column in _scalar_members(value)})
        for value in values:
            if is_object(value):
                yield from _structure_lines(value, name, columns)
            else:
                yield from text_lines(value, name)
        return
    scalars = [value for value in values if _is_scalar(value)]
    if name is not None:
        yield from (f"{name.upper()}\t{value}" for value in scalars)
    elif scalars:
        yield "\t".join(map(str, scalars))
    for value in values:
        if not _is_scalar(value):
            yield from text_lines(value, name)


def _scalar_members(value: object) -> list[str]:
    if not is_object(value):
        return []
    return [name for name, member in value.items() if _is_scalar(member)]


def _structure_lines(
    value: dict[str, Any], name: str | None, columns: Sequence[str] | None
) -> Iterator[str]:
    shown = sorted(_scalar_members(value)) if columns is None else columns
    # A column of the list that is no scalar here is written as Python writes it, as by the AWS CLI.
    cells = [str(value.get(column, "")) for column in shown]
    if cells:
        yield "\t".join(cells if name is None else [name.upper(), *cells])
    for member in sorted(value.keys() - set(shown)):
        yield from text_lines(value[member], member)
