"""Completion: the bash script in a real bash, the others by what they hold."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from partnercentral_list.cli._completion import script
from partnercentral_list.cli._parser import COMMANDS
from tests.cli.conftest import Run

ASK = """
{script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_partnercentral_list
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words: str) -> list[str]:
    quoted = " ".join(f"'{word}'" for word in ("partnercentral-list", *words))
    program = ASK.format(script=script("bash"), words=quoted)
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["opp"], ["opportunities"]),
        (["opportunities", "--life-cycle-st"], ["--life-cycle-stage"]),
        (["opportunities", "--life-cycle-stage", "T"], ["Technical\\ Validation"]),
        (["opportunities", "--life-cycle-stage", "Qualified", "Com"], ["Committed"]),
        (["opportunities", "--output", "yaml"], ["yaml", "yaml-stream"]),
        (["opportunities", "--sort", ""], ["SortBy="]),
        (["opportunities", "--catalog", ""], ["AWS", "Sandbox"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["emulator", "--po"], ["--port"]),
    ],
    ids=" ".join,
)
def test_bash_offers(words: list[str], expected: list[str]) -> None:
    assert completed(*words) == expected


def test_bash_offers_files_where_anything_may_follow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.chdir(str(tmp_path))
    open("bundle.pem", "w").close()
    assert completed("opportunities", "--ca-bundle", "bun") == ["bundle.pem"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_has_every_command_and_option(shell: str, run: Run) -> None:
    done = run("completion", shell)
    assert done.code == 0
    for name, (_, options) in COMMANDS.items():
        assert name in done.out
        for option in options:
            assert option.flag.removeprefix("--") in done.out
    path = shutil.which(shell)
    if path is not None:
        subprocess.run([path, "-n"], input=done.out, text=True, check=True)
