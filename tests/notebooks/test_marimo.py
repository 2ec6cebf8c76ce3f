"""await and run() in the cells of a marimo notebook, in its kernel and as a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat

NOTEBOOK = Path(__file__).with_name("marimo_notebook.py")
SAID = [
    "await: 250",
    "run: 250",
    "run: 250",
    "asyncio.run: refused",
    "await, run: 250, 250",
    "cancelled",
    "interrupted",
    "run: 250",
]


def python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_in_marimos_kernel(tmp_path: Path) -> None:
    executed = tmp_path / "executed.ipynb"
    python(
        *("-m", "marimo", "-q", "export", "ipynb", "--include-outputs", "--no-sandbox"),
        *(str(NOTEBOOK), "-o", str(executed)),
    )
    notebook = nbformat.read(executed, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert "".join(output.get("text", "") for output in outputs).splitlines() == SAID


def test_as_a_program() -> None:
    assert python("-Werror", str(NOTEBOOK)).splitlines() == SAID
