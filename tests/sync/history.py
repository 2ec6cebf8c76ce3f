"""Properties of the history of every store that keeps one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Protocol

from hypothesis import strategies as st

from partnercentral_list import Catalog, OpportunitySummary
from partnercentral_list.sync import RecordedChange, SyncBatch, SyncStore

LEASE = timedelta(minutes=5)


class StoreWithHistory(SyncStore, Protocol):
    def changes_since(self, moment: datetime) -> AsyncGenerator[RecordedChange, None]: ...


def version(identifier: str, number: int) -> OpportunitySummary:
    return OpportunitySummary(id=identifier, catalog=Catalog.AWS, arn=f"version {number}")


IDENTIFIERS = st.sampled_from(["O1", "O2", "O3", "O4"])
# What a page changes: the new version of each opportunity, or None where it is gone.
PAGES = st.lists(
    st.dictionaries(IDENTIFIERS, st.none() | st.integers(0, 3), min_size=1), max_size=12
)


async def commit_pages(
    store: SyncStore, pages: list[dict[str, int | None]]
) -> list[tuple[str, str, OpportunitySummary | None, OpportunitySummary | None]]:
    """Commit pages as a sync does, which sends what differs only; return what changed."""
    stored: dict[str, OpportunitySummary] = {}
    expected: list[tuple[str, str, OpportunitySummary | None, OpportunitySummary | None]] = []
    await store.acquire_lease("one", "AWS", LEASE)
    for page in pages:
        records = [version(name, number) for name, number in page.items() if number is not None]
        records = [record for record in records if stored.get(record.id) != record]
        gone = [name for name, number in page.items() if number is None and name in stored]
        for record in records:
            before = stored.get(record.id)
            expected.append((record.id, "updated" if before else "created", before, record))
            stored[record.id] = record
        expected += [(name, "gone", stored.pop(name), None) for name in gone]
        await store.commit("one", SyncBatch(records, gone=frozenset(gone)), LEASE)
    assert dict(await store.get(await store.identifiers())) == stored
    return expected


def by_page(changes: list[RecordedChange]) -> list[tuple[object, ...]]:
    return [(change.id, change.kind, change.before, change.after) for change in changes]


async def changes_since(store: StoreWithHistory, moment: datetime) -> list[RecordedChange]:
    return [change async for change in store.changes_since(moment)]


async def check_history(
    store: StoreWithHistory, pages: list[dict[str, int | None]], before: datetime
) -> None:
    """The history has each change once, in order, and leads to what is stored."""
    expected = await commit_pages(store, pages)
    found = await changes_since(store, before)
    # Within a page the order is open.
    assert sorted(by_page(found), key=str) == sorted(expected, key=str)
    assert [change.seen_at for change in found] == sorted(change.seen_at for change in found)
    replayed: dict[str, OpportunitySummary] = {}
    for change in found:
        assert replayed.get(change.id) == change.before
        if change.after is None:
            del replayed[change.id]
        else:
            replayed[change.id] = change.after
    assert replayed == dict(await store.get(await store.identifiers()))
