"""await and run() in the cells of a real Jupyter kernel."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from partnercentral_list.emulator import PartnerCentralEmulator

DOCUMENT = Path(__file__).parents[2] / "docs" / "notebooks.md"

CLIENT = """
from partnercentral_list import PartnerCentralClient, run

client = PartnerCentralClient("AWS")
"""
WAITING = """
import asyncio
ended = []

async def wait():
    try:
        print("began")
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append(True)
"""


class Interrupting(NotebookClient):
    """Interrupts the kernel when a cell prints "began", as its stop button does."""

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        if msg["content"].get("text") == "began\n":
            self.interruption = asyncio.ensure_future(self.km.interrupt_kernel())
        return super().output(outs, msg, display_id, cell_index)


def said(output: Any) -> str:
    if output["output_type"] == "error":
        return str(output["ename"])
    return str(output.get("text") or output["data"]["text/plain"]).strip()


def execute(*cells: str) -> list[list[str]]:
    """Execute cells in a kernel and return what each of them said."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    Interrupting(notebook, timeout=60, allow_errors=True, kernel_name="python3").execute()
    return [[said(output) for output in cell.outputs] for cell in notebook.cells]


def test_asyncio_run_is_refused_in_a_cell() -> None:
    responses = execute(
        CLIENT,
        "import asyncio\nmain = client.list_opportunities()\nasyncio.run(main)",
        "main.close()",
    )
    assert responses == [[], ["RuntimeError"], []]


def test_one_client_across_cells_with_await_and_with_run(pipeline: PartnerCentralEmulator) -> None:
    connection = "(await client._transport.open())"
    responses = execute(
        CLIENT,
        "len(await client.iter_opportunities().collect())",
        "len(run(client.iter_opportunities().collect()))",
        f"here = {connection}\nbeside = run(client._transport.open())",
        "len(run(client.iter_opportunities().collect()))",
        "await client.iter_opportunities().first() == run(client.iter_opportunities().first())",
        f"[here is beside, here is {connection}, beside is run(client._transport.open())]",
        "await client.aclose()",
        "await client.list_opportunities()",
        "run(client.list_opportunities())",
    )
    assert responses == [
        [],
        ["250"],
        ["250"],
        [],
        ["250"],
        ["True"],
        ["[False, True, True]"],
        [],
        ["ClientClosedError"],
        ["ClientClosedError"],
    ]
    # With await and with run each one connection, which every cell used again.
    assert len(pipeline.requests) == 3 * 3 + 2


def test_a_client_that_await_used_can_be_closed_with_run() -> None:
    responses = execute(CLIENT, "await client.list_opportunities()\nrun(client.aclose())", "1 + 1")
    assert responses == [[], [], ["2"]]


def test_what_a_coroutine_prints_is_shown_under_the_cell_that_ran_it() -> None:
    responses = execute(
        CLIENT,
        "async def show(what):\n    print(what)",
        "run(show('first'))",
        "run(show('second'))",
        "await show('third')",
    )
    assert responses[2:] == [["first"], ["second"], ["third"]]


def test_an_error_shows_the_line_that_raised_it() -> None:
    responses = execute(
        CLIENT, "async def fail():\n    raise KeyError('on purpose')", "run(fail())"
    )
    assert responses[2] == ["KeyError"]


def test_code_that_run_runs_is_refused_run() -> None:
    again = "async def again():\n    run(client.list_opportunities())"
    assert execute(CLIENT, again, "run(again())")[2] == ["RuntimeError"]


@pytest.mark.parametrize(
    "cell", ["run(wait())", "await asyncio.sleep(0)\nrun(wait())"], ids=["run", "after await"]
)
def test_an_interrupt_cancels_the_coroutine_and_cells_can_follow(cell: str) -> None:
    responses = execute(
        CLIENT, WAITING, cell, "ended", "len(run(client.iter_opportunities().collect()))"
    )
    assert responses[2:] == [["began", "KeyboardInterrupt"], ["[True]"], ["250"]]


def test_an_interrupted_async_for_is_cancelled_and_can_be_resumed() -> None:
    responses = execute(
        CLIENT + "pager, seen = client.iter_opportunities(page_size=1), []",
        "async for opportunity in pager:\n"
        "    seen.append(opportunity.id)\n"
        "    if len(seen) == 1:\n"
        "        print('began')",
        "0 < len(seen) < 250",
        "rest = client.iter_opportunities(starting_token=pager.resume_token)\n"
        "seen += [opportunity.id async for opportunity in rest]\n"
        "len(seen), len(set(seen))",
    )
    assert responses == [[], ["began", "CancelledError"], ["True"], ["(250, 250)"]]


def test_the_cells_of_the_document_need_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    cells = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.S | re.M)
    outputs = execute(*cells)
    assert len(cells) > 1
    assert "Error" not in str(outputs)
