"""partnercentral-list sync: a copy of the whole catalog, current in an SQLite file."""

from __future__ import annotations

import asyncio
import math
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from partnercentral_list.cli._connect import connect, endpoint
from partnercentral_list.cli._exits import BAD_SETUP, OK, CommandError
from partnercentral_list.cli._failures import CutShortError, code_of, text_of
from partnercentral_list.cli._progress import Progress, belongs_on_stderr
from partnercentral_list.cli._setup import Setup
from partnercentral_list.cli._signals import cancelled_by_signals
from partnercentral_list.cli._terminal import say
from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.errors import PartnerCentralError
from partnercentral_list.sync import OpportunitySync, PageCommitted, SQLiteStore, SyncEvent

STANDING = "What was stored stays, and the next run goes on from there."

Sleep = Callable[[float], Awaitable[None]]


def run(options: Namespace, sleep: Sleep = asyncio.sleep) -> int:
    """Bring the copy up to date, once or again and again.

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
        raise CommandError(f"--store {options.store!r} is no file: give a path.")
    if not options.account:
        raise CommandError("--account must have at least one character.")
    setup = Setup(options)
    progress = Progress(
        sys.stderr,
        enabled=belongs_on_stderr(answer_is_at_the_end=True),
        counted="opportunities stored",
    )
    with endpoint(options, catalog) as url:
        client = connect(options, setup, catalog, url, progress)
        return asyncio.run(_Copy(client, options, progress, sleep).keep())


class _Copy:
    def __init__(
        self,
        client: PartnerCentralClient,
        options: Namespace,
        progress: Progress,
        sleep: Sleep,
    ) -> None:
        self._client = client
        self._store = SQLiteStore(options.store, account=options.account)
        self._every: float | None = options.watch
        self._progress = progress
        self._sleep = sleep

    async def keep(self) -> int:
        with cancelled_by_signals() as ending:
            try:
                await self._run()
            except asyncio.CancelledError:
                self._progress.clear()
                say(f"Interrupted. {STANDING}")
                return ending.code
            except PartnerCentralError as error:
                if code_of(error) == BAD_SETUP:
                    raise
                raise CutShortError(error, STANDING) from error
            finally:
                self._progress.clear()
        return OK

    async def _run(self) -> None:
        async with self._client, self._store:
            sync = OpportunitySync(self._client, self._store, on_event=self._count)
            while True:
                await self._once(sync)
                if self._every is None:
                    return
                await self._sleep(self._every)

    def _count(self, event: SyncEvent) -> None:
        if isinstance(event, PageCommitted):
            self._progress.add(event.created + event.updated)

    async def _once(self, sync: OpportunitySync) -> None:
        self._progress.restart()
        try:
            report = str(await sync.run())
        except PartnerCentralError as error:
            # Somebody who watches wants the next run; what will not pass ends it.
            if self._every is None or not error.retryable:
                raise
            self._progress.clear()
            say(f"{_now()}failed: {text_of(error)}")
            return
        self._progress.clear()
        print(f"{_now() if self._every is not None else ''}{report}", flush=True)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} "
