"""A pipeline for notebooks, which are other processes: what they need is in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator


@pytest.fixture(autouse=True)
def pipeline(
    credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[PartnerCentralEmulator]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    with PartnerCentralEmulator(opportunities=250) as emulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING", emulator.url)
        yield emulator
