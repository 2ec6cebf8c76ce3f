"""A connection to the emulator that every test gets anyway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.emulator.calls import Caller, calling


@pytest.fixture
def caller(emulator: PartnerCentralEmulator) -> Iterator[Caller]:
    with calling(emulator) as connected:
        yield connected
