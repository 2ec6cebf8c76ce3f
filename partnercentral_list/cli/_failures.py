"""What the library raised, in the words of the command line and as an exit code."""

from __future__ import annotations

import re

from partnercentral_list.cli._exits import BAD_INPUT, BAD_SETUP, FAILED, REFUSED_BY_AWS
from partnercentral_list.errors import (
    ConfigurationError,
    PartnerCentralError,
    RequestProblem,
    RequestValidationError,
    ServiceError,
    StoreError,
    TokenExpiredError,
)


def code_of(error: PartnerCentralError) -> int:
    """Give the exit code."""
    if isinstance(error, RequestValidationError):
        return BAD_INPUT
    if isinstance(error, ConfigurationError | StoreError):
        return BAD_SETUP
    if isinstance(error, ServiceError | TokenExpiredError):
        return REFUSED_BY_AWS
    return FAILED


def text_of(error: PartnerCentralError) -> str:
    """Give what is said: arguments by the names of their options."""
    if isinstance(error, RequestValidationError):
        return "\n".join(["Nothing was sent.", *map(_line, error.errors())])
    return str(error)


def _line(problem: RequestProblem) -> str:
    valid = f". Valid: {problem['valid']}" if problem["valid"] else ""
    # What a program would call instead is of no use here.
    wrong = problem["problem"].partition("; iter_")[0]
    return f"  {_option(problem['field'])}: {wrong}{valid}"


def _option(field: str) -> str:
    argument, *members = re.sub(r"\[\d+\]", "", field).split(".")
    inner = "".join(f" {_wire_name(member)}" for member in members)
    return f"--{argument.replace('_', '-')}{inner}"


def _wire_name(member: str) -> str:
    return "".join(word.capitalize() for word in member.split("_"))
