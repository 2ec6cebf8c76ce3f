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
    client          errors, config, models, _transport, _pagination, emulator
    eventbridge     models
    frames          errors, models
    emulator        nothing
    sync            the public names, errors, config, models, client, eventbridge, _notify,
                    _tied_records
    cli             the public names, errors, config, models, client, sync, frames, emulator

A module whose name begins with an underscore belongs to its folder: nothing outside imports it. The
names that `sync` and `cli` import from elsewhere have no leading underscore either. No modules
import each other in a circle, late imports and those for type checkers included. No module has more
than 400 lines.

Tests use what is public. Where one cannot, a comment beside it says why, "# private: ", and there
are few of these.
"""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

import partnercentral_list

PACKAGE = Path(partnercentral_list.__file__).parent
ROOT = PACKAGE.name
MOST_LINES = 400
MOST_MODULES = 100
MEDIAN_LINES = (150, 250)
MOST_IN_A_NAME = 70

FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(file: Path) -> str:
    parts = [ROOT, *file.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}


def layer_of(module: str) -> str:
    """Return the layer's name; the public names of the package are the layer ""."""
    return module.split(".")[1] if "." in module else ""


def imports_of(module: str) -> set[str]:
    """Return the package's modules that a module imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(MODULES[module]):
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


def test_the_architecture_page_lists_the_layers_from_the_lowest_up() -> None:
    page = (Path(__file__).parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = page.partition("\n## Layers\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)(?:\.py|/)` \|", rows, re.MULTILINE)
    assert sorted(listed) == sorted(ALLOWED)
    for number, layer in enumerate(listed):
        assert ALLOWED[layer] - {""} <= {*listed[:number]}, f"{layer} imports a row below it"


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


def test_sync_and_cli_import_public_names_only() -> None:
    used = {
        f"{module} imports {alias.name} from {node.module}"
        for module, tree in MODULES.items()
        if layer_of(module) in ("sync", "cli")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] == ROOT
        and layer_of(node.module or "") != layer_of(module)
        for alias in node.names
        # A module directly in the package is shared by its folders: the table says by which.
        if re.match(r"_(?!_)", alias.name) and f"{node.module}.{alias.name}" not in MODULES
    }
    assert not used


def test_no_modules_import_each_other_in_a_circle() -> None:
    # Not even for type checkers. The package's own __init__ imports nothing before a name is used,
    # and then by the name's module.
    graph = {module: imports_of(module) - {ROOT} for module in MODULES}
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


def test_names_of_tests_are_short_enough_to_read() -> None:
    names = {
        node.name
        for file in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name for name in names if name.startswith("test_") and len(name) >= MOST_IN_A_NAME}


def test_no_two_classes_have_one_name() -> None:
    places: dict[str, list[str]] = {}
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name.lstrip("_"), []).append(module)
    assert not {name: found for name, found in places.items() if len(found) > 1}


# What tests reach inside for

TESTS = Path(__file__).parent
MOST_INSIDE = 25
REASON = re.compile(r"# private: \w.*\.$")
PATCHES = {"setattr", "delattr", "setitem", "delitem", "patch", "object"}
PRIVATE_PATH = rf"{ROOT}(?:\.\w+)*\._(?!_)\w+"
#: The lines of a program in a string that import what is private.
IN_A_PROGRAM = re.compile(
    rf"^\s*(?:import|from) {PRIVATE_PATH}|^\s*from {ROOT}[.\w]* import .*\b_(?!_)\w", re.MULTILINE
)


def is_private(path: str) -> bool:
    # A name like `_repr_html_` is a protocol's, as `__repr__` is.
    return any(re.fullmatch(r"_(?!_).*(?<!_)", part) for part in path.split("."))


def names_given_in(tree: ast.AST) -> set[str]:
    """Return the names of functions, classes, variables and attributes that a module makes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


PRIVATE_NAMES = {
    name for tree in MODULES.values() for name in names_given_in(tree) if is_private(name)
}


class Inside:
    """The lines of a test module that import or use what is private, or patch the package."""

    def __init__(self, tree: ast.AST) -> None:
        nodes = list(ast.walk(tree))
        self.own = names_given_in(tree)
        self.ours: set[str] = set()
        self.others: set[str] = set()
        self.lines: set[int] = set()
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._add_import(node)
        for node in nodes:
            if isinstance(node, ast.expr) and self._reaches_inside(node):
                self.lines.add(node.lineno)

    def _add_import(self, node: ast.Import | ast.ImportFrom) -> None:
        source = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            is_ours = f"{source}{alias.name}".split(".")[0] == ROOT
            name = alias.asname or alias.name.split(".")[0]
            (self.ours if is_ours else self.others).add(name)
            if is_ours and is_private(f"{source}{alias.name}"):
                self.lines.add(node.lineno)

    def _reaches_inside(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return bool(node.args) and self._patches(node)
        if isinstance(node, ast.Constant):
            text = node.value if isinstance(node.value, str) else ""
            return bool(re.fullmatch(PRIVATE_PATH, text) or IN_A_PROGRAM.search(text))
        if not isinstance(node, ast.Attribute):
            return False
        root = root_of(node)
        if isinstance(node.ctx, ast.Store) and root in self.ours:
            return True
        if root in ("self", "cls") and node.attr in self.own:
            return False
        return node.attr in PRIVATE_NAMES and root not in self.others

    def _patches(self, call: ast.Call) -> bool:
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else root_of(function)
        target = call.args[0]
        named = [arg.value for arg in call.args[1:2] if isinstance(arg, ast.Constant)]
        if name in {*PATCHES, "getattr"} and PRIVATE_NAMES & {*named}:
            return root_of(target) not in self.others
        path = ast.unparse(target).strip("f'")
        return name in PATCHES and (root_of(target) in self.ours or path.split(".")[0] == ROOT)


def root_of(node: ast.AST) -> str:
    """Return the name that an expression of attributes and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def has_a_reason(lines: list[str], number: int) -> bool:
    """Return whether the line, or the comment above it, says why."""
    above = number - 1
    while above and lines[above - 1].lstrip().startswith("#"):
        above -= 1
    return any(REASON.search(line) for line in lines[above:number])


def test_few_tests_reach_inside_and_each_says_why() -> None:
    places = [
        (f"{file.relative_to(TESTS)}:{number}", has_a_reason(text.splitlines(), number))
        for file in sorted(TESTS.rglob("*.py"))
        for text in [file.read_text(encoding="utf-8")]
        for number in sorted(Inside(ast.parse(text)).lines)
    ]
    assert not [place for place, is_explained in places if not is_explained]
    assert len(places) <= MOST_INSIDE, [place for place, _ in places]


@pytest.mark.parametrize(
    "program",
    [
        "from {0} import _run",
        "from {0}._transport.response import parse_page",
        "import {0}._run as run",
        'importlib.import_module("{0}._run")',
        'PROGRAM = "import sys\\nfrom {0}._transport import session"',
        'patch.setattr("{0}.errors.PartnerCentralError", None)',
        'patch.setattr(f"{0}.{{name}}.ERRORS", None)',
        "from {0} import errors\npatch.setattr(errors, 'ServiceError', None)",
        "from {0} import errors\nerrors.ServiceError = None",
        "from {0} import errors\nwith patch.object(errors.ServiceError, 'advice'): pass",
        "client._transport",
        "getattr(client, '_transport')",
        "self._transport = 1\nclient._transport",
    ],
)
def test_what_reaches_inside_is_noticed(program: str) -> None:
    assert Inside(ast.parse(program.format(ROOT))).lines


@pytest.mark.parametrize(
    "program",
    [
        "from {0}.errors import ServiceError",
        "import time\npatch.setattr(time, 'sleep', None)",
        "from aiobotocore.session import AioSession\nAioSession._transport",
        "self._transport = 1\nself._transport",
        "assert '{0}._run is running' in text",
    ],
)
def test_what_does_not_reach_inside_is_let_be(program: str) -> None:
    assert not Inside(ast.parse(program.format(ROOT))).lines
