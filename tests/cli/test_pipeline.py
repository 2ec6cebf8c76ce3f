"""The pipeline: which rows, cells and totals the command prints."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from partnercentral_list.models import Stage
from partnercentral_list.models.columns import COLUMNS
from tests.cli.conftest import Done, Run
from tests.cli.running import HangingRequest, argv_of, where, without_retries

TODAY = ("--today", "2026-06-01")
CURRENCIES = ("USD", "EUR", "JPY", "KWD")

Spend = Mapping[str, Any]


def spend(amount: str | None, currency: str | None = "USD", frequency: str = "Monthly") -> Spend:
    return {"Amount": amount, "CurrencyCode": currency, "Frequency": frequency}


def opportunity(number: int, *spends: Spend, **life_cycle: Any) -> dict[str, Any]:
    return {
        "Id": f"O{number}",
        "Catalog": "AWS",
        "CreatedDate": "2026-01-01T00:00:00Z",
        "LastModifiedDate": f"2026-05-{29 - number:02d}T10:20:30.456Z",
        "Customer": {"Account": {"CompanyName": f"Company {number}", "Industry": "Retail"}},
        "LifeCycle": life_cycle,
        "Project": {"ExpectedCustomerSpend": list(spends)},
    }


def piped(records: Sequence[Mapping[str, Any]], *words: str, check: bool = True) -> str:
    """Return the output on a pipe without COLUMNS."""
    with PartnerCentralEmulator(records) as emulator:
        done = subprocess.run(
            argv_of(emulator, *TODAY, *words, command="pipeline"),
            capture_output=True,
            encoding="utf-8",
            check=check,
            env=without_size(),
        )
    return done.stdout


def without_size() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}


@pytest.fixture
def shown(run: Run) -> Callable[..., Done]:
    """Runs `pipeline` on some records."""

    def shown(records: Sequence[Mapping[str, Any]], *words: str) -> Done:
        with PartnerCentralEmulator(records) as emulator:
            return run("pipeline", *where(emulator), *TODAY, *words)

    return shown


RECORDS = [
    opportunity(
        1,
        spend("1200.50"),
        Stage="Qualified",
        ReviewStatus="In review",
        TargetCloseDate="2026-05-31",
    ),
    opportunity(2, spend("7"), spend("3", "EUR"), Stage="Launched", TargetCloseDate="2026-01-31"),
    opportunity(3, Stage="Qualified", TargetCloseDate="2026-06-01"),
]


def test_a_row_is_an_opportunity_and_numbers_are_aligned() -> None:
    assert [line.rstrip() for line in piped(RECORDS).splitlines()] == [
        "ID  COMPANY    STAGE      REVIEW STATUS  TARGET CLOSE    MONTHLY SPEND  LAST CHANGE",
        "O1  Company 1  Qualified  In review      2026-05-31!      1,200.50 USD  2026-05-28 10:20",
        "O2  Company 2  Launched                  2026-01-31    3 EUR, 7    USD  2026-05-27 10:20",
        "O3  Company 3  Qualified                 2026-06-01                     2026-05-26 10:20",
        "─" * 88,
        "3 opportunities, 1 overdue (!)",
        "monthly spend      3    EUR",
        "               1,207.50 USD",
    ]


def test_a_summary_has_a_row_for_each_stage_and_currency() -> None:
    none = [opportunity(4, Stage="Neu"), opportunity(5), opportunity(6, spend("30000", "EUR"))]
    assert [line.rstrip() for line in piped([*RECORDS, *none], "--summary").splitlines()] == [
        "STAGE       COUNT                        MONTHLY SPEND",
        "Qualified       2  ████████████████████   1,200.50 USD  ████████████████████",
        "Launched        1  ██████████                 3    EUR  ▏",
        "                                              7    USD  ▏",
        "Neu             1  ██████████",
        "(no stage)      2  ████████████████████  30,000    EUR  ████████████████████",
        "─" * 76,
        "6 opportunities, 1 overdue (!)",
        "monthly spend  30,003    EUR",
        "                1,207.50 USD",
    ]


def test_only_what_is_open_is_overdue_and_only_after_its_day(shown: Run) -> None:
    stages = [*Stage, "Another"]
    records = [
        opportunity(number, Stage=stage, TargetCloseDate=f"2026-0{5 + late}-0{2 - late}")
        for number, (stage, late) in enumerate(((s, late) for s in stages for late in (0, 1)), 1)
    ]
    done = shown(records, "--columns", "stage,target-close")
    overdue = re.findall(r"^(\S+(?: \w+)?) +2026-05-02!", done.out, re.MULTILINE)
    assert set(overdue) == {*stages} - {"Launched", "Closed Lost"}
    assert "2026-06-01!" not in done.out
    assert f"{len(records)} opportunities, 6 overdue (!)\n" in done.out


def test_today_is_a_day_of_utc_unless_it_is_given(run: Run) -> None:
    records = [
        opportunity(1, Stage="Qualified", TargetCloseDate="1999-12-31"),
        opportunity(2, Stage="Qualified", TargetCloseDate="9999-12-31"),
    ]
    with PartnerCentralEmulator(records) as emulator:
        assert "2 opportunities, 1 overdue (!)" in run("pipeline", *where(emulator)).out
        bad = run("pipeline", *where(emulator), "--today", "yesterday")
    assert bad.code == 252
    assert "'--today': 'yesterday' is not a day; write YYYY-MM-DD" in bad.err


def spends_of(record: Mapping[str, Any]) -> list[Spend]:
    found: list[Spend] = record["Project"]["ExpectedCustomerSpend"]
    return found


AMOUNTS = st.decimals(0, 10**31 - 1, places=2).map(str) | st.sampled_from(["", "0", "7.5", "12"])
SPENDS = st.builds(
    spend,
    st.none() | AMOUNTS,
    st.none() | st.sampled_from(CURRENCIES),
    st.sampled_from(["Monthly"] * 4 + ["None"]),
)
PIPELINES = st.lists(
    st.tuples(st.lists(SPENDS, max_size=4), st.none() | st.sampled_from(list(Stage))), max_size=8
).map(
    lambda rows: [
        opportunity(number, *spends, **({"Stage": str(stage)} if stage else {}))
        for number, (spends, stage) in enumerate(rows, 1)
    ]
)


def totals_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Fraction]:
    """The totals, computed from the wire form in another way."""
    totals: dict[str, Fraction] = {}
    for entry in (entry for record in records for entry in spends_of(record)):
        amount, currency = entry["Amount"], entry["CurrencyCode"]
        if entry["Frequency"] == "Monthly" and amount and currency:
            totals[currency] = totals.get(currency, Fraction()) + Fraction(amount)
    return totals


def read_amounts(text: str) -> dict[str, Fraction]:
    found = re.findall(r"([\d,]+(?:\.\d+)?) +([A-Z]{3})\b", text)
    assert len(dict.fromkeys(currency for _, currency in found)) == len(found)
    return {currency: Fraction(amount.replace(",", "")) for amount, currency in found}


@settings(max_examples=40)
@given(PIPELINES)
def test_totals_are_exact_sums_for_each_currency(shown: Run, records: list[dict[str, Any]]) -> None:
    done = shown(records)
    assert done.code == 0
    footer = done.out.partition("─\n")[2]
    assert read_amounts(footer) == totals_of(records)
    entries = [entry for record in records for entry in spends_of(record)]
    monthly = [entry for entry in entries if entry["Frequency"] == "Monthly"]
    counts = {
        "without an amount": sum(not entry["Amount"] for entry in monthly),
        "without a currency": sum(
            bool(entry["Amount"]) and not entry["CurrencyCode"] for entry in monthly
        ),
        "not monthly": len(entries) - len(monthly),
    }
    for kind, count in counts.items():
        assert (f"{count} {kind}" in footer) == (count > 0)


@settings(max_examples=30)
@given(PIPELINES.filter(bool))
def test_a_summary_adds_up_by_stage(shown: Run, records: list[dict[str, Any]]) -> None:
    table, _, footer = shown(records, "--summary", "--wide").out.partition("─\n")
    assert read_amounts(footer) == totals_of(records)
    counts: Counter[str] = Counter()
    sums: dict[str, str] = {}
    stage = ""
    for line in table.splitlines()[1:]:
        found = re.match(r"(\(?\w+(?: \w+)?\)?) +(\d+)  ", line)
        if found:
            stage = found[1]
            counts[stage] = int(found[2])
        sums[stage] = sums.get(stage, "") + line[len(found[0]) if found else 0 :] + "\n"
    names = [record["LifeCycle"].get("Stage", "(no stage)") for record in records]
    assert counts == Counter(names)
    assert list(counts) == sorted(counts, key=[*map(str, Stage), "(no stage)"].index)
    for stage in counts:
        own = [r for r, name in zip(records, names, strict=True) if name == stage]
        assert read_amounts(sums[stage]) == totals_of(own)


def test_what_is_unknown_of_an_estimate_is_said(shown: Run) -> None:
    records = [
        opportunity(1, spend("100"), spend("")),
        opportunity(2, spend("5", None), spend("9", "USD", "None")),
        opportunity(3, spend("1", "X\x1bY")),
    ]
    done = shown(records, "--columns", "id,monthly-spend", "--wide")
    rows = dict(line.split(maxsplit=1) for line in done.out.splitlines()[1:4])
    assert {key: " ".join(cell.split()) for key, cell in rows.items()} == {
        "O1": "100 USD, ? USD",
        "O2": "5 ?",
        "O3": "1 X\\u001bY",
    }
    said = "Estimates in no total: 1 without an amount, 1 without a currency, 1 not monthly."
    assert said in done.out
    assert read_amounts(done.out.partition("─\n")[2]) == {"USD": 100}


def test_a_sum_of_too_many_digits_is_not_rounded(shown: Run) -> None:
    records = [opportunity(1, spend("9" * 90), spend("0." + "0" * 20 + "1"), spend("1E+99", "EUR"))]
    footer = shown(records).out.partition("─\n")[2]
    assert re.search(r"over 100 digits +USD", footer)
    assert read_amounts(footer) == {"EUR": 10**99}
    # An exponent of nine digits would be a gigabyte.
    assert "1E+999999999 USD" in shown([opportunity(1, spend("1E+999999999"))], "--wide").out


def rows_of(text: str) -> list[str]:
    return [line.split()[0] for line in text.partition("─")[0].splitlines()[1:]]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--life-cycle-stage", "Qualified", "Committed"],
        ["--sort", "SortBy=TargetCloseDate,SortOrder=ASCENDING", "--max-items", "120"],
        ["--created-date", "AfterCreatedDate=2025-01-01"],
    ],
    ids=str,
)
def test_rows_are_those_of_opportunities_in_their_order(
    words: list[str], run: Run, listed: Run, emulator: PartnerCentralEmulator
) -> None:
    expected = listed("--query", "OpportunitySummaries[].Id", *words).out
    done = run("pipeline", *where(emulator), "--wide", *words)
    assert rows_of(done.out) == json.loads(expected)
    assert f"{len(rows_of(done.out))} opportunities" in done.out


def test_a_scan_has_the_same_rows_in_another_order(
    run: Run, emulator: PartnerCentralEmulator
) -> None:
    scanned = run("pipeline", *where(emulator), "--wide", "--scan")
    assert sorted(rows_of(scanned.out)) == sorted(record["Id"] for record in emulator.opportunities)
    assert "Opportunities without a creation date may be missing" in scanned.out
    refused = run("pipeline", *where(emulator), "--scan", "--max-items", "3")
    assert refused.code == 252
    assert "--scan reads everything that matches" in refused.err


def test_a_cut_pipeline_says_that_there_is_more(shown: Run) -> None:
    assert "More opportunities match: --max-items" in shown(RECORDS, "--max-items", "2").out
    assert "More opportunities match" not in shown(RECORDS, "--max-items", "3").out
    nothing = shown(RECORDS, "--max-items", "0")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "No opportunities were listed: --max-items ended the listing.\n"


def test_without_a_match_one_line_says_so(shown: Run) -> None:
    for words in ([], ["--summary"]):
        done = shown(RECORDS, "--identifier", "O9", *words)
        assert (done.code, done.out, done.err) == (0, "", "No opportunities match.\n")


INVALID = opportunity(4, spend("twelve"))


@pytest.mark.parametrize("words", [[], ["--scan"]], ids=["listing", "scan"])
def test_an_invalid_record_is_an_error_unless_it_is_skipped(words: list[str], shown: Run) -> None:
    done = shown([*RECORDS, INVALID], *words)
    assert (done.code, done.out) == (255, "")
    assert "Opportunity O4 " in done.err
    assert "twelve" not in done.err
    assert "--skip-invalid leaves out what cannot be parsed, and names it." in done.err
    skipped = shown([*RECORDS, INVALID], "--skip-invalid", *words)
    assert skipped.code == 0
    assert sorted(rows_of(skipped.out)) == ["O1", "O2", "O3"]
    assert "Left out of the table and the totals, as invalid: 1 (O4).\n" in skipped.out


def test_a_pipeline_of_invalid_records_is_not_taken_for_empty(shown: Run) -> None:
    records = [{**INVALID, "Id": f"O{number}"} for number in range(12)]
    done = shown(records, "--skip-invalid")
    assert done.err == "No valid opportunities match.\n"
    assert re.search(r"as invalid: 12 \((?:O\d+, ){10}…\)\.\n", done.out)


def test_columns_are_named_as_in_the_table_or_as_fields(shown: Run) -> None:
    done = shown(RECORDS, "--columns", "last-change, Stage,industry,customer_account_company_name")
    head, first, *_ = done.out.splitlines()
    assert head.split("  ")[0] == "LAST CHANGE"
    assert re.split(" {2,}", first.strip()) == [
        *("2026-05-28 10:20", "Qualified", "Retail", "Company 1")
    ]


@pytest.mark.parametrize("name", [column.name for column in COLUMNS])
def test_every_column_of_the_schema_can_be_named(name: str, shown: Run) -> None:
    for spelling in (name, name.replace("_", "-")):
        done = shown(RECORDS, "--columns", spelling)
        assert done.code == 0
        assert len(done.out.partition("─")[0].splitlines()) == 4


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("id,compny", 'there is no column "compny". Perhaps you mean company. There are: id, '),
        ("next-step", 'there is no column "next-step". Perhaps you mean next-steps.'),
        ("company-nam", 'there is no column "company-nam". Perhaps you mean company-name.'),
        ("id,,stage", "a name is empty. There are: id, company, stage, review-status, "),
        ("", "a name is empty."),
    ],
)
def test_an_unknown_column_is_refused_before_anything_is_sent(
    names: str, problem: str, run: Run
) -> None:
    done = run("pipeline", "--catalog", "AWS", "--columns", names)
    assert (done.code, done.out) == (252, "")
    assert f"Bad value for --columns: {problem}" in done.err


def test_a_summary_has_no_columns_to_choose(run: Run) -> None:
    done = run("pipeline", "--demo", "--summary", "--columns", "id")
    assert done.code == 252
    assert "leave out --columns" in done.err


def test_a_wide_table_shows_more_columns(shown: Run) -> None:
    head = shown(RECORDS, "--wide").out.splitlines()[0]
    assert head.startswith("ID  COMPANY    STAGE      REVIEW STATUS  TARGET CLOSE")
    assert re.split(" {2,}", head.strip())[-6:] == [
        *("CREATED DATE", "OPPORTUNITY TYPE", "INDUSTRY", "COUNTRY CODE"),
        *("PARTNER OPPORTUNITY IDENTIFIER", "NEXT STEPS"),
    ]


def test_an_error_midway_writes_no_part_of_a_table(
    run: Run, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_retries(monkeypatch)
    emulator.fail(Fault.error("ThrottlingException"), at=2)
    done = run("pipeline", *where(emulator))
    assert (done.code, done.out) == (254, "")
    assert "100 opportunities were read, and none was written." in done.err


def test_ctrl_c_writes_no_part_of_a_table(emulator: PartnerCentralEmulator) -> None:
    with (
        HangingRequest(emulator, at=2) as reached,
        subprocess.Popen(
            argv_of(emulator, command="pipeline"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process,
    ):
        assert reached.wait(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "Interrupted: nothing was written.\n"


def test_without_a_catalog_the_usage_is_the_pipelines(run: Run) -> None:
    done = run("pipeline")
    assert done.code == 252
    assert done.err.startswith("usage: partnercentral-list pipeline --catalog CATALOG")


def test_a_pipeline_needs_no_extra(shown: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rich", "yaml", "argcomplete", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    assert shown(RECORDS).code == 0
