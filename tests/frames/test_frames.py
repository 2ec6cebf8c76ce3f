"""Tables of opportunities hold what the models hold, whatever it is and wherever they go."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import weakref
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from partnercentral_list import ConfigurationError, OpportunitySummary, frames
from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.models import Stage
from tests.conftest import MakeClient
from tests.models.records import marked_record, records

EVERYTHING = marked_record()
BARE = {"Id": "O1", "Catalog": "AWS"}
LARGEST = "9" * 31 + ".99"


def parsed(record: Any) -> OpportunitySummary:
    return OpportunitySummary.model_validate_json(json.dumps(record))


def spend(*amounts: str) -> OpportunitySummary:
    entries = [{"Amount": amount, "CurrencyCode": "USD"} for amount in amounts]
    return parsed(BARE | {"Project": {"ExpectedCustomerSpend": entries}})


OPPORTUNITIES = st.lists(
    records("OpportunitySummary").map(lambda pair: parsed(pair[0])), max_size=4
)
EDGES = [
    parsed(BARE),
    parsed(EVERYTHING),
    parsed(BARE | {"Customer": {}, "LifeCycle": {"Stage": "Postponed"}, "Project": {}}),
    parsed(BARE | {"Customer": {"Account": {}}, "CreatedDate": "0001-01-01T00:00:00Z"}),
    parsed(BARE | {"LastModifiedDate": "9999-12-31T23:59:59.999999Z"}),
    parsed(BARE | {"LifeCycle": {"TargetCloseDate": "0001-01-01"}}),
    parsed(BARE | {"LifeCycle": {"TargetCloseDate": "9999-12-31"}}),
    parsed(BARE | {"Project": {"DeliveryModels": [], "ExpectedCustomerSpend": []}}),
    spend(LARGEST, "0", "0.10", ""),
]


def scalar(value: object) -> object:
    return str(value) if isinstance(value, str) else value


def flat(value: object, path: str = "") -> dict[str, object]:
    """The scalar fields below a model, by their path; those of an absent model are missing."""
    if isinstance(value, BaseModel):
        found: dict[str, object] = {}
        for name in type(value).model_fields:
            found |= flat(getattr(value, name), f"{path}_{name}" if path else name)
        return found
    if isinstance(value, tuple):
        return {path: [flat(v) if isinstance(v, BaseModel) else scalar(v) for v in value]}
    return {path: scalar(value)}


NAMES = list(flat(parsed(EVERYTHING)))


def wide(opportunities: Sequence[OpportunitySummary]) -> list[dict[str, object]]:
    return [{name: flat(item).get(name) for name in NAMES} for item in opportunities]


def long(opportunities: Sequence[OpportunitySummary]) -> list[dict[str, object]]:
    return [
        {"id": row["id"], "position": position, **entry}
        for row in wide(opportunities)
        for position, entry in enumerate(row["project_expected_customer_spend"] or ())
    ]


@given(OPPORTUNITIES)
@example(EDGES)
@example([])
def test_a_table_is_equal_to_the_models(opportunities: list[OpportunitySummary]) -> None:
    for rows, is_spend in ((wide(opportunities), False), (long(opportunities), True)):
        assert frames.to_records(opportunities, spend=is_spend) == rows
        table = frames.to_arrow(iter(opportunities), spend=is_spend)
        table.validate(full=True)
        assert table.to_pylist() == rows
        assert table.schema == frames.arrow_schema(spend=is_spend)


@given(OPPORTUNITIES)
@example(EDGES)
@example([])
def test_parquet_keeps_values_and_types(opportunities: list[OpportunitySummary]) -> None:
    for is_spend in (False, True):
        table = frames.to_arrow(opportunities, spend=is_spend)
        file = io.BytesIO()
        pyarrow.parquet.write_table(table, file)
        read = pyarrow.parquet.read_table(file)
        assert read.schema == table.schema
        assert read.to_pylist() == table.to_pylist()


@given(OPPORTUNITIES)
@example(EDGES)
@example([])
def test_polars_keeps_the_values(opportunities: list[OpportunitySummary]) -> None:
    assert frames.to_polars(opportunities).to_dicts() == wide(opportunities)
    assert frames.to_polars(opportunities, spend=True).to_dicts() == long(opportunities)
    types = frames.to_polars(opportunities, spend=True).schema
    assert types["amount"] == polars.Decimal(33, 2)
    assert types == frames.to_polars([], spend=True).schema


@given(OPPORTUNITIES)
@example(EDGES[:3] + EDGES[5:])
@example([])
def test_duckdb_keeps_the_values(opportunities: list[OpportunitySummary]) -> None:
    for is_spend in (False, True):
        table = frames.to_arrow(opportunities, spend=is_spend)
        with duckdb.connect() as connection:
            connection.register("opportunities", table)
            read = connection.sql("SELECT * FROM opportunities").to_arrow_table()
        assert read.to_pylist() == table.to_pylist()


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
@given(opportunities=OPPORTUNITIES)
@example(opportunities=EDGES)
@example(opportunities=[])
def test_pandas_keeps_the_values(backend: Any, opportunities: list[OpportunitySummary]) -> None:
    for rows, is_spend in ((wide(opportunities), False), (long(opportunities), True)):
        frame = frames.to_pandas(opportunities, spend=is_spend, dtype_backend=backend)
        nested = {"project_delivery_models", "project_expected_customer_spend"}
        for name in set(frame.columns) - nested:
            values = [row[name] for row in rows]
            assert [of_pandas(value, name) for value in frame[name]] == values
        empty = frames.to_pandas([], spend=is_spend, dtype_backend=backend)
        kinds = [str(kind).replace("datetime64[s]", "datetime64[ms]") for kind in frame.dtypes]
        assert kinds == [str(kind) for kind in empty.dtypes]


def of_pandas(value: Any, name: str) -> object:
    if value is None or value is pandas.NaT or (not isinstance(value, str) and pandas.isna(value)):
        return None
    if name == "life_cycle_target_close_date" and type(value) is not date:
        return value.date()
    return value.to_pydatetime() if isinstance(value, pandas.Timestamp) else value


def test_pandas_categories_stay_open_and_amounts_sum_exactly() -> None:
    frame = frames.to_pandas(EDGES)
    assert str(frame["life_cycle_stage"].dtype) == "category"
    assert "Postponed" in set(frame["life_cycle_stage"].dropna())
    amounts = frames.to_pandas([spend("0.10", "0.20"), spend(LARGEST)], spend=True)["amount"]
    assert amounts.sum() == Decimal("1" + "0" * 31) + Decimal("0.29")


def test_values_are_plain_python() -> None:
    (row,) = frames.to_records([parsed(EVERYTHING | {"LifeCycle": {"Stage": "Qualified"}})])
    assert type(row["life_cycle_stage"]) is str
    assert row["created_date"] == datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize("amount", ["1" + "0" * 31, "0.001", "1.005", "9e99999", "1e-99999"])
def test_an_amount_that_does_not_fit_is_an_error(amount: str) -> None:
    opportunities = [spend("1"), spend("2.50", amount)]
    for is_spend in (False, True):
        column = "amount" if is_spend else "project_expected_customer_spend"
        with pytest.raises(
            frames.AmountError, match=rf"'O1' has an amount .* in {column}\."
        ) as got:
            frames.to_arrow(opportunities, spend=is_spend)
        assert amount not in str(got.value)
        assert got.value.__context__ is None
        again = pickle.loads(pickle.dumps(got.value))
        assert type(again) is frames.AmountError
        assert (str(again), vars(again)) == (str(got.value), vars(got.value))
    assert frames.to_records(opportunities, spend=True)[-1]["amount"] == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        ("1.500", "1.50"),
        ("1e30", "1" + "0" * 30),
        ("0e99", "0"),
        ("1E-1", "0.1"),
        ("-3.10", "-3.1"),
    ],
)
def test_an_amount_that_fits_is_kept_exactly(amount: str, kept: str) -> None:
    table = frames.to_arrow([spend(amount)], spend=True)
    assert table["amount"].to_pylist() == [Decimal(kept)]


LONE = "secret\ud800"
WITH_LONE_SURROGATES: dict[str, Any] = {
    "life_cycle_next_steps": {"LifeCycle": {"NextSteps": LONE}},
    "life_cycle_stage": {"LifeCycle": {"Stage": LONE}},
    "customer_account_company_name": {"Customer": {"Account": {"CompanyName": LONE}}},
    "project_delivery_models": {"Project": {"DeliveryModels": ["Resell", LONE]}},
    "id": {"Id": LONE},
}


@pytest.mark.parametrize("column", WITH_LONE_SURROGATES)
def test_a_text_that_is_not_unicode_is_an_error(column: str) -> None:
    broken = OpportunitySummary.model_validate(BARE | WITH_LONE_SURROGATES[column])
    assert_column_error([parsed(BARE | {"Id": "O2"}), broken], broken.id, column, is_spend=False)
    assert frames.to_records([broken])


@pytest.mark.parametrize("member", ["CurrencyCode", "TargetCompany", "Frequency"])
def test_a_text_of_an_expected_spend_that_is_not_unicode_is_an_error(member: str) -> None:
    spends = [{"Amount": "1", "CurrencyCode": "USD"}, {"Amount": "1", member: LONE}]
    broken = OpportunitySummary.model_validate(
        BARE
        | {
            "Customer": {"Account": {"CompanyName": LONE}},
            "Project": {"ExpectedCustomerSpend": spends},
        }
    )
    column = {"CurrencyCode": "currency_code", "TargetCompany": "target_company"}
    assert_column_error([spend("1"), broken], "O1", column.get(member, "frequency"), is_spend=True)


def assert_column_error(
    opportunities: Any, identifier: str, column: str, *, is_spend: bool
) -> None:
    with pytest.raises(frames.ColumnError, match=rf"lone surrogate, .* in {column}\.") as caught:
        frames.to_arrow(opportunities, spend=is_spend)
    assert (caught.value.opportunity_id, caught.value.column) == (identifier, column)
    assert not isinstance(caught.value, frames.AmountError)
    assert caught.value.__context__ is None
    assert str(caught.value).isascii()
    assert ("secret" in str(caught.value)) == (column == "id")


async def test_batches_name_a_text_that_is_not_unicode() -> None:
    broken = OpportunitySummary.model_validate(BARE | {"LifeCycle": {"NextSteps": LONE}})
    with pytest.raises(frames.ColumnError, match="'O1' has a text"):
        await frames.collect_arrow(source([broken]))


def test_a_generator_is_converted_as_it_comes() -> None:
    alive: weakref.WeakSet[OpportunitySummary] = weakref.WeakSet()
    most = 0

    def generated() -> Iterator[OpportunitySummary]:
        nonlocal most
        for number in range(4 * frames.PIECE_SIZE):
            opportunity = parsed(BARE | {"Id": f"O{number}"})
            alive.add(opportunity)
            most = max(most, len(alive))
            yield opportunity

    assert len(frames.to_arrow(generated())) == 4 * frames.PIECE_SIZE
    assert most <= 2 * frames.PIECE_SIZE + 1


# Pagers


async def test_a_pager_becomes_a_table(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    client = make_client(emulator)
    opportunities = await client.iter_opportunities().collect()
    table = await frames.collect_arrow(client.iter_opportunities())
    assert table.to_pylist() == frames.to_records(opportunities)
    scanned = await frames.collect_arrow(client.scan_opportunities(), spend=True)
    assert len(scanned) == len(frames.to_records(opportunities, spend=True))


BARE_ONES = [parsed(BARE | {"Id": f"O{number}"}) for number in range(1_600)]


# A batch is made of pieces of 500.
@given(count=st.integers(0, 1_600), size=st.integers(1, 1_700))
@example(count=0, size=1)
@example(count=1_000, size=500)
@example(count=1_001, size=1_000)
@example(count=1_499, size=1_500)
@settings(max_examples=30)
async def test_batches_have_their_size(count: int, size: int) -> None:
    batches = [batch async for batch in frames.arrow_batches(source(BARE_ONES[:count]), size=size)]
    lengths = [len(batch) for batch in batches]
    assert lengths == [size] * (count // size) + [count % size] * (count % size > 0)
    ids = [identifier for batch in batches for identifier in batch["id"].to_pylist()]
    assert ids == [opportunity.id for opportunity in BARE_ONES[:count]]
    assert all(batch.schema == frames.arrow_schema() for batch in batches)


async def source(opportunities: Sequence[object]) -> AsyncIterator[Any]:
    for opportunity in opportunities:
        yield opportunity


async def test_batches_without_spend_have_no_rows() -> None:
    batches = [b async for b in frames.arrow_batches(source(EDGES[:2]), size=1, spend=True)]
    assert [len(batch) for batch in batches] == [0, 1]


async def test_breaking_out_of_batches_closes_the_listing(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    pager = make_client(emulator).iter_opportunities(page_size=10)
    batches = frames.arrow_batches(pager, size=15)
    assert len(await anext(batches)) == 15
    await batches.aclose()
    assert len(emulator.requests) <= 4


async def test_a_listing_that_fails_fails_the_batches(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail("AccessDeniedException", at=3)
    batches = frames.arrow_batches(make_client(emulator).iter_opportunities(page_size=10), size=15)
    assert len(await anext(batches)) == 15
    with pytest.raises(Exception, match="AccessDenied"):
        await anext(batches)


# Bad input


@pytest.mark.parametrize("opportunities", [None, 5, [None], [parsed(BARE), BARE], "O1"])
def test_what_is_no_opportunity_is_refused(opportunities: Any) -> None:
    for convert in (frames.to_records, frames.to_arrow, frames.to_pandas, frames.to_polars):
        with pytest.raises(TypeError, match="is not an"):
            convert(opportunities)


async def test_a_pager_and_a_list_are_distinguished(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    with pytest.raises(TypeError, match="collect"):
        frames.to_arrow(make_client(emulator).iter_opportunities())
    with pytest.raises(TypeError, match=r"use to_arrow\(\) for a list"):
        await frames.collect_arrow([])


def test_a_source_that_fails_half_way_fails_the_table() -> None:
    def failing() -> Any:
        yield parsed(BARE)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        frames.to_arrow(failing())


async def test_a_source_that_fails_half_way_fails_after_its_whole_batches() -> None:
    async def failing() -> AsyncIterator[OpportunitySummary]:
        for opportunity in BARE_ONES[:5]:
            yield opportunity
        raise OSError("gone")

    batches = frames.arrow_batches(failing(), size=2)
    assert [len(await anext(batches)) for _ in range(2)] == [2, 2]
    with pytest.raises(OSError, match="gone"):
        await anext(batches)
    with pytest.raises(OSError, match="gone"):
        await frames.collect_arrow(failing())


async def test_a_source_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match=r"dict is not .* OpportunitySummary\.model_validate"):
        await frames.collect_arrow(source([parsed(BARE), BARE]))


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "9", None])
async def test_a_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        await anext(frames.arrow_batches(source([]), size=size))


def test_another_backend_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'numpy_nullable' and 'pyarrow'"):
        frames.to_pandas([], dtype_backend="numpy")


@pytest.mark.parametrize(
    ("convert", "missing", "extra"),
    [
        (frames.to_arrow, "pyarrow", "arrow"),
        (frames.to_pandas, "pandas", "pandas"),
        (frames.to_pandas, "pyarrow", "pandas"),
        (frames.to_polars, "polars", "polars"),
        (frames.to_polars, "pyarrow", "polars"),
    ],
)
def test_a_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, convert: Any, missing: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationError, match=rf"partnercentral_list\[{extra}\]'"):
        convert([])


async def test_a_missing_pyarrow_is_named_before_a_pager_is_read(
    monkeypatch: pytest.MonkeyPatch, make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    pager = make_client(emulator).iter_opportunities()
    for reading in (frames.collect_arrow(pager), anext(frames.arrow_batches(pager))):
        with pytest.raises(ConfigurationError, match=r"partnercentral_list\[arrow\]'"):
            await reading
    assert not emulator.requests


def test_importing_frames_imports_no_extra() -> None:
    code = (
        "import sys, partnercentral_list.frames\n"
        "print([m for m in ('pyarrow', 'pandas', 'polars', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_stages_can_be_compared_with_the_enumeration() -> None:
    (row,) = frames.to_records([parsed(BARE | {"LifeCycle": {"Stage": "Qualified"}})])
    assert row["life_cycle_stage"] == Stage.QUALIFIED
