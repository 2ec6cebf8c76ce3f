"""--output text: tab-separated lines, each with the name of what it is a part of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from partnercentral_list.cli._json import is_list, is_object


def text_lines(value: Any, name: str | None = None) -> Iterator[str]:
    """Give the lines of a value, without their ends.

    A structure is a line of its scalars in the order of their names; what it holds beside them
    follows, each with its name in front. In a list of structures every line has the scalars of all
    of them, so that columns stay columns.
    """
    if is_object(value):
        yield from _structure(value, name, None)
    elif is_list(value):
        yield from _list(value, name)
    else:
        yield str(value)


def _is_scalar(value: object) -> bool:
    return not (is_list(value) or is_object(value))


def _list(values: list[Any], name: str | None) -> Iterator[str]:
    if any(is_object(value) for value in values):
        columns = sorted({column for value in values for column in _columns(value)})
        for value in values:
            if is_object(value):
                yield from _structure(value, name, columns)
            else:
                yield from text_lines(value, name)
        return
    yield from _scalars([value for value in values if _is_scalar(value)], name)
    for value in values:
        if not _is_scalar(value):
            yield from text_lines(value, name)


def _columns(value: object) -> list[str]:
    if not is_object(value):
        return []
    return [name for name, member in value.items() if _is_scalar(member)]


def _scalars(values: list[Any], name: str | None) -> Iterator[str]:
    if name is None:
        if values:
            yield "\t".join(map(str, values))
    else:
        for value in values:
            yield f"{name.upper()}\t{value}"


def _structure(
    value: dict[str, Any], name: str | None, columns: Sequence[str] | None
) -> Iterator[str]:
    shown = sorted(_columns(value)) if columns is None else columns
    # A column of the list that is no scalar here is written as Python writes it, as by the AWS CLI.
    cells = [str(value.get(column, "")) for column in shown]
    if cells:
        yield "\t".join(cells if name is None else [name.upper(), *cells])
    for member in sorted(value.keys() - set(shown)):
        yield from text_lines(value[member], member)
