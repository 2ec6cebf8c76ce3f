"""The programs of docs/frames.md run, where pandas and DuckDB are installed."""

from __future__ import annotations

import pytest

from tests.test_documents import DOCUMENTS, blocks, run_program

(GUIDE,) = (document for document in DOCUMENTS if document.name == "frames.md")


@pytest.mark.parametrize("program", blocks(GUIDE, "python"))
def test_a_program_of_the_guide_runs(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_program(program, monkeypatch)
