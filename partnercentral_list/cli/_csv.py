"""CSV: the columns of an opportunity, and lines that read back as the cells that were written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from partnercentral_list.cli._serialization import compact_json, is_object
from partnercentral_list.cli._shapes import OPPORTUNITY, Shape

REST: Final = "AdditionalMembers"
"""The last column, with the members that have no column of their own."""

#: What a spreadsheet, or one of the programs before it, takes for the start of a formula: OWASP's
#: list, with the full-width forms of the first four.
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n\0＝＋－＠")  # noqa: RUF001 # full-width on purpose
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
#: What a cell is quoted for. Python's csv writes a lone CR without quotes before 3.13, and its
#: reader then ends the line there.
_QUOTED: Final = re.compile('[,"\r\n]')


def column_names() -> list[str]:
    """Return the names of the columns, such as ``LifeCycle.Stage``."""
    return [*_names(OPPORTUNITY), REST]


def record_cells(record: object) -> list[str]:
    """Return the cells of a record, one for each column."""
    rest: dict[str, Any] = {}
    cells = list(_cells(OPPORTUNITY, record, "", rest))
    return [*cells, compact_json(rest) if rest else ""]


def cell_of(value: object) -> str:
    """Return a value as a cell: a text as it is, nothing for null, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else compact_json(value)


def safe_cell(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a number stays a number."""
    if cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def csv_line(cells: Sequence[str]) -> str:
    """Return a line, with its end."""
    line = ",".join(
        '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell for cell in cells
    )
    # An empty line is a record without cells; one of an empty cell is not empty.
    return '""\n' if len(cells) == 1 and not line else f"{line}\n"


def _names(shape: Mapping[str, Shape], prefix: str = "") -> Iterator[str]:
    for name, member in shape.items():
        if isinstance(member, Mapping):
            yield from _names(member, f"{prefix}{name}.")
        else:
            yield prefix + name


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
            yield cell_of(found)
    rest.update((prefix + name, members[name]) for name in members if name not in shape)
