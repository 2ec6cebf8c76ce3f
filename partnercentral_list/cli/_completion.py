"""Completion in the shell by argcomplete: the shell runs the command, which prints the words."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from partnercentral_list.cli._errors import import_extra
from partnercentral_list.cli._shapes import REQUEST, RequestMember

COMPLETION_VARIABLE: Final = "_ARGCOMPLETE"
"""The variable that a shell's script sets when it runs the command to complete a word."""

Completer = Callable[..., Iterable[str]]
"""Called with ``prefix=``, the word so far, and more that is not needed here."""


def shell_script(program: str, shell: str) -> str:
    """Return the script that a shell sources."""
    argcomplete = import_extra("argcomplete", "Completion")
    # Without the shell's own file names, which it would offer where a profile is wanted.
    return str(argcomplete.shellcode([program], use_defaults=False, shell=shell))


def print_completions(parser: ArgumentParser) -> None:
    """Print the completions of the line in the environment, and end the process."""
    import_extra("argcomplete", "Completion").autocomplete(
        parser, always_complete_options=False, default_completer=word_completer(())
    )


def word_completer(values: Iterable[str]) -> Completer:
    """Return a completer that offers some words."""

    def complete_word(*, prefix: str, **context: object) -> list[str]:
        return [value for value in values if value.startswith(prefix)]

    return complete_word


def shorthand_completer(member: str) -> Completer:
    """Return a completer of a structure's shorthand, such as ``SortBy=Identifier,SortOrder=``."""
    members: Mapping[str, RequestMember] = REQUEST[member].members or {}

    def complete_shorthand(*, prefix: str, **context: object) -> Iterator[str]:
        before, comma, pair = prefix.rpartition(",")
        given = {item.partition("=")[0] for item in before.split(",")}
        left = [name for name in members if name not in given]
        name, equals, _ = pair.partition("=")
        if not equals:
            yield from (f"{before}{comma}{name}=" for name in left)
        elif name in members:
            others = [other for other in left if other != name and members[other].required]
            following = f",{others[0]}=" if others else ""
            for choice in members[name].choices:
                yield f"{before}{comma}{name}={choice}{following}"

    return complete_shorthand


def complete_columns(*, prefix: str, **context: object) -> Iterator[str]:
    """Yield the lists of columns that end in one whose name begins with the last word."""
    # It imports the models, which no other completion needs.
    from partnercentral_list.cli._pipeline_columns import known_columns

    before, comma, beginning = prefix.rpartition(",")
    given = before.split(",")
    for name in known_columns():
        if name.startswith(beginning) and name not in given:
            yield f"{before}{comma}{name}"


def complete_files(*, prefix: str, **context: object) -> Iterator[str]:
    """Yield the files and folders whose names begin with the prefix."""
    folder, beginning = os.path.split(prefix)
    try:
        entries = sorted(os.scandir(os.path.expanduser(folder) or "."), key=lambda e: e.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(beginning) and (beginning or not entry.name.startswith(".")):
            yield os.path.join(folder, entry.name) + ("/" if entry.is_dir() else "")


def complete_profiles(*, prefix: str, **context: object) -> Iterator[str]:
    """Yield the profiles of the AWS configuration files; none from a file that cannot be read."""
    # A whole botocore session would take ten times as long.
    from botocore import configloader
    from botocore.exceptions import BotoCoreError

    loader: Any = configloader
    config = os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    credentials = os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    known: list[str] = []
    # A profile's section is named [profile NAME] in the one, and [NAME] in the other.
    with suppress(BotoCoreError, OSError, ValueError):
        known += loader.load_config(config)["profiles"]
    with suppress(BotoCoreError, OSError, ValueError):
        known += loader.raw_config_parse(credentials)
    yield from (name for name in dict.fromkeys(known) if name.startswith(prefix))
