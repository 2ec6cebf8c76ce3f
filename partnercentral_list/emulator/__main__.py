"""Serve a local Partner Central until Ctrl-C or SIGTERM: python -m partnercentral_list.emulator.

`partnercentral-list emulator` is made of the same arguments and the same `serve`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from partnercentral_list.emulator import (
    AcceptedCredentials,
    Behavior,
    PartnerCentralEmulator,
    RandomFaults,
)
from partnercentral_list.emulator._dataset import MAX_OPPORTUNITIES

_CATALOGS = ("AWS", "Sandbox")
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# A fault cannot be written as text.
_SETTINGS = sorted({item.name for item in dataclasses.fields(Behavior)} - {"expired_token"})

# Python's words are accepted beside JSON's.
_WORDS = {"True": True, "False": False, "None": None}


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted.

    Args:
        argv: The arguments; those of the process if None.

    Returns:
        The exit status: 0 after Ctrl-C or SIGTERM, 1 if an argument's value or the port cannot be
        used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m partnercentral_list.emulator",
        description="Serve a local AWS Partner Central with generated opportunities.",
    )
    add_arguments(parser)
    try:
        return serve(parser.parse_args(argv))
    except (OSError, ValueError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the emulator's options to a parser, for `serve`."""
    add = parser.add_argument
    add("--port", type=int, default=8765, help="on 127.0.0.1; 0 for any that is free (8765)")
    add("--opportunities", type=int, default=250, metavar="N", help="how many to generate (250)")
    add("--seed", type=int, default=0, metavar="N", help="what they are generated from (0)")
    add("--no-odd-values", action="store_true", help="leave out what is odd in every hundredth")
    add(
        "--real-dates",
        action="store_true",
        help="date them around today; around 1 July 2026, the same ones each day, if not given",
    )
    add("--catalog", default="AWS", choices=_CATALOGS, help="the catalog that they are in (AWS)")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="wait before each response")
    add("--requests-per-second", type=float, metavar="N", help="the quota; none if not given")
    add("--fault-rate", type=float, default=0.0, metavar="P", help="random faults, 0 to 1 (0)")
    add(
        *("--behavior", "-b"),
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"such as tokens=keyset; may be repeated; NAME is one of {', '.join(_SETTINGS)}",
    )
    add(
        "--credentials",
        metavar="KEY:SECRET[:TOKEN]",
        help="accept only requests signed with them; signatures are not checked if not given",
    )
    add(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another host name that leads here, without a port; may be repeated",
    )


def serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        options: What a parser with `add_arguments` made of a command line.

    Returns:
        The exit status, 0.

    Raises:
        ValueError: An option's value cannot be used.
        OSError: The port cannot be served.
    """
    _check(options)
    emulator = PartnerCentralEmulator(
        options.opportunities,
        odd_values=not options.no_odd_values,
        seed=options.seed,
        catalog=options.catalog,
        latency=options.latency,
        requests_per_second=options.requests_per_second,
        faults=RandomFaults(options.fault_rate, options.seed) if options.fault_rate else (),
        port=options.port,
        behavior=_behavior(options.behavior),
        credentials=_credentials(options.credentials),
        clock=time.time if options.real_dates else None,
        allowed_hosts=options.allowed_host,
    )
    try:
        emulator.start()
    except OSError as error:
        raise OSError(
            f"127.0.0.1:{options.port} cannot be served: {os.strerror(error.errno or 0)}. "
            "--port 0 takes one that is free."
        ) from None
    handlers: dict[signal.Signals, Any] = {}
    try:
        # A shell starts background programs with SIGINT ignored, and Python leaves it like that.
        # Set before the announcement: who has read it may already send one.
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers[number] = signal.signal(number, signal.default_int_handler)
        _announce(emulator, options)
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        emulator.stop()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 0


def _check(options: argparse.Namespace) -> None:
    # The emulator would name its own arguments.
    rate = options.requests_per_second
    for option, is_valid, valid in (
        ("--port", 0 <= options.port <= 65_535, "in 0..65535; 0 is any that is free"),
        (
            "--opportunities",
            0 <= options.opportunities <= MAX_OPPORTUNITIES,
            f"from 0 to {MAX_OPPORTUNITIES:,}",
        ),
        ("--latency", 0 <= options.latency < math.inf, "0 or more, and finite"),
        ("--requests-per-second", rate is None or 0 < rate < math.inf, "more than 0, and finite"),
        ("--fault-rate", 0 <= options.fault_rate <= 1, "from 0 to 1"),
    ):
        if not is_valid:
            raise ValueError(f"{option} must be {valid}.")


def _behavior(settings: Sequence[str]) -> Behavior:
    values: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in _SETTINGS:
            raise ValueError(f"--behavior: {name!r} is not one of {', '.join(_SETTINGS)}")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = _WORDS.get(text, text)
    try:
        return Behavior(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"--behavior: {error}") from None


def _credentials(text: str | None) -> AcceptedCredentials | None:
    if text is None:
        return None
    key, *rest = text.split(":", 2)
    if not key or not rest or not all(rest):
        raise ValueError("--credentials must be KEY:SECRET or KEY:SECRET:TOKEN")
    return AcceptedCredentials(key, rest[0], rest[1] if len(rest) == 2 else None)


def _announce(emulator: PartnerCentralEmulator, options: argparse.Namespace) -> None:
    url, catalog = emulator.url, options.catalog
    code = (
        "import asyncio, partnercentral_list as p; print(asyncio.run("
        f"p.PartnerCentralClient('{catalog}').iter_opportunities(max_items=3).collect()))"
    )
    request = f"--catalog {catalog} --max-items 3"
    print(f"Partner Central is at {url} with {options.opportunities} opportunities. Try:")
    for name, value in emulator.environment.items():
        # The user who chose the credentials knows them; the output may be in a log.
        if not (options.credentials and name in _SECRETS):
            print(f"  export {name}={value}")
    print(f"  partnercentral-list opportunities {request}")
    print(f"  aws partnercentral-selling list-opportunities {request}")
    print(f'  python -c "{code}"')
    if options.credentials:
        print(
            "with the rest of the credentials that it accepts in AWS_SECRET_ACCESS_KEY and so on."
        )
    print("Ctrl-C stops it.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
