"""The errors of the command: the AWS CLI's exit codes, and messages that name its options."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from importlib import import_module
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from partnercentral_list.errors import ConfigurationError, PartnerCentralError, RequestProblem

OK: Final = 0
TEMPORARY: Final = 75
"""EX_TEMPFAIL of sysexits.h: a scheduler may run the same command again."""
HUNG_UP: Final = 129
INTERRUPTED: Final = 130
TERMINATED: Final = 143
BAD_INPUT: Final = 252
BAD_CONFIGURATION: Final = 253
REFUSED_BY_AWS: Final = 254
FAILED: Final = 255

# How alike two names are, from 0 to 1, to be taken for each other; a part must be more so.
MIN_SIMILARITY: Final = 0.6
MIN_SIMILARITY_OF_PART: Final = 0.8

NO_CREDENTIALS: Final = (
    "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run `aws "
    "configure` or `aws sso login`, or name a profile with --profile or AWS_PROFILE. Without an "
    "account: --demo."
)
VALID_STARTING_POINT: Final = "the NextToken of a response, ours or the AWS CLI's"
STORE_ADVICE: Final = {
    "an account name of its own": "an account name of its own (--account)",
    "Make a new SQLiteStore": "Run the command again",
    "Call `await store.setup()` once": "Run once with --setup",
    "conn_string must be": "--store must be a path, or",
}


class CommandError(Exception):
    """An error that ends the command with a message; any module of the command may raise it.

    Args:
        message: What is wrong, and what to do about it.
        code: The exit code.
        usage: The usage line to show with it; empty for none.
    """

    def __init__(self, message: str, code: int = BAD_INPUT, usage: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.usage = usage


class InterruptedByError(Exception):
    """An error of the library that ended a listing or a sync part-way.

    Args:
        error: The error.
        progress: What was done until then, and how to resume.
    """

    def __init__(self, error: PartnerCentralError, progress: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.progress = progress


def parameter_error(option: str, problem: str) -> CommandError:
    """Return the error for an option whose value cannot be parsed."""
    return CommandError(f"Error parsing parameter '{option}': {problem}")


def import_extra(module: str, needed_for: str, extra: str = "cli") -> Any:
    """Import a module that comes with an extra."""
    try:
        return import_module(module)
    except ImportError as error:
        raise CommandError(
            f"{needed_for} needs the package {error.name}, which comes with the extra {extra}: "
            f"pip install 'partnercentral_list[{extra}]'.",
            BAD_CONFIGURATION,
        ) from None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a sentence that suggests the closest known name; empty if none is close."""
    scores = {name: _similarity(word, name) for name in known}
    best = max(scores.values(), default=0.0)
    if best == 0.0:
        return ""
    close = [name for name, score in scores.items() if score == best]
    return f"Perhaps you mean {' or '.join(close)}."


def _similarity(word: str, name: str) -> float:
    wanted, parts = word.casefold().strip("-"), name.casefold().strip("-").split("-")
    # Whoever writes --stage leaves out a part of the name, and does not misspell another one.
    slices = combinations(range(len(parts) + 1), 2)
    of_part = max(_ratio(wanted, "-".join(parts[start:end])) for start, end in slices)
    of_whole = _ratio(wanted, "-".join(parts))
    return max(
        of_whole if of_whole >= MIN_SIMILARITY else 0.0,
        0.95 * of_part if of_part >= MIN_SIMILARITY_OF_PART else 0.0,
    )


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def exit_code(error: PartnerCentralError) -> int:
    """Return the exit code for an error of the library."""
    from partnercentral_list import errors

    if isinstance(error, errors.RequestValidationError):
        return BAD_INPUT
    if isinstance(error, errors.ConfigurationError | errors.StoreError):
        return BAD_CONFIGURATION
    if isinstance(error, errors.ServiceError | errors.TokenExpiredError):
        return REFUSED_BY_AWS
    return FAILED


def message(error: PartnerCentralError) -> str:
    """Return the message for an error of the library, with options in place of arguments."""
    from partnercentral_list import errors

    if isinstance(error, errors.RequestValidationError):
        return "\n".join(["Nothing was sent.", *map(_problem_line, error.errors())])
    text = str(error)
    if isinstance(error, errors.ConfigurationError):
        text = _configuration_message(error)
    if isinstance(error, errors.ConfigurationError | errors.StoreError):
        # Its advice names what a program does.
        for of_program, of_command in STORE_ADVICE.items():
            text = text.replace(of_program, of_command)
    return text


def _configuration_message(error: ConfigurationError) -> str:
    from botocore.exceptions import BotoCoreError

    if str(error).startswith(NO_CREDENTIALS.partition(".")[0]):
        # The library's advice names arguments of the client.
        return NO_CREDENTIALS
    cause = error.__cause__
    if isinstance(cause, BotoCoreError):
        # botocore's own words name variables and settings of files; its classes say nothing here.
        return f"The AWS configuration cannot be used: {str(cause).rstrip(' :.')}."
    return str(error)


def _problem_line(problem: RequestProblem) -> str:
    valid = VALID_STARTING_POINT if problem["field"] == "starting_token" else problem["valid"]
    advice = f". Valid: {valid}" if valid else ""
    return f"  {_option(problem['field'])}: {problem['problem']}{advice}"


def _option(field: str) -> str:
    from pydantic.alias_generators import to_pascal

    argument, *inner = re.sub(r"\[\d+\]", "", field).split(".")
    names = "".join(f" {name if name[:1].isupper() else to_pascal(name)}" for name in inner)
    return f"--{argument.replace('_', '-')}{names}"
