"""A scan gives each record that matches throughout exactly once, or raises, whatever AWS does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list import (
    InternalServerException,
    InvalidOpportunity,
    InvalidOpportunityError,
    PaginationError,
    RateLimit,
    RateLimiter,
    RetryPolicy,
    TokenExpiredError,
    TransportError,
    ValidationException,
)
from tests.scan.service import Record, Service, records, run
from tests.tied_records import weakened

START = 1_700_000_000_000
HOUR, DAY, YEAR = 3_600_000, 86_400_000, 365 * 86_400_000

spans = st.sampled_from([0, 1, 900, 2_500, 10_000, 60_000, HOUR, DAY, 8 * YEAR])
sizes = st.one_of(
    st.integers(0, 12),
    st.sampled_from([99, 100, 101, 199, 200, 201, 300]),
    st.integers(0, 900),
)
CODE = "InternalServerException"

concurrencies = st.integers(1, 16)
services = st.fixed_dictionaries(
    {
        "inclusive": st.booleans(),
        "filters_to_the_second": st.booleans(),
        "empty_pages": st.sampled_from([0.0, 0.3, 0.6]),
        "jitter": st.sampled_from([0.0, 0.3]),
    }
)


def dataset(size: int, span: int, seed: int) -> list[Record]:
    """Records spread over a span, with ties, bursts, silence and both ways to show a time."""
    random = Random(seed)
    centres = [START + random.randint(0, span) for _ in range(random.randint(1, 5))]
    clustered, to_the_second = random.random(), random.choice([0.0, 0.5, 1.0])
    width = random.choice([0, 0, 1_000, 5_000, HOUR])
    unit = random.choice([1, 1_000])
    made: list[Record] = []
    for number in range(size):
        at = START + random.randint(0, span)
        if random.random() < clustered:
            at = random.choice(centres) + random.randint(0, width)
        shown = random.random() < to_the_second
        made.append(Record(f"O{number}", at // unit * unit, shown_to_the_second=shown))
    return made


def ids(listed: list[Record]) -> list[str]:
    return sorted(record.id for record in listed)


@settings(max_examples=500)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, st.sampled_from([10, 100]), services)
@example(1000, 0, 0, 8, 100, {"inclusive": False})
@example(12, 2_500, 116, 2, 10, {})
@example(1000, 10_000, 0, 8, 10, {"inclusive": False, "filters_to_the_second": True})
def test_every_record_comes_exactly_once(
    size: int, span: int, seed: int, concurrency: int, page_size: int, options: dict[str, Any]
) -> None:
    size = size // 5 if page_size == 10 else size
    service = Service(dataset(size, span, seed), random=Random(seed), **options)
    found = run(service.ids(concurrency=concurrency, MaxResults=page_size))
    assert sorted(found) == ids(service.records)
    assert service.most_under_way <= concurrency


@settings(max_examples=100)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, services)
def test_a_filter_of_the_users_on_the_creation_date_narrows_the_whole(
    size: int, span: int, seed: int, concurrency: int, options: dict[str, Any]
) -> None:
    random = Random(seed)
    service = Service(dataset(size, span, seed), random=random, **options)
    bounds = sorted(START + random.randint(-HOUR, span + HOUR) for _ in range(2))
    names = random.choice([("After", "Before"), ("After",), ("Before",)])
    wanted = {
        f"{name}CreatedDate": _text(bound) for name, bound in zip(names, bounds, strict=False)
    }
    request = {"MaxResults": 100, "CreatedDate": wanted}
    order = {"Sort": {"SortBy": "CreatedDate", "SortOrder": "ASCENDING"}}
    matching = service._matching({**request, **order})
    assert sorted(run(service.ids(concurrency=concurrency, **request))) == ids(matching)


def _text(milliseconds: int) -> str:
    return Record("O1", milliseconds).data.decode().split('"CreatedDate":"')[1].split('"')[0]


@settings(max_examples=40)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, services, st.integers(0, 250))
def test_records_without_a_date_that_come_first_in_a_direction_are_in_it(
    size: int, span: int, seed: int, concurrency: int, options: dict[str, Any], undated: int
) -> None:
    for nulls in ("first", "low", "high"):
        random = Random(seed)
        listed = dataset(size, span, seed) + [Record(f"N{n}", None) for n in range(undated)]
        service = Service(listed, nulls=nulls, random=random, **options)  # type: ignore[arg-type]
        assert sorted(run(service.ids(concurrency=concurrency))) == ids(listed)
        (finished,) = service.finished
        assert finished.opportunities == len(listed)
        assert finished.may_lack_undated == (not undated)


def test_a_scan_says_when_it_cannot_reach_records_without_a_date() -> None:
    dated = records(range(START, START + 1_000 * DAY, DAY))
    undated = [Record(f"N{number}", None) for number in range(300)]
    beside = Service(dated[:50] + undated, nulls="last")
    assert sorted(run(beside.ids())) == ids(beside.records)
    beyond = Service(dated + undated, nulls="last")
    assert sorted(run(beyond.ids())) == ids(dated)
    assert [end.may_lack_undated for end in beside.finished + beyond.finished] == [False, True]


@settings(max_examples=60)
@given(st.integers(300, 900), spans, st.integers(0, 10**6), concurrencies, services)
def test_edits_and_additions_hide_no_record_that_matches_throughout(
    size: int, span: int, seed: int, concurrency: int, options: dict[str, Any]
) -> None:
    """Records leave the filter, come back, or are new, while the scan runs."""
    random = Random(seed)
    service = Service(dataset(size, span, seed), random=random, **options)
    moved: set[str] = set()
    budget = iter(range(random.choice([5, 40])))

    def edit(edited: Service) -> None:
        if next(budget, None) is None:
            return
        for _ in range(random.randint(0, 4)):
            record = random.choice(edited.records)
            moved.add(record.id)
            record.stage = "Launched" if random.random() < 0.7 else "Qualified"
        new = Record(f"N{len(edited.records)}", START + random.randint(0, span))
        moved.add(new.id)
        edited.records.append(new)

    service.edit = edit
    try:
        found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
    except PaginationError as error:
        assert "in 5 passes" in str(error)  # noqa: PT017 # either is right
        return
    assert len(found) == len(set(found))
    assert {record.id for record in service.records} - moved <= set(found)


@settings(max_examples=60)
@given(st.sampled_from([0, 30, 350]), st.integers(101, 350), st.integers(0, 10**6), concurrencies)
def test_records_without_a_date_that_leave_hide_none_of_those_that_stay(
    size: int, undated: int, seed: int, concurrency: int
) -> None:
    for nulls in ("first", "low", "high", "last"):
        random = Random(seed)
        listed = [Record(f"N{number}", None) for number in range(undated)]
        # Those that are last in both directions are promised where nothing stands before them.
        listed += dataset(0 if nulls == "last" else size, YEAR, seed)
        service = Service(listed, nulls=nulls, random=random)  # type: ignore[arg-type]
        moved: set[str] = set()
        budget = random.choice([1, 3, 60])

        def edit(edited: Service, budget: int = budget, moved: set[str] = moved) -> None:
            staying = [record for record in edited.records if record.stage == "Qualified"]
            if len(moved) < budget and staying:
                record = staying[0]
                record.stage = "Launched"
                moved.add(record.id)

        service.edit = edit
        try:
            found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
        except PaginationError as error:
            assert "no creation date" in str(error)  # noqa: PT017 # either is right
            continue
        assert len(found) == len(set(found))
        assert {record.id for record in listed} - moved <= set(found)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_records_without_a_date_are_walked_twice_and_no_error_where_none_leaves(
    concurrency: int,
) -> None:
    dated = records(range(START, START + 900 * DAY, DAY))
    service = Service([Record(f"N{n}", None) for n in range(250)] + dated, nulls="first")
    found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
    assert sorted(found) == ids(service.records)
    # Twice three pages of those, from both ends, and the others as ever.
    assert len(service.asked) <= 12 + 14


@pytest.mark.parametrize("concurrency", [1, 2])
def test_the_passes_over_a_second_cover_what_its_walk_has_left_behind(concurrency: int) -> None:
    """The next request begins after the second behind it, and AWS may exclude that one."""
    instants = (
        [START] * 290 + [START + 1_000] * 20 + list(range(START + DAY, START + 600 * DAY, DAY))
    )
    service = Service(records(instants), inclusive=False, filters_to_the_second=True)

    def edit(edited: Service) -> None:
        if edited.asked[-1].get("NextToken") == "200/2":
            edited.records[0].stage = "Launched"

    service.edit = edit
    found = run(service.ids(concurrency=concurrency, LifeCycleStage=["Qualified"]))
    assert sorted(found) == ids(service.records)


def test_the_passes_over_a_second_may_go_the_other_way_than_its_walk() -> None:
    beside = [START - 2_000, START, START + 2_000]
    instants = [*range(START - 600 * DAY, START - DAY, DAY), *beside * 5, *[START] * 250]
    service = Service(records(instants))
    assert sorted(run(service.ids(LifeCycleStage=["Qualified"]))) == ids(service.records)


@pytest.mark.parametrize("instant", [START])
def test_an_instant_that_keeps_losing_records_is_an_error_and_no_loss(instant: int) -> None:
    service = Service(records([instant] * 1_000))

    def edit(edited: Service) -> None:
        next(record for record in edited.records if record.stage == "Qualified").stage = "Launched"

    service.edit = edit
    with pytest.raises(PaginationError, match="may have been missed"):
        run(service.ids(LifeCycleStage=["Qualified"]))


@pytest.mark.parametrize("instant", [START, None])
def test_a_record_that_leaves_and_comes_back_in_each_pass_hides_none(instant: int | None) -> None:
    """Each pass over them has the same, and each one lacks the record that moved up."""
    service = Service(records([instant] * 250))
    moves = iter(range(1, 9))
    first = service.records[0]
    as_it_was = first.data

    def edit(edited: Service) -> None:
        asked = edited.asked[-1]
        is_pass = ("CreatedDate" in asked) == (instant is not None)
        is_ascending = asked["Sort"]["SortOrder"] == "ASCENDING"
        is_leaving = is_ascending and is_pass and "NextToken" not in asked
        if (is_leaving or first.stage == "Launched") and (number := next(moves, None)):
            first.stage = "Launched" if is_leaving else first.stage
            if asked.get("NextToken", "").startswith("200"):
                first.stage = "Qualified"
            modified = b',"LastModifiedDate":"2024-01-01T00:00:%02dZ"}' % number
            first.data = as_it_was[:-1] + modified

    service.edit = edit
    found = run(service.ids(concurrency=1, LifeCycleStage=["Qualified"]))
    assert len(found) == len(set(found))
    assert {record.id for record in service.records[1:]} <= set(found)


@pytest.mark.parametrize("instant", [START, None])
def test_equal_records_that_aws_orders_anew_for_each_page_are_an_error_and_no_loss(
    instant: int | None,
) -> None:
    """Two at a page's end change places once: then the walk is repeated. All the time: an error."""

    class Reordered(Service):
        def page(self, parameters: Mapping[str, Any]) -> bytes:
            if "NextToken" in parameters and next(turns, None) is not None:
                first, second = self.records[50], self.records[150]
                first.created, second.created = second.created, first.created
                first.id, second.id = second.id, first.id
                first.data, second.data = second.data, first.data
            return super().page(parameters)

        def _matching(self, parameters: Mapping[str, Any]) -> list[Record]:
            return list(self.records)

    turns = iter(range(1))
    once = Reordered(records([instant] * 250))
    assert sorted(run(once.ids(concurrency=1))) == ids(once.records)
    turns = iter(range(1_000))
    with pytest.raises(PaginationError, match="returned them in another order"):
        run(Reordered(records([instant] * 250)).ids(concurrency=1))


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("one pass", test_an_instant_that_keeps_losing_records_is_an_error_and_no_loss),
        (
            "records and not their versions",
            test_a_record_that_leaves_and_comes_back_in_each_pass_hides_none,
        ),
        (
            "repeats ignored",
            test_equal_records_that_aws_orders_anew_for_each_page_are_an_error_and_no_loss,
        ),
    ],
)
def test_a_scan_is_not_complete_with_less_proof_of_tied_records(
    name: str, law: Callable[[int], None]
) -> None:
    with weakened(name), pytest.raises((AssertionError, pytest.fail.Exception)):
        law(START)


async def test_an_instant_is_walked_once_where_nothing_can_leave() -> None:
    service = Service(records([START] * 1_000))
    assert len(await service.ids()) == 1_000
    assert len(service.asked) <= 12


@settings(max_examples=100)
@given(st.integers(101, 900), spans, st.integers(0, 10**6), concurrencies, st.integers(1, 12))
def test_a_failure_anywhere_is_one_error_and_leaves_nothing_behind(
    size: int, span: int, seed: int, concurrency: int, breaks_at: int
) -> None:
    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if len(service.asked) < breaks_at:
            return None
        return TransportError("the line is down", operation="ListOpportunities")

    service = Service(dataset(size, span, seed), random=Random(seed), jitter=0.3, broken=broken)
    found: list[str] = []

    async def scan() -> None:
        try:
            async for record in service.scan(concurrency, service.limiter()):
                found.append(record.id)
        finally:
            # Nothing is on its way, not even for a moment.
            assert service.under_way == 0

    failure: TransportError | None = None
    try:
        run(scan())
    except TransportError as error:
        failure = error
    if failure is None:
        assert sorted(found) == ids(service.records)
    else:
        assert failure.__cause__ is None
        assert failure.__context__ is None
        assert "the line is down" in str(failure)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_a_second_that_the_filter_ends_in_is_walked_once(seed: int, concurrency: int) -> None:
    """Behind its end the filter's own bound gives the same records again, without an end."""
    service = Service(records([START] * 250), empty_pages=0.6, random=Random(seed))
    span = {f"{end}CreatedDate": "2023-11-14T22:13:20Z" for end in ("After", "Before")}
    found = run(service.ids(concurrency=concurrency, CreatedDate=span))
    assert sorted(found) == sorted(record.id for record in service.records)
    walk = [parameters for parameters in service.asked if "NextToken" not in parameters]
    assert len(walk) <= 4


@pytest.mark.parametrize("at", [1, 2, 5])
def test_a_page_that_is_cancelled_from_within_ends_the_scan_which_does_not_wait_for_it(
    at: int,
) -> None:
    """As by a credentials callable that waits for a task of the program that was cancelled."""

    class Cancelling(Service):
        def page(self, parameters: Mapping[str, Any]) -> bytes:
            if len(self.asked) == at:
                raise asyncio.CancelledError
            return super().page(parameters)

    service = Cancelling(records(range(START, START + 900 * DAY, DAY)))
    with pytest.raises(asyncio.CancelledError):
        run(service.ids(concurrency=1))
    assert service.under_way == 0


@settings(max_examples=25)
@given(st.integers(0, 10**6))
@example(161)
@example(395)
@example(408)
def test_a_slot_that_was_not_needed_keeps_no_page_from_being_fetched(seed: int) -> None:
    """When it came there was nothing to fetch; what was under way then left more to be fetched."""
    random = Random(seed)
    size = random.choice([150, 250, 320, 450, 700])
    span = random.choice([3_000, 60_000, HOUR, 90 * DAY, 900 * DAY])
    instants = [START + random.randrange(span) for _ in range(size)]
    if random.random() < 0.5:
        more = range(random.choice([20, 120]))
        instants += [START + span + random.randrange(10) * DAY for _ in more]
    latency, concurrency = random.choice([0.02, 0.15, 0.3, 0.8]), random.choice([2, 3, 8])
    rate = random.choice([3.0, 10.0, 30.0])
    jitter, empty = random.choice([0, 0.3]), random.choice([0, 0, 0.5])
    service = Service(
        records(instants), latency=latency, jitter=jitter, random=random, empty_pages=empty
    )

    async def scan() -> list[str]:
        limit = RateLimit(rate, clock=asyncio.get_running_loop().time)
        return await service.ids(concurrency=concurrency, limiter=RateLimiter(limit))

    assert sorted(run(scan())) == ids(service.records)


@settings(max_examples=60)
@given(st.integers(101, 900), spans, st.integers(0, 10**6), concurrencies)
def test_passing_failures_are_retried_and_nothing_is_lost(
    size: int, span: int, seed: int, concurrency: int
) -> None:
    random = Random(seed)

    def broken(service: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if random.random() < 0.2:
            return InternalServerException(CODE, "again", retryable=True)
        return None

    service = Service(dataset(size, span, seed), random=random, jitter=0.3, broken=broken)
    policy = RetryPolicy(max_attempts=50, max_elapsed=0, quota=10**6, random=random.random)
    assert sorted(run(service.ids(concurrency=concurrency, policy=policy))) == ids(service.records)


@settings(max_examples=40)
@given(st.integers(101, 600), st.integers(0, 10**6), concurrencies, st.integers(0, 400))
def test_breaking_out_anywhere_leaves_nothing_behind(
    size: int, seed: int, concurrency: int, amount: int
) -> None:
    service = Service(dataset(size, YEAR, seed), random=Random(seed), latency=0.3)

    async def scan() -> None:
        async with aclosing(aiter(service.scan(concurrency, service.limiter()))) as found:
            for _ in range(min(amount, size)):
                await anext(found)
        assert service.under_way == 0

    run(scan())


@settings(max_examples=60)
@given(sizes, spans, st.integers(0, 10**6), concurrencies, st.booleans())
def test_a_record_that_cannot_be_read_is_told_of_once(
    size: int, span: int, seed: int, concurrency: int, with_id: bool
) -> None:
    random = Random(seed)
    service = Service(dataset(size, span, seed), random=random)
    for record in service.records:
        if random.random() < 0.1:
            name = b'"Id":' if with_id else b'"Name":'
            record.data = record.data.replace(b'"Id":', name)[:-1] + b',"LifeCycle":"wrong"}'
    told: list[InvalidOpportunity] = []
    found = run(service.ids(concurrency=concurrency, on_invalid=told.append))
    raw: list[Any] = [invalid.raw for invalid in told]
    named = [record["Id" if with_id else "Name"] for record in raw]
    assert sorted(found + named) == ids(service.records)


async def test_a_record_that_cannot_be_read_is_an_error_unless_there_is_a_callable() -> None:
    service = Service(records(range(START, START + 500 * DAY, DAY)))
    service.records[300].data = b'{"Id":"O301","Catalog":"AWS","LifeCycle":1}'
    with pytest.raises(InvalidOpportunityError, match="O301") as caught:
        await service.ids()
    assert caught.value.resume_token is None


async def test_a_token_that_expires_makes_its_walk_begin_again() -> None:
    service = Service(records([START] * 500 + list(range(START, START + 900 * DAY, DAY))))
    expires = iter([True, True])

    def broken(asked: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if "NextToken" in parameters and next(expires, False):
            return ValidationException("ValidationException", "token expired")
        return None

    service.broken = broken
    assert sorted(await service.ids()) == ids(service.records)


@pytest.mark.parametrize(("instant", "requests"), [(START, 10), (None, 9)])
def test_a_pass_that_begins_again_forgets_what_it_has_read(
    instant: int | None, requests: int
) -> None:
    """It would have to be repeated for a record that left before it began again."""
    service = Service(records([instant] * 250))
    begun = 2 if instant is not None else 1

    def broken(asked: Service, parameters: Mapping[str, Any]) -> Exception | None:
        first = [one for one in asked.asked if "NextToken" not in one]
        ascending = [one for one in first if one["Sort"]["SortOrder"] == "ASCENDING"]
        if "NextToken" not in parameters or len(ascending) != begun:
            return None
        asked.records[0].stage = "Launched"
        return ValidationException("ValidationException", "token expired")

    service.broken = broken
    found = run(service.ids(concurrency=1, LifeCycleStage=["Qualified"]))
    assert sorted(found) == ids(service.records)
    assert len(service.asked) == requests


async def test_tokens_that_expire_all_the_time_are_an_error() -> None:
    def broken(asked: Service, parameters: Mapping[str, Any]) -> Exception | None:
        if "NextToken" in parameters:
            return ValidationException("ValidationException", "token expired")
        return None

    service = Service(records([START] * 500), broken=broken)
    with pytest.raises(TokenExpiredError, match="again and again"):
        await service.ids()


async def test_a_refused_request_without_a_token_is_the_error_that_aws_sent() -> None:
    def broken(asked: Service, parameters: Mapping[str, Any]) -> Exception | None:
        return ValidationException("ValidationException", "no")

    with pytest.raises(ValidationException) as caught:
        await Service(records([START]), broken=broken).ids()
    assert type(caught.value) is ValidationException


async def test_two_iterations_of_one_scan_do_not_disturb_each_other() -> None:
    service = Service(records(range(START, START + 500 * DAY, DAY)))
    scan = service.scan()
    first, second = await asyncio.gather(scan.collect(), scan.collect())
    assert {record.id for record in first} == {record.id for record in second}
    assert len(first) == len(second) == 500


async def test_a_slow_consumer_is_not_run_away_from() -> None:
    """What is fetched and not yet taken is bounded by the concurrency."""
    service = Service(records(range(START, START + 5_000 * DAY, DAY)))
    taken = 0
    async for _ in service.scan(concurrency=3):
        taken += 1
        if taken % 100 == 0:
            for _ in range(20):
                await asyncio.sleep(0)
        # Three on their way, three that wait, and the one in hand.
        assert len(service.asked) <= taken / 100 + 7


class Disordered(Service):
    """Does not honour the sort."""

    def _matching(self, parameters: Mapping[str, Any]) -> list[Record]:
        matching = super()._matching(parameters)
        Random(len(matching)).shuffle(matching)
        return matching


async def test_an_answer_that_is_not_sorted_is_an_error_and_no_loss() -> None:
    from partnercentral_list import MalformedResponseError

    service = Disordered(records(range(START, START + 500 * DAY, DAY)))
    with pytest.raises(MalformedResponseError, match="sorted by CreatedDate"):
        await service.ids()
