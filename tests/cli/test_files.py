"""--output-file: a file is complete under its name, or is not there, whatever happens."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.conftest import Done, Run
from tests.cli.running import argv_of, on_full_disk, on_terminal, signaled_in, where

FORMS = ("json", "text", "table", "yaml", "yaml-stream", "jsonl", "csv")
ENDS = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
OLD = "what was there before\n"


@pytest.fixture(params=[None, OLD], ids=["new", "existing"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A path in an empty folder, or in a folder that holds this file only."""
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "pipeline"
    if request.param is not None:
        file.write_text(request.param)
        file.chmod(0o644)
    yield file
    assert os.listdir(folder) in ([], [file.name])


def is_untouched(file: Path) -> bool:
    """Return whether there is what was there before."""
    if not file.exists():
        return True
    return file.read_text() == OLD and stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize("words", [("--max-items", "120"), ("--no-paginate",)])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_holds_what_stdout_would(
    form: str, words: tuple[str, ...], listed: Run, target: Path
) -> None:
    there = listed("--output", form, *words)
    done = listed("--output", form, *words, "--output-file", str(target))
    assert (done.code, done.out, done.err) == (0, "", there.err)
    assert target.read_bytes().decode() == there.out
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_scan_and_a_query_are_written_to_a_file(listed: Run, target: Path) -> None:
    words = ("--scan", "--query", "length(OpportunitySummaries)", "--output-file", str(target))
    assert listed(*words).code == 0
    assert target.read_text() == "250\n"


@pytest.mark.parametrize("kind", ["input", "yaml-input", "output"])
def test_a_skeleton_is_written_to_a_file(kind: str, listed: Run, target: Path) -> None:
    there = listed("--generate-cli-skeleton", kind)
    done = listed("--generate-cli-skeleton", kind, "--output-file", str(target))
    assert (done.code, done.out, target.read_text()) == (0, "", there.out)


@pytest.mark.parametrize("words", [(), ("--scan",)], ids=["listing", "scan"])
@pytest.mark.parametrize("form", FORMS)
def test_a_listing_that_fails_half_way_leaves_no_file(
    form: str,
    words: tuple[str, ...],
    listed: Run,
    emulator: PartnerCentralEmulator,
    target: Path,
) -> None:
    emulator.fail("AccessDeniedException", at=3 if words else 4)
    size = () if words else ("--page-size", "40")
    done = listed("--output", form, "--output-file", str(target), *words, *size)
    assert (done.code, done.out) == (254, "")
    said = rf"\n\d+ opportunities were read; nothing was written to '{target}'\.\n"
    assert re.search(said, done.err)
    assert "--starting-token" not in done.err
    assert is_untouched(target)


def test_a_listing_that_fails_at_once_leaves_no_file(
    listed: Run, emulator: PartnerCentralEmulator, target: Path
) -> None:
    emulator.fail("AccessDeniedException")
    assert listed("--output-file", str(target)).code == 254
    assert is_untouched(target)


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("ending", ENDS)
def test_an_interrupted_listing_leaves_no_file_and_no_token(
    form: str, ending: signal.Signals, run: Run, emulator: PartnerCentralEmulator, target: Path
) -> None:
    words = ("--output", form, "--page-size", "60", "--output-file", str(target))
    with signaled_in(emulator, 3, ending):
        done = run("opportunities", *where(emulator), *words)
    assert (done.code, done.out) == (ENDS[ending], "")
    assert done.err == (
        f"Interrupted after 120 opportunities: nothing was written to '{target}'.\n"
    )
    assert is_untouched(target)


@pytest.mark.parametrize("ending", ENDS)
def test_an_interrupted_scan_leaves_no_file(
    ending: signal.Signals, run: Run, emulator: PartnerCentralEmulator, target: Path
) -> None:
    words = ("--scan", "--output", "csv", "--output-file", str(target))
    with signaled_in(emulator, 3, ending):
        done = run("opportunities", *where(emulator), *words)
    assert (done.code, done.out) == (ENDS[ending], "")
    assert done.err.endswith(f"opportunities: nothing was written to '{target}'.\n")
    assert is_untouched(target)


@pytest.mark.parametrize("ending", ENDS)
def test_a_signal_while_the_file_is_renamed_comes_too_late(
    ending: signal.Signals, listed: Run, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def signaled(source: str, there: str) -> None:
        signal.raise_signal(ending)
        replace(source, there)

    monkeypatch.setattr(os, "replace", signaled)
    done = listed("--output-file", str(target))
    assert (done.code, done.err) == (0, "")
    assert len(json.loads(target.read_text())["OpportunitySummaries"]) == 250


@pytest.mark.parametrize("form", ["json", "table", "yaml-stream", "csv"])
def test_a_full_disk_is_reported_and_leaves_no_file(
    form: str, emulator: PartnerCentralEmulator, target: Path
) -> None:
    words = ("--output", form, "--output-file", str(target))
    done = on_full_disk(emulator, *words, bytes_left=20_000)
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == (
        f"partnercentral-list: [ERROR]: --output-file '{target}' cannot be written: File too "
        "large. No part of it was kept, and an existing file is unchanged.\n"
    )
    assert is_untouched(target)


def test_a_disk_that_is_full_at_the_last_byte_leaves_no_file(
    emulator: PartnerCentralEmulator, target: Path
) -> None:
    # So few bytes are still buffered when the file is completed.
    words = ("--query", "OpportunitySummaries[].Id", "--max-items", "9")
    done = on_full_disk(emulator, *words, "--output-file", str(target), bytes_left=20)
    assert done.returncode == 255
    assert "cannot be written: File too large." in done.stderr
    assert is_untouched(target)


def test_a_file_that_cannot_be_renamed_is_reported(
    listed: Run, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, there: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    done = listed("--output-file", str(target))
    assert done.code == 255
    assert f"--output-file '{target}' cannot be written: Permission denied." in done.err
    assert is_untouched(target)


def test_a_folder_that_cannot_be_written_is_reported(
    listed: Run, emulator: PartnerCentralEmulator, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        # The superuser, as whom tests may run, is refused nowhere.
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    done = listed("--output-file", str(target))
    assert done.code == 252
    assert f"no file can be created in '{target.parent}': Permission denied.\n" in done.err
    assert not emulator.requests
    assert is_untouched(target)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".", "'.' names a directory: name a file in it."),
        ("folder/", "'folder/' names a directory: name a file in it."),
        ("missing/", "'missing/' names a directory: name a file in it."),
        ("missing/a.csv", "there is no directory 'missing'. Create it first"),
        ("file/a.csv", "there is no directory 'file'. Create it first"),
        ("/dev/full", "is not a regular file, and cannot be replaced as a whole: leave"),
        ("/dev/null", "and write > /dev/null."),
        ("fifo", "'fifo' is not a regular file"),
        ("loop", "'loop' cannot be used: Too many levels of symbolic links."),
        ("a" * 300, "cannot be used: File name too long."),
        ("-", "--output-file - does not mean stdout: leave --output-file out to write there."),
        ("", "--output-file is empty: name a file."),
    ],
    ids=lambda value: value[:15],
)
def test_what_cannot_be_a_file_is_refused_before_anything_is_sent(
    path: str,
    said: str,
    listed: Run,
    emulator: PartnerCentralEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text(OLD)
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    before = sorted(os.listdir())
    done = listed("--output-file", path)
    assert (done.code, done.out) == (252, "")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not emulator.requests
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_stays_and_its_file_is_replaced(
    exists: bool, listed: Run, tmp_path: Path
) -> None:
    real, link = tmp_path / "a" / "real.csv", tmp_path / "latest.csv"
    real.parent.mkdir()
    if exists:
        real.write_text(OLD)
    link.symlink_to(real)
    assert listed("--output", "csv", "--output-file", str(link)).code == 0
    assert link.is_symlink()
    assert real.read_text().count("\n") >= 251
    assert os.listdir(real.parent) == ["real.csv"]


def test_a_name_alone_is_in_the_current_folder(
    listed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert listed("--output", "csv", "--max-items", "1", "--output-file=here.csv").code == 0
    assert listed("--output", "csv", "--max-items", "1", "--output-file", "./-").code == 0
    assert sorted(os.listdir()) == ["-", "here.csv"]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_on_a_terminal_a_file_leaves_the_closing_line_only(form: str, target: Path) -> None:
    with PartnerCentralEmulator(250, latency=0.15) as slow:
        argv = argv_of(slow, "--output", form, "--output-file", str(target))
        code, shown = on_terminal(argv)
    assert code == 0
    *_, last = shown.split("\r\x1b[K")
    assert re.fullmatch(r"250 opportunities, \d+ pages in [\d.]+ s \([\d,]+/s.*\)\r\n", last)


@pytest.mark.parametrize("words", [(), ("--color", "on")], ids=["auto", "on"])
def test_a_table_in_a_file_has_colors_only_with_color_on(
    words: tuple[str, ...], emulator: PartnerCentralEmulator, target: Path
) -> None:
    table = ("--output", "table", "--max-items", "1", "--output-file", str(target))
    code, _ = on_terminal(argv_of(emulator, *table, *words))
    assert code == 0
    assert ("\x1b[" in target.read_text()) == bool(words)


def test_control_characters_are_escaped_on_a_terminal_not_in_a_file(target: Path) -> None:
    record = {"Id": "O1", "Catalog": "AWS", "LifeCycle": {"NextSteps": "a\x1b[2Jb"}}
    with PartnerCentralEmulator([record]) as emulator:
        argv = argv_of(emulator, "--output", "csv", "--output-file", str(target))
        assert on_terminal(argv)[0] == 0
    assert "a\x1b[2Jb" in target.read_text()


# A listing that resumes


def cut(listed: Run, *words: str) -> tuple[Done, str]:
    """List the first hundred as CSV; return them, and the token of the rest."""
    first = listed("--output", "csv", "--max-items", "100", *words)
    return first, first.err.split("--starting-token ")[1].strip()


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines(keepends=True)))


def test_the_rest_of_a_csv_listing_continues_its_file(listed: Run) -> None:
    first, token = cut(listed)
    rest = listed("--output", "csv", "--starting-token", token)
    assert first.out + rest.out == listed("--output", "csv").out


def test_a_page_of_awss_own_token_continues_its_file(listed: Run) -> None:
    page = json.loads(listed("--max-results", "100").out)
    first = listed("--output", "csv", "--max-results", "100").out
    words = ("--max-results", "100", "--next-token", page["NextToken"])
    rest = listed("--output", "csv", *words).out
    assert len(rows(first + rest)) == 201
    assert rows(first + rest)[1:] == rows(listed("--output", "csv").out)[1:201]


def test_the_rest_of_a_query_continues_its_file(listed: Run) -> None:
    query = ("--query", "OpportunitySummaries[].{id: Id, stage: LifeCycle.Stage}")
    first, token = cut(listed, *query)
    rest = listed("--output", "csv", *query, "--starting-token", token)
    assert first.out + rest.out == listed("--output", "csv", *query).out
    assert first.out.startswith("id,stage\n")


@pytest.mark.parametrize(
    ("words", "is_file", "has_header"),
    [
        ((), False, True),
        (("--no-header",), False, False),
        (("--no-header",), True, False),
        (("--header", "--no-header"), False, False),
        (("--starting-token", "TOKEN"), False, False),
        (("--starting-token", "TOKEN", "--header"), False, True),
        (("--starting-token", "TOKEN"), True, True),
        (("--starting-token", "TOKEN", "--no-header"), True, False),
    ],
    ids=str,
)
def test_csv_has_a_header_where_a_file_begins(
    words: tuple[str, ...], is_file: bool, has_header: bool, listed: Run, tmp_path: Path
) -> None:
    _, token = cut(listed)
    file = tmp_path / "pipeline.csv"
    there = ("--output-file", str(file)) if is_file else ()
    done = listed("--output", "csv", *(token if w == "TOKEN" else w for w in words), *there)
    assert done.code == 0
    first, second, *_ = rows(file.read_text() if is_file else done.out)
    assert (first[:2] == ["Catalog", "Id"]) == has_header
    assert second[0] == "AWS"


@pytest.mark.parametrize("option", ["--starting-token", "--next-token"])
def test_the_rest_of_a_listing_does_not_replace_what_came_before(
    option: str, listed: Run, emulator: PartnerCentralEmulator, tmp_path: Path
) -> None:
    file = tmp_path / "pipeline.csv"
    _, token = cut(listed, "--output-file", str(file))
    before, requests = file.read_bytes(), len(emulator.requests)
    done = listed("--output", "csv", option, token, "--output-file", str(file))
    assert done.code == 252
    assert "exists, and the rest of a listing would replace what it holds" in done.err
    assert f"leave --output-file out, and write >> {file}." in done.err
    assert (file.read_bytes(), len(emulator.requests)) == (before, requests)


@pytest.mark.parametrize("option", ["--header", "--no-header", "--csv-safe"])
@pytest.mark.parametrize("form", [form for form in (*FORMS, "parquet") if form != "csv"])
def test_an_option_of_csv_is_refused_elsewhere(
    form: str, option: str, listed: Run, emulator: PartnerCentralEmulator
) -> None:
    done = listed("--output", form, option)
    assert done.code == 252
    assert f"{option} is for --output csv, and the format is {form}.\n" in done.err
    assert not emulator.requests


# Parquet, before anything is written; tests/frames reads what is


def test_parquet_on_a_terminal_wants_a_file(emulator: PartnerCentralEmulator) -> None:
    code, shown = on_terminal(argv_of(emulator, "--output", "parquet"), columns=200)
    assert code == 252
    assert "--output parquet is binary, which a terminal cannot show: name a file with" in shown
    assert not emulator.requests


def test_parquet_without_its_extra_names_the_extra(
    listed: Run, emulator: PartnerCentralEmulator, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "pyarrow", None)
    done = listed("--output", "parquet", "--output-file", str(target))
    assert (done.code, done.out) == (253, "")
    assert done.err == (
        "partnercentral-list: [ERROR]: --output parquet needs the package pyarrow, which comes "
        "with the extra arrow: pip install 'partnercentral_list[arrow]'.\n"
    )
    assert not emulator.requests
    assert is_untouched(target)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--query", "OpportunitySummaries[].Id"), "--query cannot be used with --output parquet"),
        (("--generate-cli-skeleton", "output"), "--generate-cli-skeleton has no Parquet form"),
    ],
)
def test_parquet_refuses_what_has_no_column(
    words: tuple[str, ...], said: str, listed: Run, emulator: PartnerCentralEmulator, target: Path
) -> None:
    done = listed("--output", "parquet", *words, "--output-file", str(target))
    assert done.code == 252
    assert said in done.err
    assert not emulator.requests
    assert is_untouched(target)
