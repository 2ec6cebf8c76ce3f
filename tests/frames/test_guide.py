"""The programs of the documents that make tables run, where pandas and DuckDB are installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_documents import (
    DOCUMENTS,
    blocks,
    makes_tables,
    run_program,
    run_without_account,
)

PROGRAMS = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(blocks(document, "python"))
    if makes_tables(block)
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_makes_tables_runs(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_program(program, monkeypatch)


(GUIDE,) = (document for document in DOCUMENTS if document.name == "frames.md")


def test_the_first_program_of_the_guide_needs_no_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_without_account(GUIDE, monkeypatch, tmp_path)


def test_every_program_of_the_guide_makes_tables() -> None:
    assert all(map(makes_tables, blocks(GUIDE, "python")))
    assert len(PROGRAMS) == len(blocks(GUIDE, "python")) + 1


def test_the_program_of_the_readme_prints_a_count_for_each_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = filter(makes_tables, blocks(DOCUMENTS[0], "python"))
    assert len(program.splitlines()) <= 8
    run_program(program, monkeypatch)
    counts = [line.rsplit(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()[1:-1]]
    assert len(counts) == 7
    assert 200 < sum(map(int, counts)) <= 250
