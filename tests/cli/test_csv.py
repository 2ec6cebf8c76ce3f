"""CSV: every cell reads back equal, unless --csv-safe keeps a spreadsheet from computing it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.cli.conftest import Run
from tests.cli.running import where

Rows = list[list[str]]
Printed = Callable[..., Rows]

#: What a spreadsheet may take for a formula; the last four are full-width.
STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"]  # noqa: RUF001 # on purpose
SPECIAL = [
    *STARTS,
    "",
    " ",
    ",",
    '"',
    '""',
    "\r\n",
    "a\rb",
    "a\nb",
    "é",
    "'",
    ";",
    "\x85",
    "\u2028",
]
TEXTS = st.text() | st.sampled_from(SPECIAL)
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


@pytest.fixture
def printed(run: Run) -> Printed:
    """Reads as CSV what the command prints of these records, as a service sends them."""

    def printed(records: list[Any], *words: str) -> Rows:
        with PartnerCentralEmulator(1) as emulator:
            emulator.fail(Fault.body(json.dumps({"OpportunitySummaries": records}).encode()))
            done = run("opportunities", *where(emulator), "--output", "csv", *words)
        assert (done.code, done.err) == (0, "")
        return list(csv.reader(io.StringIO(done.out, newline="")))

    return printed


CELLS = ("--query", "OpportunitySummaries[].New")


def with_cells(rows: list[Any]) -> list[Any]:
    return [{"Id": "O1", "Catalog": "AWS", "New": row} for row in rows]


@settings(max_examples=25)
@example(rows=[[text, "b"] for text in SPECIAL])
@example(rows=[[""], [], ["", ""]])
@given(rows=st.lists(st.lists(TEXTS, max_size=4), max_size=4))
def test_any_cells_read_back_equal(rows: Rows, printed: Printed) -> None:
    assert printed(with_cells(rows), *CELLS) == rows


@settings(max_examples=25)
@given(
    name=TEXTS,
    steps=TEXTS,
    models=st.lists(TEXTS, max_size=3),
    unknown=st.dictionaries(TEXTS, TEXTS, max_size=2),
)
def test_any_record_reads_back_equal(
    name: str, steps: str, models: list[str], unknown: dict[str, str], printed: Printed
) -> None:
    record = {
        "Id": "O1",
        "Catalog": "AWS",
        "LifeCycle": {"NextSteps": steps},
        "Customer": {"Account": {"CompanyName": name}},
        "Project": {"DeliveryModels": models},
        "Unknown": unknown,
    }
    header, cells = printed([record])
    row = dict(zip(header, cells, strict=True))
    assert row["Customer.Account.CompanyName"] == name
    assert row["LifeCycle.NextSteps"] == steps
    assert json.loads(row["Project.DeliveryModels"]) == models
    assert json.loads(row["AdditionalMembers"]) == {"Unknown": unknown}
    assert row["Arn"] == ""


@pytest.mark.parametrize("start", STARTS)
def test_a_safe_cell_is_no_formula(start: str, printed: Printed) -> None:
    texts = [f"{start}1+1", f"{start}cmd|' /C calc'!A0", start]
    (row,) = printed(with_cells([texts]), "--csv-safe", *CELLS)
    assert row == [f"'{text}" for text in texts]


@pytest.mark.parametrize(
    "cell", ["", "Acme = Co", " =1", "'=1", "a\n=b", "-12.50", "+49", "-1e5", "-.5", "12", "-0"]
)
def test_a_safe_cell_that_is_no_formula_stays(cell: str, printed: Printed) -> None:
    assert printed(with_cells([[cell, "b"]]), "--csv-safe", *CELLS) == [[cell, "b"]]


@pytest.mark.parametrize("cell", ["-1+1", "+49 123", "-", "--1", "-1,5", "-1\n", "-٣", "-1e", "-."])
def test_what_only_begins_like_a_number_is_made_safe(cell: str, printed: Printed) -> None:
    assert printed(with_cells([[cell]]), "--csv-safe", *CELLS) == [[f"'{cell}"]]


def test_a_number_that_aws_sends_stays_a_number(run: Run) -> None:
    with PartnerCentralEmulator(1) as emulator:
        record = '{"Id":"O1","Catalog":"AWS","New":[-5,-1.50,-1e400,-0.0]}'
        emulator.fail(Fault.body(f'{{"OpportunitySummaries":[{record}]}}'.encode()))
        words = ("--output", "csv", "--csv-safe", *CELLS)
        assert run("opportunities", *where(emulator), *words).out == "-5,-1.50,-1E+400,-0.0\n"


@settings(max_examples=25)
@example(text="＝1")  # noqa: RUF001 # full-width on purpose
@given(text=TEXTS)
def test_any_safe_text_is_itself_or_quoted(text: str, printed: Printed) -> None:
    ((cell,),) = printed(with_cells([[text]]), "--csv-safe", *CELLS)
    assert cell in (text, f"'{text}")
    assert not cell.startswith(tuple(STARTS)) or NUMBER.fullmatch(cell)


def test_a_record_is_made_safe_in_each_column(printed: Printed) -> None:
    record = {
        "Id": "=O1",
        "Catalog": "AWS",
        "Customer": {"Account": {"CompanyName": "=HYPERLINK(1)", "WebsiteUrl": "@x"}},
        "Project": {"ExpectedCustomerSpend": [{"Amount": "-5.00"}], "DeliveryModels": ["=1"]},
        "=Unknown": "=1",
    }
    header, cells = printed([record], "--csv-safe")
    assert header[:2] == ["Catalog", "Id"]
    row = dict(zip(header, cells, strict=True))
    assert row["Id"] == "'=O1"
    assert row["Customer.Account.CompanyName"] == "'=HYPERLINK(1)"
    assert row["Customer.Account.WebsiteUrl"] == "'@x"
    # Lists and other members are JSON, which begins with a bracket.
    assert json.loads(row["Project.DeliveryModels"]) == ["=1"]
    assert json.loads(row["AdditionalMembers"]) == {"=Unknown": "=1"}


def test_names_that_a_record_brings_are_made_safe(printed: Printed) -> None:
    record = {"Id": "O1", "Catalog": "AWS", "LifeCycle": {"=1": "=2"}}
    words = ("--csv-safe", "--query", "OpportunitySummaries[].LifeCycle")
    assert printed([record], *words) == [["'=1"], ["'=2"]]
