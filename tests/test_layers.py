"""The structure of the package: what may import what, how large a module may be.

Imports point one way. A row may import the layers that it names, and nothing else of the package:

    layer           may import
    errors          nothing
    _json           nothing
    models          _json
    config          errors
    _notify         errors
    _run            nothing
    _tied_records   errors
    _transport      errors, config, models, _json, _run, _notify
    _pagination     errors, config, models, _tied_records, _transport
    client          errors, config, models, _transport, _pagination
    eventbridge     models
    emulator        nothing
    sync            the public names, errors, config, models, client, eventbridge, _notify,
                    _tied_records
    cli             the public names, errors, config, models, client, sync, emulator

A module whose name begins with an underscore belongs to its folder: nothing outside imports it. No
modules import each other in a circle, late imports included. No module has more than 400 lines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

import partnercentral_list

PACKAGE = Path(partnercentral_list.__file__).parent
ROOT = PACKAGE.name
MOST_LINES = 400
MOST_MODULES = 92
MEDIAN_LINES = (150, 250)

FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(file: Path) -> str:
    parts = [ROOT, *file.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}


def layer_of(module: str) -> str:
    """Return the layer's name; the public names of the package are the layer ""."""
    return module.split(".")[1] if "." in module else ""


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes_of(tree: ast.AST, *, type_checking: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if type_checking or not is_for_type_checkers(node):
            yield node
            yield from nodes_of(node, type_checking=type_checking)


def imports_of(module: str, *, type_checking: bool = True) -> set[str]:
    """Return the package's modules that a module imports, wherever it does."""
    found: set[str] = set()
    for node in nodes_of(MODULES[module], type_checking=type_checking):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            source = node.module or ""
            inner = {f"{source}.{alias.name}" for alias in node.names}
            found |= inner & MODULES.keys()
            if source in MODULES and not inner <= MODULES.keys():
                found.add(source)
    return found


def allowed_imports() -> dict[str, set[str]]:
    """Read the table in this file's docstring."""
    table = (__doc__ or "").partition("may import\n")[2].partition("\n\n")[0]
    rows = re.sub(r"\n {20}(?= *\S)", " ", table).splitlines()
    allowed: dict[str, set[str]] = {}
    for row in rows:
        layer, names = row.split(maxsplit=1)
        parts = {part.strip() for part in names.split(",")} - {"nothing"}
        allowed[layer] = {"" if part == "the public names" else part for part in parts}
    return allowed


ALLOWED = allowed_imports()


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_imports_only_what_the_table_allows(layer: str) -> None:
    used = {
        f"{module} imports {other}"
        for module in MODULES
        if layer_of(module) == layer
        for other in imports_of(module)
        if layer_of(other) not in ALLOWED[layer] | {layer}
    }
    assert not used


def test_every_layer_is_in_the_table() -> None:
    assert {layer_of(module) for module in MODULES} - {""} == set(ALLOWED)


def test_a_private_module_is_imported_by_its_own_folder_only() -> None:
    used = {
        f"{module} imports {other}"
        for module in MODULES
        for other in imports_of(module)
        if other.count(".") > 1
        and re.search(r"\._(?!_)[^.]+$", other)
        and layer_of(module) != layer_of(other)
    }
    assert not used


def test_no_modules_import_each_other_in_a_circle() -> None:
    # A name that only type checkers need may come from anywhere. The package's own __init__ imports
    # nothing before a name is used, and then by the name's module.
    graph = {module: imports_of(module, type_checking=False) - {ROOT} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_module_is_too_long() -> None:
    lines = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert not {module: count for module, count in lines.items() if count > MOST_LINES}
    # Each concept has one module, and few concepts are small enough to be read past.
    assert sum(file.stem not in ("__init__", "__main__") for file in FILES) <= MOST_MODULES
    assert MEDIAN_LINES[0] <= median(lines.values()) <= MEDIAN_LINES[1]


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name.lstrip("_"), []).append(module)
    assert not {name: found for name, found in places.items() if len(found) > 1}
