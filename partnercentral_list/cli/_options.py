"""The table of the command's options, for the parser, the completion and the documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from partnercentral_list.cli._completion import (
    Completer,
    complete_columns,
    complete_files,
    complete_profiles,
    shorthand_completer,
    word_completer,
)
from partnercentral_list.cli._shapes import DATE, REQUEST, TIMESTAMP, RequestMember

SAME: Final = "the same"
"""How an option compares that does what the AWS CLI's does."""
OURS: Final = "not in the AWS CLI"


@dataclass(frozen=True, slots=True)
class CommandOption:
    """An option of the command line.

    Args:
        flag: Its name.
        about: What it does.
        aws: How it compares with the AWS CLI's.
        completer: What completion offers, where the parser itself takes any value.
        settings: Further arguments for argparse.
        group: The heading that it is shown under.
    """

    flag: str
    about: str
    aws: str
    completer: Completer | None
    settings: Mapping[str, Any]
    group: str = "The request"

    @property
    def name(self) -> str:
        """The name of its value in the parsed namespace."""
        return self.flag.removeprefix("--").replace("-", "_")


def _option(
    usage: str, about: str, aws: str = SAME, completer: Completer | None = None, **settings: Any
) -> CommandOption:
    flag, _, metavar = usage.partition(" ")
    if metavar:
        settings["metavar"] = metavar
    return CommandOption(flag, about, aws, completer, settings)


def _flag(flag: str, about: str, aws: str = SAME) -> CommandOption:
    return _option(flag, about, aws, action="store_true")


def _grouped(group: str, *options: CommandOption) -> tuple[CommandOption, ...]:
    return tuple(replace(option, group=group) for option in options)


_CATALOG: Final = _option(
    "--catalog CATALOG",
    "AWS, the partner's real opportunities, or Sandbox",
    completer=word_completer(REQUEST["Catalog"].choices),
)

#: What the bounds of a range are, by their kinds.
_BOUNDS: Final = {TIMESTAMP: "time", DATE: "day"}
#: The filters that the AWS CLI takes, and its page in the reference does not name.
_NEWER: Final = {"CreatedDate", "TargetCloseDate"}


def _filter(name: str, member: RequestMember) -> CommandOption:
    about, completer = member.help_text, None
    if member.choices:
        about += f": {', '.join(member.choices)}"
        completer = word_completer(member.choices)
    if member.members is not None:
        bounds = member.members.items()
        about += f" {','.join(f'{bound}={_BOUNDS[shape.kind]}' for bound, shape in bounds)}"
        completer = shorthand_completer(name)
    flag = re.sub(r"\B(?=[A-Z])", "-", name).lower()
    return _option(
        f"--{flag} {member.metavar}",
        about,
        "the same, and newer than its page in the reference" if name in _NEWER else SAME,
        completer,
        **({"nargs": "*"} if member.is_list else {}),
    )


def _choices(member: str) -> str:
    return "|".join((REQUEST["Sort"].members or {})[member].choices)


_FILTERS: Final = tuple(
    _filter(name, member) for name, member in REQUEST.items() if member.help_text
)
FILTER_FLAGS: Final = tuple(option.flag for option in _FILTERS)

_REQUEST: Final = (
    _CATALOG,
    *_FILTERS,
    _option(
        "--sort SORT",
        f"the order: SortBy={_choices('SortBy')},SortOrder={_choices('SortOrder')}",
        completer=shorthand_completer("Sort"),
    ),
    _option("--cli-input-json JSON", "a whole request as JSON or file://path; options win over it"),
    _option("--cli-input-yaml YAML", "a whole request as YAML or file://path; options win over it"),
    _option(
        "--generate-cli-skeleton",
        "print a request to fill in (input, yaml-input) or a sample response (output) only",
        nargs="?",
        const="input",
        choices=("input", "yaml-input", "output"),
    ),
)

_PAGING: Final = _grouped(
    "Paging",
    _option(
        "--starting-token TOKEN",
        "where to resume: the NextToken of a response that was cut, ours or the AWS CLI's",
    ),
    _option(
        "--page-size N",
        "opportunities in a page, 1 to 100",
        "the same; without it, 100 where the response does not show the pages",
        type=int,
    ),
    _option(
        "--max-items N",
        "opportunities in all, 0 or more",
        "the same; a negative number is refused, and 0 sends nothing",
        type=int,
    ),
    _option("--no-paginate", "one page only", action="store_false", dest="paginate"),
    _option(
        "--max-results N",
        "one page of at most so many, in AWS's own terms",
        "the same: it works, and is not documented",
        type=int,
    ),
    _option(
        "--next-token TOKEN",
        "the page that AWS's own token names, in AWS's own terms",
        "the same: it works, and is not documented",
    ),
)

FORMATS: Final = ("json", "text", "table", "yaml", "yaml-stream", "jsonl", "csv", "parquet")

_OUTPUT: Final = _grouped(
    "Output",
    _option(
        "--output",
        "the output format; jsonl, csv and parquet are written in constant memory",
        "the same, and jsonl, csv and parquet",
        choices=FORMATS,
    ),
    _option(
        "--query EXPRESSION",
        "a JMESPath expression that is applied to the response; to each page of it in text, "
        "yaml-stream, jsonl and csv",
    ),
    _option(
        "--output-file PATH",
        "write to a file, which is created or replaced when the listing is complete, and which "
        "only its owner may read",
        OURS,
        complete_files,
    ),
    _option(
        "--header",
        "with csv, write the line of names, which --starting-token leaves out on stdout",
        OURS,
        action="store_true",
        default=None,
    ),
    _option(
        "--no-header",
        "with csv, write no line of names",
        OURS,
        action="store_false",
        dest="header",
        default=None,
    ),
    _flag(
        "--csv-safe",
        "with csv, write ' before each text that a spreadsheet would take for a formula",
        OURS,
    ),
    _option("--color", "whether tables have colors", choices=("on", "off", "auto"), default="auto"),
    _flag(
        "--no-cli-pager",
        "nothing: responses are never shown in a pager",
        "accepted: there is no pager to turn off",
    ),
)

_CONNECTION: Final = _grouped(
    "Connection",
    _option("--endpoint-url URL", "where to send requests instead"),
    _option(
        "--profile NAME", "a profile of the AWS configuration files", completer=complete_profiles
    ),
    _option(
        "--region NAME",
        "the region; Partner Central is in us-east-1 only, which is the default",
        "the same, but that AWS_REGION and the profile do not set it: there is one region only",
    ),
    _flag("--no-sign-request", "do not sign requests, nor look for credentials"),
    _flag("--no-verify-ssl", "accept any TLS certificate"),
    _option("--ca-bundle PATH", "the certificates to check with", completer=complete_files),
    _option(
        "--cli-read-timeout SECONDS",
        "seconds between two pieces of a response; 0 is no limit",
        "the same; the default is 30, not 60",
        type=int,
    ),
    _option(
        "--cli-connect-timeout SECONDS",
        "seconds to open a connection; 0 is no limit",
        "the same; the default is 10, not 60",
        type=int,
    ),
    _flag(
        "--debug",
        "log every request, retry and wait on stderr, and where an error comes from",
        "the same, but that no record and no credential is shown",
    ),
)

_COMPATIBILITY: Final = _grouped(
    "Accepted for the AWS CLI's sake",
    _option(
        "--cli-binary-format",
        "nothing: this operation has no binary values",
        "accepted: this operation has no binary values",
        choices=("base64", "raw-in-base64-out"),
    ),
    _flag(
        "--cli-auto-prompt",
        "refused: nothing prompts here; see --help and the command completion",
        "refused: nothing prompts here, use completion in the shell",
    ),
    _flag(
        "--no-cli-auto-prompt", "nothing: nothing prompts here", "accepted: nothing prompts here"
    ),
)

_BEYOND: Final = _grouped(
    "Beyond the AWS CLI",
    _flag(
        "--scan",
        "read several pages at a time, in no order; not with --sort or the options of paging; "
        "opportunities without a creation date may be missing",
        OURS,
    ),
    _option(
        "--requests-per-second N",
        "the most requests a second, 10 if not given, which is AWS's quota; 0 is no limit",
        OURS,
        type=float,
    ),
    _flag("--demo", "use an emulator on this machine with a generated pipeline", OURS),
)

OPPORTUNITIES: Final = (*_REQUEST, *_PAGING, *_OUTPUT, *_CONNECTION, *_COMPATIBILITY, *_BEYOND)

SYNC: Final = (
    _CATALOG,
    _option(
        "--store PATH",
        "what holds the replica: an SQLite file, which is created if it does not exist; or a "
        "PostgreSQL database, postgresql://user@host/database",
        OURS,
        complete_files,
        required=True,
    ),
    _option(
        "--account NAME",
        "the name of the replica in the store, which can hold several; default if not given",
        OURS,
        default="default",
    ),
    _flag(
        "--setup",
        "first create or migrate the tables in PostgreSQL; a file needs no such step",
        OURS,
    ),
    _flag(
        "--reconcile",
        "also list everything, and store what no run can see and what AWS no longer has",
        OURS,
    ),
    _option(
        "--history DAYS",
        "record each change in the table changes, and delete those that are older",
        OURS,
        type=float,
    ),
    _flag(
        "--show-changes",
        "print a line for each change: created or updated, the identifier, the fields that differ",
        OURS,
    ),
    _flag("--once", "run once, which is what happens without --watch", OURS),
    _option(
        "--watch SECONDS",
        "run again and again, with so many seconds between two runs, until Ctrl-C",
        OURS,
        type=float,
    ),
    *_CONNECTION,
    *_BEYOND[1:],
)

_OF_OPPORTUNITIES: Final = {
    *("--catalog", "--sort", "--max-items", "--color", "--scan", "--requests-per-second", "--demo"),
    *FILTER_FLAGS,
    *(option.flag for option in _CONNECTION),
}

PIPELINE: Final = (
    *_grouped(
        "The table",
        _option(
            "--columns NAMES",
            "the columns, such as id,company,next-steps: those of the table, spend, and any field "
            "by its name",
            OURS,
            complete_columns,
        ),
        _flag("--wide", "show more columns and shorten nothing, however long a line becomes", OURS),
        _flag("--summary", "print counts and monthly spend by stage instead of a table", OURS),
        _flag("--skip-invalid", "leave out records that cannot be parsed, and name them", OURS),
        _option(
            "--today DAY",
            "the day before which a target close date is overdue, YYYY-MM-DD; today's in UTC if "
            "not given",
            OURS,
        ),
    ),
    *(option for option in OPPORTUNITIES if option.flag in _OF_OPPORTUNITIES),
)

SHELLS: Final = ("bash", "zsh", "fish")
