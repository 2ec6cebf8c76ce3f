"""The flat schema of an opportunity: one column for each scalar field, named by its path.

Frames and the stores of a local replica have these columns, derived from the models: a new field
is a new column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel

from partnercentral_list.models.response import ExpectedCustomerSpend, OpportunitySummary

Kind: TypeAlias = Literal["text", "enum", "timestamp", "date", "amount"]

_KINDS: Final[tuple[tuple[type, Kind], ...]] = (
    # An enumeration is a str too, and a datetime a date: the narrower type comes first.
    (StrEnum, "enum"),
    (str, "text"),
    (datetime, "timestamp"),
    (date, "date"),
    (Decimal, "amount"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the field that it shows."""

    name: str
    """The field's path, joined: ``life_cycle_stage``."""
    path: tuple[str, ...]
    """The fields that lead to the value: ``("life_cycle", "stage")``."""
    members: tuple[str, ...]
    """The same in AWS's names, as in the wire form: ``("LifeCycle", "Stage")``."""
    kind: Kind
    """What its values are; any may be null except ``id`` and ``catalog``."""


def columns_of(
    model: type[BaseModel], above: tuple[str, ...] = (), members_above: tuple[str, ...] = ()
) -> Iterator[Column]:
    """Yield the columns of a model: its scalar fields and those of the models in it.

    Args:
        model: The model.
        above: The fields that lead to it.
        members_above: The same in AWS's names.

    Raises:
        TypeError: A field has a type that no column holds.
    """
    for name, field in model.model_fields.items():
        path, members = (*above, name), (*members_above, field.alias or name)
        described, *others = _types(field.annotation)
        kinds: list[Kind] = [kind for known, kind in _KINDS if issubclass(described, known)]
        if described is tuple:
            continue
        if issubclass(described, BaseModel):
            yield from columns_of(described, path, members)
        elif others or not kinds:
            raise TypeError(
                f"{model.__name__}.{name} has a type that no column holds: {field.annotation}. "
                f"Valid: {', '.join(known.__name__ for known, _ in _KINDS)}, a tuple or a model. "
                "Another needs a kind here, in frames.py and in the stores."
            )
        else:
            yield Column("_".join(path), path, members, kinds[0])


def _types(annotation: Any) -> Iterator[type]:
    """Yield the types of a field, without None and without pydantic's annotations."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if annotation is not type(None):
            yield annotation
    elif get_origin(annotation) is tuple:
        yield tuple
    else:
        for part in get_args(annotation):
            yield from _types(part)


COLUMNS: Final = tuple(columns_of(OpportunitySummary))
"""The scalar fields of an opportunity, in the order of the models."""

SPEND_COLUMNS: Final = tuple(columns_of(ExpectedCustomerSpend))
"""The fields of one expected spend."""


def read_columns(objects: Sequence[object], columns: Sequence[Column]) -> dict[str, list[Any]]:
    """Return the values of each column; None where the value, or what it is in, is absent."""
    fields: dict[tuple[str, ...], dict[str, None]] = {}
    for column in columns:
        for depth, name in enumerate(column.path):
            fields.setdefault(column.path[:depth], {})[name] = None
    found: dict[tuple[str, ...], Sequence[Any]] = {(): objects}
    for above, names in fields.items():
        # Each object is read once, all of its fields together, while it is in the cache.
        read, absent = _reader(*names), (None,) * len(names)
        rows = [absent if parent is None else read(parent) for parent in found[above]]
        values = zip(*rows, strict=True) if rows else [()] * len(names)
        found |= {(*above, name): value for name, value in zip(names, values, strict=True)}
    return {column.name: list(found[column.path]) for column in columns}


def _reader(*names: str) -> Callable[[object], tuple[Any, ...]]:
    """Return a function that returns a tuple of these fields of an object."""
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda parent: (read(parent),)


def changed_columns(before: OpportunitySummary, after: OpportunitySummary) -> list[str]:
    """Return the names of the columns, nested ones included, whose values differ."""
    records = (before, after)
    columns = read_columns(records, COLUMNS)
    for field in ("delivery_models", "expected_customer_spend"):
        columns[f"project_{field}"] = read_project(records, field)
    return [name for name, (one, other) in columns.items() if one != other]


def read_project(records: Sequence[OpportunitySummary], field: str) -> list[tuple[Any, ...] | None]:
    """Return a list of each opportunity's project; None where it is absent."""
    read = attrgetter(field)
    return [None if record.project is None else read(record.project) for record in records]


def read_spend(records: Sequence[OpportunitySummary]) -> dict[str, list[Any]]:
    """Return the columns of all expected spends, with the opportunity's id and the position."""
    spends = [spends or () for spends in read_project(records, "expected_customer_spend")]
    entries = [entry for entries in spends for entry in entries]
    return {
        "id": [record.id for record, entries in zip(records, spends, strict=True) for _ in entries],
        "position": [position for entries in spends for position in range(len(entries))],
        **read_columns(entries, SPEND_COLUMNS),
    }
