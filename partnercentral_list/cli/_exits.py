"""How the command ends: the AWS CLI's exit codes, and what is said on stderr."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

OK = 0
INTERRUPTED = 130
TERMINATED = 143
BAD_INPUT = 252
BAD_SETUP = 253
REFUSED_BY_AWS = 254
FAILED = 255


class CommandError(Exception):
    """Ends the command with a message.

    Args:
        message: What is wrong, and what to do about it.
        code: The exit code.
        usage: The usage line to show with it; empty for none.
    """

    def __init__(self, message: str, code: int = BAD_INPUT, usage: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.usage = usage


def parameter_error(option: str, problem: str) -> CommandError:
    """Say that an option's value cannot be read."""
    return CommandError(f"Error parsing parameter '{option}': {problem}")


def perhaps(word: str, known: Iterable[str]) -> str:
    """Say which of those known was probably meant; empty if none is close."""
    close = difflib.get_close_matches(word.casefold(), (by_case := _by_case(known)), n=1)
    return f"Perhaps you mean {by_case[close[0]]}." if close else ""


def _by_case(names: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in names}


def missing_extra(module: str | None, needed_for: str) -> CommandError:
    """Say what to install."""
    return CommandError(
        f"{needed_for} needs the package {module}, which comes with the extra cli: "
        "pip install 'partnercentral_list[cli]'.",
        BAD_SETUP,
    )
