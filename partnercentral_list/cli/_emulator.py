"""partnercentral-list emulator: the emulator's own launcher, with the command's exit codes."""

from __future__ import annotations

from argparse import Namespace

from partnercentral_list.cli._exits import BAD_SETUP, CommandError
from partnercentral_list.emulator.__main__ import serve


def run(options: Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM.

    Returns:
        The exit code.

    Raises:
        CommandError: An option's value cannot be used, or the port is taken.
    """
    try:
        return serve(options)
    except ValueError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(str(error), BAD_SETUP) from None
