"""A pipeline as a table: rows, Arrow, pandas and polars, all of one schema.

A row is an opportunity, a column a scalar field by its path (``life_cycle_stage``); the delivery
models and the expected spend are nested columns. With ``spend=True`` a row is one expected spend,
which joins on ``id``. Columns and types are the same for no rows, for all nulls and for any data.
Fields that this release does not know are left out.

Text is Arrow's ``string``; an enumeration ``dictionary<int32, string>``, open to values that this
release does not know; a timestamp ``timestamp[us, UTC]``; a date ``date32``; an amount
``decimal128(33, 2)``. Delivery models are a list of strings: DuckDB before 2.0 fails on a null list
of dictionary entries.

Arrow needs the extra ``arrow``, pandas and polars an extra of their own name. Every table holds
sensitive values: company names, addresses, next steps, amounts.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from decimal import Context, Decimal, Inexact, InvalidOperation
from importlib import import_module
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from partnercentral_list.errors import ConfigurationError, PartnerCentralError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.models.columns import (
    COLUMNS,
    SPEND_COLUMNS,
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


class AmountError(PartnerCentralError):
    """An amount does not fit the column without rounding; no part of a table was returned.

    It has more than 31 digits before the point or more than 2 behind it, which AWS's own model
    does not allow. `to_records` returns any amount.

    Attributes:
        opportunity_id: The opportunity with that amount.
    """

    def __init__(self, opportunity_id: str) -> None:
        super().__init__(
            f"An expected spend of opportunity {opportunity_id} has an amount that does not fit "
            f"decimal128({AMOUNT_PRECISION}, {AMOUNT_SCALE}) without rounding. Leave that "
            "opportunity out, or use to_records(), which returns any amount."
        )
        self.opportunity_id = opportunity_id

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.opportunity_id,), self.__dict__


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
    records = _checked(opportunities)
    if spend:
        columns = read_spend(records)
    else:
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
    schema: pyarrow.Schema = _Types(_require("pyarrow", extra="arrow")).schema(spend=spend)
    return schema


def to_arrow(opportunities: Iterable[OpportunitySummary], *, spend: bool = False) -> pyarrow.Table:
    """Return an Arrow table, which DuckDB, polars and pandas read without a copy.

    Args:
        opportunities: Any iterable of opportunities; for a pager or a scan see `collect_arrow`.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        ConfigurationError: pyarrow is not installed.
        AmountError: An amount does not fit its column.
        TypeError: Something is not an opportunity.
    """
    types = _Types(_require("pyarrow", extra="arrow"))
    records = iter(_checked(opportunities))
    pieces: list[Any] = []
    while piece := list(islice(records, PIECE_SIZE)):
        pieces.append(_batch(piece, types, spend=spend))
    batch = _one_batch(types, pieces or [_batch([], types, spend=spend)])
    table: pyarrow.Table = types.arrow.Table.from_batches([batch])
    return table


def to_polars(
    opportunities: Iterable[OpportunitySummary], *, spend: bool = False
) -> polars.DataFrame:
    """Return a polars frame: enumerations are categorical, amounts ``Decimal(33, 2)``.

    Args:
        opportunities: Any iterable of opportunities.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        ConfigurationError: polars or pyarrow is not installed.
        AmountError: An amount does not fit its column.
        TypeError: Something is not an opportunity.
    """
    frames = _require("polars", extra="polars")
    _require("pyarrow", extra="polars")
    frame: polars.DataFrame = frames.from_arrow(to_arrow(opportunities, spend=spend))
    return frame


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
        AmountError: An amount does not fit its column.
        TypeError: Something is not an opportunity.
    """
    frames = _require("pandas", extra="pandas")
    arrow = _require("pyarrow", extra="pandas")
    if dtype_backend not in ("numpy_nullable", "pyarrow"):
        raise ConfigurationError(
            f"dtype_backend is {dtype_backend!r}. Valid: 'numpy_nullable' and 'pyarrow'."
        )
    table: Any = to_arrow(opportunities, spend=spend)
    frame: pandas.DataFrame
    if dtype_backend == "pyarrow":
        frame = table.to_pandas(types_mapper=frames.ArrowDtype)
        return frame
    text = {arrow.string(): frames.StringDtype()}
    frame = table.to_pandas(types_mapper=text.get, date_as_object=False)
    return frame


async def collect_arrow(
    opportunities: AsyncIterable[OpportunitySummary], *, spend: bool = False
) -> pyarrow.Table:
    """Read a pager or a scan to its end, and return an Arrow table.

    Args:
        opportunities: A pager, a scan or another async iterable of opportunities.
        spend: One row for each expected spend instead of each opportunity.

    Raises:
        ConfigurationError: pyarrow is not installed.
        AmountError: An amount does not fit its column.
        PartnerCentralError: The listing failed.
        TypeError: Something is not an opportunity.
    """
    schema = arrow_schema(spend=spend)
    async with aclosing(arrow_batches(opportunities, spend=spend)) as source:
        batches = [batch async for batch in source]
    arrow = _require("pyarrow", extra="arrow")
    table: pyarrow.Table = arrow.Table.from_batches(batches, schema=schema)
    return table


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
        AmountError: An amount does not fit its column.
        PartnerCentralError: The listing failed. Its ``resume_token`` is behind opportunities that
            no batch held yet.
        TypeError: Something is not an opportunity.
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
                pieces.append(_batch(_checked(waiting), types, spend=spend))
                waiting.clear()
            if missing == 0:
                yield _one_batch(types, pieces)
                missing = size
        if waiting:
            pieces.append(_batch(_checked(waiting), types, spend=spend))
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
            arrow.field(
                column.name, self.of_kind[column.kind], column.name not in ("catalog", "id")
            )
            for column in COLUMNS
        ]
        fields.append(arrow.field(_DELIVERY_MODELS, self.delivery_models))
        fields.append(arrow.field(_SPEND, arrow.list_(arrow.struct(self.spend_fields))))
        return arrow.schema(fields)

    def array(self, values: Sequence[object], kind: Kind) -> Any:
        """Return one column."""
        if kind == "enum":
            return self.array(values, "text").dictionary_encode()
        return self.arrow.array(values, self.of_kind[kind])


def _batch(records: Sequence[OpportunitySummary], types: _Types, *, spend: bool) -> Any:
    entries = read_spend(records)
    spends = _spend_arrays(entries, types)
    if spend:
        arrays = [types.array(entries["id"], "text")]
        arrays.append(types.arrow.array(entries["position"], types.arrow.int32()))
        arrays += spends
    else:
        values = read_columns(records, COLUMNS)
        arrays = [types.array(values[column.name], column.kind) for column in COLUMNS]
        models = read_project(records, "delivery_models")
        arrays.append(types.arrow.array(models, types.delivery_models))
        arrays.append(_nested(read_project(records, "expected_customer_spend"), spends, types))
    return types.arrow.RecordBatch.from_arrays(arrays, schema=types.schema(spend=spend))


def _spend_arrays(entries: dict[str, list[Any]], types: _Types) -> list[Any]:
    def arrays() -> list[Any]:
        return [types.array(entries[column.name], column.kind) for column in SPEND_COLUMNS]

    with suppress(types.arrow.ArrowInvalid):
        return arrays()
    # Arrow rounds no amount, but also refuses some that do fit, such as 0E+99.
    entries["amount"] = list(map(_fitting_amount, entries["id"], entries["amount"]))
    return arrays()


def _fitting_amount(identifier: str, amount: Decimal | None) -> Decimal | None:
    with suppress(Inexact, InvalidOperation):
        return None if amount is None else amount.quantize(_CENT, context=_EXACT)
    raise AmountError(identifier)


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


def _checked(opportunities: object) -> list[OpportunitySummary]:
    if not isinstance(opportunities, Iterable):
        name = type(opportunities).__name__
        raise TypeError(f"{name} is not an iterable: `await collect_arrow(pager)` reads a pager.")
    records: list[OpportunitySummary] = []
    for record in cast("Iterable[object]", opportunities):
        if not isinstance(record, OpportunitySummary):
            raise TypeError(
                f"{type(record).__name__} is not an OpportunitySummary, which "
                "OpportunitySummary.model_validate(record) makes of a record."
            )
        records.append(record)
    return records


def _require(module: str, *, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigurationError(
            f"{module} is not installed: pip install 'partnercentral_list[{extra}]'"
        ) from error
