"""A pipeline as a table: rows, Arrow, pandas and polars, all of one schema.

A row is an opportunity, a column a scalar field by its path (``life_cycle_stage``); the delivery
models and the expected spend are nested columns. With ``spend=True`` a row is one expected spend,
which joins on ``id``. Columns and types are the same for no rows, for all nulls and for any data.
Fields that this release does not know are left out.

Text is Arrow's ``string``; an enumeration ``dictionary<int32, string>``, open to values that this
release does not know; a timestamp ``timestamp[us, UTC]``; a date ``date32``; an amount
``decimal128(33, 2)``; delivery models a list of strings.

Arrow needs the extra ``arrow``, pandas and polars an extra of their own name. Every table holds
sensitive values: company names, addresses, next steps, amounts.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from decimal import Context, Decimal, Inexact, InvalidOperation
from importlib import import_module
from itertools import accumulate, islice, repeat
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from partnercentral_list.errors import ConfigurationError, PartnerCentralError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.columns import (
    COLUMNS,
    SPEND_COLUMNS,
    Column,
    Kind,
    read_columns,
    read_project,
    read_spend,
)
from partnercentral_list.models.enums import OpenStrEnum

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

#: AWS's amounts have at most this many digits, of which two follow the point.
AMOUNT_PRECISION: Final = 33
AMOUNT_SCALE: Final = 2

# Opportunities that are read column by column at a time. As objects they take a few kilobytes each,
# as Arrow a few hundred bytes, and what few of them stay in the processor's cache.
PIECE_SIZE: Final = 500

_CENT: Final = Decimal(1).scaleb(-AMOUNT_SCALE)
_EXACT: Final = Context(prec=AMOUNT_PRECISION, traps=[Inexact, InvalidOperation])

_DELIVERY_MODELS: Final = "project_delivery_models"
_SPEND: Final = "project_expected_customer_spend"


class ColumnError(PartnerCentralError):
    """A value does not fit its column; no part of a table was returned.

    It is an amount (`AmountError`) or a text with a lone surrogate. `to_records` returns any value.

    Attributes:
        opportunity_id: The opportunity with that value.
        column: The column of the table.
    """

    def __init__(self, opportunity_id: str, column: str, problem: str) -> None:
        super().__init__(
            f"Opportunity {opportunity_id!a} has {problem} in {column}. Leave that opportunity "
            "out, or use to_records(), which returns any value."
        )
        self.opportunity_id = opportunity_id
        self.column = column


class AmountError(ColumnError):
    """An amount does not fit its column without rounding.

    It has more than 31 digits before the point or more than 2 behind it, which AWS's own model
    does not allow.
    """


def to_records(
    opportunities: Iterable[OpportunitySummary], *, spend: bool = False
) -> list[dict[str, object]]:
    """Return rows as dicts, with the columns of the Arrow schema. It needs no extra.

    Args:
        opportunities: Any iterable of opportunities.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        TypeError: Something is not an opportunity.
    """
    records = list(_checked(opportunities))
    if spend:
        return _rows(read_spend(records))
    columns = read_columns(records, COLUMNS)
    columns[_DELIVERY_MODELS] = [
        None if models is None else [str(model) for model in models]
        for models in read_project(records, "delivery_models")
    ]
    columns[_SPEND] = [
        None if entries is None else _rows(read_columns(entries, SPEND_COLUMNS))
        for entries in read_project(records, "expected_customer_spend")
    ]
    return _rows(columns)


def arrow_schema(*, spend: bool = False) -> pyarrow.Schema:
    """Return the schema of every table.

    Args:
        spend: The schema of the long form, one row for each expected spend.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    return cast("pyarrow.Schema", _Types(_require("pyarrow", extra="arrow")).schema(spend=spend))


def to_arrow(opportunities: Iterable[OpportunitySummary], *, spend: bool = False) -> pyarrow.Table:
    """Return an Arrow table, which DuckDB, polars and pandas read without a copy.

    Args:
        opportunities: Any iterable of opportunities; for a pager or a scan see `collect_arrow`.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        ConfigurationError: pyarrow is not installed.
        ColumnError: A value does not fit its column.
    """
    types = _Types(_require("pyarrow", extra="arrow"))
    records = _checked(opportunities)
    pieces: list[Any] = []
    while piece := list(islice(records, PIECE_SIZE)):
        pieces.append(_batch(piece, types, spend=spend))
    batch = _one_batch(types, pieces or [_batch([], types, spend=spend)])
    return cast("pyarrow.Table", types.arrow.Table.from_batches([batch]))


def to_polars(
    opportunities: Iterable[OpportunitySummary], *, spend: bool = False
) -> polars.DataFrame:
    """Return a polars frame: enumerations are categorical, amounts ``Decimal(33, 2)``.

    Args:
        opportunities: Any iterable of opportunities.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        ConfigurationError: polars or pyarrow is not installed.
        ColumnError: A value does not fit its column.
    """
    frames = _require("polars", extra="polars")
    _require("pyarrow", extra="polars")
    return cast("polars.DataFrame", frames.from_arrow(to_arrow(opportunities, spend=spend)))


def to_pandas(
    opportunities: Iterable[OpportunitySummary],
    *,
    spend: bool = False,
    dtype_backend: Literal["numpy_nullable", "pyarrow"] = "numpy_nullable",
) -> pandas.DataFrame:
    """Return a pandas frame.

    Args:
        opportunities: Any iterable of opportunities.
        spend: One row for each expected spend instead of each opportunity.
        dtype_backend: ``"numpy_nullable"``: strings, categories, ``datetime64`` for timestamps and
            dates, and `Decimal` objects for amounts, which pandas sums exactly but slowly.
            ``"pyarrow"``: the Arrow types themselves.

    Raises:
        ConfigurationError: pandas or pyarrow is not installed, or there is no such backend.
        ColumnError: A value does not fit its column.
    """
    frames = _require("pandas", extra="pandas")
    arrow = _require("pyarrow", extra="pandas")
    if dtype_backend not in ("numpy_nullable", "pyarrow"):
        raise ConfigurationError(
            f"dtype_backend is {dtype_backend!r}. Valid: 'numpy_nullable' and 'pyarrow'."
        )
    table: Any = to_arrow(opportunities, spend=spend)
    if dtype_backend == "pyarrow":
        return cast("pandas.DataFrame", table.to_pandas(types_mapper=frames.ArrowDtype))
    text = {arrow.string(): frames.StringDtype()}
    return cast("pandas.DataFrame", table.to_pandas(types_mapper=text.get, date_as_object=False))


async def collect_arrow(
    opportunities: AsyncIterable[OpportunitySummary], *, spend: bool = False
) -> pyarrow.Table:
    """Read a pager or a scan to its end, and return an Arrow table.

    Args:
        opportunities: A pager, a scan or another async iterable of opportunities.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        ConfigurationError: pyarrow is not installed.
        ColumnError: A value does not fit its column.
        PartnerCentralError: The listing failed.
    """
    types = _Types(_require("pyarrow", extra="arrow"))
    async with aclosing(arrow_batches(opportunities, spend=spend)) as source:
        batches = [batch async for batch in source]
    table = types.arrow.Table.from_batches(batches, schema=types.schema(spend=spend))
    return cast("pyarrow.Table", table)


async def arrow_batches(
    opportunities: AsyncIterable[OpportunitySummary], *, size: int = 10_000, spend: bool = False
) -> AsyncGenerator[pyarrow.RecordBatch, None]:
    """Read a pager or a scan, and yield record batches in constant memory.

    Args:
        opportunities: A pager, a scan or another async iterable of opportunities.
        size: Opportunities to a batch, at least 1. The last batch has the rest; without any
            opportunity there is no batch.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        ConfigurationError: pyarrow is not installed, or the size is less than 1.
        ColumnError: A value does not fit its column.
        PartnerCentralError: The listing failed. Its ``resume_token`` is behind opportunities that
            no batch held yet.
    """
    arrow = _require("pyarrow", extra="arrow")
    if type(size) is not int or size < 1:
        raise ConfigurationError(f"size is {size!r}. Valid: a whole number of at least 1.")
    if not hasattr(opportunities, "__aiter__"):
        name = type(opportunities).__name__
        raise TypeError(f"{name} is not an async iterable: use to_arrow() for a list.")
    types = _Types(arrow)
    waiting: list[OpportunitySummary] = []
    pieces: list[Any] = []
    missing = size
    iterator: Any = aiter(opportunities)
    try:
        async for opportunity in iterator:
            waiting.append(opportunity)
            missing -= 1
            if missing == 0 or len(waiting) == PIECE_SIZE:
                pieces.append(_batch(list(_checked(waiting)), types, spend=spend))
                waiting.clear()
            if missing == 0:
                yield _one_batch(types, pieces)
                missing = size
        if waiting:
            pieces.append(_batch(list(_checked(waiting)), types, spend=spend))
        if pieces:
            yield _one_batch(types, pieces)
    finally:
        if hasattr(iterator, "aclose"):
            await iterator.aclose()


class _Types:
    """The Arrow types of the columns.

    Args:
        arrow: The module pyarrow.
    """

    def __init__(self, arrow: Any) -> None:
        self.arrow = arrow
        self.of_kind = {
            "text": arrow.string(),
            "enum": arrow.dictionary(arrow.int32(), arrow.string()),
            "timestamp": arrow.timestamp("us", tz="UTC"),
            "date": arrow.date32(),
            "amount": arrow.decimal128(AMOUNT_PRECISION, AMOUNT_SCALE),
        }
        self.delivery_models = arrow.list_(arrow.string())
        self.spend_fields = [
            arrow.field(column.name, self.of_kind[column.kind]) for column in SPEND_COLUMNS
        ]

    def schema(self, *, spend: bool) -> Any:
        """Return the schema of the long or the wide form."""
        arrow = self.arrow
        if spend:
            certain = {"id": arrow.string(), "position": arrow.int32()}
            keys = [arrow.field(name, kind, nullable=False) for name, kind in certain.items()]
            return arrow.schema(keys + self.spend_fields)
        fields = [
            arrow.field(each.name, self.of_kind[each.kind], each.name not in ("catalog", "id"))
            for each in COLUMNS
        ]
        fields.append(arrow.field(_DELIVERY_MODELS, self.delivery_models))
        fields.append(arrow.field(_SPEND, arrow.list_(arrow.struct(self.spend_fields))))
        return arrow.schema(fields)

    def arrays(
        self, values: Mapping[str, Sequence[object]], columns: Sequence[Column]
    ) -> list[Any]:
        """Return these columns."""
        return [self.array(values[column.name], column.kind) for column in columns]

    def array(self, values: Sequence[object], kind: Kind) -> Any:
        """Return one column."""
        if kind == "enum":
            return self.array(values, "text").dictionary_encode()
        return self.arrow.array(values, self.of_kind[kind])


def _batch(records: Sequence[OpportunitySummary], types: _Types, *, spend: bool) -> Any:
    with suppress(UnicodeEncodeError):
        arrays = _arrays(records, types, spend=spend)
        return types.arrow.RecordBatch.from_arrays(arrays, schema=types.schema(spend=spend))
    # The exception has the value, and does not say where it is.
    identifier, column = next(
        (record.id, name)
        for record in records
        for row in to_records([record], spend=spend)
        for name, value in row.items()
        if re.search("[\ud800-\udfff]", json.dumps(value, default=str, ensure_ascii=False))
    )
    raise ColumnError(identifier, column, "a text with a lone surrogate, which is not Unicode,")


def _arrays(records: Sequence[OpportunitySummary], types: _Types, *, spend: bool) -> list[Any]:
    entries = read_spend(records)
    spends = _spend_arrays(entries, types, "amount" if spend else _SPEND)
    if spend:
        positions = types.arrow.array(entries["position"], types.arrow.int32())
        return [types.array(entries["id"], "text"), positions, *spends]
    models = types.arrow.array(read_project(records, "delivery_models"), types.delivery_models)
    nested = _nested(read_project(records, "expected_customer_spend"), spends, types)
    return [*types.arrays(read_columns(records, COLUMNS), COLUMNS), models, nested]


def _spend_arrays(entries: dict[str, list[Any]], types: _Types, column: str) -> list[Any]:
    with suppress(types.arrow.ArrowInvalid):
        return types.arrays(entries, SPEND_COLUMNS)
    # Arrow rounds no amount, but also refuses some that do fit, such as 0E+99.
    fitting = map(_fitting_amount, entries["amount"], entries["id"], repeat(column))
    entries["amount"] = list(fitting)
    return types.arrays(entries, SPEND_COLUMNS)


def _fitting_amount(amount: Decimal | None, identifier: str, column: str) -> Decimal | None:
    with suppress(Inexact, InvalidOperation):
        return None if amount is None else amount.quantize(_CENT, context=_EXACT)
    raise AmountError(identifier, column, "an amount that does not fit without rounding")


def _nested(lists: Sequence[Sequence[object] | None], spends: list[Any], types: _Types) -> Any:
    """Return the column of lists of expected spends, whose columns have been made."""
    arrow = types.arrow
    offsets = arrow.array([0, *accumulate(len(each or ()) for each in lists)], arrow.int32())
    is_null = arrow.array([each is None for each in lists], arrow.bool_())
    entries = arrow.StructArray.from_arrays(spends, fields=types.spend_fields)
    return arrow.ListArray.from_arrays(offsets, entries, mask=is_null)


def _one_batch(types: _Types, pieces: list[Any]) -> Any:
    """Join batches, and empty the list: column by column, so that no column is kept twice."""
    schema = pieces[0].schema
    columns = types.arrow.Table.from_batches(pieces).unify_dictionaries().columns
    pieces.clear()
    arrays = [types.arrow.concat_arrays(columns.pop(0).chunks) for _ in schema]
    return types.arrow.RecordBatch.from_arrays(arrays, schema=schema)


def _rows(columns: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    plain = [
        [str(value) if isinstance(value, OpenStrEnum) else value for value in values]
        for values in columns.values()
    ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]


def _checked(opportunities: object) -> Iterator[OpportunitySummary]:
    if not isinstance(opportunities, Iterable):
        name = type(opportunities).__name__
        raise TypeError(f"{name} is not an iterable: `await collect_arrow(pager)` reads a pager.")
    for record in cast("Iterable[object]", opportunities):
        if not isinstance(record, OpportunitySummary):
            raise TypeError(
                f"{type(record).__name__} is not an OpportunitySummary, which "
                "OpportunitySummary.model_validate(record) makes of a record."
            )
        yield record


def _require(module: str, *, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f"{module} is not installed: pip install 'partnercentral_list[{extra}]'"
        ) from error
