"""Every option of the command: the table that the parser, the completion and the docs come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from partnercentral_list.cli._completion import (
    Completer,
    complete_files,
    complete_profiles,
    shorthand_completer,
    word_completer,
)
from partnercentral_list.cli._shapes import CATALOGS, REVIEW_STATUSES, STAGES

SAME: Final = "the same"
"""How an option compares that does what the AWS CLI's does."""
OURS: Final = "not in the AWS CLI"


@dataclass(frozen=True, slots=True)
class CommandOption:
    """An option.

    Args:
        flag: Its name.
        about: What it does.
        aws: How it compares with the AWS CLI's.
        group: The heading that it is shown under.
        completer: What completion offers, where the parser itself takes any value.
        settings: Further arguments for argparse.
    """

    flag: str
    about: str
    aws: str = SAME
    group: str = "The request"
    completer: Completer | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """The name of its value in the parsed namespace."""
        return self.flag.removeprefix("--").replace("-", "_")


def _texts(metavar: str = "TEXT") -> dict[str, Any]:
    return {"nargs": "*", "metavar": metavar}


def _flag(**settings: Any) -> dict[str, Any]:
    return {"action": "store_true", **settings}


_DEMO = CommandOption(
    "--demo",
    "use an emulator on this machine with a generated pipeline",
    OURS,
    "Beyond the AWS CLI",
    settings=_flag(),
)  # fmt: skip

_FILTERS: Final = (
    CommandOption(
        "--catalog",
        "AWS, the partner's real opportunities, or Sandbox",
        completer=word_completer(CATALOGS),
        settings={"metavar": "CATALOG"},
    ),
    CommandOption(
        "--identifier", "only these, such as O1111111, at most 20", settings=_texts("ID")
    ),
    CommandOption(
        "--life-cycle-stage",
        f"only those in one of these stages: {', '.join(STAGES)}",
        completer=word_completer(STAGES),
        settings=_texts("STAGE"),
    ),
    CommandOption(
        "--life-cycle-review-status",
        f"only those with one of these review statuses: {', '.join(REVIEW_STATUSES)}",
        completer=word_completer(REVIEW_STATUSES),
        settings=_texts("STATUS"),
    ),
    CommandOption(
        "--customer-company-name",
        "only those of one of these customers, at most 10",
        settings=_texts("NAME"),
    ),
    CommandOption(
        "--last-modified-date",
        "only those changed within AfterLastModifiedDate=time,BeforeLastModifiedDate=time",
        completer=shorthand_completer("LastModifiedDate"),
        settings={"metavar": "SPAN"},
    ),
    CommandOption(
        "--created-date",
        "only those created within AfterCreatedDate=time,BeforeCreatedDate=time",
        "the same, and newer than its page in the reference",
        completer=shorthand_completer("CreatedDate"),
        settings={"metavar": "SPAN"},
    ),
    CommandOption(
        "--target-close-date",
        "only those expected to close within AfterTargetCloseDate=day,BeforeTargetCloseDate=day",
        "the same, and newer than its page in the reference",
        completer=shorthand_completer("TargetCloseDate"),
        settings={"metavar": "SPAN"},
    ),
    CommandOption(
        "--sort",
        "the order: SortBy=LastModifiedDate|Identifier|CustomerCompanyName|CreatedDate|"
        "TargetCloseDate,SortOrder=ASCENDING|DESCENDING",
        completer=shorthand_completer("Sort"),
        settings={"metavar": "SORT"},
    ),
    CommandOption(
        "--cli-input-json",
        "a whole request as JSON or file://path; options win over it",
        settings={"metavar": "JSON"},
    ),
    CommandOption(
        "--cli-input-yaml",
        "a whole request as YAML or file://path; options win over it",
        settings={"metavar": "YAML"},
    ),
    CommandOption(
        "--generate-cli-skeleton",
        "print a request to fill in (input, yaml-input) or a sample response (output) only",
        settings={
            "nargs": "?",
            "const": "input",
            "choices": ("input", "yaml-input", "output"),
        },
    ),
)

FILTER_FLAGS: Final = (
    *("--identifier", "--life-cycle-stage", "--life-cycle-review-status"),
    *("--customer-company-name", "--last-modified-date", "--created-date", "--target-close-date"),
)

_PAGING: Final = (
    CommandOption(
        "--starting-token",
        "where to resume: the NextToken of a response that was cut, ours or the AWS CLI's",
        group="Paging",
        settings={"metavar": "TOKEN"},
    ),
    CommandOption(
        "--page-size",
        "opportunities in a page, 1 to 100",
        "the same; without it, 100 where the response does not show the pages",
        "Paging",
        settings={"type": int, "metavar": "N"},
    ),
    CommandOption(
        "--max-items",
        "opportunities in all, 0 or more",
        "the same; a negative number is refused, and 0 sends nothing",
        "Paging",
        settings={"type": int, "metavar": "N"},
    ),
    CommandOption(
        "--no-paginate",
        "one page only",
        group="Paging",
        settings={"action": "store_false", "dest": "paginate"},
    ),
    CommandOption(
        "--max-results",
        "one page of at most so many, in AWS's own terms",
        "the same: it works, and is not documented",
        "Paging",
        settings={"type": int, "metavar": "N"},
    ),
    CommandOption(
        "--next-token",
        "the page that AWS's own token names, in AWS's own terms",
        "the same: it works, and is not documented",
        "Paging",
        settings={"metavar": "TOKEN"},
    ),
)

FORMATS: Final = ("json", "text", "table", "yaml", "yaml-stream", "jsonl", "csv")

_OUTPUT: Final = (
    CommandOption(
        "--output",
        "the output format; jsonl and csv print page by page, in constant memory",
        "the same, and jsonl and csv",
        "Output",
        settings={"choices": FORMATS},
    ),
    CommandOption(
        "--query",
        "a JMESPath expression that is applied to the response; to each page of it in text, "
        "yaml-stream, jsonl and csv",
        group="Output",
        settings={"metavar": "EXPRESSION"},
    ),
    CommandOption(
        "--color",
        "whether tables have colors",
        group="Output",
        settings={"choices": ("on", "off", "auto"), "default": "auto"},
    ),
    CommandOption(
        "--no-cli-pager",
        "nothing: responses are never shown in a pager",
        "accepted: there is no pager to turn off",
        "Output",
        settings=_flag(),
    ),
)

_CONNECTION: Final = (
    CommandOption("--endpoint-url", "where to send requests instead", group="Connection",
                  settings={"metavar": "URL"}),
    CommandOption("--profile", "a profile of the AWS configuration files", group="Connection",
                  completer=complete_profiles, settings={"metavar": "NAME"}),
    CommandOption(
        "--region",
        "the region; Partner Central is in us-east-1 only, which is the default",
        "the same, but that AWS_REGION and the profile do not set it: there is one region only",
        "Connection",
        settings={"metavar": "NAME"},
    ),
    CommandOption("--no-sign-request", "do not sign requests, nor look for credentials",
                  group="Connection", settings=_flag()),
    CommandOption("--no-verify-ssl", "accept any TLS certificate", group="Connection",
                  settings=_flag()),
    CommandOption("--ca-bundle", "the certificates to check with", group="Connection",
                  completer=complete_files, settings={"metavar": "PATH"}),
    CommandOption(
        "--cli-read-timeout",
        "seconds between two pieces of a response; 0 is no limit",
        "the same; the default is 30, not 60",
        "Connection",
        settings={"type": int, "metavar": "SECONDS"},
    ),
    CommandOption(
        "--cli-connect-timeout",
        "seconds to open a connection; 0 is no limit",
        "the same; the default is 10, not 60",
        "Connection",
        settings={"type": int, "metavar": "SECONDS"},
    ),
    CommandOption(
        "--debug",
        "log every request, retry and wait on stderr, and where an error comes from",
        "the same, but that no record and no credential is shown",
        "Connection",
        settings=_flag(),
    ),
)  # fmt: skip

_RATE: Final = CommandOption(
    "--requests-per-second",
    "the most requests a second, 10 if not given, which is AWS's quota; 0 is no limit",
    OURS,
    "Beyond the AWS CLI",
    settings={"type": float, "metavar": "N"},
)

_COMPATIBILITY: Final = (
    CommandOption(
        "--cli-binary-format",
        "nothing: this operation has no binary values",
        "accepted: this operation has no binary values",
        "Accepted for the AWS CLI's sake",
        settings={"choices": ("base64", "raw-in-base64-out")},
    ),
    CommandOption(
        "--cli-auto-prompt",
        "refused: nothing prompts here; see --help and the command completion",
        "refused: nothing prompts here, use completion in the shell",
        "Accepted for the AWS CLI's sake",
        settings=_flag(),
    ),
    CommandOption(
        "--no-cli-auto-prompt",
        "nothing: nothing prompts here",
        "accepted: nothing prompts here",
        "Accepted for the AWS CLI's sake",
        settings=_flag(),
    ),
)

_SCAN: Final = CommandOption(
    "--scan",
    "read several pages at a time, in no order; not with --sort or the options of paging; "
    "opportunities without a creation date may be missing",
    OURS,
    "Beyond the AWS CLI",
    settings=_flag(),
)
_BEYOND: Final = (_SCAN, _RATE, _DEMO)

OPPORTUNITIES: Final = (*_FILTERS, *_PAGING, *_OUTPUT, *_CONNECTION, *_COMPATIBILITY, *_BEYOND)

SYNC: Final = (
    _FILTERS[0],
    CommandOption(
        "--store",
        "the SQLite file that holds the replica; it is created if it does not exist",
        OURS,
        completer=complete_files,
        settings={"metavar": "PATH", "required": True},
    ),
    CommandOption(
        "--account",
        "the name of the replica in the file, which can hold several; default if not given",
        OURS,
        settings={"metavar": "NAME", "default": "default"},
    ),
    CommandOption(
        "--watch",
        "run again and again, with so many seconds between two runs, until Ctrl-C",
        OURS,
        settings={"type": float, "metavar": "SECONDS"},
    ),
    *_CONNECTION,
    _RATE,
    _DEMO,
)

SHELLS: Final = ("bash", "zsh", "fish")
