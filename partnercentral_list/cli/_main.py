"""The entry point of the command: runs it and returns the exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from partnercentral_list.cli._completion import COMPLETION_VARIABLE, print_completions, shell_script
from partnercentral_list.cli._errors import (
    BAD_CONFIGURATION,
    FAILED,
    INTERRUPTED,
    OK,
    CommandError,
    InterruptedByError,
    exit_code,
    message,
)
from partnercentral_list.cli._parser import PROG, build_parsers, parse_arguments
from partnercentral_list.cli._process import discard_stdout, prepare_streams, print_message

if TYPE_CHECKING:
    from argparse import Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Its arguments; those of the process if None.

    Returns:
        The exit code: 0 done, 75 a sync that may succeed when it is run again, 129 ended by SIGHUP,
        130 interrupted, 143 ended by SIGTERM, 252 bad input, 253 bad configuration, 254 refused by
        AWS, 255 any other failure; but for 75 as the AWS CLI's.
    """
    try:
        prepare_streams()
        if COMPLETION_VARIABLE in os.environ:
            print_completions(build_parsers()[0])
        options = parse_arguments(sys.argv[1:] if argv is None else argv)
        if options.command == "completion":
            print(shell_script(PROG, options.shell), end="")
            return OK
        if options.command == "emulator":
            return _run_emulator(options)
        return _run_client(options)
    except CommandError as error:
        _print_error(str(error), before=error.usage)
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        return OK
    except SystemExit as end:
        # --help and --version.
        return end.code if isinstance(end.code, int) else OK


def _run_emulator(options: Namespace) -> int:
    from partnercentral_list.emulator.__main__ import serve

    try:
        return serve(options)
    except ValueError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(str(error), BAD_CONFIGURATION) from None


def _run_client(options: Namespace) -> int:
    from partnercentral_list.cli._opportunities import run_opportunities
    from partnercentral_list.cli._pipeline import run_pipeline
    from partnercentral_list.cli._sync import run_sync
    from partnercentral_list.errors import PartnerCentralError

    _configure_logging(debug=options.debug)
    try:
        match options.command:
            case "sync":
                return run_sync(options)
            case "pipeline":
                return run_pipeline(options)
            case _:
                return run_opportunities(options)
    except (BrokenPipeError, CommandError):
        raise
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        if isinstance(error, InterruptedByError):
            _print_error(message(error.error), after=error.progress)
            return exit_code(error.error)
        if isinstance(error, PartnerCentralError):
            _print_error(message(error))
            return exit_code(error)
        if isinstance(error, OSError):
            _print_error(f"The response cannot be written: {error.strerror}.")
            discard_stdout()
            return FAILED
        # Its text may hold a piece of a record.
        _print_error(f"Unexpected {type(error).__name__}: --debug shows where it comes from.")
        return FAILED


def _print_error(text: str, before: str = "", after: str = "") -> None:
    usage = f"{before.strip()}\n" if before else ""
    print_message("\n".join(filter(None, (usage, f"{PROG}: [ERROR]: {text}", after))))


def _configure_logging(*, debug: bool) -> None:
    import logging

    if not debug:
        # It logs, with a traceback, what is then raised and printed in a line.
        logging.getLogger("aiobotocore").addHandler(logging.NullHandler())
        return
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("partnercentral_list").setLevel(logging.DEBUG)
