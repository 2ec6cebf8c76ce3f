"""Properties of a listing, for any pages, any cut and any break."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnercentral_list import InvalidOpportunity, OpportunityPager, TransportError
from tests.service import PagedService, invalid, record, resume_token

sizes = st.lists(st.integers(0, 5), min_size=1, max_size=8)
prefetches = st.integers(0, 3)


def split(page_sizes: list[int], bad: frozenset[int] = frozenset()) -> list[list[dict[str, Any]]]:
    """Pages of these sizes, numbered through; those in `bad` are invalid."""
    numbers = iter(range(sum(page_sizes)))
    return [
        [invalid(n) if n in bad else record(n) for _, n in zip(range(size), numbers, strict=False)]
        for size in page_sizes
    ]


def ids(page_sizes: list[int]) -> list[str]:
    return [f"O{number}" for number in range(sum(page_sizes))]


async def take(listing: OpportunityPager, amount: int) -> list[str]:
    """Read that many opportunities and break out."""
    taken: list[str] = []
    async with aclosing(aiter(listing)) as opportunities:
        while len(taken) < amount:
            try:
                taken.append((await anext(opportunities)).id)
            except StopAsyncIteration:
                break
    return taken


@given(sizes, prefetches)
def test_a_listing_is_every_record_in_order(page_sizes: list[int], prefetch: int) -> None:
    async def check() -> None:
        listing = PagedService(split(page_sizes)).pager(prefetch=prefetch)
        assert [item.id for item in await listing.collect()] == ids(page_sizes)
        assert listing.resume_token is None

    asyncio.run(check())


@given(sizes, st.integers(0, 45), prefetches)
def test_max_items_cuts_and_its_token_gives_the_rest(
    page_sizes: list[int], max_items: int, prefetch: int
) -> None:
    async def check() -> None:
        service = PagedService(split(page_sizes))
        cut = service.pager(max_items=max_items, prefetch=prefetch)
        first = [item.id for item in await cut.collect()]
        assert first == ids(page_sizes)[:max_items]
        rest: list[str] = []
        if cut.resume_token is not None:
            again = service.pager(starting_token=cut.resume_token, prefetch=prefetch)
            rest = [item.id for item in await again.collect()]
        assert first + rest == ids(page_sizes)

    asyncio.run(check())


@given(sizes, st.integers(0, 45), prefetches)
def test_a_break_anywhere_resumes_without_loss_or_repeat(
    page_sizes: list[int], amount: int, prefetch: int
) -> None:
    async def check() -> None:
        service = PagedService(split(page_sizes))
        broken = service.pager(prefetch=prefetch)
        first = await take(broken, amount)
        token = broken.resume_token
        rest: list[str] = []
        if token is not None:
            rest = [item.id async for item in service.pager(starting_token=token)]
        assert first + rest == ids(page_sizes)

    asyncio.run(check())


@given(sizes, st.integers(0, 7), prefetches)
def test_an_error_anywhere_carries_the_token_that_completes_the_listing(
    page_sizes: list[int], broken_at: int, prefetch: int
) -> None:
    async def check() -> None:
        service = PagedService(split(page_sizes))
        service.broken_at = broken_at
        seen: list[str] = []
        token: str | None = None
        try:
            async for item in service.pager(prefetch=prefetch):
                seen.append(item.id)
        except TransportError as error:
            token = error.resume_token
            assert token is not None
        service.broken_at = None
        if token is not None:
            seen += [item.id async for item in service.pager(starting_token=token)]
        assert seen == ids(page_sizes)

    asyncio.run(check())


@given(sizes, st.integers(0, 45))
def test_a_leftover_skip_is_carried_over_page_ends(page_sizes: list[int], skip: int) -> None:
    async def check() -> None:
        service = PagedService(split(page_sizes))
        token = resume_token(None, skip)
        rest = [item.id async for item in service.pager(starting_token=token)]
        assert rest == ids(page_sizes)[skip:]

    asyncio.run(check())


@given(sizes, st.integers(0, 45), st.integers(0, 45))
def test_a_break_within_a_carried_skip_still_resumes_exactly(
    page_sizes: list[int], skip: int, amount: int
) -> None:
    async def check() -> None:
        service = PagedService(split(page_sizes))
        broken = service.pager(starting_token=resume_token(None, skip))
        first = await take(broken, amount)
        token = broken.resume_token
        rest: list[str] = []
        if token is not None:
            rest = [item.id async for item in service.pager(starting_token=token)]
        assert first + rest == ids(page_sizes)[skip:]

    asyncio.run(check())


@given(sizes, st.frozensets(st.integers(0, 39)), prefetches)
def test_invalid_records_are_passed_to_the_callable_in_their_place(
    page_sizes: list[int], bad: frozenset[int], prefetch: int
) -> None:
    async def check() -> None:
        invalid: list[InvalidOpportunity] = []
        service = PagedService(split(page_sizes, bad))
        listing = service.pager(on_invalid=invalid.append, prefetch=prefetch)
        read = [item.id for item in await listing.collect()]
        wrong = {f"O{number}" for number in bad}
        assert read == [name for name in ids(page_sizes) if name not in wrong]
        assert [item.id for item in invalid] == [name for name in ids(page_sizes) if name in wrong]

    asyncio.run(check())


@given(sizes, st.frozensets(st.integers(0, 39)), st.integers(0, 45))
def test_invalid_records_do_not_shift_the_token(
    page_sizes: list[int], bad: frozenset[int], amount: int
) -> None:
    async def check() -> None:
        invalid: list[InvalidOpportunity] = []
        service = PagedService(split(page_sizes, bad))
        broken = service.pager(on_invalid=invalid.append)
        first = await take(broken, amount)
        token = broken.resume_token
        rest: list[str] = []
        if token is not None:
            again = service.pager(on_invalid=invalid.append, starting_token=token)
            rest = [item.id async for item in again]
        wrong = {f"O{number}" for number in bad}
        assert first + rest == [name for name in ids(page_sizes) if name not in wrong]

    asyncio.run(check())


@given(sizes, st.frozensets(st.integers(0, 39)), prefetches)
def test_each_invalid_record_can_be_stepped_over_by_its_own_token(
    page_sizes: list[int], bad: frozenset[int], prefetch: int
) -> None:
    from partnercentral_list import InvalidOpportunityError

    async def check() -> None:
        service = PagedService(split(page_sizes, bad))
        seen: list[str] = []
        token: str | None = resume_token(None)
        while token is not None:
            try:
                async for item in service.pager(starting_token=token, prefetch=prefetch):
                    seen.append(item.id)
                token = None
            except InvalidOpportunityError as error:
                seen.append(f"not {error.invalid.id}")
                token = error.resume_token_after
        expected = [f"not O{n}" if n in bad else f"O{n}" for n in range(sum(page_sizes))]
        assert seen == expected

    asyncio.run(check())


@given(sizes, st.frozensets(st.integers(0, 39)), st.none() | st.integers(1, 45))
def test_pages_hold_what_the_items_are(
    page_sizes: list[int], bad: frozenset[int], max_items: int | None
) -> None:
    async def check() -> None:
        service = PagedService(split(page_sizes, bad))

        def fresh() -> OpportunityPager:
            return service.pager(max_items=max_items, on_invalid=lambda _: None)

        by_page, by_item = fresh(), fresh()
        pages = [page async for page in by_page.pages()]
        paged = [item.id for page in pages for item in page.opportunity_summaries]
        assert paged == [item.id for item in await by_item.collect()]
        assert by_page.resume_token == by_item.resume_token

    asyncio.run(check())


@given(sizes, sizes)
def test_iterations_of_one_pager_do_not_disturb_each_other(
    page_sizes: list[int], steps: list[int]
) -> None:
    async def check() -> None:
        listing = PagedService(split(page_sizes)).pager()
        one, two = aiter(listing), aiter(listing)
        read: tuple[list[str], list[str]] = ([], [])
        ended: set[int] = set()
        for step in [*steps, *[100, 100] * 2]:
            which = step % 2
            for _ in range(step + 1):
                try:
                    read[which].append((await anext((one, two)[which])).id)
                except StopAsyncIteration:
                    ended.add(which)
                    break
            which = 1 - which
            async for item in (one, two)[which]:
                read[which].append(item.id)
                break
        read[0].extend([item.id async for item in one])
        read[1].extend([item.id async for item in two])
        assert read == (ids(page_sizes), ids(page_sizes))
        assert [item.id for item in await listing.collect()] == ids(page_sizes)

    asyncio.run(check())


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_nothing_is_fetched_past_max_items(prefetch: int) -> None:
    async def check() -> None:
        service = PagedService(split([5, 5, 5]))
        await service.pager(max_items=5, prefetch=prefetch).collect()
        assert [request.get("NextToken") for request in service.requests] == [None]

    asyncio.run(check())


@pytest.mark.parametrize("prefetch", [0, 1, 2, 4])
def test_no_more_pages_are_prefetched_than_prefetch_says(prefetch: int) -> None:
    async def check() -> None:
        service = PagedService(split([2] * 10))
        opportunities = aiter(service.pager(prefetch=prefetch))
        for page in range(3):
            await anext(opportunities)
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(service.requests) == page + 1 + prefetch
            await anext(opportunities)

    asyncio.run(check())
