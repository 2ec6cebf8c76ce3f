"""python -m partnercentral_list.emulator: a local Partner Central until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from partnercentral_list.emulator import (
    AcceptedCredentials,
    Behavior,
    PartnerCentralEmulator,
    RandomFaults,
)

_ENDPOINT = "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING"
# What a fault is cannot be written as text.
_SETTINGS = sorted({item.name for item in dataclasses.fields(Behavior)} - {"expired_token"})

# Whoever writes Python's word for it means it.
_WORDS = {"True": True, "False": False, "None": None}


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted.

    Args:
        argv: The arguments; those of the process if None.

    Returns:
        The exit status: 0 after Ctrl-C or SIGTERM, 1 if an argument's value or the port cannot be
        used.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        with _emulator(options) as emulator:
            _announce(emulator, options)
            _wait()
    except KeyboardInterrupt:
        return 0
    except (OSError, TypeError, ValueError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m partnercentral_list.emulator",
        description="Serve a local AWS Partner Central with invented opportunities.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="What --behavior can set: " + ", ".join(_SETTINGS) + ".",
    )
    add = parser.add_argument
    add("--port", type=int, default=8765, help="on 127.0.0.1; 0 for any that is free")
    add("--opportunities", type=int, default=250, metavar="N", help="how many to invent")
    add("--seed", type=int, default=0, help="what they are invented from")
    add("--catalog", default="AWS", help="the catalog that they are in")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="before each answer")
    add("--requests-per-second", type=float, metavar="N", help="the quota; none if not given")
    add("--fault-rate", type=float, default=0.0, metavar="P", help="random faults, 0 to 1")
    add(
        *("--behavior", "-b"),
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="such as tokens=keyset; may be repeated",
    )
    add(
        "--credentials",
        metavar="KEY:SECRET[:TOKEN]",
        help="accept only requests signed with them; signatures are not checked if not given",
    )
    return parser


def _emulator(options: argparse.Namespace) -> PartnerCentralEmulator:
    return PartnerCentralEmulator(
        options.opportunities,
        seed=options.seed,
        catalog=options.catalog,
        latency=options.latency,
        requests_per_second=options.requests_per_second,
        faults=RandomFaults(options.fault_rate, options.seed) if options.fault_rate else (),
        port=options.port,
        behavior=_behavior(options.behavior),
        credentials=_credentials(options.credentials),
    )


def _behavior(settings: Sequence[str]) -> Behavior:
    values: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in _SETTINGS:
            raise ValueError(f"--behavior: no such name: {name}")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = _WORDS.get(text, text)
    return Behavior(**values)


def _credentials(text: str | None) -> AcceptedCredentials | None:
    if text is None:
        return None
    key, *rest = text.split(":", 2)
    if not key or not rest or not all(rest):
        raise ValueError("--credentials must be KEY:SECRET or KEY:SECRET:TOKEN")
    return AcceptedCredentials(key, rest[0], rest[1] if len(rest) == 2 else None)


def _announce(emulator: PartnerCentralEmulator, options: argparse.Namespace) -> None:
    url, catalog = emulator.url, options.catalog
    signed = options.credentials is not None
    code = (
        "import asyncio, partnercentral_list as p; print(asyncio.run(p.PartnerCentralClient("
        f"'{catalog}', config=p.ClientConfig(sign_requests={signed})"
        ").iter_opportunities(max_items=3).collect()))"
    )
    unsigned = "" if signed else " --no-sign-request"
    print(f"Partner Central is at {url} with {options.opportunities} opportunities. Try:")
    print(f"  export {_ENDPOINT}={url}")
    print(
        f"  aws partnercentral-selling list-opportunities --catalog {catalog} --max-items 3"
        f" --region us-east-1{unsigned}"
    )
    print(f'  python -c "{code}"')
    if signed:
        print("with the credentials that it accepts in AWS_ACCESS_KEY_ID and so on.")
    print("Ctrl-C stops it.", flush=True)


def _wait() -> None:
    # A shell starts background programs with SIGINT ignored, and Python leaves it like that.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
