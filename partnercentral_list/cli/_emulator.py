"""partnercentral-list emulator: a local Partner Central, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import math
import os
import signal
import threading
from argparse import Namespace

from partnercentral_list.cli._exits import BAD_SETUP, OK, CommandError
from partnercentral_list.emulator import PartnerCentralEmulator

TEXT = """Partner Central is at {url} with {opportunities} opportunities. Try:
  partnercentral-list opportunities --catalog {catalog} --no-sign-request --max-items 3 \\
      --endpoint-url {url}
  aws partnercentral-selling list-opportunities --catalog {catalog} --no-sign-request \\
      --max-items 3 --region us-east-1 --endpoint-url {url}
Ctrl-C stops it."""


def run(options: Namespace) -> int:
    """Serve until Ctrl-C.

    Returns:
        The exit code.

    Raises:
        CommandError: An option is out of its bounds, or the port is taken.
    """
    _check(options)
    emulator = PartnerCentralEmulator(
        options.opportunities,
        seed=options.seed,
        catalog=options.catalog,
        latency=options.latency,
        requests_per_second=options.requests_per_second,
        port=options.port,
    )
    try:
        emulator.start()
    except OSError as error:
        raise CommandError(
            f"127.0.0.1:{options.port} cannot be served: {os.strerror(error.errno or 0)}. "
            "--port 0 takes one that is free.",
            BAD_SETUP,
        ) from None
    try:
        print(TEXT.format(url=emulator.url, **vars(options)), flush=True)
        _wait()
    except KeyboardInterrupt:
        pass
    finally:
        emulator.stop()
    return OK


def _check(options: Namespace) -> None:
    rate = options.requests_per_second
    for option, is_right, wanted in (
        ("--port", 0 <= options.port <= 65_535, "in 0..65535; 0 is any that is free"),
        ("--opportunities", options.opportunities >= 0, "0 or more"),
        ("--latency", 0 <= options.latency < math.inf, "0 or more, and finite"),
        ("--requests-per-second", rate is None or 0 < rate < math.inf, "more than 0, and finite"),
    ):
        if not is_right:
            raise CommandError(f"{option} must be {wanted}.")


def _wait() -> None:
    # A shell starts background programs with SIGINT ignored, and Python leaves it like that.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    threading.Event().wait()
