"""--output jsonl and csv: a record a line, written page by page in constant memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

from partnercentral_list.cli._answers import SUMMARIES, Query
from partnercentral_list.cli._exits import FAILED, CommandError
from partnercentral_list.cli._json import compact_json, is_list, is_object
from partnercentral_list.cli._shapes import OPPORTUNITY, Shape
from partnercentral_list.cli._terminal import Output

REST = "AdditionalMembers"
"""The last column: what this release has no column for."""


class AsJsonLines:
    """Writes a JSON object a line: a record, or an entry of what the query gives."""

    shows_pages = False
    shows_token = False

    def __init__(self, query: Query | None, stream: Output) -> None:
        self._query = query
        self._stream = stream

    def page(self, records: list[Any], token: str | None) -> None:
        """Write the page's records."""
        for value in rows(records, self._query):
            self._stream.write(compact_json(value) + "\n")
        self._stream.flush()

    def end(self, token: str | None) -> None:
        """Write nothing: a line is a record, and nothing else."""

    def whole(self, answer: dict[str, Any]) -> None:
        """Write the records of an answer."""
        self.page(answer[SUMMARIES], None)


class AsCsv:
    """Writes a line of names, then a record a line; the same columns whatever the records are."""

    shows_pages = False
    shows_token = False

    def __init__(self, query: Query | None, stream: Output) -> None:
        self._query = query
        self._stream = stream
        self._writer = csv.writer(stream, lineterminator="\n")
        self._columns: list[str] | None = None

    def page(self, records: list[Any], token: str | None) -> None:
        """Write the page's records."""
        if self._query is None:
            self._write_header([*columns(OPPORTUNITY), REST])
            self._writer.writerows(map(_record_cells, records))
        else:
            for row in rows(records, self._query):
                self._write_row(row)
        self._stream.flush()

    def end(self, token: str | None) -> None:
        """Write the names, if there was no page."""
        if self._query is None:
            self._write_header([*columns(OPPORTUNITY), REST])
            self._stream.flush()

    def whole(self, answer: dict[str, Any]) -> None:
        """Write the records of an answer."""
        self.page(answer[SUMMARIES], None)

    def _write_header(self, names: list[str]) -> None:
        if self._columns is None:
            self._columns = names
            self._writer.writerow(names)

    def _write_row(self, row: Any) -> None:
        if is_list(row):
            self._writer.writerow([_cell(value) for value in row])
        elif is_object(row):
            members = row
            self._write_header(list(members))
            strangers = sorted(members.keys() - set(self._columns or ()))
            if strangers:
                raise CommandError(
                    f"--output csv: an entry has {', '.join(strangers)}, which the first one has "
                    "not; name the same members for each, as in [].{id: Id}.",
                    FAILED,
                )
            self._writer.writerow([_cell(members.get(name)) for name in self._columns or ()])
        else:
            self._writer.writerow([_cell(row)])


def rows(records: list[Any], query: Query | None) -> Iterator[Any]:
    """Give the records of a page, or the entries of what the query makes of it."""
    if query is None:
        yield from records
        return
    found = query({SUMMARIES: records})
    if is_list(found):
        yield from found
    elif found is not None:
        yield found


def columns(shape: Mapping[str, Shape], prefix: str = "") -> Iterator[str]:
    """Give the names of a record's columns: members of structures with dots between."""
    for name, member in shape.items():
        if isinstance(member, Mapping):
            yield from columns(member, f"{prefix}{name}.")
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
