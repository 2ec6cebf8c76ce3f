"""The parser of the command line, made of the table of options and cheap to import."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn, cast

from partnercentral_list.cli._errors import CommandError, suggestion
from partnercentral_list.cli._options import (
    FILTER_FLAGS,
    OPPORTUNITIES,
    PIPELINE,
    SHELLS,
    SYNC,
    CommandOption,
)

PROG = "partnercentral-list"

COMMANDS = {
    "opportunities": ("list the opportunities that match", OPPORTUNITIES),
    "pipeline": ("print a table of the opportunities that match, with totals", PIPELINE),
    "sync": ("keep a local replica of a catalog current in a file", SYNC),
    # Its options are the emulator's own.
    "emulator": ("serve a local Partner Central with generated opportunities", ()),
    "completion": ("print the script for completion in a shell", ()),
}

COMMON = ("--help", "--version")

EXAMPLES = {
    "": """
  partnercentral-list opportunities --demo --output table --max-items 3
  partnercentral-list opportunities --catalog AWS --life-cycle-stage Qualified Committed
  partnercentral-list pipeline --catalog AWS --summary
  partnercentral-list sync --catalog AWS --store pipeline.db
  partnercentral-list emulator --port 8765
  source <(partnercentral-list completion bash)
""",
    "opportunities": """
  # All of the qualified ones that changed in 2026, as JSON.
  partnercentral-list opportunities --catalog AWS --life-cycle-stage Qualified \\
      --last-modified-date AfterLastModifiedDate=2026-01-01

  # Identifier and stage, a line each.
  partnercentral-list opportunities --catalog AWS --output text \\
      --query 'OpportunitySummaries[].[Id, LifeCycle.Stage]'

  # The first hundred, then the rest.
  partnercentral-list opportunities --catalog AWS --max-items 100
  partnercentral-list opportunities --catalog AWS --starting-token TOKEN

  # Everything into a file, which is complete or not there.
  partnercentral-list opportunities --catalog AWS --output csv --output-file pipeline.csv
  partnercentral-list opportunities --catalog AWS --output parquet --output-file pipeline.parquet

  # Without an AWS account.
  partnercentral-list opportunities --demo --output table --max-items 3

exit codes:
  0 done  129 SIGHUP  130 interrupted  143 SIGTERM  252 bad input  253 bad configuration
  254 refused by AWS  255 any other failure
""",
    "pipeline": """
  # What is to close next, with totals.
  partnercentral-list pipeline --catalog AWS --life-cycle-stage Qualified Committed \\
      --sort SortBy=TargetCloseDate,SortOrder=ASCENDING

  # Counts and monthly spend by stage.
  partnercentral-list pipeline --catalog AWS --summary

  # Other columns; everything, in full.
  partnercentral-list pipeline --catalog AWS --columns id,company,next-steps
  partnercentral-list pipeline --catalog AWS --wide

  # Without an AWS account.
  partnercentral-list pipeline --demo
""",
    "sync": """
  # Once; the next run requests only what has changed since.
  partnercentral-list sync --catalog AWS --store pipeline.db

  # Every five minutes, until Ctrl-C.
  partnercentral-list sync --catalog AWS --store pipeline.db --watch 300
""",
    "emulator": """
  partnercentral-list emulator --opportunities 1000
  partnercentral-list opportunities --catalog AWS --no-sign-request \\
      --endpoint-url http://127.0.0.1:8765
""",
    "completion": """
  source <(partnercentral-list completion bash)
  source <(partnercentral-list completion zsh)
  partnercentral-list completion fish | source
""",
}

_NUMBERS = {int: "a whole number", float: "a number"}


class CommandParser(argparse.ArgumentParser):
    """An argparse parser that raises `CommandError`, without Python's names."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the command line."""
        raise CommandError(message, usage=self.format_usage())

    @property
    def flags(self) -> list[str]:
        """The parser's options, such as ``--catalog``."""
        return [flag for flag in self._option_string_actions if flag.startswith("--")]

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        # argparse's own message differs between Pythons, and suggests nothing before 3.14.
        if action.choices is not None and value not in action.choices:
            known = list(action.choices)
            raise argparse.ArgumentError(
                action,
                f"invalid choice: {value!r} (choose from {', '.join(known)}). "
                f"{suggestion(value, known)}".strip(),
            )

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            kind = _NUMBERS.get(cast("type", action.type))
            if kind is None:
                raise
            message = f"{arg_string[:40]!r} is not {kind}"
        # argparse's own message has Python's names of types.
        raise argparse.ArgumentError(action, message)


def build_parsers(*, with_emulator: bool = True) -> tuple[CommandParser, dict[str, CommandParser]]:
    """Return the parser of the whole command line, and those of the commands by their names.

    Args:
        with_emulator: Whether the emulator's options are needed, for which it is imported.
    """
    parser = CommandParser(
        prog=PROG,
        description="Read an AWS partner's pipeline: the opportunities in AWS Partner Central.",
        epilog=f"examples:{EXAMPLES['']}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_version(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parsers: dict[str, CommandParser] = {}
    for name, (about, options) in COMMANDS.items():
        parsers[name] = commands.add_parser(
            name,
            help=about,
            usage=f"{PROG} {name} {'SHELL' if name == 'completion' else '[options]'}",
            description=f"{about[0].upper()}{about[1:]}.",
            epilog=f"examples:{EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _add(parsers[name], options)
        _add_version(parsers[name])
    parsers["completion"].add_argument("shell", choices=SHELLS, metavar="SHELL")
    if with_emulator:
        from partnercentral_list.emulator.__main__ import add_arguments

        add_arguments(parsers["emulator"])
    return parser, parsers


def _add_version(parser: CommandParser) -> None:
    from partnercentral_list import __version__

    parser.add_argument(
        "--version", action="version", version=f"{PROG}/{__version__}", help="print the version"
    )


def _add(parser: CommandParser, options: Sequence[CommandOption]) -> None:
    groups: dict[str, Any] = {}
    for option in options:
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(option.group)
        about = option.about.replace("%", "%%")
        # A missing option is reported when it is known that none is misspelled.
        settings = {k: v for k, v in option.settings.items() if k != "required"}
        action = groups[option.group].add_argument(option.flag, help=about, **settings)
        if option.completer is not None:
            # Where argcomplete looks for it.
            action.completer = option.completer


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line.

    Raises:
        CommandError: It cannot be parsed.
        SystemExit: After ``--help`` and ``--version``.
    """
    parser, commands = build_parsers(with_emulator="emulator" in argv[:1])
    _check_first(argv, parser)
    options, unknown = parser.parse_known_args(argv)
    command = commands[options.command]
    usage = command.format_usage()
    if unknown:
        words = (word.partition("=")[0] for word in unknown if word.startswith("--"))
        meant = (_suggestion(word, command.flags) for word in words)
        sentences = [f"Unknown options: {', '.join(unknown)}.", *filter(None, meant)]
        raise CommandError(" ".join(sentences), usage=usage)
    required = [o for o in COMMANDS[options.command][1] if o.settings.get("required")]
    missing = [option.flag for option in required if getattr(options, option.name) is None]
    if missing:
        raise CommandError(
            f"the following arguments are required: {', '.join(missing)}", usage=usage
        )
    return options


def _suggestion(word: str, flags: Sequence[str]) -> str:
    # By its letters alone, --filter is closest to --profile.
    if word.casefold() not in ("--filter", "--filters"):
        return suggestion(word, flags)
    filters = [flag for flag in FILTER_FLAGS if flag in flags]
    return f"Filters are options of their own: {', '.join(filters)}." if filters else ""


def _check_first(argv: Sequence[str], parser: CommandParser) -> None:
    """Refuse an option in front of the command, whose value would be taken for the command."""
    word = argv[0].partition("=")[0] if argv else ""
    if not word.startswith("--") or any(flag.startswith(word) for flag in COMMON):
        return
    is_known = any(word in command.flags for command in build_parsers()[1].values())
    advice = "Options come behind the command." if is_known else suggestion(word, COMMON)
    raise CommandError(f"Unknown option: {word}. {advice}".strip(), usage=parser.format_usage())
