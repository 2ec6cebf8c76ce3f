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
    """Write a response, or the result of a query on it; nothing if that is empty."""
    if not value:
        return
    console = _console(stream, color)
    # rich ends the process with 1 when it finds by itself that the reader of a pipe is gone.
    with console.capture() as written:
        console.print(_TITLE, style="bold")
        for part in _parts(value, console.width):
            console.print(part)
    stream.write(written.get())
    stream.flush()


def _console(stream: TextIO, color: str) -> Console:
    """Return a console that writes to a stream, with colors as ``--color`` says."""
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
    if not is_object(value):
        yield from _list_parts(value if is_list(value) else [value], None, width)
        return
    lists = {
        name: member
        for name, member in value.items()
        if is_list(member) and any(is_object(entry) for entry in member)
    }
    row = _flattened(
        {name: member for name, member in value.items() if name not in lists and member != []}
    )
    if row:
        yield _block(row)
    for name, member in lists.items():
        yield from _list_parts(member, name, width)


def _list_parts(values: list[Any], name: str | None, width: int) -> Iterator[Table | Text]:
    if not any(is_object(value) for value in values):
        yield _table([list(map(_shown, v)) if is_list(v) else [_shown(v)] for v in values])
        return
    rows = [_flattened(value) for value in values]
    names = list(dict.fromkeys(column for row in rows for column in row))
    cells = [[row.get(name, "") for name in names] for row in rows]
    if _width([names, *cells]) <= width:
        if name is not None:
            yield _heading(name)
        yield _table(cells, names, show_header=True)
        return
    for number, row in enumerate(rows, start=1):
        yield _heading(f"{name or 'Entry'} {number} of {len(rows)}")
        yield _block(row)


def _width(rows: Sequence[Sequence[str]]) -> int:
    from rich.cells import cell_len

    columns = (
        (line for cell in column for line in cell.split("\n")) for column in zip(*rows, strict=True)
    )
    return 1 + sum(_AROUND_A_CELL + max(map(cell_len, lines)) for lines in columns)


def _flattened(value: Any, prefix: str = "") -> dict[str, str]:
    """Return the scalars in a value, each by its path, such as ``LifeCycle.Stage``."""
    if is_object(value):
        start = f"{prefix}." if prefix else ""
        inner = [(start + _shown(name), member) for name, member in value.items()]
    elif is_list(value) and any(is_list(entry) or is_object(entry) for entry in value):
        inner = [(f"{prefix}[{place}]", entry) for place, entry in enumerate(value)]
    else:
        return {prefix: _shown(value)}
    flat: dict[str, str] = {}
    for path, member in inner:
        flat.update(_flattened(member, path))
    return flat


def _shown(value: Any) -> str:
    """Return a scalar, or a list of some, as text that does not move the cursor."""
    if is_list(value):
        return ", ".join(map(_shown, value))
    return escape_controls(str(value)).replace("\t", "\\u0009")


def _heading(text: str) -> Text:
    from rich.text import Text

    return Text(_shown(text), style="bold magenta")


def _block(row: _Row) -> Table:
    return _table(list(row.items()), ("", ""), first_style="cyan")


def _table(
    rows: Sequence[Sequence[str]],
    names: Sequence[str] = (),
    *,
    show_header: bool = False,
    first_style: str | None = None,
) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=show_header, header_style="cyan")
    for place in range(max(map(len, [names, *rows]))):
        name = names[place] if place < len(names) else ""
        table.add_column(name, style=first_style if place == 0 else None, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
