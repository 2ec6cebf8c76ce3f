"""--output parquet: what the command writes is what frames make of the same opportunities."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list import OpportunitySummary, frames
from partnercentral_list.cli import main
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.cli.endless import serving_endlessly
from tests.cli.running import argv_of, on_full_disk, signaled_in, where
from tests.models.records import marked_record, records

PARQUET = ("--output", "parquet")
BARE = {"Id": "O1", "Catalog": "AWS"}

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Written:
    """Runs the command, and returns the file that it has written."""

    def written(emulator: PartnerCentralEmulator, *words: str) -> Path:
        file = tmp_path / "pipeline.parquet"
        argv = [*where(emulator), *PARQUET, "--output-file", str(file), *words]
        assert main(["opportunities", *argv]) == 0
        assert capsys.readouterr().out == ""
        return file

    return written


def parsed(values: list[Any]) -> list[OpportunitySummary]:
    return [OpportunitySummary.model_validate_json(json.dumps(value)) for value in values]


def is_same(file: Path | io.BytesIO, opportunities: list[OpportunitySummary]) -> bool:
    """Return whether columns, types and rows are those of frames, as lists have them."""
    table, wanted = pyarrow.parquet.read_table(file), frames.to_arrow(opportunities)
    return bool(table.schema.equals(wanted.schema)) and table.to_pylist() == wanted.to_pylist()


@settings(max_examples=25)
@example(sent=[BARE, marked_record()])
@example(sent=[])
@given(sent=st.lists(records("OpportunitySummary").map(lambda pair: pair[0]), max_size=4))
def test_any_opportunities_read_back_equal(sent: list[Any], written: Written) -> None:
    with PartnerCentralEmulator(1) as emulator:
        emulator.fail(Fault.body(json.dumps({"OpportunitySummaries": sent}).encode()))
        assert is_same(written(emulator), parsed(sent))


@pytest.mark.parametrize(
    "words", [(), ("--page-size", "7"), ("--max-items", "130"), ("--no-paginate",), ("--scan",)]
)
def test_a_file_holds_the_rows_that_jsonl_has(
    words: tuple[str, ...],
    written: Written,
    emulator: PartnerCentralEmulator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["opportunities", *where(emulator), "--output", "jsonl", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    wanted = sorted(parsed([json.loads(line) for line in lines]), key=lambda found: found.id)
    table = pyarrow.parquet.read_table(written(emulator, *words)).sort_by("id")
    assert table.to_pylist() == frames.to_arrow(wanted).to_pylist()


def test_others_read_the_file(written: Written, emulator: PartnerCentralEmulator) -> None:
    file = written(emulator)
    ids = [record["Id"] for record in emulator.opportunities]
    assert sorted(pandas.read_parquet(file)["id"]) == sorted(ids)
    assert sorted(polars.read_parquet(file)["id"]) == sorted(ids)
    found = duckdb.read_parquet(str(file)).select("id").fetchall()
    assert sorted(row[0] for row in found) == sorted(ids)


def test_a_listing_without_opportunities_has_the_columns(
    written: Written, emulator: PartnerCentralEmulator
) -> None:
    for words in (("--identifier", "O99999999"), ("--max-items", "0")):
        assert is_same(written(emulator, *words), [])


def test_a_long_listing_has_row_groups(tmp_path: Path) -> None:
    file = tmp_path / "long.parquet"
    with serving_endlessly() as url:
        there = ["--catalog", "AWS", "--endpoint-url", url, "--no-sign-request"]
        count = ["--max-items", "10050", "--page-size", "100", "--requests-per-second", "0"]
        argv = [*there, *PARQUET, "--output-file", str(file), *count]
        assert main(["opportunities", *argv]) == 0
    read = pyarrow.parquet.ParquetFile(file)
    assert [read.metadata.row_group(group).num_rows for group in (0, 1)] == [10_000, 50]
    assert read.schema_arrow.equals(frames.arrow_schema())
    assert read.read(["id"])["id"].to_pylist() == [f"O{10_000_000 + n}" for n in range(10_050)]


def test_a_cut_listing_and_its_rest_are_the_whole(
    written: Written, emulator: PartnerCentralEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(written(emulator)) + "-1"
    argv = ["opportunities", *where(emulator), *PARQUET, "--output-file", file]
    assert main([*argv, "--max-items", "100"]) == 0
    said = re.fullmatch(
        r"There are more. Resume with: --starting-token (\S+)\n", capsys.readouterr().err
    )
    assert said is not None
    rest = written(emulator, "--max-items", "1000", "--page-size", "30")
    whole = pyarrow.parquet.read_table(rest).to_pylist()
    rest.unlink()
    rest = written(emulator, "--starting-token", said[1])
    parts = [pyarrow.parquet.read_table(part).to_pylist() for part in (file, rest)]
    assert [len(part) for part in parts] == [100, 150]
    assert parts[0] + parts[1] == whole


# On a pipe


def piped(emulator: PartnerCentralEmulator, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    streams = {"stdout": subprocess.PIPE, **streams}
    argv = argv_of(emulator, *PARQUET, "--page-size", "60")
    return subprocess.run(argv, stderr=subprocess.PIPE, check=False, **streams)


def test_a_pipe_gets_the_same_bytes(written: Written, emulator: PartnerCentralEmulator) -> None:
    done = piped(emulator)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == written(emulator).read_bytes()


def assert_no_parquet(data: bytes) -> None:
    with pytest.raises(pyarrow.ArrowInvalid):
        pyarrow.parquet.read_table(io.BytesIO(data))


def test_a_listing_that_fails_gives_a_pipe_no_footer(emulator: PartnerCentralEmulator) -> None:
    emulator.fail("AccessDeniedException", at=3)
    done = piped(emulator)
    assert done.returncode == 254
    said = b"\n120 opportunities were read; the Parquet output is incomplete and cannot be read.\n"
    assert done.stderr.endswith(said)
    assert_no_parquet(done.stdout)


def test_an_interruption_behind_a_row_group_gives_a_pipe_no_footer() -> None:
    with serving_endlessly() as url:
        there = ["--catalog", "AWS", "--endpoint-url", url, "--no-sign-request"]
        fast = ["--requests-per-second", "0", "--page-size", "100"]
        command = [sys.executable, "-W", "error", "-m", "partnercentral_list.cli", "opportunities"]
        with subprocess.Popen(
            [*command, *there, *fast, *PARQUET], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            begun = process.stdout.read(4)
            process.send_signal(signal.SIGINT)
            rest, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.fullmatch(
        rb"Interrupted after [\d,]+ opportunities: the Parquet output is incomplete and cannot be "
        rb"read\.\n",
        said,
    )
    assert begun == b"PAR1"
    assert len(rest) > 1000
    assert_no_parquet(begun + rest)


def test_a_reader_that_goes_is_no_error(emulator: PartnerCentralEmulator) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = piped(emulator, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_behind_stdout_is_reported(emulator: PartnerCentralEmulator) -> None:
    with open("/dev/full", "wb") as full:
        done = piped(emulator, stdout=full)
    assert done.returncode == 255
    assert done.stderr == (
        b"partnercentral-list: [ERROR]: The response cannot be written: No space left on device.\n"
    )


# What ends without a file


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A path in a folder that holds nothing else, and nothing at the end."""
    folder = tmp_path / "folder"
    folder.mkdir()
    yield folder / "pipeline.parquet"
    assert os.listdir(folder) == []


@pytest.mark.parametrize("bytes_left", [2, 5_000, 30_000])
def test_a_full_disk_leaves_no_file(
    bytes_left: int, emulator: PartnerCentralEmulator, target: Path
) -> None:
    words = (*PARQUET, "--output-file", str(target))
    done = on_full_disk(emulator, *words, bytes_left=bytes_left)
    assert done.returncode == 255
    assert done.stderr == (
        f"partnercentral-list: [ERROR]: --output-file '{target}' cannot be written: File too "
        "large. No part of it was kept, and an existing file is unchanged.\n"
    )


def test_a_listing_that_fails_leaves_no_file(
    emulator: PartnerCentralEmulator, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.fail("AccessDeniedException", at=3)
    words = (*PARQUET, "--page-size", "60", "--output-file", str(target))
    assert main(["opportunities", *where(emulator), *words]) == 254
    said = f"\n120 opportunities were read; nothing was written to '{target}'.\n"
    assert capsys.readouterr().err.endswith(said)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_listing_leaves_no_file(
    ending: signal.Signals,
    emulator: PartnerCentralEmulator,
    target: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = (*PARQUET, "--page-size", "60", "--output-file", str(target))
    with signaled_in(emulator, 3, ending):
        assert main(["opportunities", *where(emulator), *words]) == 128 + ending
    said = f"Interrupted after 120 opportunities: nothing was written to '{target}'.\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("words", [(), ("--scan",), ("--no-paginate",)], ids=str)
@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {**BARE, "CreatedDate": "soon"},
            "is invalid: CreatedDate: .*\n--output jsonl and csv print an invalid record as AWS",
        ),
        (
            {**BARE, "Project": {"ExpectedCustomerSpend": [{"Amount": "1.005"}]}},
            "--output parquet: an expected spend of opportunity O1 has an amount of more than 31 "
            "digits before the point or more than 2 behind it. --output jsonl and csv print any",
        ),
    ],
    ids=["invalid", "amount"],
)
def test_a_record_without_a_row_is_an_error(
    record: Any,
    said: str,
    words: tuple[str, ...],
    target: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with PartnerCentralEmulator([record]) as emulator:
        there = ("--output-file", str(target), *words)
        assert main(["opportunities", *where(emulator), *PARQUET, *there]) == 255
    err = capsys.readouterr().err
    assert re.search(said, err)
    assert "1.005" not in err
    assert "soon" not in err
