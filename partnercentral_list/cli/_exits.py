"""How the command ends: the AWS CLI's exit codes, and what is said on stderr."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import combinations

OK = 0
HUNG_UP = 129
INTERRUPTED = 130
TERMINATED = 143
BAD_INPUT = 252
BAD_SETUP = 253
REFUSED_BY_AWS = 254
FAILED = 255

# How alike two names are, from 0 to 1, to be taken for each other; a part must be more so.
CLOSE = 0.6
CLOSE_TO_A_PART = 0.8


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
    """Suggest what was probably meant among the names that are known; empty if none is close."""
    scores = {name: _similarity(word, name) for name in known}
    best = max(scores.values(), default=0.0)
    if best == 0.0:
        return ""
    close = [name for name, score in scores.items() if score == best]
    return f"Perhaps you mean {' or '.join(close)}."


def _similarity(word: str, name: str) -> float:
    wanted, parts = word.casefold().strip("-"), name.casefold().strip("-").split("-")
    # Whoever writes --stage leaves out a part of the name, and does not misspell another one.
    runs = combinations(range(len(parts) + 1), 2)
    of_runs = max(_ratio(wanted, "-".join(parts[start:end])) for start, end in runs)
    of_whole = _ratio(wanted, "-".join(parts))
    return max(
        of_whole if of_whole >= CLOSE else 0.0,
        0.95 * of_runs if of_runs >= CLOSE_TO_A_PART else 0.0,
    )


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def missing_extra(module: str | None, needed_for: str) -> CommandError:
    """Say what to install."""
    return CommandError(
        f"{needed_for} needs the package {module}, which comes with the extra cli: "
        "pip install 'partnercentral_list[cli]'.",
        BAD_SETUP,
    )
