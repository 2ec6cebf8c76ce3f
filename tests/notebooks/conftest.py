"""A pipeline for notebooks, which are other processes: the environment leads them to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[PartnerCentralEmulator]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    with PartnerCentralEmulator(opportunities=250) as emulator:
        # Nothing but what the emulator says: no credentials of anybody else.
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        yield emulator
