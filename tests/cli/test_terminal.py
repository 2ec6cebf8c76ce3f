"""The command on a real terminal: a pseudo-terminal of the size that is wanted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.running import HangingRequest, argv_of, on_terminal

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TABLE = ("--output", "table", "--max-items", "2")


def test_a_table_on_a_terminal_has_colors_and_fits_the_window(
    emulator: PartnerCentralEmulator,
) -> None:
    code, shown = on_terminal(argv_of(emulator, *TABLE), columns=60)
    assert code == 0
    assert "\x1b[36m" in shown
    plain = ESCAPES.sub("", shown)
    assert "OpportunitySummaries 2 of 2" in plain
    assert max(map(len, plain.splitlines())) <= 60


def test_a_wide_window_is_used(emulator: PartnerCentralEmulator) -> None:
    query = "OpportunitySummaries[].{id: Id, stage: LifeCycle.Stage, changed: LastModifiedDate}"
    _, shown = on_terminal(argv_of(emulator, *TABLE, "--query", query), columns=90)
    lines = ESCAPES.sub("", shown).splitlines()
    assert sum(line.startswith("│") for line in lines) == 2


def test_a_very_narrow_window_loses_nothing(emulator: PartnerCentralEmulator) -> None:
    words = ("--output", "table", "--max-items", "1", "--query", "OpportunitySummaries[].Arn")
    _, shown = on_terminal(argv_of(emulator, *words), columns=20)
    letters = re.sub(r"[^\w:/-]", "", ESCAPES.sub("", shown))
    arns = [record["Arn"] for record in emulator.opportunities if record.get("Arn")]
    assert any(arn in letters for arn in arns)


@pytest.mark.parametrize("words", [("--color", "off"), ()], ids=["--color off", "NO_COLOR"])
def test_color_can_be_turned_off(words: tuple[str, ...], emulator: PartnerCentralEmulator) -> None:
    environment = {} if words else {"NO_COLOR": "1"}
    _, shown = on_terminal(argv_of(emulator, *TABLE, *words), **environment)
    assert "\x1b[36m" not in shown


def test_a_pipe_gets_the_same_without_color(emulator: PartnerCentralEmulator) -> None:
    _, shown = on_terminal(argv_of(emulator, *TABLE), columns=100)
    plain = re.sub(r"\r[^\n]*\r", "", ESCAPES.sub("", shown).replace("\r\n", "\n"))
    piped = subprocess.run(
        argv_of(emulator, *TABLE),
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert "\x1b" not in piped.stdout
    assert plain.endswith(piped.stdout)
    colored = subprocess.run(
        argv_of(emulator, *TABLE, "--color", "on"), capture_output=True, check=True
    )
    assert b"\x1b[36m" in colored.stdout


@pytest.fixture
def slow() -> Iterator[PartnerCentralEmulator]:
    """Slow enough for progress to be drawn at each page."""
    with PartnerCentralEmulator(250, latency=0.15) as emulator:
        yield emulator


def lines_drawn(shown: str) -> list[str]:
    return shown.split("\r\x1b[K")[1:]


@pytest.mark.parametrize("words", [(), ("--scan",)], ids=["listing", "scan"])
def test_progress_stays_while_a_file_is_written_and_is_summed_up(
    words: tuple[str, ...], slow: PartnerCentralEmulator
) -> None:
    with open(os.devnull, "w") as nowhere:
        argv = argv_of(slow, "--output", "jsonl", *words)
        code, shown = on_terminal(argv, stdout=nowhere.fileno())
    assert code == 0
    *drawn, end = lines_drawn(shown)
    last, *remarks = end.splitlines(keepends=True)
    # The sample opportunities all have a creation date.
    assert len(remarks) == len(words)
    assert all(line.startswith("Opportunities without a creation date may be ") for line in remarks)
    assert len(drawn) >= 2
    assert all(re.match(r"[\d,]+ opportunities, \d+ pages?, ", line) for line in drawn)
    assert re.fullmatch(r"250 opportunities, \d+ pages in [\d.]+ s \([\d,]+/s.*\)\r\n", last)


def test_progress_is_gone_before_a_response_on_the_same_terminal(
    slow: PartnerCentralEmulator,
) -> None:
    words = ("--query", "length(OpportunitySummaries)", "--max-items", "220")
    _, shown = on_terminal(argv_of(slow, *words))
    *drawn, last = lines_drawn(shown)
    assert any(line.startswith("100 of at most 220 opportunities, ") for line in drawn)
    assert last == "220\r\n"


def test_a_retry_is_shown_while_it_is_waited_for(emulator: PartnerCentralEmulator) -> None:
    emulator.fail("InternalServerException", at=3)
    with open(os.devnull, "w") as nowhere:
        words = ("--output", "jsonl")
        code, shown = on_terminal(argv_of(emulator, *words), stdout=nowhere.fileno())
    assert code == 0
    assert re.search(r"200 opportunities, 2 pages, [\d,]+/s.*again in .* InternalServer", shown)


def test_the_progress_of_a_sync_counts_what_it_stores(
    slow: PartnerCentralEmulator, tmp_path: Path
) -> None:
    program = argv_of(slow, "--store", str(tmp_path / "copy.db"), command="sync")
    _, first = on_terminal(program)
    *drawn, last = lines_drawn(first)
    counts = [int(line.partition(" opportunities stored, ")[0]) for line in drawn if line]
    assert counts == sorted(counts)
    assert 100 <= max(counts) <= 250
    assert last.startswith("250 created, 0 updated")
    _, again = on_terminal(program)
    *drawn, last = lines_drawn(again)
    assert drawn
    assert all(line.startswith("0 opportunities stored, ") for line in drawn if line)
    assert last.startswith("0 created, 0 updated")


def test_there_is_no_progress_in_the_middle_of_a_response(emulator: PartnerCentralEmulator) -> None:
    emulator.fail("InternalServerException", at=3)
    _, shown = on_terminal(argv_of(emulator, "--output", "jsonl"), columns=2000)
    assert " pages, " not in shown


def test_ctrl_c_on_a_terminal_ends_it_with_the_token(emulator: PartnerCentralEmulator) -> None:
    with HangingRequest(emulator, at=2) as reached:

        def interrupt(process: subprocess.Popen[bytes]) -> None:
            assert reached.wait(30)
            process.send_signal(signal.SIGINT)

        with open(os.devnull, "w") as nowhere:
            words = ("--output", "jsonl", "--page-size", "100")
            code, shown = on_terminal(
                argv_of(emulator, *words), meanwhile=interrupt, stdout=nowhere.fileno()
            )
    assert code == 130
    assert "Interrupted after 100 opportunities." in shown
    assert "Traceback" not in shown
