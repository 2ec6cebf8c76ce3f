"""Every option of the command: the one table that the parser, completion and docs are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from partnercentral_list.cli._completion import Completer, files, profiles, structure, words
from partnercentral_list.cli._shapes import CATALOGS, REVIEW_STATUSES, STAGES

SAME: Final = "the same"
"""What is said of an option that does what the AWS CLI's does."""
OURS: Final = "not in the AWS CLI"


@dataclass(frozen=True, slots=True)
class Option:
    """An option.

    Args:
        flag: Its name.
        about: What it does.
        aws: How it compares with the AWS CLI's.
        group: The heading that it is shown under.
        completed: What completion offers, where the parser itself takes any value.
        settings: What else argparse is told of it.
    """

    flag: str
    about: str
    aws: str = SAME
    group: str = "The request"
    completed: Completer | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """The name of its value among those that were parsed."""
        return self.flag.removeprefix("--").replace("-", "_")


def _texts(metavar: str = "TEXT") -> dict[str, Any]:
    return {"nargs": "*", "metavar": metavar}


def _flag(**settings: Any) -> dict[str, Any]:
    return {"action": "store_true", **settings}


_DEMO = Option(
    "--demo",
    "use an emulator on this machine with an invented pipeline",
    OURS,
    "Beyond the AWS CLI",
    settings=_flag(),
)  # fmt: skip

_FILTERS: Final = (
    Option(
        "--catalog",
        "AWS, the partner's real opportunities, or Sandbox",
        completed=words(CATALOGS),
        settings={"metavar": "CATALOG"},
    ),
    Option("--identifier", "only these, such as O1111111, at most 20", settings=_texts("ID")),
    Option(
        "--life-cycle-stage",
        f"only those in one of these stages: {', '.join(STAGES)}",
        completed=words(STAGES),
        settings=_texts("STAGE"),
    ),
    Option(
        "--life-cycle-review-status",
        f"only those with one of these review statuses: {', '.join(REVIEW_STATUSES)}",
        completed=words(REVIEW_STATUSES),
        settings=_texts("STATUS"),
    ),
    Option(
        "--customer-company-name",
        "only those of one of these customers, at most 10",
        settings=_texts("NAME"),
    ),
    Option(
        "--last-modified-date",
        "only those changed within AfterLastModifiedDate=time,BeforeLastModifiedDate=time",
        completed=structure("LastModifiedDate"),
        settings={"metavar": "SPAN"},
    ),
    Option(
        "--created-date",
        "only those created within AfterCreatedDate=time,BeforeCreatedDate=time",
        "the same, and newer than its page in the reference",
        completed=structure("CreatedDate"),
        settings={"metavar": "SPAN"},
    ),
    Option(
        "--target-close-date",
        "only those expected to close within AfterTargetCloseDate=day,BeforeTargetCloseDate=day",
        "the same, and newer than its page in the reference",
        completed=structure("TargetCloseDate"),
        settings={"metavar": "SPAN"},
    ),
    Option(
        "--sort",
        "the order: SortBy=LastModifiedDate|Identifier|CustomerCompanyName|CreatedDate|"
        "TargetCloseDate,SortOrder=ASCENDING|DESCENDING",
        completed=structure("Sort"),
        settings={"metavar": "SORT"},
    ),
    Option(
        "--cli-input-json",
        "a whole request as JSON or file://path; options win over it",
        settings={"metavar": "JSON"},
    ),
    Option(
        "--cli-input-yaml",
        "a whole request as YAML or file://path; options win over it",
        settings={"metavar": "YAML"},
    ),
    Option(
        "--generate-cli-skeleton",
        "print a request to fill in (input, yaml-input) or the form of an answer, and send nothing",
        settings={
            "nargs": "?",
            "const": "input",
            "choices": ("input", "yaml-input", "output"),
        },
    ),
)

_PAGING: Final = (
    Option(
        "--starting-token",
        "where to go on: the NextToken of an answer that was cut, ours or the AWS CLI's",
        group="Paging",
        settings={"metavar": "TOKEN"},
    ),
    Option(
        "--page-size",
        "opportunities in a page, 1 to 100",
        "the same; without it, 100 where the answer does not show the pages",
        "Paging",
        settings={"type": int, "metavar": "N"},
    ),
    Option(
        "--max-items",
        "opportunities in all, 0 or more",
        "the same; a negative number is refused, and 0 sends nothing",
        "Paging",
        settings={"type": int, "metavar": "N"},
    ),
    Option(
        "--no-paginate",
        "one page only",
        group="Paging",
        settings={"action": "store_false", "dest": "paginate"},
    ),
    Option(
        "--max-results",
        "one page of at most so many, in AWS's own terms",
        "the same: it works, and is not documented",
        "Paging",
        settings={"type": int, "metavar": "N"},
    ),
    Option(
        "--next-token",
        "the page that AWS's own token names, in AWS's own terms",
        "the same: it works, and is not documented",
        "Paging",
        settings={"metavar": "TOKEN"},
    ),
)

FORMATS: Final = ("json", "text", "table", "yaml", "yaml-stream", "jsonl", "csv")

_OUTPUT: Final = (
    Option(
        "--output",
        "the form of the answer; jsonl and csv print page by page, in constant memory",
        "the same, and jsonl and csv",
        "Output",
        settings={"choices": FORMATS},
    ),
    Option(
        "--query",
        "a JMESPath expression that the answer is put through; each page of it in text, "
        "yaml-stream, jsonl and csv",
        group="Output",
        settings={"metavar": "EXPRESSION"},
    ),
    Option(
        "--color",
        "whether tables have colors",
        group="Output",
        settings={"choices": ("on", "off", "auto"), "default": "auto"},
    ),
    Option(
        "--no-cli-pager",
        "nothing: answers are never shown in a pager",
        "accepted: there is no pager to turn off",
        "Output",
        settings=_flag(),
    ),
)

_CONNECTION: Final = (
    Option("--endpoint-url", "where to send requests instead", group="Connection",
           settings={"metavar": "URL"}),
    Option("--profile", "a profile of the AWS configuration files", group="Connection",
           completed=profiles, settings={"metavar": "NAME"}),
    Option(
        "--region",
        "the region; Partner Central is in us-east-1 only, which is the default",
        "the same, but that AWS_REGION and the profile do not set it: there is one region only",
        "Connection",
        settings={"metavar": "NAME"},
    ),
    Option("--no-sign-request", "do not sign requests, nor look for credentials",
           group="Connection", settings=_flag()),
    Option("--no-verify-ssl", "accept any TLS certificate", group="Connection", settings=_flag()),
    Option("--ca-bundle", "the certificates to check with", group="Connection",
           completed=files, settings={"metavar": "PATH"}),
    Option(
        "--cli-read-timeout",
        "seconds between two pieces of an answer; 0 is no limit",
        "the same; the default is 30, not 60",
        "Connection",
        settings={"type": int, "metavar": "SECONDS"},
    ),
    Option(
        "--cli-connect-timeout",
        "seconds to open a connection; 0 is no limit",
        "the same; the default is 10, not 60",
        "Connection",
        settings={"type": int, "metavar": "SECONDS"},
    ),
    Option(
        "--debug",
        "tell on stderr of every request, retry and wait, and where an error comes from",
        "the same, but that no record and no credential is shown",
        "Connection",
        settings=_flag(),
    ),
)  # fmt: skip

_PACE: Final = Option(
    "--requests-per-second",
    "the most requests a second, 10 if not given, which is AWS's quota; 0 is no limit",
    OURS,
    "Beyond the AWS CLI",
    settings={"type": float, "metavar": "N"},
)

_NOT_NEEDED: Final = (
    Option(
        "--cli-binary-format",
        "nothing: this operation has no binary values",
        "accepted: this operation has no binary values",
        "Accepted for the AWS CLI's sake",
        settings={"choices": ("base64", "raw-in-base64-out")},
    ),
    Option(
        "--cli-auto-prompt",
        "refused: nothing prompts here; see --help and the command completion",
        "refused: nothing prompts here, use completion in the shell",
        "Accepted for the AWS CLI's sake",
        settings=_flag(),
    ),
    Option(
        "--no-cli-auto-prompt",
        "nothing: nothing prompts here",
        "accepted: nothing prompts here",
        "Accepted for the AWS CLI's sake",
        settings=_flag(),
    ),
)

_SCAN: Final = Option(
    "--scan",
    "read several pages at a time, in no order; not with --sort or the options of paging",
    OURS,
    "Beyond the AWS CLI",
    settings=_flag(),
)
_BEYOND: Final = (_SCAN, _PACE, _DEMO)

OPPORTUNITIES: Final = (*_FILTERS, *_PAGING, *_OUTPUT, *_CONNECTION, *_NOT_NEEDED, *_BEYOND)

SYNC: Final = (
    _FILTERS[0],
    Option(
        "--store",
        "the SQLite file that holds the copy; it is made if it is not there",
        OURS,
        completed=files,
        settings={"metavar": "PATH", "required": True},
    ),
    Option(
        "--account",
        "the name that the copy has in the file, where it holds several; default if not given",
        OURS,
        settings={"metavar": "NAME", "default": "default"},
    ),
    Option(
        "--watch",
        "go on, with so many seconds between two runs, until Ctrl-C",
        OURS,
        settings={"type": float, "metavar": "SECONDS"},
    ),
    *_CONNECTION,
    _PACE,
    _DEMO,
)

SHELLS: Final = ("bash", "zsh", "fish")
