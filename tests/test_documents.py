"""The documents are true: their programs run, and their commands are those that CI runs."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import sys
from inspect import iscoroutine
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text("utf-8"), re.S | re.M)


def section(document: Path, heading: str) -> str:
    text = document.read_text("utf-8")
    return re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def makes_tables(program: str) -> bool:
    return re.search(r"^from partnercentral_list import .*\bframes\b", program, re.M) is not None


PROGRAMS = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(blocks(document, "python"))
    # These run where what they need is installed: tests/{frames,notebooks,peers,postgres}.
    if not re.search("(import|from) (dlt|opentelemetry|psycopg)", block)
    if not makes_tables(block)
    if document.name != "postgres.md"
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_in_a_document_runs(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_program(program, monkeypatch)


def run_program(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from partnercentral_list.emulator import PartnerCentralEmulator

    with PartnerCentralEmulator(opportunities=40) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        names = execute(program)
        # A notebook's is served until its kernel ends.
        for value in names.values():
            if isinstance(value, PartnerCentralEmulator):
                value.stop()


def execute(program: str) -> dict[str, object]:
    # A notebook's cell may await.
    code = compile(program, "document", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, object] = {"__name__": "__main__"}
    waiting = eval(code, names)  # noqa: S307 # from our own pages
    if iscoroutine(waiting):
        asyncio.run(waiting)
    return names


def run_without_account(document: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Run the first program of a document where nothing of AWS is configured."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    execute(blocks(document, "python")[0])


@pytest.mark.parametrize(
    "page",
    ["README.md", "docs/client.md", "docs/scan.md", "docs/sync.md", "docs/observability.md"],
)
def test_the_first_program_of_a_page_needs_no_account(
    page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_without_account(ROOT / page, monkeypatch, tmp_path)


def test_the_first_program_of_the_readme_prints_opportunities(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_without_account(ROOT / "README.md", monkeypatch, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 10
    assert {line.split()[1] for line in lines} == {"Qualified", "Committed"}


def test_ci_runs_the_readmes_test_command() -> None:
    (command, *_) = re.findall(r"```sh\n(.*?)```", section(ROOT / "README.md", "Tests"), re.S)
    assert command.count("\n") == 1
    assert command in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_quick_start_is_one_command_that_lists_the_emulators_pipeline() -> None:
    (command, *_) = re.findall(r"```sh\n(.*?)```", section(ROOT / "README.md", "Quick start"), re.S)
    assert command.count("\n") == 1
    assert "examples/quickstart.py --emulator" in command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_placeholder_is_left(document: Path) -> None:
    prose = re.sub(
        r"^```.*?^```$|`[^`\n]*`|\]\([^)]*\)", "", document.read_text("utf-8"), flags=re.S | re.M
    )
    shouted = set(re.findall(r"\b[A-Z][A-Z_]{4,}\b", prose))
    assert shouted <= {"HTTPS", "DESCENDING"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_to_a_file_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(((?!https?:|#)[^)#]+)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), target


def test_every_document_is_linked_from_the_readme_or_is_about_decisions() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for document in DOCUMENTS[1:]:
        assert document.name in readme or document.name == "decisions.md"


def test_the_changelog_has_the_version() -> None:
    from partnercentral_list import __version__

    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'version = "{__version__}"' in project
    assert "## [" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_this_python_is_one_that_the_project_declares() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f"Python :: {sys.version_info.major}.{sys.version_info.minor}" in project


def test_every_test_that_a_document_names_exists() -> None:
    modules = list((ROOT / "tests").rglob("test_*.py"))
    defined = {path.stem for path in modules} | {
        name for path in modules for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    named = {
        (document.name, name)
        for document in DOCUMENTS
        # A fenced block has programs of the reader's.
        for prose in [re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.S | re.M)]
        for name in re.findall(r"\b(test_\w+)", prose)
    }
    assert not {(document, name) for document, name in named if name not in defined}
