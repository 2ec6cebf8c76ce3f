"""A client as the options of connection describe it, or one of an emulator for --demo."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager

from partnercentral_list import ClientConfig, PartnerCentralClient, RateLimit, RequestEvent
from partnercentral_list.cli._exits import CommandError
from partnercentral_list.cli._setup import Setup, problem_of_address


@contextmanager
def endpoint(options: Namespace, catalog: str) -> Generator[str | None]:
    """Give where requests go: what the options say, or an emulator while this lasts.

    Raises:
        CommandError: Both are asked for.
    """
    if not options.demo:
        yield options.endpoint_url
        return
    if options.endpoint_url is not None:
        raise CommandError("--demo has an endpoint of its own: leave out --endpoint-url.")
    from partnercentral_list.emulator import PartnerCentralEmulator

    with PartnerCentralEmulator(catalog=catalog) as emulator:
        yield emulator.url


def connect(
    options: Namespace,
    setup: Setup,
    catalog: str,
    url: str | None,
    on_event: Callable[[RequestEvent], object] | None = None,
) -> PartnerCentralClient:
    """Make the client; nothing is sent yet.

    Raises:
        CommandError: An option, or the AWS configuration, has what no connection can have.
        RequestValidationError: The catalog is none.
        ConfigurationError: It cannot be made as the options say.
    """
    if getattr(options, "cli_auto_prompt", False):
        raise CommandError(
            "--cli-auto-prompt: nothing prompts here. See --help, and completion in the shell: "
            "source <(partnercentral-list completion bash)."
        )
    _check(options)
    setup.check()
    default = ClientConfig()
    connect_timeout, read_timeout = options.cli_connect_timeout, options.cli_read_timeout
    region = {} if options.region is None else {"region_name": options.region}
    return PartnerCentralClient(
        catalog,  # type: ignore[arg-type] # the client says what is wrong with it
        profile_name=options.profile,
        endpoint_url=url,
        config=ClientConfig(
            verify=False if options.no_verify_ssl else (options.ca_bundle or True),
            sign_requests=not (options.no_sign_request or options.demo),
            connect_timeout=default.connect_timeout if connect_timeout is None else connect_timeout,
            read_timeout=default.read_timeout if read_timeout is None else read_timeout,
        ),
        rate_limit=_pace(options),
        on_event=on_event,
        **region,
    )


def _check(options: Namespace) -> None:
    # The client would speak of its own arguments.
    problem = problem_of_address("--endpoint-url", options.endpoint_url)
    if problem:
        raise CommandError(problem)
    for name in ("cli_read_timeout", "cli_connect_timeout"):
        if (getattr(options, name) or 0) < 0:
            raise CommandError(f"--{name.replace('_', '-')} must be 0 or more; 0 is no limit.")
    rate = options.requests_per_second
    if rate is not None and not 0 <= rate < math.inf:
        raise CommandError("--requests-per-second must be 0 or more, and finite; 0 is no limit.")


def _pace(options: Namespace) -> RateLimit | None:
    if options.requests_per_second is None:
        return None if options.demo else RateLimit()
    return RateLimit(options.requests_per_second) if options.requests_per_second else None
