"""partnercentral-list sync: a local replica of a catalog, current in a file or a database."""

from __future__ import annotations

import asyncio
import math
import re
from argparse import Namespace
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Final

from partnercentral_list.cli._errors import (
    OK,
    TEMPORARY,
    CommandError,
    InterruptedByError,
    message,
)
from partnercentral_list.cli._process import cancelled_by_signals, print_message, unescaped_stderr
from partnercentral_list.cli._progress import ProgressLine, is_progress_wanted
from partnercentral_list.cli._session import AwsConfiguration, create_client
from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.errors import ConfigurationError, PartnerCentralError, StoreError
from partnercentral_list.models.columns import changed_columns
from partnercentral_list.sync import (
    OpportunityChange,
    OpportunitySync,
    PageCommitted,
    PostgresStore,
    SQLiteStore,
    SyncEvent,
    SyncFinished,
)

_KEPT_AND_RESUMED: Final = "What was stored stays, and the next run resumes there."


def run_sync(options: Namespace) -> int:
    """Bring the replica up to date, once or again and again; return the exit code."""
    catalog = options.catalog or ("AWS" if options.demo else None)
    if catalog is None:
        raise CommandError("the following arguments are required: --catalog")
    _check(options)
    configuration = AwsConfiguration(options)
    progress = ProgressLine(
        unescaped_stderr(),
        enabled=is_progress_wanted(is_response_last=True),
        counted="opportunities stored",
    )
    client = create_client(options, configuration, catalog, progress)
    return asyncio.run(_Sync(client, _create_store(options), options, progress).run())


def _check(options: Namespace) -> None:
    for flag, number in (("--watch", options.watch), ("--history", options.history)):
        if number is not None and not 0 < number < math.inf:
            raise CommandError(f"{flag} must be a number of more than 0.")
    if options.once and options.watch is not None:
        raise CommandError("--once and --watch exclude each other.")
    if options.store in ("", ":memory:"):
        raise CommandError(f"--store {options.store!r} is not a file: give a path.")
    if options.setup and not _is_postgres(options.store):
        raise CommandError("--setup is for PostgreSQL: a file is set up when it is first used.")
    if not options.account:
        raise CommandError("--account must have at least one character.")


def _is_postgres(store: str) -> bool:
    return re.match(r"postgres(ql)?://", store) is not None


def _create_store(options: Namespace) -> SQLiteStore | PostgresStore:
    history = None if options.history is None else timedelta(days=options.history)
    if _is_postgres(options.store):
        return PostgresStore.from_conn_string(
            options.store, account=options.account, history=history
        )
    return SQLiteStore(options.store, account=options.account, history=history)


class _Sync:
    def __init__(
        self,
        client: PartnerCentralClient,
        store: SQLiteStore | PostgresStore,
        options: Namespace,
        progress: ProgressLine,
    ) -> None:
        self._client = client
        self._store = store
        self._sync = OpportunitySync(client, store, on_event=self._receive)
        self._options = options
        self._progress = progress
        self._report = ""

    def _receive(self, event: SyncEvent) -> None:
        if isinstance(event, PageCommitted):
            self._progress.add(event.created + event.updated)
        elif isinstance(event, SyncFinished):
            self._report = str(event.report)

    async def run(self) -> int:
        with cancelled_by_signals() as ending:
            try:
                async with self._client, self._store:
                    if isinstance(self._store, PostgresStore) and self._options.setup:
                        await self._store.setup()
                    await self._run_once()
                    while self._options.watch is not None:
                        await asyncio.sleep(self._options.watch)
                        await self._run_once()
            except asyncio.CancelledError:
                self._progress.clear()
                print_message(f"Interrupted. {_KEPT_AND_RESUMED}")
                return ending.code
            except PartnerCentralError as error:
                if error.retryable:
                    self._progress.clear()
                    raise CommandError(
                        f"{message(error)}\n{_KEPT_AND_RESUMED}", TEMPORARY
                    ) from error
                if isinstance(error, (ConfigurationError, StoreError)):
                    raise
                raise InterruptedByError(error, _KEPT_AND_RESUMED) from error
            finally:
                self._progress.clear()
        return OK

    async def _run_once(self) -> None:
        is_repeated = self._options.watch is not None
        self._progress.restart()
        try:
            if self._options.show_changes:
                async with aclosing(self._sync.changes()) as changes:
                    async for change in changes:
                        self._print(_change_line(change))
            if self._options.reconcile:
                await self._sync.reconcile()
            elif not self._options.show_changes:
                await self._sync.run()
        except PartnerCentralError as error:
            # Somebody who watches wants the next run; an error that will not pass ends it.
            if not is_repeated or not error.retryable:
                raise
            self._progress.clear()
            print_message(f"{_now()}failed: {message(error)}")
            return
        self._print(f"{_now() if is_repeated else ''}{self._report}")

    def _print(self, line: str) -> None:
        self._progress.clear()
        print(line, flush=True)


def _change_line(change: OpportunityChange) -> str:
    if change.before is None:
        return f"{change.kind} {change.after.id}"
    return (
        f"{change.kind} {change.after.id} {' '.join(changed_columns(change.before, change.after))}"
    )


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} "
