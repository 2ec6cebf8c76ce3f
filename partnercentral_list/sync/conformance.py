"""The checks that a `SyncStore` must pass, for those who write one for another database.

::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_my_store(check: Check) -> None:
        await check(open_my_store)

A check raises an AssertionError that says what the store breaks. Each opens stores under names of
its own, so the database may be shared by all of them if it is empty at first.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from partnercentral_list.errors import StoreError
from partnercentral_list.models import OpportunitySummary
from partnercentral_list.sync.store import InvalidRecord, SyncBatch, SyncStore

OpenStore: TypeAlias = Callable[[str], AbstractAsyncContextManager[SyncStore]]
"""Opens the store that is kept under a name, again each time as another process would; one that
was not opened before is empty."""

Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]

_LEASE: Final = timedelta(minutes=5)
_OVER: Final = timedelta(0)
_MOMENT: Final = datetime(2025, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def _name() -> str:
    return f"conformance-{uuid.uuid4().hex}"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _opportunity(number: int, content: str = "") -> OpportunitySummary:
    return OpportunitySummary.model_validate(
        {
            "Catalog": "AWS",
            "Id": f"O{number}",
            "LastModifiedDate": _MOMENT,
            "PartnerOpportunityIdentifier": content,
            "LifeCycle": {"Stage": "A stage of tomorrow", "NextSteps": "Größe 日本 'quoted' \n"},
            "Customer": {"Account": {"CompanyName": "Any Company"}},
            "Project": {"ExpectedCustomerSpend": [{"Amount": "531.0", "CurrencyCode": "USD"}]},
            "MemberOfTomorrow": {"Inside": [1, "two", None]},
        }
    )


async def _refused(action: Awaitable[object], message: str) -> None:
    try:
        await action
    except StoreError:
        return
    raise AssertionError(message)


async def a_new_store_is_empty(open_store: OpenStore) -> None:
    """It has no watermark, nothing pending, and the catalog that it is told."""
    async with open_store(_name()) as store:
        state = await store.acquire_lease("one", "Sandbox", _LEASE)
        _require(state.watermark is None, "a new store has a watermark")
        _require(state.pending == frozenset(), "a new store waits for opportunities")
        _require(state.invalid == frozenset(), "a new store has invalid records")
        _require(state.catalog == "Sandbox", "a new store does not take the catalog")
        _require(list(await store.identifiers()) == [], "a new store has identifiers")
        _require(dict(await store.get(["O1"])) == {}, "a new store has opportunities")


async def what_is_committed_is_there_when_it_is_opened_again(open_store: OpenStore) -> None:
    """Records come back equal, unknown members and values included, and so does the state."""
    name, records = _name(), [_opportunity(1), _opportunity(2, "b")]
    invalid = InvalidRecord("O9", "O9", "Id: not a string", '{"Id": "O9"}')
    async with open_store(name) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        batch = SyncBatch(records, [invalid], _MOMENT, frozenset({"O7", "O8"}))
        await store.commit("one", batch, _LEASE)
        await store.release_lease("one")
    async with open_store(name) as store:
        state = await store.acquire_lease("two", "AWS", _LEASE)
        _require(state.watermark == _MOMENT, "the watermark is lost or rounded")
        _require(sorted(state.pending) == ["O7", "O8"], "what is pending is lost")
        _require(sorted(state.invalid) == ["O9"], "the keys of invalid records are lost")
        found = dict(await store.get(["O1", "O2", "O3"]))
        _require(found == {record.id: record for record in records}, "records are lost or changed")
        _require(sorted(await store.identifiers()) == ["O1", "O2"], "identifiers are wrong")


async def a_record_replaces_the_one_with_its_id(open_store: OpenStore) -> None:
    """There is one record for each id, the one that was committed last."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        for content in ("a", "b"):
            await store.commit("one", SyncBatch([_opportunity(1, content)]), _LEASE)
        found = (await store.get(["O1"]))["O1"]
        _require(found.partner_opportunity_identifier == "b", "the older record is still there")
        _require(list(await store.identifiers()) == ["O1"], "an id is there twice")


async def a_batch_leaves_what_it_does_not_name(open_store: OpenStore) -> None:
    """No watermark keeps the old one, and so do records and pending identifiers."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        first = SyncBatch([_opportunity(1)], (), _MOMENT, frozenset({"O7", "O8"}))
        await store.commit("one", first, _LEASE)
        await store.commit("one", SyncBatch(remove_pending=frozenset({"O7"})), _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(state.watermark == _MOMENT, "a batch without a watermark moves it")
        _require(sorted(state.pending) == ["O8"], "pending identifiers are not kept one by one")
        _require(list(await store.identifiers()) == ["O1"], "a batch removes records")


async def a_watermark_may_be_set_back(open_store: OpenStore) -> None:
    """An earlier one takes the place of the old one, which was a mistake."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", SyncBatch(watermark=_MOMENT), _LEASE)
        earlier = _MOMENT - timedelta(days=400)
        await store.commit("one", SyncBatch(watermark=earlier), _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(state.watermark == earlier, "an earlier watermark does not replace a later one")


async def an_invalid_record_is_there_until_it_is_removed(open_store: OpenStore) -> None:
    """There is one for each key; those that a batch removes are no longer there, and no others."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        for reason in ("Id: not a string", "LifeCycle: not an object"):
            invalid = [InvalidRecord(key, None, reason, "{}") for key in ("O8", "O9")]
            await store.commit("one", SyncBatch(invalid=invalid), _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(sorted(state.invalid) == ["O8", "O9"], "invalid records are lost")
        valid = SyncBatch([_opportunity(9)], remove_invalid=frozenset({"O9"}))
        await store.commit("one", valid, _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require("O9" not in state.invalid, "a record that became valid is still invalid")
        _require("O8" in state.invalid, "an invalid record is lost with another one")
        await store.commit("one", SyncBatch(remove_invalid=frozenset({"O8"})), _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(not state.invalid, "a batch without opportunities removes no invalid record")


async def the_first_catalog_is_remembered(open_store: OpenStore) -> None:
    """Another one does not take its place: the sync compares them."""
    name = _name()
    async with open_store(name) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.release_lease("one")
    async with open_store(name) as store:
        state = await store.acquire_lease("two", "Sandbox", _LEASE)
        _require(state.catalog == "AWS", "another catalog takes the place of the first")


async def many_are_stored_at_once(open_store: OpenStore) -> None:
    """More than a page, and more than a database takes as parameters."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", SyncBatch([_opportunity(n) for n in range(1500)]), _LEASE)
        wanted = [f"O{number}" for number in range(2000)]
        _require(len(await store.get(wanted)) == 1500, "some of 1,500 records are not found")


async def a_lease_keeps_others_out_until_it_is_given_back(open_store: OpenStore) -> None:
    """The second owner is refused; the first may take it again, and then give it back."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await _refused(store.acquire_lease("two", "AWS", _LEASE), "two owners have the lease")
        await store.release_lease("two")
        await _refused(
            store.acquire_lease("two", "AWS", _LEASE), "an owner ends another one's lease"
        )
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.release_lease("one")
        await store.acquire_lease("two", "AWS", _LEASE)


async def a_commit_renews_the_lease(open_store: OpenStore) -> None:
    """A long run keeps its lease, and who is refused meanwhile is told to try again."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _OVER)
        await store.commit("one", SyncBatch([_opportunity(1)]), _LEASE)
        try:
            await store.acquire_lease("two", "AWS", _LEASE)
        except StoreError as error:
            _require(error.retryable, "a refusal because of a lease is not retryable")
        else:
            raise AssertionError("a commit does not renew the lease")


async def who_lost_the_lease_writes_nothing(open_store: OpenStore) -> None:
    """A lease that ended is good until another owner takes it, and then no more."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _OVER)
        await store.commit("one", SyncBatch([_opportunity(1)]), _OVER)
        await store.acquire_lease("two", "AWS", _LEASE)
        late = store.commit("one", SyncBatch([_opportunity(2)], (), _MOMENT), _LEASE)
        await _refused(late, "an owner without the lease commits")
        _require(list(await store.identifiers()) == ["O1"], "a refused batch is written")
        state = await store.acquire_lease("two", "AWS", _LEASE)
        _require(state.watermark is None, "a refused batch moves the watermark")


async def names_are_kept_apart(open_store: OpenStore) -> None:
    """What is in the store of one name is not in another one's."""
    async with open_store(_name()) as store, open_store(_name()) as other:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", SyncBatch([_opportunity(1)], (), _MOMENT), _LEASE)
        state = await other.acquire_lease("two", "Sandbox", _LEASE)
        _require(state.watermark is None, "two stores share a watermark")
        _require(list(await other.identifiers()) == [], "two stores share records")


CHECKS: Final[tuple[Check, ...]] = (
    a_new_store_is_empty,
    what_is_committed_is_there_when_it_is_opened_again,
    a_record_replaces_the_one_with_its_id,
    a_batch_leaves_what_it_does_not_name,
    a_watermark_may_be_set_back,
    an_invalid_record_is_there_until_it_is_removed,
    the_first_catalog_is_remembered,
    many_are_stored_at_once,
    a_lease_keeps_others_out_until_it_is_given_back,
    a_commit_renews_the_lease,
    who_lost_the_lease_writes_nothing,
    names_are_kept_apart,
)
"""All checks."""


async def check_store(open_store: OpenStore, checks: Iterable[Check] = CHECKS) -> None:
    """Run the checks one after another.

    Raises:
        AssertionError: The store breaks one; the message says what.
    """
    for check in checks:
        await check(open_store)
