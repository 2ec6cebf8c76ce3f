"""Dependencies point one way, as docs/decisions.md and the modules' places say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import partnercentral_list

PACKAGE = Path(partnercentral_list.__file__).parent
BELOW = {
    "errors": set(),
    "_json": set(),
    "models": {"_json"},
    "config": {"errors"},
    "_run": set(),
    "_notify": {"errors"},
    "_tied_records": {"errors"},
    "_transport": {"errors", "config", "models", "_json", "_run", "_notify"},
    "_pagination": {"errors", "config", "models", "_transport", "_tied_records"},
    "client": {"errors", "config", "models", "_transport", "_pagination"},
    "eventbridge": {"models"},
    "sync": {
        "errors",
        "config",
        "models",
        "_notify",
        "_tied_records",
        "client",
        "eventbridge",
    },
    "emulator": set(),
    # "" is the public face.
    "cli": {
        "",
        "errors",
        "models",
        "client",
        "config",
        "emulator",
        "sync",
    },
}


def rooms_used_by(room: str) -> Iterator[tuple[str, str]]:
    place = PACKAGE / room
    for file in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file.name}: a relative import"
                names = [node.module or ""]
            for name in names:
                parts = name.split(".")
                if parts[0] == "partnercentral_list":
                    yield file.name, parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("room", BELOW)
def test_a_room_uses_only_those_below_it(room: str) -> None:
    used = {(file, other) for file, other in rooms_used_by(room) if other != room}
    assert {other for _, other in used} <= BELOW[room], used


def test_every_room_has_its_place() -> None:
    rooms = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    }
    assert rooms == set(BELOW)
