"""main: from the words of the command line to an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from partnercentral_list.cli._completion import COMPLETION_VARIABLE, complete, script
from partnercentral_list.cli._exits import (
    FAILED,
    INTERRUPTED,
    OK,
    CommandError,
)
from partnercentral_list.cli._parser import PROG, build, parse
from partnercentral_list.cli._terminal import say

if TYPE_CHECKING:
    from argparse import Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Its arguments; those of the process if None.

    Returns:
        The exit code: 0 done, 129 ended by SIGHUP, 130 interrupted, 143 ended by SIGTERM, 252 bad
        input, 253 bad set-up, 254 refused by AWS, 255 any other failure; as the AWS CLI's.
    """
    try:
        _prepare_streams()
        if COMPLETION_VARIABLE in os.environ:
            complete(build()[0])
        options = parse(sys.argv[1:] if argv is None else argv)
        return _run(options)
    except CommandError as error:
        _fail(str(error), error.usage)
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _quietly()
    except SystemExit as end:
        # --help and --version.
        return end.code if isinstance(end.code, int) else OK


def _run(options: Namespace) -> int:
    if options.command == "completion":
        print(script(PROG, options.shell), end="")
        return OK
    if options.command == "emulator":
        from partnercentral_list.cli._emulator import run as serve

        return serve(options)
    return _run_client(options)


def _run_client(options: Namespace) -> int:
    from partnercentral_list.cli._failures import CutShortError, code_of, text_of
    from partnercentral_list.cli._opportunities import run as list_opportunities
    from partnercentral_list.cli._sync import run as keep_current
    from partnercentral_list.errors import PartnerCentralError

    run = keep_current if options.command == "sync" else list_opportunities

    _log(debug=options.debug)
    try:
        return run(options)
    except (BrokenPipeError, CommandError):
        raise
    except Exception as error:
        if options.debug:
            traceback.print_exc()
        if isinstance(error, CutShortError):
            _fail(text_of(error.error), after=error.standing)
            return code_of(error.error)
        if isinstance(error, PartnerCentralError):
            _fail(text_of(error))
            return code_of(error)
        if isinstance(error, OSError):
            _fail(f"The answer cannot be written: {error.strerror}.")
            _quietly()
            return FAILED
        # Its text may hold a piece of a record.
        _fail(f"Unexpected {type(error).__name__}: --debug shows where it comes from.")
        return FAILED


def _fail(message: str, usage: str = "", after: str = "") -> None:
    lines = [f"{usage.strip()}\n" if usage else "", f"{PROG}: [ERROR]: {message}", after]
    say("\n".join(filter(None, lines)))


def _log(*, debug: bool) -> None:
    import logging

    if not debug:
        # It logs, with a traceback, what is then raised and told in a line.
        logging.getLogger("aiobotocore").addHandler(logging.NullHandler())
        return
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("partnercentral_list").setLevel(logging.DEBUG)


def _prepare_streams() -> None:
    # Python has None for a stream that was closed, and print(file=None) goes to stdout.
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 # for as long as the process lives
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise CommandError("There is no stdout to write to: it is closed.", FAILED)
    # Half a character of UTF-16 may be in a record; JSON's own escape for it is what this writes.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _quietly() -> int:
    # Python would flush stdout once more at its end, and complain.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK
