"""docs/emulator.md and docs/testing.md agree with the code of the emulator."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path

from partnercentral_list.emulator import Behavior, Fault, PartnerCentralEmulator
from tests.emulator.calls import calling

DOCS = Path(__file__).parents[2] / "docs"
EMULATOR = (DOCS / "emulator.md").read_text("utf-8")
TESTING = (DOCS / "testing.md").read_text("utf-8")


def test_every_option_of_behavior_is_in_the_table() -> None:
    rows = re.findall(r"^\| [^|]+\? \| ([^|]+) \|", EMULATOR, re.M)
    named = re.findall(r"`(\w+)`", " ".join(rows))
    assert sorted(named) == sorted(option.name for option in dataclasses.fields(Behavior))


def test_every_fault_is_in_the_table() -> None:
    faults = {name for name, _ in inspect.getmembers(Fault, inspect.ismethod)}
    assert set(re.findall(r"Fault\.(\w+)\(", EMULATOR)) >= faults


def test_the_calls_in_the_table_are_there() -> None:
    called = re.findall(r"^\| `\.(\w+)", EMULATOR, re.M)
    assert len(called) == 7
    assert all(hasattr(PartnerCentralEmulator, name) for name in called)


def test_the_curl_command_lists_as_many_as_it_requests(emulator: PartnerCentralEmulator) -> None:
    (command,) = re.findall(r"^curl .*$", TESTING, re.M)
    name, value = re.findall(r"--header '([^:]+): ([^']+)'", command)[0]
    (data,) = re.findall(r"--data '([^']+)'", command)
    with calling(emulator) as caller:
        response = caller.send(data.encode(), headers={name: value})
    assert len(response.json["OpportunitySummaries"]) == json.loads(data)["MaxResults"]
