"""--output table: everything that the AWS CLI's table holds, fitted to the terminal.

The AWS CLI nests a table in a table for every structure, and lets lines run out of a narrow window.
Here a structure is flattened (``LifeCycle.Stage``); a list is a table with a line for each entry
where its columns fit the window, and a block of names and values for each entry where they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

from partnercentral_list.cli._errors import import_extra
from partnercentral_list.cli._process import escape_controls
from partnercentral_list.cli._serialization import is_list, is_object

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_TITLE = "ListOpportunities"
# A border and a space on each side of a cell, and the border at the end.
_AROUND_A_CELL = 3

_Row = Mapping[str, str]


def write_table(value: Any, stream: TextIO, color: str) -> None:
    """Write a response, or what a query returns of it; nothing if that is empty.

    Raises:
        CommandError: rich is not installed.
    """
    if not value:
        return
    console = console_on(stream, color)
    # rich ends the process with 1 when it finds by itself that the reader of a pipe is gone.
    with console.capture() as written:
        console.print(_TITLE, style="bold")
        for part in _parts(value, console.width):
            console.print(part)
    stream.write(written.get())
    stream.flush()


def console_on(stream: TextIO, color: str) -> Console:
    """Return a console that writes to a stream, with colors as ``--color`` says.

    Raises:
        CommandError: rich is not installed.
    """
    console: type[Console] = import_extra("rich.console", "A table").Console
    systems: dict[str, Literal["standard"] | None] = {"on": "standard", "off": None}
    return console(
        file=stream,
        color_system=systems.get(color, "auto"),
        force_terminal=True if color == "on" else None,
        # None leaves it to the variable NO_COLOR.
        no_color={"on": False, "off": True}.get(color),
        highlight=False,
        markup=False,
        emoji=False,
    )


def _parts(value: Any, width: int) -> Iterator[Table | Text]:
    if is_object(value):
        yield from _of_structure(value, width)
    elif is_list(value):
        yield from _of_list(value, None, width)
    else:
        yield _grid([[shown(value)]])


def _of_structure(value: dict[str, Any], width: int) -> Iterator[Table | Text]:
    lists = {name: member for name, member in value.items() if _is_list_of_structures(member)}
    row = flattened(
        {name: member for name, member in value.items() if name not in lists and member != []}
    )
    if row:
        yield _block(row)
    for name, member in lists.items():
        yield from _of_list(member, name, width)


def _is_list_of_structures(value: object) -> bool:
    return is_list(value) and any(is_object(entry) for entry in value)


def _of_list(values: list[Any], name: str | None, width: int) -> Iterator[Table | Text]:
    if not any(is_object(value) for value in values):
        yield _grid([_cells(value) for value in values])
        return
    rows = [flattened(value) for value in values]
    names = list(dict.fromkeys(column for row in rows for column in row))
    if _width(rows, names) <= width:
        if name is not None:
            yield _heading(name)
        yield _with_header(rows, names)
        return
    for number, row in enumerate(rows, start=1):
        yield _heading(f"{name or 'Entry'} {number} of {len(rows)}")
        yield _block(row)


def _cells(value: Any) -> list[str]:
    if is_list(value):
        return [shown(cell) for cell in value]
    return [shown(value)]


def _width(rows: Sequence[_Row], names: Sequence[str]) -> int:
    from rich.cells import cell_len

    return 1 + sum(
        _AROUND_A_CELL
        + max(cell_len(line) for cell in (name, *(row.get(name, "") for row in rows))
              for line in cell.split("\n"))
        for name in names
    )  # fmt: skip


def flattened(value: Any, prefix: str = "") -> dict[str, str]:
    """Return the scalars in a value, each by its path, such as ``LifeCycle.Stage``."""
    if is_object(value):
        start = f"{prefix}." if prefix else ""
        inner = [(start + shown(name), member) for name, member in value.items()]
    elif is_list(value) and not _is_flat(value):
        inner = [(f"{prefix}[{place}]", entry) for place, entry in enumerate(value)]
    else:
        return {prefix: shown(value)}
    flat: dict[str, str] = {}
    for path, member in inner:
        flat.update(flattened(member, path))
    return flat


def _is_flat(value: Sequence[Any]) -> bool:
    return not any((is_list(entry) or is_object(entry)) for entry in value)


def shown(value: Any) -> str:
    """Return a scalar, or a list of some, as text that does not move the cursor."""
    if is_list(value):
        return ", ".join(map(shown, value))
    return escape_controls(str(value)).replace("\t", "\\u0009")


def _heading(text: str) -> Text:
    from rich.text import Text

    return Text(shown(text), style="bold magenta")


def _new_table(**settings: Any) -> Table:
    from rich.table import Table

    return Table(**settings)


def _grid(rows: Sequence[Sequence[str]]) -> Table:
    table = _new_table(show_header=False)
    _fill(table, rows)
    return table


def _block(row: _Row) -> Table:
    table = _new_table(show_header=False)
    table.add_column(style="cyan", overflow="fold")
    table.add_column(overflow="fold")
    _fill(table, list(row.items()))
    return table


def _with_header(rows: Sequence[_Row], names: Sequence[str]) -> Table:
    table = _new_table(header_style="cyan")
    for name in names:
        table.add_column(name, overflow="fold")
    _fill(table, [[row.get(name, "") for name in names] for row in rows])
    return table


def _fill(table: Table, rows: Sequence[Sequence[str]]) -> None:
    from rich.text import Text

    for _ in range(len(table.columns), max(map(len, rows), default=0)):
        table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
