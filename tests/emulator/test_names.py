"""The public names of the emulator, which are documented."""

from __future__ import annotations

import inspect

import pytest

from partnercentral_list import emulator

PUBLIC = [
    "AcceptedCredentials",
    "AccountQuota",
    "Behavior",
    "Fault",
    "PartnerCentralEmulator",
    "RandomFaults",
    "RecordedRequest",
]


def test_exactly_these_names_are_public() -> None:
    assert emulator.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(emulator))


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_class_and_its_public_members_say_what_they_are(name: str) -> None:
    thing = getattr(emulator, name)
    assert thing.__doc__
    for attribute, member in inspect.getmembers(thing):
        if not attribute.startswith("_") and (
            inspect.isroutine(member) or type(member) is property
        ):
            assert member.__doc__, f"{name}.{attribute}"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Emulator'"):
        _ = emulator.Emulator
