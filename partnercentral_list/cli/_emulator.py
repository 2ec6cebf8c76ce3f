"""partnercentral-list emulator: the module's own command under another name."""

from __future__ import annotations

from argparse import Namespace

from partnercentral_list.cli._exits import BAD_INPUT
from partnercentral_list.cli._options import EMULATOR
from partnercentral_list.emulator.__main__ import main as serve


def run(options: Namespace) -> int:
    """Serve until Ctrl-C.

    Returns:
        The exit code.
    """
    argv: list[str] = []
    for option in EMULATOR:
        value = getattr(options, option.flag.removeprefix("--").replace("-", "_"))
        if value is not None:
            argv += [option.flag, str(value)]
    return BAD_INPUT if serve(argv) else 0
