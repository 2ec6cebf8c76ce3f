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

NO_CREDENTIALS = (
    "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run `aws "
    "configure` or `aws sso login`, or name a profile with --profile or AWS_PROFILE. Without an "
    "account: --demo."
)


ACCOUNT_NAME = "an account name of its own"


class CutShortError(Exception):
    """What ended something that was under way, and where that stands."""

    def __init__(self, error: PartnerCentralError, standing: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.standing = standing


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
    if isinstance(error, ConfigurationError):
        return _of_setup(error)
    if isinstance(error, StoreError):
        return str(error).replace(ACCOUNT_NAME, f"{ACCOUNT_NAME} (--account)")
    return str(error)


def _of_setup(error: ConfigurationError) -> str:
    from botocore.exceptions import BotoCoreError

    from partnercentral_list._transport import errors as transport_errors

    if error.args == (transport_errors.NO_CREDENTIALS,):
        return NO_CREDENTIALS
    cause = error.__cause__
    if isinstance(cause, BotoCoreError):
        # botocore's own words name variables and members of files; its classes say nothing here.
        return f"The AWS configuration cannot be used: {str(cause).rstrip(' :.')}."
    return str(error)


def _line(problem: RequestProblem) -> str:
    valid = f". Valid: {problem['valid']}" if problem["valid"] else ""
    return f"  {_option(problem['field'])}: {problem['problem']}{valid}"


def _option(field: str) -> str:
    argument, *members = re.sub(r"\[\d+\]", "", field).split(".")
    inner = "".join(f" {_wire_name(member)}" for member in members)
    return f"--{argument.replace('_', '-')}{inner}"


def _wire_name(member: str) -> str:
    return "".join(f"{word[:1].upper()}{word[1:]}" for word in member.split("_"))
