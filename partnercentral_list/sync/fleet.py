"""SyncFleet: keeps the replicas of many accounts current, in one process or in many.

::

    fleet = SyncFleet(clients, lambda name: PostgresStore(pool, account=name))
    async for result in fleet.run():
        print(result)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import randrange
from typing import Final, TypeAlias

from partnercentral_list.client import PartnerCentralClient
from partnercentral_list.config import check_kind
from partnercentral_list.errors import ConfigurationError, PartnerCentralError
from partnercentral_list.sync.reports import SyncReport
from partnercentral_list.sync.store import SyncStore
from partnercentral_list.sync.sync import OpportunitySync

_SHOWN_ERRORS: Final = 20

MakeClient: TypeAlias = Callable[[], PartnerCentralClient]
"""Returns a new client of an account; the fleet closes it."""
StoreFor: TypeAlias = Callable[[str], SyncStore | AbstractAsyncContextManager[SyncStore]]
"""Returns the store of the account with a name. An async context manager is entered and left."""
MakeSync: TypeAlias = Callable[[PartnerCentralClient, SyncStore], OpportunitySync]
"""Returns the sync of a client and a store."""


class FleetDeadlineError(PartnerCentralError):
    """The deadline of a fleet passed before this account was done; it is resumed by the next run.

    Attributes:
        has_begun: Whether the account was being synced. What it committed is kept.
    """

    def __init__(self, *, has_begun: bool) -> None:
        state = "while this account was being synced" if has_begun else "before this account began"
        super().__init__(f"The fleet's deadline passed {state}. Run again.", retryable=True)
        self.has_begun = has_begun


@dataclass(frozen=True, slots=True)
class FleetResult:
    """The result of one account, a report or an error; ``str(result)`` is one line."""

    account: str
    """The name of the account."""
    report: SyncReport | None
    """The report of its run; None if there is an error."""
    error: Exception | None = field(repr=False)
    """Why it is not current: a `PartnerCentralError`, or what a callable of the program raised."""
    seconds: float
    """How long it took."""

    @property
    def is_retryable(self) -> bool:
        """True if the account may succeed in the next run, without a repair."""
        return isinstance(self.error, PartnerCentralError) and self.error.retryable

    def __str__(self) -> str:
        if self.error is None:
            return f"{self.account}: {self.report}"
        kind = type(self.error).__name__
        # An error of the program's may show what it likes.
        is_ours = isinstance(self.error, PartnerCentralError)
        return f"{self.account}: {kind}: {self.error}" if is_ours else f"{self.account}: {kind}"


@dataclass(frozen=True, slots=True)
class FleetReport:
    """A summary of results; ``str(report)`` has the counts, and a line for each account's error.

    Args:
        results: The results of a run, or of several.
    """

    results: Sequence[FleetResult] = field(repr=False)
    """The results that it sums up."""

    @property
    def reports(self) -> list[SyncReport]:
        """The reports of the accounts that are current."""
        return [result.report for result in self.results if result.report is not None]

    @property
    def retryable(self) -> list[FleetResult]:
        """Accounts that may succeed next time: those of another worker, or after the deadline."""
        return [result for result in self.results if result.is_retryable]

    @property
    def failed(self) -> list[FleetResult]:
        """Accounts that need a repair."""
        return [result for result in self.results if result.error and not result.is_retryable]

    def __str__(self) -> str:
        reports = self.reports
        wrong = [*self.failed, *self.retryable]
        created, updated, requests = (
            sum(getattr(report, name) for report in reports)
            for name in ("created", "updated", "requests")
        )
        lines = [
            f"{len(reports) + len(wrong)} accounts: {len(reports)} synced, "
            f"{len(self.retryable)} to retry, {len(self.failed)} failed; "
            f"{created} created, {updated} updated; {requests} requests",
            *(f"  {result}" for result in wrong[:_SHOWN_ERRORS]),
        ]
        if len(wrong) > _SHOWN_ERRORS:
            lines.append(f"  … and {len(wrong) - _SHOWN_ERRORS} more")
        return "\n".join(lines)


class SyncFleet:
    """Syncs many accounts, several at a time; none of them fails or waits for another.

    An account's client and store are made when its turn comes, and closed when it is done. Each
    client has a rate limiter of its own, as each AWS account has a quota of its own. Several
    processes may run the same fleet: the lease of a store keeps two from syncing one account at
    once, and the second one gets a `StoreError` that is ``retryable``.

    A run takes each account once, in the given order. It begins with the account after the last one
    that the previous run began; the first run of a fleet begins anywhere. So a deadline does not
    leave out the same accounts each time, and workers do not meet at the same account.

    Args:
        accounts: A callable for each account, by name, that returns a new client. It must not
            block: give slow credentials as ``credentials=`` of the client.
        store_for: Returns the store of the account with a name.
        concurrency: Accounts that are synced at the same time, at least 1: as many clients and
            stores are open. An account that is throttled keeps its place.
        deadline: How long a run may take. Then running accounts are cancelled, and those that have
            not begun do not begin; each gets a `FleetDeadlineError`.
        make_sync: Makes the sync of a client and a store; ``partial(OpportunitySync, ...)`` for
            other settings than the defaults.

    Raises:
        ConfigurationError: An argument is of the wrong type or out of its bounds.
    """

    def __init__(
        self,
        accounts: Mapping[str, MakeClient],
        store_for: StoreFor,
        *,
        concurrency: int = 8,
        deadline: timedelta | None = None,
        make_sync: MakeSync = OpportunitySync,
    ) -> None:
        check_kind("accounts", accounts, Mapping)
        check_kind("concurrency", concurrency, int)
        check_kind("deadline", deadline, timedelta, type(None))
        if concurrency < 1:
            raise ConfigurationError("concurrency must be at least 1.")
        if deadline is not None and deadline <= timedelta(0):
            raise ConfigurationError("deadline must be longer than 0; None sets none.")
        for name, value in (("store_for", store_for), ("make_sync", make_sync), *accounts.items()):
            if not callable(value):
                raise ConfigurationError(f"{name} must be callable, not {type(value).__name__}.")
        self._accounts = dict(accounts)
        self._store_for = store_for
        self._concurrency = concurrency
        self._deadline = deadline
        self._make_sync = make_sync
        # The number of accounts that were begun, modulo that of all: the index of the next one.
        self._begun = randrange(max(len(self._accounts), 1))  # noqa: S311 # spreads, hides nothing

    async def run(self) -> AsyncGenerator[FleetResult, None]:
        """Sync each account once, and yield its result as it ends.

        While the loop's body runs, accounts go on: those that are running, and the next of those
        that are done. If the loop is left, running accounts are cancelled, and their clients and
        stores closed: at once with `contextlib.aclosing`, else when the event loop closes the
        iterator.

        Raises:
            asyncio.CancelledError: While iterating: the task was cancelled.
        """
        waiting = deque(self._accounts)
        waiting.rotate(-self._begun)
        ends_at: float | None = None
        if self._deadline is not None:
            ends_at = asyncio.get_running_loop().time() + self._deadline.total_seconds()
        running: set[asyncio.Task[FleetResult]] = set()

        def begin() -> None:
            while waiting and len(running) < self._concurrency:
                running.add(asyncio.create_task(self._sync(waiting.popleft(), ends_at)))

        begin()
        try:
            while running:
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running -= done
                begin()
                for task in done:
                    yield task.result()
        finally:
            for task in running:
                # A second time would interrupt the closing of its client and store.
                if not task.cancelling():
                    task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _sync(self, name: str, ends_at: float | None) -> FleetResult:
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        if ends_at is not None and begun_at >= ends_at:
            return FleetResult(name, None, FleetDeadlineError(has_begun=False), 0.0)
        self._begun = (self._begun + 1) % len(self._accounts)
        report: SyncReport | None = None
        error: Exception | None = None
        limit = asyncio.timeout_at(ends_at)
        try:
            async with limit:
                report = await self._run(name)
        except Exception as raised:
            is_late = limit.expired() and isinstance(raised, TimeoutError)
            error = FleetDeadlineError(has_begun=True) if is_late else raised
        return FleetResult(name, report, error, loop.time() - begun_at)

    async def _run(self, name: str) -> SyncReport:
        async with _opened(self._store_for(name)) as store:
            client = self._accounts[name]()
            check_kind(f"What the account {name!r} returns", client, PartnerCentralClient)
            # It opens with its first request: none is sent if the store is in use.
            async with aclosing(client):
                return await self._make_sync(client, store).run()


@asynccontextmanager
async def _opened(
    store: SyncStore | AbstractAsyncContextManager[SyncStore],
) -> AsyncGenerator[SyncStore, None]:
    if not isinstance(store, AbstractAsyncContextManager):
        yield store
        return
    async with store as opened:
        yield opened
        return
    # An account without a report must have an error.
    raise ConfigurationError(
        "What store_for returned suppressed an error of the sync: its __aexit__ must return None."
    )
