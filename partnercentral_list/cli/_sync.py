"""partnercentral-list sync: a local replica of a catalog, current in an SQLite file."""

from __future__ import annotations

import asyncio
import math
from argparse import Namespace
from datetime import UTC, datetime
from typing import Final

from partnercentral_list.cli._errors import (
    BAD_CONFIGURATION,
    OK,
    CommandError,
    InterruptedByError,
    exit_code,
    message,
)
from partnercentral_list.cli._process import cancelled_by_signals, print_message, unescaped_stderr
from partnercentral_list.cli._progress import ProgressLine, is_progress_wanted
from partnercentral_list.cli._session import AwsConfiguration, create_client, serving_endpoint
from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.errors import PartnerCentralError
from partnercentral_list.sync import OpportunitySync, PageCommitted, SQLiteStore, SyncEvent

_KEPT_AND_RESUMED: Final = "What was stored stays, and the next run resumes there."


def run_sync(options: Namespace) -> int:
    """Bring the replica up to date, once or again and again; return the exit code."""
    catalog = options.catalog or ("AWS" if options.demo else None)
    if catalog is None:
        raise CommandError("the following arguments are required: --catalog")
    if options.watch is not None and not 0 < options.watch < math.inf:
        raise CommandError("--watch must be a number of seconds, more than 0.")
    if options.store in ("", ":memory:"):
        raise CommandError(f"--store {options.store!r} is not a file: give a path.")
    if not options.account:
        raise CommandError("--account must have at least one character.")
    configuration = AwsConfiguration(options)
    progress = ProgressLine(
        unescaped_stderr(),
        enabled=is_progress_wanted(is_response_last=True),
        counted="opportunities stored",
    )
    with serving_endpoint(options, catalog) as url:
        client = create_client(options, configuration, catalog, url, progress)
        return asyncio.run(_run(client, options, progress))


async def _run(client: PartnerCentralClient, options: Namespace, progress: ProgressLine) -> int:
    store = SQLiteStore(options.store, account=options.account)

    def count(event: SyncEvent) -> None:
        if isinstance(event, PageCommitted):
            progress.add(event.created + event.updated)

    with cancelled_by_signals() as ending:
        try:
            async with client, store:
                sync = OpportunitySync(client, store, on_event=count)
                while True:
                    await _run_once(sync, progress, is_repeated=options.watch is not None)
                    if options.watch is None:
                        break
                    await asyncio.sleep(options.watch)
        except asyncio.CancelledError:
            progress.clear()
            print_message(f"Interrupted. {_KEPT_AND_RESUMED}")
            return ending.code
        except PartnerCentralError as error:
            if exit_code(error) == BAD_CONFIGURATION:
                raise
            raise InterruptedByError(error, _KEPT_AND_RESUMED) from error
        finally:
            progress.clear()
    return OK


async def _run_once(sync: OpportunitySync, progress: ProgressLine, *, is_repeated: bool) -> None:
    progress.restart()
    try:
        report = str(await sync.run())
    except PartnerCentralError as error:
        # Somebody who watches wants the next run; an error that will not pass ends it.
        if not is_repeated or not error.retryable:
            raise
        progress.clear()
        print_message(f"{_now()}failed: {message(error)}")
        return
    progress.clear()
    print(f"{_now() if is_repeated else ''}{report}", flush=True)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} "
