"""Completion: in a real bash, and the same words for zsh and fish by what their scripts send."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

#: What a shell finds on its PATH.
PROGRAM = f"""#!/bin/sh
exec {shlex.quote(sys.executable)} -m partnercentral_list.cli "$@"
"""

#: What bash does when a word is to be completed.
COMPLETE = """
source <(partnercentral-list completion bash)
COMP_LINE={line} COMP_TYPE=9 COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_POINT=${{#COMP_LINE}}
_python_argcomplete partnercentral-list
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

PROFILES = """
[default]
region = us-east-1
[profile work]
output = text
[profile "with space"]
"""


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder with the program, the AWS configuration files and a certificate."""
    (tmp_path / "partnercentral-list").write_text(PROGRAM)
    (tmp_path / "partnercentral-list").chmod(0o755)
    (tmp_path / "config").write_text(PROFILES)
    (tmp_path / "credentials").write_text("[older]\n[work]\n")
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "bundle.pem").touch()
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)


def completed(line: str) -> list[str]:
    program = COMPLETE.format(line=shlex.quote(f"partnercentral-list {line}"))
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    return [reply.rstrip() for reply in done.stdout.splitlines() if reply]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("opp", ["opportunities"]),
        ("", ["opportunities", "pipeline", "sync", "emulator", "completion"]),
        ("opportunities --life-cycle-st", ["--life-cycle-stage"]),
        ("opportunities --life-cycle-stage T", [r"Technical\ Validation"]),
        ("opportunities --life-cycle-stage Qualified Com", ["Committed"]),
        ("opportunities --life-cycle-stage=Com", ["Committed"]),
        ('opportunities --life-cycle-review-status "In', ["In review"]),
        ("opportunities --life-cycle-review-status 'In", ["In review"]),
        ("opportunities --output yaml", ["yaml", "yaml-stream"]),
        ("opportunities --sort ", ["SortOrder=", "SortBy="]),
        ("opportunities --sort SortBy=Tar", ["TargetCloseDate,SortOrder="]),
        ("opportunities --sort SortBy=Identifier,SortOrder=A", ["ASCENDING"]),
        ("opportunities --sort SortBy=Identifier,So", ["Identifier,SortOrder="]),
        ("opportunities --created-date A", ["AfterCreatedDate="]),
        ("opportunities --catalog ", ["AWS", "Sandbox"]),
        ("opportunities --profile ", ["default", "work", r"with\ space", "older"]),
        ("pipeline --life-cycle-stage Com", ["Committed"]),
        ("pipeline --columns id,comp", ["id,company"]),
        ("pipeline --columns company,id,st", ["company,id,stage", "company,id,state-or-region"]),
        ("sync --profile w", ["work", r"with\ space"]),
        ("opportunities --ca-bundle cert", ["certificates/"]),
        ("opportunities --ca-bundle certificates/b", ["certificates/bundle.pem"]),
        ("opportunities --query ", []),
        ("sync --store conf", ["config"]),
        ("emulator --po", ["--port"]),
        ("emulator --beh", ["--behavior"]),
        ("completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_bash_offers(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def test_files_that_cannot_be_read_have_no_profiles(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[[[\n=\n")
    assert completed("opportunities --profile ") == ["older", "work"]


def test_a_tab_in_a_quoted_word_leaves_a_valid_word() -> None:
    typed = 'partnercentral-list opportunities --life-cycle-review-status "In\t'
    assert 'status "In review"' in on_the_keys(typed, until=' review"')


def on_the_keys(typed: str, until: str) -> str:
    """Type something in an interactive bash, and return what it shows."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb", "PS1": "", "COLUMNS": "400", "HISTFILE": ""},
    ) as shell:
        os.close(theirs)
        shown = ""

        def wait_for(text: str) -> None:
            nonlocal shown
            while text not in shown:
                assert select.select([ours], [], [], 30)[0], shown
                shown += os.read(ours, 65536).decode()

        os.write(ours, b"stty columns 400; source <(partnercentral-list completion bash)\n")
        os.write(ours, b"echo is-$((40 + 2))-ready\n")
        wait_for("is-42-ready")
        os.write(ours, typed.encode())
        wait_for(until)
        shell.kill()
        os.close(ours)
        return shown


@pytest.mark.parametrize(
    ("shell", "words"),
    [("zsh", {"with\\ space", "work"}), ("fish", {"with space", "work"})],
)
def test_what_the_scripts_of_other_shells_run_says_the_same(
    shell: str, words: set[str], tmp_path: Path
) -> None:
    line = "partnercentral-list opportunities --profile w"
    environment = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": shell,
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "completions"),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    subprocess.run(["partnercentral-list"], env={**os.environ, **environment}, check=True)
    replies = (tmp_path / "completions").read_text().splitlines()
    assert {reply.partition(":")[0] for reply in replies} == words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_runs_the_program_with_the_line(shell: str, run: Run) -> None:
    done = run("completion", shell)
    assert done.code == 0
    assert "partnercentral-list" in done.out
    assert "_ARGCOMPLETE" in done.out


def test_without_the_extra_completion_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    done = run("completion", "bash")
    assert done.code == 253
    assert "pip install 'partnercentral_list[cli]'" in done.err
