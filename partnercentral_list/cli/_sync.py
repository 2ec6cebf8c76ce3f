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
from partnercentral_list.cli._process import (
    cancelled_by_signals,
    print_message,
    unescaped_stderr,
)
from partnercentral_list.cli._progress import ProgressLine, is_progress_wanted
from partnercentral_list.cli._session import AwsConfiguration, create_client, serving_endpoint
from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.errors import PartnerCentralError
from partnercentral_list.sync import OpportunitySync, PageCommitted, SQLiteStore, SyncEvent

_STANDING: Final = "What was stored stays, and the next run resumes there."


def run_sync(options: Namespace) -> int:
    """Bring the replica up to date, once or again and again.

    Returns:
        The exit code.

    Raises:
        CommandError, PartnerCentralError: It cannot be done.
    """
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
        return asyncio.run(_SyncCommand(client, options, progress).run())


class _SyncCommand:
    """A sync, or one after another, as the options say."""

    def __init__(
        self, client: PartnerCentralClient, options: Namespace, progress: ProgressLine
    ) -> None:
        self._client = client
        self._store = SQLiteStore(options.store, account=options.account)
        self._interval: float | None = options.watch
        self._progress = progress

    async def run(self) -> int:
        """Sync.

        Returns:
            The exit code.

        Raises:
            InterruptedByError: It failed part-way.
            PartnerCentralError: The store or the configuration cannot be used.
        """
        with cancelled_by_signals() as ending:
            try:
                await self._run()
            except asyncio.CancelledError:
                self._progress.clear()
                print_message(f"Interrupted. {_STANDING}")
                return ending.code
            except PartnerCentralError as error:
                if exit_code(error) == BAD_CONFIGURATION:
                    raise
                raise InterruptedByError(error, _STANDING) from error
            finally:
                self._progress.clear()
        return OK

    async def _run(self) -> None:
        async with self._client, self._store:
            sync = OpportunitySync(self._client, self._store, on_event=self._count)
            while True:
                await self._run_once(sync)
                if self._interval is None:
                    return
                await asyncio.sleep(self._interval)

    async def _run_once(self, sync: OpportunitySync) -> None:
        self._progress.restart()
        try:
            report = str(await sync.run())
        except PartnerCentralError as error:
            # Somebody who watches wants the next run; what will not pass ends it.
            if self._interval is None or not error.retryable:
                raise
            self._progress.clear()
            print_message(f"{_now()}failed: {message(error)}")
            return
        self._progress.clear()
        print(f"{_now() if self._interval is not None else ''}{report}", flush=True)

    def _count(self, event: SyncEvent) -> None:
        if isinstance(event, PageCommitted):
            self._progress.add(event.created + event.updated)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} "
