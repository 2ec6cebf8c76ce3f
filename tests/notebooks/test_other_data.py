"""examples/pipeline.ipynb runs with an account of other data than the sample's."""

from __future__ import annotations

from typing import Any

import pytest
from nbclient import NotebookClient

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.notebooks import example


def outputs() -> str:
    """Execute it as its first cell says for an account; return the texts and kinds of outputs."""
    notebook = example.read()
    demo = "PartnerCentralClient.demo()"
    (cell,) = (cell for cell in notebook.cells if cell.cell_type == "code" and demo in cell.source)
    cell.source = cell.source.replace(demo, 'PartnerCentralClient("AWS")')
    NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False).execute()
    shown: list[Any] = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return "\n".join(output.get("text") or str(list(output["data"])) for output in shown)


def set_currency(emulator: PartnerCentralEmulator, currency: str | None) -> None:
    """Set the currency of every expected spend, or remove it."""
    for record in emulator.opportunities:
        spends = (record.get("Project") or {}).get("ExpectedCustomerSpend") or ()
        for spend in spends:
            spend.pop("CurrencyCode", None)
            if currency:
                spend["CurrencyCode"] = currency
        emulator.update(record["Id"], {"Project": {"ExpectedCustomerSpend": list(spends)}})


@pytest.mark.parametrize("currency", ["ISK", None])
def test_with_one_currency(pipeline: PartnerCentralEmulator, currency: str | None) -> None:
    set_currency(pipeline, currency)
    shown = outputs()
    assert shown.count("image/png") == (3 if currency else 2)
    assert ("No open opportunity has a monthly spend" in shown) == (currency is None)


def test_with_few_opportunities(pipeline: PartnerCentralEmulator) -> None:
    for record in pipeline.opportunities[7:]:
        pipeline.remove(record["Id"])
    assert "7 + 0 opportunities, 7 of them different" in outputs()


def test_with_no_opportunities(pipeline: PartnerCentralEmulator) -> None:
    for record in pipeline.opportunities:
        pipeline.remove(record["Id"])
    shown = outputs()
    assert "0 opportunities" in shown
    assert "No open opportunity has a monthly spend" in shown
    assert shown.count("image/png") == 2
