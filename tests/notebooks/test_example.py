"""examples/pipeline.ipynb runs from top to bottom, and shows what its committed outputs show."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

from tests.notebooks import example

# The sample's dates move with today.
DATES = re.compile(r"\d{4}-\d\d-\d\d|datetime\.date(time)?\(\d+, \d+, \d+")


@cache
def executed() -> Any:
    """Execute it once: an error in a cell is an exception here."""
    return example.execute()


def shown(notebook: Any) -> list[list[dict[str, str]]]:
    """Return the outputs of each cell: texts without dates; of a picture, that it is one."""
    return [
        [
            {"text/plain": without_dates(output["text"])}
            if output["output_type"] == "stream"
            else {
                kind: "" if kind.startswith("image/") else without_dates(value)
                for kind, value in output["data"].items()
            }
            for output in cell.get("outputs", ())
        ]
        for cell in notebook.cells
    ]


def without_dates(text: str) -> str:
    return DATES.sub("DATE", text)


def test_it_runs_and_shows_what_is_committed() -> None:
    refresh = "nox -s notebooks -- --refresh executes the notebook and writes its outputs"
    assert shown(example.read()) == shown(executed()), refresh


def test_the_committed_notebook_is_whole_and_in_order() -> None:
    committed = example.read()
    numbers = [cell.execution_count for cell in committed.cells if cell.cell_type == "code"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert committed.metadata == executed().metadata
    assert not [cell for cell in committed.cells if cell.metadata]
    assert example.NOTEBOOK.stat().st_size < 200_000


@pytest.mark.parametrize("kind", ["text/html", "image/png"])
def test_it_shows_tables_and_plots(kind: str) -> None:
    outputs = [output for cell in shown(executed()) for output in cell]
    assert len([output for output in outputs if kind in output]) >= 3


def test_no_output_names_this_machine() -> None:
    texts = str(shown(example.read()))
    assert not re.search(r"/home|/tmp|/Users|127\.0\.0\.1|localhost|site-packages", texts)
