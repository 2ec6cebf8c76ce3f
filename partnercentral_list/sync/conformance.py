"""Checks that every `SyncStore` must pass; run them on a store of your own.

::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_my_store(check: Check) -> None:
        await check(open_my_store)

A check raises an AssertionError that names what the store does wrong. Each opens stores under names
of its own, so all checks can share a database that is empty at first.

Commits are made to fail by half a surrogate pair, a text that most databases refuse. `check_store`
takes another way to make them fail, and a way to read invalid records back.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync.store import (
    InvalidRecord,
    SyncBatch,
    SyncState,
    SyncStore,
    state_after,
)

__all__ = [
    "CHECKS",
    "BreakCommit",
    "Check",
    "OpenStore",
    "ReadInvalid",
    "a_batch_keeps_what_it_does_not_name",
    "a_commit_survives_closing_the_store",
    "a_commit_that_fails_moves_no_watermark",
    "a_commit_that_fails_writes_nothing",
    "a_lease_is_exclusive_until_it_is_released",
    "a_new_store_is_empty",
    "acquiring_and_committing_renew_the_lease",
    "an_invalid_record_is_stored_whole",
    "an_owner_without_the_lease_writes_nothing",
    "check_store",
    "many_opportunities_are_stored_at_once",
    "only_what_was_requested_is_found",
    "stores_are_kept_apart",
    "the_first_catalog_is_remembered",
]

OpenStore: TypeAlias = Callable[[str], AbstractAsyncContextManager[SyncStore]]
"""Opens the store with a name, as a new process would; one that was not opened before is empty."""

Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]

ReadInvalid: TypeAlias = Callable[[SyncStore, str], Awaitable[InvalidRecord | None]]
"""Reads the invalid record with a key from a store; no method of `SyncStore` does."""

BreakCommit: TypeAlias = Callable[[SyncStore], object]
"""Makes the next commit of a store fail after it has written a part of the batch."""

_LEASE: Final = timedelta(minutes=5)
_EXPIRED: Final = timedelta(0)
_DATE: Final = datetime(2025, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _opportunity(number: int, content: str = "") -> OpportunitySummary:
    return OpportunitySummary.model_validate(
        {
            "Catalog": "AWS",
            "Id": f"O{number}",
            "LastModifiedDate": _DATE,
            "PartnerOpportunityIdentifier": content,
            "LifeCycle": {"Stage": "A stage of tomorrow", "NextSteps": "Größe 日本 'quoted' \n"},
            "Customer": {"Account": {"CompanyName": "Any Company"}},
            "Project": {"ExpectedCustomerSpend": [{"Amount": "531.0", "CurrencyCode": "USD"}]},
            "FieldOfTomorrow": {"Inside": [1, "two", None]},
        }
    )


def _invalid(number: int, reason: str = "Id: not a string") -> InvalidRecord:
    # JSON allows these escapes; a database's own JSON type may not.
    return InvalidRecord(f"O{number}", None, reason, r'{"Arn": "\ud800 \u0000", "Id": 9}')


def _ids(*numbers: int) -> frozenset[str]:
    return frozenset(f"O{number}" for number in numbers)


# The same identifiers in each place: what is written to one must not change another.
_BATCH: Final = SyncBatch(
    [_opportunity(1), _opportunity(2), _opportunity(3)],
    [_invalid(1), _invalid(2), _invalid(3)],
    _DATE,
    add_pending=_ids(1, 2, 3),
)
# Each field of it changes what the first one wrote.
_NEXT_BATCH: Final = SyncBatch(
    [_opportunity(1, "b"), _opportunity(4)],
    [_invalid(1, "Arn: not a string"), _invalid(4)],
    _DATE + timedelta(microseconds=1),
    add_pending=_ids(1, 4),
    remove_pending=_ids(2),
    remove_invalid=_ids(2),
    gone=_ids(2),
)


class _Contents(NamedTuple):
    state: SyncState
    records: Mapping[str, OpportunitySummary]

    def after(self, batch: SyncBatch) -> _Contents:
        records = {**self.records, **{record.id: record for record in batch.records}}
        kept = {name: records[name] for name in records.keys() - batch.gone}
        return _Contents(state_after(self.state, batch), kept)


_EMPTY: Final = _Contents(SyncState("AWS", None), {})


@asynccontextmanager
async def _new_store(open_store: OpenStore, batch: SyncBatch) -> AsyncGenerator[SyncStore, None]:
    """Open a new store, acquire its lease as "one", and commit a batch."""
    async with open_store(uuid.uuid4().hex) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", batch, _LEASE)
        yield store


async def _require_contents(
    store: SyncStore, expected: _Contents, event: str, owner: str = "one"
) -> None:
    """Check what a store holds; the owner acquires the lease for that."""
    state = await store.acquire_lease(owner, "AWS", _LEASE)
    for name in ("catalog", "watermark", "pending", "invalid", "gone"):
        found, wanted = getattr(state, name), getattr(expected.state, name)
        _require(found == wanted, f"{event}: {name} is {found}, not {wanted}")
    found = sorted(await store.identifiers())
    wanted = sorted(expected.records)
    _require(found == wanted, f"{event}: identifiers are {found}, not {wanted}")
    records = dict(await store.get(found))
    _require(records == expected.records, f"{event}: opportunities are lost or changed")


async def _require_refusal(action: Awaitable[object], message: str) -> None:
    try:
        await action
    except StoreError as error:
        _require(error.retryable, "a refusal because of a lease is not retryable")
        return
    raise AssertionError(message)


async def _require_lease(store: SyncStore, message: str) -> None:
    await _require_refusal(store.acquire_lease("another", "AWS", _LEASE), message)


async def a_new_store_is_empty(open_store: OpenStore) -> None:
    """A new store has no watermark, no opportunity, and the catalog of the first lease."""
    async with open_store(uuid.uuid4().hex) as store:
        await _require_contents(store, _EMPTY, "a new store")
        _require(not await store.get(["O1"]), "a new store has opportunities")


async def a_commit_survives_closing_the_store(open_store: OpenStore) -> None:
    """Opportunities and state are read back equal, unknown fields and values included."""
    name = uuid.uuid4().hex
    async with open_store(name) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", _BATCH, _LEASE)
        await store.release_lease("one")
    async with open_store(name) as store:
        await _require_contents(store, _EMPTY.after(_BATCH), "after closing the store", "two")


async def a_batch_keeps_what_it_does_not_name(open_store: OpenStore) -> None:
    """Each field of a batch changes what it names, and nothing else in the store."""
    expected = _EMPTY.after(_BATCH)
    async with _new_store(open_store, _BATCH) as store:
        for batch in (
            SyncBatch([_opportunity(1, "b")]),
            SyncBatch(invalid=[_invalid(1, "Arn: not a string")]),
            SyncBatch(watermark=_DATE + timedelta(microseconds=1)),
            # An earlier watermark replaces a later one, which was a mistake.
            SyncBatch(watermark=_DATE - timedelta(days=400)),
            SyncBatch(add_pending=_ids(1, 4)),
            # Identifiers are compared exactly: "o2" is none of those that are stored.
            SyncBatch(remove_pending=frozenset({"O1", "o2"})),
            SyncBatch(remove_invalid=frozenset({"O2", "o3"})),
            SyncBatch(gone=_ids(3)),
            SyncBatch([_opportunity(3)]),
            _NEXT_BATCH,
        ):
            await store.commit("one", batch, _LEASE)
            named = [each.name for each in fields(batch) if getattr(batch, each.name)]
            expected = expected.after(batch)
            await _require_contents(store, expected, f"after a batch of {', '.join(named)}")


async def an_invalid_record_is_stored_whole(
    open_store: OpenStore, read_invalid: ReadInvalid
) -> None:
    """The identifier, reason and raw form of an invalid record are read back as committed last.

    Not one of `CHECKS`: pass `read_invalid` here or to `check_store`.
    """
    async with open_store(uuid.uuid4().hex) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        for record in (_invalid(1), InvalidRecord("O1", "O1", "Arn: Größe", '{"Id": "O1"}')):
            await store.commit("one", SyncBatch(invalid=[record]), _LEASE)
            found = await read_invalid(store, "O1")
            _require(found == record, "an invalid record is not read back as it was stored")


async def the_first_catalog_is_remembered(open_store: OpenStore) -> None:
    """Another catalog does not replace the first one: the sync compares them."""
    name = uuid.uuid4().hex
    for catalog in ("AWS", "Sandbox"):
        async with open_store(name) as store:
            state = await store.acquire_lease("one", catalog, _LEASE)
            _require(state.catalog == "AWS", "another catalog replaces the first one")


async def many_opportunities_are_stored_at_once(open_store: OpenStore) -> None:
    """A batch and a lookup may be larger than the parameters that a database allows."""
    async with _new_store(open_store, SyncBatch(list(map(_opportunity, range(1500))))) as store:
        found = await store.get([f"O{number}" for number in range(2000)])
        _require(len(found) == 1500, "some of 1,500 opportunities are not found")


async def only_what_was_requested_is_found(open_store: OpenStore) -> None:
    """A lookup compares identifiers exactly, and returns no others than were requested."""
    async with _new_store(open_store, _BATCH) as store:
        for requested in (["O1"], ["O2", "O4"], ["o1", "O_", "O%", "O*", " O1"], []):
            found = {name: record.id for name, record in (await store.get(requested)).items()}
            wanted = {name: name for name in requested if name in _ids(1, 2)}
            _require(found == wanted, f"a lookup of {requested} returns {found}")


async def a_commit_that_fails_moves_no_watermark(open_store: OpenStore) -> None:
    """A commit that fails half way leaves the watermark where it was."""

    async def verify(store: SyncStore) -> None:
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(state.watermark == _DATE, "a commit that fails moves the watermark")

    await _fail_commits(open_store, None, verify)


async def a_commit_that_fails_writes_nothing(
    open_store: OpenStore, break_commit: BreakCommit | None = None
) -> None:
    """A commit that fails half way writes and deletes nothing; for databases with transactions."""

    async def verify(store: SyncStore) -> None:
        await _require_contents(store, _EMPTY.after(_BATCH), "after a commit that failed")

    await _fail_commits(open_store, break_commit, verify)


async def _fail_commits(
    open_store: OpenStore,
    break_commit: BreakCommit | None,
    verify: Callable[[SyncStore], Awaitable[None]],
) -> None:
    """Make commits to stores with `_BATCH` fail half way, and verify each of these stores."""
    bad = "\ud800"  # Half a surrogate pair, which a JSON text may have. It has no encoding.
    for batch in (
        replace(_NEXT_BATCH, records=[*_NEXT_BATCH.records, _opportunity(5, bad)]),
        replace(_NEXT_BATCH, invalid=[*_NEXT_BATCH.invalid, _invalid(5, bad)]),
        replace(_NEXT_BATCH, add_pending=_NEXT_BATCH.add_pending | {bad}),
    ):
        async with _new_store(open_store, _BATCH) as store:
            if break_commit is not None:
                break_commit(store)
            try:
                await store.commit("one", batch, _LEASE)
            except StoreError as error:
                shown = "".join(traceback.format_exception(error))
                _require(r"\ud800" not in shown, "a StoreError, its cause or context shows a value")
                await verify(store)
            except Exception as error:
                raise AssertionError("a commit that fails raises no StoreError") from error
            else:
                _require(break_commit is None, "break_commit does not make the commit fail")
                expected = _EMPTY.after(_BATCH).after(batch)
                await _require_contents(store, expected, "after half a surrogate pair")


async def a_lease_is_exclusive_until_it_is_released(open_store: OpenStore) -> None:
    """A second owner is refused until the first one releases the lease, in any process."""
    name = uuid.uuid4().hex
    async with open_store(name) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await _require_lease(store, "two owners hold the lease")
        await store.release_lease("two")
        await _require_lease(store, "an owner releases the lease of another one")
    async with open_store(name) as store:
        await _require_lease(store, "a lease ends when the store is closed")
        await store.release_lease("one")
        await store.acquire_lease("two", "AWS", _LEASE)


async def acquiring_and_committing_renew_the_lease(open_store: OpenStore) -> None:
    """A commit and a call of its owner renew it; an owner that takes it over has a whole term."""
    for owner in ("one", "two"):
        async with open_store(uuid.uuid4().hex) as store:
            await store.acquire_lease("one", "AWS", _EXPIRED)
            await store.acquire_lease(owner, "AWS", _LEASE)
            await _require_lease(store, "acquiring or taking over a lease does not renew it")
            await store.acquire_lease(owner, "AWS", _EXPIRED)
            await store.commit(owner, _BATCH, _LEASE)
            await _require_lease(store, "a commit does not renew the lease")


async def an_owner_without_the_lease_writes_nothing(open_store: OpenStore) -> None:
    """An expired lease is valid until another owner acquires it, and then no more."""
    async with _new_store(open_store, _BATCH) as store:
        for _ in range(2):
            await store.commit("one", SyncBatch(add_pending=_ids(1)), _EXPIRED)
        await store.acquire_lease("two", "AWS", _LEASE)
        late = store.commit("one", _NEXT_BATCH, _LEASE)
        await _require_refusal(late, "an owner without the lease commits")
        await _require_contents(store, _EMPTY.after(_BATCH), "after a refused batch", "two")


async def stores_are_kept_apart(open_store: OpenStore) -> None:
    """Nothing in the store with one name is visible in another one, or changed with it."""
    async with _new_store(open_store, _BATCH) as store, open_store(uuid.uuid4().hex) as other:
        await _require_contents(other, _EMPTY, "a new store beside another one", "two")
        _require(not await other.get(["O1"]), "an opportunity is found in another store")
        await other.commit("two", _NEXT_BATCH, _LEASE)
        await _require_contents(store, _EMPTY.after(_BATCH), "after a commit to another store")


CHECKS: Final[tuple[Check, ...]] = (
    a_new_store_is_empty,
    a_commit_survives_closing_the_store,
    a_batch_keeps_what_it_does_not_name,
    the_first_catalog_is_remembered,
    many_opportunities_are_stored_at_once,
    only_what_was_requested_is_found,
    a_commit_that_fails_moves_no_watermark,
    a_commit_that_fails_writes_nothing,
    a_lease_is_exclusive_until_it_is_released,
    acquiring_and_committing_renew_the_lease,
    an_owner_without_the_lease_writes_nothing,
    stores_are_kept_apart,
)
"""All checks that need nothing but `OpenStore`."""


async def check_store(
    open_store: OpenStore,
    checks: Iterable[Check] = CHECKS,
    *,
    read_invalid: ReadInvalid | None = None,
    break_commit: BreakCommit | None = None,
) -> None:
    """Run checks one after another.

    Args:
        open_store: Opens the store with a name.
        checks: The checks to run.
        read_invalid: Reads an invalid record back; then `an_invalid_record_is_stored_whole` is
            checked, too.
        break_commit: Makes the next commit fail half way; then `a_commit_that_fails_writes_nothing`
            is checked with that, too. Pass it if half a surrogate pair does not make it fail.

    Raises:
        AssertionError: The store fails a check; the message says what it does wrong.
    """
    for check in checks:
        try:
            await check(open_store)
        except StoreError as error:
            error.add_note(f"in the check {check.__name__}")
            raise
    if read_invalid is not None:
        await an_invalid_record_is_stored_whole(open_store, read_invalid)
    if break_commit is not None:
        await a_commit_that_fails_writes_nothing(open_store, break_commit)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
