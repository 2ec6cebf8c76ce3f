"""Checks that every `SyncStore` must pass; run them on a store of your own.

::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    async def test_my_store(check: Check) -> None:
        await check(open_my_store)

A check raises an AssertionError that names what the store does wrong. Each opens stores under names
of its own, so all checks can share a database that is empty at first.
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

__all__ = ["CHECKS", "Check", "OpenStore", "check_store"]

OpenStore: TypeAlias = Callable[[str], AbstractAsyncContextManager[SyncStore]]
"""Opens the store with a name, as a new process would; one that was not opened before is empty."""

Check: TypeAlias = Callable[[OpenStore], Awaitable[None]]

_LEASE: Final = timedelta(minutes=5)
_EXPIRED: Final = timedelta(0)
_DATE: Final = datetime(2025, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


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
            "LastModifiedDate": _DATE,
            "PartnerOpportunityIdentifier": content,
            "LifeCycle": {"Stage": "A stage of tomorrow", "NextSteps": "Größe 日本 'quoted' \n"},
            "Customer": {"Account": {"CompanyName": "Any Company"}},
            "Project": {"ExpectedCustomerSpend": [{"Amount": "531.0", "CurrencyCode": "USD"}]},
            "FieldOfTomorrow": {"Inside": [1, "two", None]},
        }
    )


async def _require_refusal(action: Awaitable[object], message: str) -> None:
    try:
        await action
    except StoreError:
        return
    raise AssertionError(message)


async def a_new_store_is_empty(open_store: OpenStore) -> None:
    """A new store has no watermark, no opportunity, and the catalog of the first lease."""
    async with open_store(_name()) as store:
        state = await store.acquire_lease("one", "Sandbox", _LEASE)
        _require(state.watermark is None, "a new store has a watermark")
        _require(state.pending == frozenset(), "a new store has pending identifiers")
        _require(state.invalid == frozenset(), "a new store has invalid records")
        _require(state.catalog == "Sandbox", "a new store does not remember the catalog")
        _require(list(await store.identifiers()) == [], "a new store has identifiers")
        _require(dict(await store.get(["O1"])) == {}, "a new store has opportunities")


async def a_commit_survives_closing_the_store(open_store: OpenStore) -> None:
    """Opportunities and state are read back equal, unknown fields and values included."""
    name, records = _name(), [_opportunity(1), _opportunity(2, "b")]
    invalid = InvalidRecord("O9", "O9", "Id: not a string", '{"Id": "O9"}')
    async with open_store(name) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        batch = SyncBatch(records, [invalid], _DATE, frozenset({"O7", "O8"}))
        await store.commit("one", batch, _LEASE)
        await store.release_lease("one")
    async with open_store(name) as store:
        state = await store.acquire_lease("two", "AWS", _LEASE)
        _require(state.watermark == _DATE, "the watermark is lost or rounded")
        _require(sorted(state.pending) == ["O7", "O8"], "pending identifiers are lost")
        _require(sorted(state.invalid) == ["O9"], "the keys of invalid records are lost")
        found = dict(await store.get(["O1", "O2", "O3"]))
        _require(
            found == {record.id: record for record in records}, "opportunities are lost or changed"
        )
        _require(sorted(await store.identifiers()) == ["O1", "O2"], "identifiers are wrong")


async def an_opportunity_replaces_the_one_with_its_id(open_store: OpenStore) -> None:
    """There is one opportunity for each id: the one that was committed last."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        for content in ("a", "b"):
            await store.commit("one", SyncBatch([_opportunity(1, content)]), _LEASE)
        found = (await store.get(["O1"]))["O1"]
        _require(found.partner_opportunity_identifier == "b", "the older version is still stored")
        _require(list(await store.identifiers()) == ["O1"], "an id is stored twice")


async def a_batch_keeps_what_it_does_not_name(open_store: OpenStore) -> None:
    """A batch without a watermark keeps the stored one; opportunities are kept, too."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        first = SyncBatch([_opportunity(1)], (), _DATE, frozenset({"O7", "O8"}))
        await store.commit("one", first, _LEASE)
        await store.commit("one", SyncBatch(remove_pending=frozenset({"O7"})), _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(state.watermark == _DATE, "a batch without a watermark moves it")
        _require(
            sorted(state.pending) == ["O8"],
            "a batch removes other pending identifiers than it names",
        )
        _require(list(await store.identifiers()) == ["O1"], "a batch deletes opportunities")


async def a_watermark_may_be_set_back(open_store: OpenStore) -> None:
    """An earlier watermark replaces a later one, which was a mistake."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", SyncBatch(watermark=_DATE), _LEASE)
        earlier = _DATE - timedelta(days=400)
        await store.commit("one", SyncBatch(watermark=earlier), _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(state.watermark == earlier, "an earlier watermark does not replace a later one")


async def an_invalid_record_is_kept_until_it_is_removed(open_store: OpenStore) -> None:
    """There is one record for each key; a batch deletes those that it names, and no others."""
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
        _require("O9" not in state.invalid, "an invalid record that became valid is kept")
        _require("O8" in state.invalid, "an invalid record is deleted with another one")
        await store.commit("one", SyncBatch(remove_invalid=frozenset({"O8"})), _LEASE)
        state = await store.acquire_lease("one", "AWS", _LEASE)
        _require(not state.invalid, "a batch without opportunities does not delete invalid records")


async def the_first_catalog_is_remembered(open_store: OpenStore) -> None:
    """Another catalog does not replace the first one: the sync compares them."""
    name = _name()
    async with open_store(name) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.release_lease("one")
    async with open_store(name) as store:
        state = await store.acquire_lease("two", "Sandbox", _LEASE)
        _require(state.catalog == "AWS", "another catalog replaces the first one")


async def many_opportunities_are_stored_at_once(open_store: OpenStore) -> None:
    """A batch and a lookup may be larger than the parameters that a database allows."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", SyncBatch([_opportunity(n) for n in range(1500)]), _LEASE)
        wanted = [f"O{number}" for number in range(2000)]
        _require(len(await store.get(wanted)) == 1500, "some of 1,500 opportunities are not found")


async def a_lease_is_exclusive_until_it_is_released(open_store: OpenStore) -> None:
    """A second owner is refused until the first one, which may acquire it again, releases it."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _LEASE)
        await _require_refusal(
            store.acquire_lease("two", "AWS", _LEASE), "two owners hold the lease"
        )
        await store.release_lease("two")
        await _require_refusal(
            store.acquire_lease("two", "AWS", _LEASE), "an owner releases the lease of another one"
        )
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.release_lease("one")
        await store.acquire_lease("two", "AWS", _LEASE)


async def a_commit_renews_the_lease(open_store: OpenStore) -> None:
    """A long run keeps its lease, and another owner's refusal is retryable."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _EXPIRED)
        await store.commit("one", SyncBatch([_opportunity(1)]), _LEASE)
        try:
            await store.acquire_lease("two", "AWS", _LEASE)
        except StoreError as error:
            _require(error.retryable, "a refusal because of a lease is not retryable")
        else:
            raise AssertionError("a commit does not renew the lease")


async def an_owner_without_the_lease_writes_nothing(open_store: OpenStore) -> None:
    """An expired lease is valid until another owner acquires it, and then no more."""
    async with open_store(_name()) as store:
        await store.acquire_lease("one", "AWS", _EXPIRED)
        await store.commit("one", SyncBatch([_opportunity(1)]), _EXPIRED)
        await store.acquire_lease("two", "AWS", _LEASE)
        late = store.commit("one", SyncBatch([_opportunity(2)], (), _DATE), _LEASE)
        await _require_refusal(late, "an owner without the lease commits")
        _require(list(await store.identifiers()) == ["O1"], "a refused batch is written")
        state = await store.acquire_lease("two", "AWS", _LEASE)
        _require(state.watermark is None, "a refused batch moves the watermark")


async def stores_are_kept_apart(open_store: OpenStore) -> None:
    """Nothing in the store with one name is visible in another one."""
    async with open_store(_name()) as store, open_store(_name()) as other:
        await store.acquire_lease("one", "AWS", _LEASE)
        await store.commit("one", SyncBatch([_opportunity(1)], (), _DATE), _LEASE)
        state = await other.acquire_lease("two", "Sandbox", _LEASE)
        _require(state.watermark is None, "two stores share a watermark")
        _require(list(await other.identifiers()) == [], "two stores share opportunities")


CHECKS: Final[tuple[Check, ...]] = (
    a_new_store_is_empty,
    a_commit_survives_closing_the_store,
    an_opportunity_replaces_the_one_with_its_id,
    a_batch_keeps_what_it_does_not_name,
    a_watermark_may_be_set_back,
    an_invalid_record_is_kept_until_it_is_removed,
    the_first_catalog_is_remembered,
    many_opportunities_are_stored_at_once,
    a_lease_is_exclusive_until_it_is_released,
    a_commit_renews_the_lease,
    an_owner_without_the_lease_writes_nothing,
    stores_are_kept_apart,
)
"""All checks."""


async def check_store(open_store: OpenStore, checks: Iterable[Check] = CHECKS) -> None:
    """Run checks one after another.

    Args:
        open_store: Opens the store with a name.
        checks: The checks to run.

    Raises:
        AssertionError: The store fails a check; the message says what it does wrong.
    """
    for check in checks:
        await check(open_store)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
