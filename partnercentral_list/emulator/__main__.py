"""python -m partnercentral_list.emulator: a local Partner Central until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from partnercentral_list.emulator import PartnerCentralEmulator


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted.

    Args:
        argv: The arguments; those of the process if None.

    Returns:
        The exit status: 0 after Ctrl-C, 1 if an argument's value or the port cannot be used.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        emulator = PartnerCentralEmulator(
            options.opportunities,
            seed=options.seed,
            catalog=options.catalog,
            latency=options.latency,
            requests_per_second=options.requests_per_second,
            port=options.port,
        )
        with emulator:
            _announce(emulator.url, options.catalog)
            _wait()
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m partnercentral_list.emulator",
        description="Serve a local AWS Partner Central with invented opportunities.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=8765, help="on 127.0.0.1; 0 for any that is free")
    add("--opportunities", type=int, default=250, metavar="N", help="how many to invent")
    add("--seed", type=int, default=0, help="what they are invented from")
    add("--catalog", default="AWS", help="the catalog that they are in")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="before each answer")
    add("--requests-per-second", type=float, metavar="N", help="the quota; none if not given")
    return parser


def _announce(url: str, catalog: str) -> None:
    print(f"Partner Central is at {url} (Ctrl-C stops it). Try:")
    print(
        f"  AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING={url} aws partnercentral-selling"
        f" list-opportunities --catalog {catalog} --region us-east-1 --no-sign-request",
        flush=True,
    )


def _wait() -> None:
    # A shell starts background programs with SIGINT ignored, and Python leaves it like that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
