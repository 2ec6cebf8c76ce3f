"""The look of a pipeline: on terminals of several widths, on a pipe, with and without colors."""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.conftest import Run
from tests.cli.running import argv_of, on_terminal, where
from tests.cli.test_pipeline import TODAY, opportunity, piped, spend, without_size

COLORS = re.compile(r"\x1b\[[\d;]*m")
ISOLATES = re.compile("[\u2068\u2069]")
#: What moves a cursor, or what is around it.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
WIDTHS = (60, 80, 200)

COMPANIES = (
    "Heron Consulting",
    "月見システムズ株式会社大阪支店第二営業部",
    "鹤湖数据科技有限公司",
    "אלון כחול אנרגיה",
    "نخلة الفجر للتقنية",
    "شرکت می\u200cخواهم",  # noqa: RUF001 # Persian, which needs what is invisible in it.
    "Синя Чапла ЕООД, Відділення №7",
    "ดอกบัวเงิน โลจิสติกส์",
    "नीलकमल तारा शिक्षा",
    "Cafe\u0301 u\u0308ber Zu\u0308rich e\u0301tage troisie\u0300me",
    "한국 전력 공사",
    "👩\u200d💻 ❤\ufe0f 👋🏽 Ltd",
    "",
)
RECORDS = [
    {
        **opportunity(
            number,
            spend("1234.50"),
            Stage="Technical Validation",
            ReviewStatus="Action Required",
            TargetCloseDate="2026-02-01",
        ),
        "Id": f"O{number:07d}",
        "Customer": {"Account": {"CompanyName": name}},
    }
    for number, name in enumerate(COMPANIES, 1)
]


def plain(shown: str) -> str:
    """Return the text that stays on the terminal, without colors and isolates."""
    last = shown.replace("\r\n", "\n").split("\r\x1b[K")[-1]
    return ISOLATES.sub("", COLORS.sub("", last))


def table_of(shown: str) -> list[str]:
    """The lines above the footer."""
    return re.split(r"^─+\n(?=[\d,]+ opportunit)", shown, maxsplit=1, flags=re.MULTILINE)[
        0
    ].splitlines()


def named(*companies: str) -> list[dict[str, Any]]:
    return [
        {**opportunity(number), "Customer": {"Account": {"CompanyName": company}}}
        for number, company in enumerate(companies, 1)
    ]


@pytest.fixture(scope="module")
def terminals() -> dict[int, str]:
    """The output on terminals of these widths."""
    with PartnerCentralEmulator(RECORDS) as emulator:
        argv = argv_of(emulator, *TODAY, command="pipeline")
        return {width: on_terminal(argv, columns=width)[1] for width in WIDTHS}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_terminal_gets_lines_that_fit(width: int, terminals: dict[int, str]) -> None:
    shown = plain(terminals[width])
    lines = table_of(shown)
    rows = [line for line in lines if line.startswith("O0")]
    assert len(rows) == len(RECORDS)
    # A vowel sign of Devanagari takes a cell, though not for rich.
    assert {cell_len(line) for line in lines if "नी" not in line} == {
        min(width, max(map(cell_len, lines)))
    }
    assert all(cell_len(line) <= width for line in shown.splitlines())
    assert all("1,234.50 USD" in row and "2026-02-01!" in row for row in rows)
    assert ("No room for: " in shown) == (width < 200)
    assert all(("Action Req" in row) == (width > 60) for row in rows)
    assert all(("2026-05-" in row) == (width == 200) for row in rows)
    assert ("Technical Validation" in rows[0]) == (width == 200)


def test_colors_mark_stages_and_overdue_dates(terminals: dict[int, str]) -> None:
    shown = terminals[200]
    assert "\x1b[34mTechnical Validation\x1b[0m" in shown
    assert "\x1b[1;31m2026-02-01!\x1b[0m" in shown


def test_text_from_right_to_left_stays_in_its_cell(terminals: dict[int, str]) -> None:
    shown = terminals[200]
    for name in COMPANIES[3:6]:
        assert f"\u2068{name}\u2069" in shown
    assert shown.count("\u2068") == shown.count("\u2069") == 3
    assert not ISOLATES.search(piped(RECORDS))


@pytest.mark.parametrize(
    ("environment", "words", "has_colors"),
    [
        ({"NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": ""}, (), True),
        ({"TERM": "dumb"}, (), False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, (), True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, (), False),
        ({"NO_COLOR": "1"}, ("--color", "on"), True),
        ({}, ("--color", "off"), False),
    ],
    ids=str,
)
def test_a_terminal_has_colors_unless_they_are_turned_off(
    environment: dict[str, str], words: tuple[str, ...], has_colors: bool
) -> None:
    with PartnerCentralEmulator(RECORDS[:2]) as emulator:
        argv = argv_of(emulator, *words, command="pipeline")
        _, shown = on_terminal(argv, **environment)
    last = shown.split("\r\x1b[K")[-1]
    assert bool(COLORS.search(last)) == has_colors
    assert "O0000001" in last


@pytest.mark.parametrize(
    ("environment", "has_colors"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
    ],
    ids=str,
)
def test_a_pipe_has_colors_only_if_they_are_forced(
    environment: dict[str, str],
    has_colors: bool,
    run: Run,
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = run("pipeline", *where(emulator), "--max-items", "5")
    assert bool(COLORS.search(done.out)) == has_colors


def test_a_pipe_gets_everything_and_columns_of_the_environment_limit_it() -> None:
    shown = piped(RECORDS)
    assert COMPANIES[1] in shown
    assert "\x1b" not in shown
    assert "…" not in shown
    with PartnerCentralEmulator(RECORDS) as emulator:
        narrow = subprocess.run(
            argv_of(emulator, *TODAY, command="pipeline"),
            capture_output=True,
            encoding="utf-8",
            check=True,
            env={**without_size(), "COLUMNS": "60"},
        )
    assert max(map(cell_len, narrow.stdout.splitlines())) == 60


def test_a_wide_table_shortens_nothing_on_a_narrow_terminal() -> None:
    with PartnerCentralEmulator(RECORDS) as emulator:
        argv = argv_of(emulator, "--wide", command="pipeline")
        _, shown = on_terminal(argv, columns=60)
    assert COMPANIES[1] in shown
    assert "…" not in shown
    assert "No room for" not in shown


def is_measured_alike(char: str) -> bool:
    # rich gives no cell to signs that take one, and two to symbols that terminals give one.
    return unicodedata.category(char) not in ("Mc", "Sk", "So", "No") and char not in "\u3164\uffa0"


TEXTS = st.text(st.characters(codec="utf-8").filter(is_measured_alike), max_size=40)
SCRIPTS = st.text(
    st.sampled_from("aé月ツ한שלםمحمدЖйกบ\u0e31\u0301\u200d\u200c\u200f\u3000 ｱＡ…\t\x1b\u202e"),
    max_size=40,
)


@settings(max_examples=80)
@given(st.lists(TEXTS | SCRIPTS, min_size=1, max_size=4), st.integers(1, 130))
@example(["\x1b[2J\x9b2J\x07", "a\nb\rc\td", "\u202egnihton\u202c", "\ufeff\u00ad\u2028"], 100)
def test_every_line_is_as_wide_as_the_others_for_any_text(
    run: Run, monkeypatch: pytest.MonkeyPatch, companies: list[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with PartnerCentralEmulator(named(*companies)) as emulator:
        done = run("pipeline", *where(emulator))
    assert done.code == 0
    assert not CONTROL.search(done.out)
    table = table_of(done.out)
    (found,) = {cell_len(line) for line in table}
    assert found <= width
    assert len([line for line in table if line.startswith("O")]) == len(companies) or width < 2


#: An emoji's variants and joiners are left out, since terminals disagree on their width.
VISIBLE = st.text(
    st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=40
).map(lambda text: re.sub("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]", "", text).strip())


@settings(max_examples=40)
@given(st.lists(VISIBLE, min_size=1, max_size=4))
def test_a_pipe_gets_every_company_in_full(
    run: Run, monkeypatch: pytest.MonkeyPatch, companies: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "")
    with PartnerCentralEmulator(named(*companies)) as emulator:
        done = run("pipeline", *where(emulator), "--columns", "company")
    assert [row.strip() for row in table_of(done.out)[1:]] == companies


@pytest.mark.parametrize("width", [8, 14, 20, 30, 45])
def test_a_number_is_shown_whole_or_not_at_all(
    width: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    records = [opportunity(1, spend("12345678901.25")), opportunity(2, spend("7"))]
    with PartnerCentralEmulator(records) as emulator:
        named = run("pipeline", *where(emulator), "--columns", "monthly-spend,id")
    table = "\n".join(table_of(named.out))
    digits = re.findall(r"\d[\d,.]*", re.sub(r"\bO\d", "", table))
    assert set(digits) <= {"12,345,678,901.25", "7"}
    assert "12,345,678,908.25 USD" in named.out
    assert ("12,345,678,901.25 USD" in table) == (width > 20)


@pytest.mark.parametrize("words", [(), ("--summary",)], ids=["table", "summary"])
def test_an_output_that_is_not_unicode_is_aligned_too(words: Sequence[str]) -> None:
    with PartnerCentralEmulator(RECORDS) as emulator:
        done = subprocess.run(
            argv_of(emulator, *TODAY, *words, command="pipeline"),
            capture_output=True,
            encoding="ascii",
            check=True,
            env={**without_size(), "PYTHONIOENCODING": "ascii", "COLUMNS": "100"},
        )
    lines = done.stdout.partition("--")[0].splitlines()
    assert len(lines) >= 2
    assert len({len(line) for line in lines}) == 1
    assert ("#" in done.stdout) == bool(words)
    assert ("\\u6708" in done.stdout) != bool(words)


@pytest.mark.parametrize("width", [*WIDTHS, 20])
def test_a_summary_fits_the_terminal(
    width: int, run: Run, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = run("pipeline", *where(emulator), "--summary")
    lines = table_of(done.out)
    (found,) = {cell_len(line) for line in lines}
    assert found <= width
    assert ("█" in done.out) == (width > 60)
    notes = " ".join(done.out.split())
    assert ("No room for: monthly spend." in notes) == (width == 20)


def test_a_reader_that_goes_away_is_no_error() -> None:
    with (
        PartnerCentralEmulator(3000) as emulator,
        subprocess.Popen(
            argv_of(emulator, "--requests-per-second", "0", command="pipeline"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"ID ")
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (0, b"")


def test_amounts_that_do_not_fit_on_a_line_get_one_each(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    amounts = [spend("1234567.5", "EUR"), spend("20", "JPY"), spend("3000000.25")]
    words = ("--columns", "id,monthly-spend,company")
    shown: dict[int, list[str]] = {}
    with PartnerCentralEmulator([opportunity(1, *amounts)]) as emulator:
        for width in (80, 40):
            monkeypatch.setenv("COLUMNS", str(width))
            shown[width] = table_of(run("pipeline", *where(emulator), *words).out)[1:]
    assert [line.split() for line in shown[80]] == [
        ["O1", "1,234,567.5", "EUR,", "20", "JPY,", "3,000,000.25", "USD", "Company", "1"]
    ]
    assert [line.rstrip() for line in shown[40]] == [
        "O1 1,234,567.5  EUR Company 1",
        "          20    JPY",
        "   3,000,000.25 USD",
    ]


LONG = "Heron Consulting International Holdings"
NUMBERS = st.integers(0, 10**31).map(str) | st.sampled_from(["13000000", "8000.00", "7.125"])
NAMED = st.text(st.sampled_from("Aé月0123456789٣., "), min_size=12, max_size=30)
OTHER_COLUMNS = ("id", "stage", "spend", "monthly-spend", "target-close", "last-change")


@settings(max_examples=60)
@given(
    st.lists(st.tuples(NAMED, st.lists(NUMBERS, max_size=3)), min_size=1, max_size=3),
    st.lists(st.sampled_from(OTHER_COLUMNS), max_size=3, unique=True).flatmap(
        lambda others: st.permutations(["company", *others])
    ),
    st.integers(1, 60),
)
@example([("Heron 2024", ["13000000", "7"])], ["company", "spend", "stage"], 30)
def test_nothing_that_is_shortened_ends_within_a_number(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[str, list[str]]],
    columns: list[str],
    width: int,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    records = [
        {
            **opportunity(number, *map(spend, amounts), TargetCloseDate="2026-02-01"),
            "Customer": {"Account": {"CompanyName": company}},
        }
        for number, (company, amounts) in enumerate(rows, 1)
    ]
    with PartnerCentralEmulator(records) as emulator:
        done = run("pipeline", *where(emulator), "--columns", ",".join(columns))
    assert done.code == 0
    assert not re.search(r"\d…", done.out)


def test_estimates_get_a_line_each_or_are_left_out(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimates = [spend("8000.00"), spend("13000000", "KRW"), spend("7.125", "USD", "None")]
    words = ("--columns", "company,spend,stage")
    shown: dict[int, str] = {}
    with PartnerCentralEmulator([opportunity(1, *estimates, Stage="Qualified")]) as emulator:
        for width in (60, 30):
            monkeypatch.setenv("COLUMNS", str(width))
            shown[width] = run("pipeline", *where(emulator), *words).out
    assert [line.split() for line in table_of(shown[60])[1:]] == [
        ["Company", "1", "8,000.00", "USD", "monthly", "Qualified"],
        ["13,000,000", "KRW", "monthly"],
        ["7.125", "USD", "none"],
    ]
    assert [line.split() for line in table_of(shown[30])] == [
        ["COMPANY", "STAGE"],
        ["Company", "1", "Qualified"],
    ]
    assert "No room for: spend." in shown[30]


@pytest.mark.parametrize("width", [60, 70, 80, 90, 100, 120])
def test_a_company_has_16_cells_before_what_is_optional(
    width: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    life_cycle = {"ReviewStatus": "Pending Submission", "TargetCloseDate": "2026-02-01"}
    record = {
        **opportunity(1, spend("27900.00"), Stage="Technical Validation", **life_cycle),
        "Id": "O6978921",
        "Customer": {"Account": {"CompanyName": LONG}},
    }
    with PartnerCentralEmulator([record]) as emulator:
        head, *_, row = table_of(run("pipeline", *where(emulator), *TODAY).out)
    assert LONG[: 15 if "REVIEW" in head else 9] in row
    assert ("REVIEW" in head) == (width >= 80)
    assert ("LAST" in head) == (width >= 90)


def test_a_long_sum_does_not_make_the_others_wrap(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [
        opportunity(1, spend("9" * 31), spend("7.50", "EUR"), Stage="Qualified"),
        opportunity(2, spend("3"), spend("4", "EUR"), Stage="Launched"),
    ]
    monkeypatch.setenv("COLUMNS", "60")
    with PartnerCentralEmulator(records) as emulator:
        table = run("pipeline", *where(emulator))
        summary = run("pipeline", *where(emulator), "--summary")
    for done in (table, summary):
        assert all(cell_len(line) <= 60 for line in done.out.splitlines())
        lines = done.out.splitlines()
        assert lines[lines.index("monthly spend") + 1 :][:2] == [
            "11.50 EUR",
            "10,000,000,000,000,000,000,000,000,000,002 USD",
        ]
    # Without the spend a stage has one row, however many currencies it has.
    assert "No room for: monthly spend." in " ".join(summary.out.split())
    assert [line.split() for line in table_of(summary.out)] == [
        ["STAGE", "COUNT"],
        ["Qualified", "1"],
        ["Launched", "1"],
    ]


def test_a_currency_with_a_comma_stays_in_one_amount(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    amounts = [spend("10000000.5", "U, D"), spend("2", "E F"), spend("1.25")]
    words = ("--columns", "id,monthly-spend")
    with PartnerCentralEmulator([opportunity(1, *amounts)]) as emulator:
        table = table_of(run("pipeline", *where(emulator), *words).out)
    assert [line.rstrip() for line in table[1:]] == [
        "O1          2    E F",
        "   10,000,000.5  U, D",
        "            1.25 USD",
    ]
