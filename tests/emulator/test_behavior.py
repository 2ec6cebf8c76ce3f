"""Behavior: an option for every likely behavior that AWS does not document."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from partnercentral_list.emulator import AccountQuota, Behavior, Fault, PartnerCentralEmulator
from tests.emulator.calls import Caller, HttpResponse, calling

ASCENDING = {"SortBy": "LastModifiedDate", "SortOrder": "ASCENDING"}
BOUNDS = [
    ("LastModifiedDate", "AfterLastModifiedDate", "2026-01-02T00:00:00Z"),
    ("LastModifiedDate", "BeforeLastModifiedDate", "2026-01-02T00:00:00Z"),
    ("CreatedDate", "AfterCreatedDate", "2026-01-02T00:00:00Z"),
    ("CreatedDate", "BeforeCreatedDate", "2026-01-02T00:00:00Z"),
    ("TargetCloseDate", "AfterTargetCloseDate", "2026-01-02"),
    ("TargetCloseDate", "BeforeTargetCloseDate", "2026-01-02"),
]


class Clock:
    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def opportunity(number: int, at: str = "2026-01-02T00:00:00Z", **more: Any) -> dict[str, Any]:
    dates = {"CreatedDate": at, "LastModifiedDate": at, "LifeCycle": {"TargetCloseDate": at[:10]}}
    return {"Id": f"O{number}"} | dates | more


DAYS = [opportunity(number, f"2026-01-0{number}T00:00:00Z") for number in (1, 2, 3)]


def fetch(
    behavior: Behavior, records: int | list[dict[str, Any]], **parameters: Any
) -> dict[str, Any]:
    emulator = PartnerCentralEmulator(records, behavior=behavior)
    with emulator, calling(emulator) as caller:
        return caller.fetch(**parameters).json


def ids(response: Mapping[str, Any]) -> list[str]:
    return [record["Id"] for record in response["OpportunitySummaries"]]


@pytest.mark.parametrize(("member", "bound", "value"), BOUNDS)
def test_a_bound_includes_or_excludes_equal_values(member: str, bound: str, value: str) -> None:
    parameters: dict[str, Any] = {"Sort": ASCENDING, member: {bound: value}}
    inclusive = ["O2", "O3"] if bound.startswith("After") else ["O1", "O2"]
    assert ids(fetch(Behavior(), DAYS, **parameters)) == inclusive
    exclusive = Behavior(exclusive_bounds=[bound])
    assert ids(fetch(exclusive, DAYS, **parameters)) == [i for i in inclusive if i != "O2"]


@pytest.mark.parametrize(
    ("precision", "found"), [("ns", ["O3"]), ("ms", ["O2", "O3"]), ("s", ["O1", "O2", "O3"])]
)
def test_dates_are_compared_with_filter_precision(precision: Any, found: list[str]) -> None:
    times = ("00.100", "00.200000001", "00.200000002")
    records = [opportunity(n, f"2026-01-02T00:00:{t}Z") for n, t in enumerate(times, start=1)]
    bound = {"AfterLastModifiedDate": "2026-01-02T00:00:00.200000002Z"}
    response = fetch(
        Behavior(filter_precision=precision), records, LastModifiedDate=bound, Sort=ASCENDING
    )
    assert ids(response) == found


def test_an_exclusive_bound_in_seconds_leaves_out_its_whole_second() -> None:
    records = [opportunity(1, "2026-01-02T00:00:00.900Z"), opportunity(2, "2026-01-02T00:00:01Z")]
    behavior = Behavior(exclusive_bounds=["AfterLastModifiedDate"], filter_precision="s")
    bound = {"AfterLastModifiedDate": "2026-01-02T00:00:00.100Z"}
    assert ids(fetch(behavior, records, LastModifiedDate=bound)) == ["O2"]


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("casefold", ["O1", "O2"]),
        ("exact", ["O1"]),
        ("prefix", ["O1", "O2", "O3"]),
        ("contains", ["O1", "O2", "O3", "O4"]),
    ],
)
def test_company_names_match_by_company_match(match: Any, found: list[str]) -> None:
    names = ("Amber", "aMBER", "Amber Ltd", "The Amber", "Other")
    records = [
        opportunity(n, Customer={"Account": {"CompanyName": name}})
        for n, name in enumerate(names, start=1)
    ]
    response = fetch(
        Behavior(company_match=match), records, CustomerCompanyName=["Amber"], Sort=ASCENDING
    )
    assert ids(response) == found


@pytest.mark.parametrize(
    ("place", "ascending", "descending"),
    [
        ("always_last", "O1 O2 O0", "O2 O1 O0"),
        ("always_first", "O0 O1 O2", "O0 O2 O1"),
        ("first", "O0 O1 O2", "O2 O1 O0"),
        ("last", "O1 O2 O0", "O0 O2 O1"),
        ("filtered_out", "O1 O2", "O2 O1"),
    ],
)
@pytest.mark.parametrize("member", ["CreatedDate", "TargetCloseDate"])
def test_nulls_stand_where_null_order_says(
    member: Any, place: Any, ascending: str, descending: str
) -> None:
    records = [opportunity(0, LifeCycle=None) | {"CreatedDate": None}, *DAYS[:2]]
    behavior = Behavior(null_order={member: place})
    for order, expected in (("ASCENDING", ascending), ("DESCENDING", descending)):
        response = fetch(behavior, records, Sort={"SortBy": member, "SortOrder": order})
        assert " ".join(ids(response)) == expected


@pytest.mark.parametrize(
    ("tie_order", "ascending", "descending"),
    [
        ("id", "O1 O2 O3", "O3 O2 O1"),
        ("reverse", "O3 O2 O1", "O1 O2 O3"),
        ("insertion", "O2 O3 O1", "O2 O3 O1"),
    ],
)
def test_tied_records_are_ordered_by_tie_order(
    tie_order: Any, ascending: str, descending: str
) -> None:
    records = [opportunity(2), opportunity(3), opportunity(1)]
    for order, expected in (("ASCENDING", ascending), ("DESCENDING", descending)):
        sort = {"SortBy": "LastModifiedDate", "SortOrder": order}
        response = fetch(Behavior(tie_order=tie_order), records, Sort=sort)
        assert " ".join(ids(response)) == expected


def test_random_tie_order_differs_by_request_and_is_repeatable() -> None:
    records = [opportunity(number) for number in range(30)] + [opportunity(99, "2027-01-01T00:00Z")]
    runs: list[list[str]] = []
    for _ in range(2):
        emulator = PartnerCentralEmulator(records, behavior=Behavior(tie_order="random"))
        with emulator, calling(emulator) as caller:
            runs += [caller.fetch(MaxResults=100).ids for _ in range(2)]
    assert runs[:2] == runs[2:]
    assert runs[0] != runs[1]
    assert sorted(runs[0]) == sorted(runs[1])


class Listing:
    """A first page of two of five opportunities, O1 to O5, and what comes behind it."""

    def __init__(self, caller: Caller, **parameters: Any) -> None:
        self.caller = caller
        self.parameters = {"MaxResults": 2, "Sort": ASCENDING} | parameters
        first = caller.fetch(**self.parameters)
        assert first.ids == ["O1", "O2"]
        self.token = first.token

    def rest(self) -> list[str]:
        found: list[str] = []
        token = self.token
        while token:
            response = self.caller.fetch(**self.parameters, NextToken=token)
            found += response.ids
            token = response.token
        return found


FIVE = [opportunity(number, f"2026-01-0{number}T00:00:00Z") for number in range(1, 6)]


@pytest.mark.parametrize(
    ("tokens", "rest"),
    [
        ("offset", ["O4", "O5", "O1"]),
        ("keyset", ["O3", "O4", "O5", "O1"]),
        ("snapshot", ["O3", "O4", "O5"]),
    ],
)
def test_an_edit_of_a_seen_record_shifts_only_offset_tokens(tokens: Any, rest: list[str]) -> None:
    emulator = PartnerCentralEmulator(FIVE, behavior=Behavior(tokens=tokens))
    with emulator, calling(emulator) as caller:
        listing = Listing(caller)
        emulator.update("O1", {})
        assert listing.rest() == rest


@pytest.mark.parametrize(
    ("tokens", "rest"),
    [
        ("offset", ["O5"]),
        ("keyset", ["O3", "O4", "O5"]),
        ("snapshot", ["O3", "O4", "O5"]),
    ],
)
def test_a_removal_of_records_seen_skips_others_with_offset_tokens_only(
    tokens: Any, rest: list[str]
) -> None:
    emulator = PartnerCentralEmulator(FIVE, behavior=Behavior(tokens=tokens))
    with emulator, calling(emulator) as caller:
        listing = Listing(caller)
        emulator.remove("O1")
        emulator.remove("O2")
        assert listing.rest() == rest


def test_a_snapshot_shows_records_as_they_were() -> None:
    emulator = PartnerCentralEmulator(FIVE, behavior=Behavior(tokens="snapshot"))
    with emulator, calling(emulator) as caller:
        listing = Listing(caller)
        emulator.update("O4", {"LifeCycle": {"Stage": "Launched"}})
        response = caller.fetch(**listing.parameters, NextToken=listing.token)
        assert "Stage" not in response.json["OpportunitySummaries"][1]["LifeCycle"]
        assert caller.fetch(**listing.parameters).ids == ["O1", "O2"]


@pytest.mark.parametrize("tokens", ["keyset", "snapshot"])
@pytest.mark.parametrize("sort_by", ["CreatedDate", "TargetCloseDate", "CustomerCompanyName"])
@pytest.mark.parametrize("place", ["always_last", "always_first", "first", "last", "filtered_out"])
@pytest.mark.parametrize("tie_order", ["id", "reverse", "insertion"])
def test_every_kind_of_token_leads_through_the_same_order(
    tokens: Any, sort_by: Any, place: Any, tie_order: Any
) -> None:
    for order in ("ASCENDING", "DESCENDING"):
        parameters = {"MaxResults": 7, "Sort": {"SortBy": sort_by, "SortOrder": order}}
        listed: list[list[str]] = []
        for kind in ("offset", tokens):
            behavior = Behavior(tokens=kind, null_order={sort_by: place}, tie_order=tie_order)
            emulator = PartnerCentralEmulator(40, behavior=behavior)
            with emulator, calling(emulator) as caller:
                listed.append(caller.all_ids(**parameters))
        assert listed[0] == listed[1]


@pytest.mark.parametrize("place", ["always_last", "always_first", "first", "last"])
@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_a_keyset_token_leads_through_nulls(place: Any, order: str) -> None:
    records = [*FIVE, *(opportunity(number, LifeCycle=None) for number in range(6, 11))]
    behavior = Behavior(tokens="keyset", null_order={"TargetCloseDate": place})
    parameters = {"Sort": {"SortBy": "TargetCloseDate", "SortOrder": order}}
    emulator = PartnerCentralEmulator(records, behavior=behavior)
    with emulator, calling(emulator) as caller:
        whole = caller.fetch(**parameters).ids
        assert caller.all_ids(MaxResults=1, **parameters) == whole


@pytest.mark.parametrize("tokens", ["offset", "keyset", "snapshot"])
def test_a_token_is_repeatable_and_of_its_listing_only(tokens: Any) -> None:
    emulator = PartnerCentralEmulator(FIVE, behavior=Behavior(tokens=tokens))
    with emulator, calling(emulator) as caller:
        listing = Listing(caller)
        again = caller.fetch(**listing.parameters)
        assert again.token == listing.token
        assert caller.fetch(NextToken=listing.token).code == "ValidationException"
        assert listing.rest() == listing.rest()


@pytest.mark.parametrize("tokens", ["offset", "keyset", "snapshot"])
def test_a_token_expires_after_so_many_seconds(tokens: Any) -> None:
    clock = Clock()
    behavior = Behavior(tokens=tokens, token_life_seconds=60)
    emulator = PartnerCentralEmulator(FIVE, behavior=behavior, clock=clock)
    with emulator, calling(emulator) as caller:
        listing = Listing(caller)
        clock.now += 60
        assert caller.fetch(**listing.parameters, NextToken=listing.token).status == 200
        clock.now += 0.1
        late = caller.fetch(**listing.parameters, NextToken=listing.token)
    assert (late.code, late.problems) == ("ValidationException", [("NextToken", "INVALID_VALUE")])


def test_a_token_expires_after_so_many_requests() -> None:
    emulator = PartnerCentralEmulator(FIVE, behavior=Behavior(token_life_requests=2))
    with emulator, calling(emulator) as caller:
        listing = Listing(caller)
        follow = {**listing.parameters, "NextToken": listing.token}
        assert [caller.fetch(**follow).status for _ in range(3)] == [200, 200, 400]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.error("ResourceNotFoundException"), 400),
        (Fault.error("ValidationException", "Bad request"), 400),
        (Fault.body(b'{"OpportunitySummaries":[]}'), 200),
    ],
    ids=["not found", "vague", "silent"],
)
def test_the_response_to_an_expired_token_can_be_chosen(fault: Fault, status: int) -> None:
    emulator = PartnerCentralEmulator(FIVE, behavior=Behavior(expired_token=fault))
    with emulator, calling(emulator) as caller:
        assert caller.fetch(NextToken="old").status == status


@pytest.mark.parametrize(("end", "expected"), [("null", None), ("empty", "")])
def test_the_last_token_is_null_or_empty(end: Any, expected: str | None) -> None:
    assert fetch(Behavior(end_token=end), 1)["NextToken"] == expected


def test_the_last_token_can_be_absent() -> None:
    assert fetch(Behavior(end_token="absent"), 1).keys() == {"OpportunitySummaries"}


def pages(caller: Caller, **parameters: Any) -> list[list[str]]:
    response = caller.fetch(**parameters)
    found = [response.ids]
    while response.token:
        response = caller.fetch(**parameters, NextToken=response.token)
        found.append(response.ids)
    return found


def test_a_full_last_page_can_lead_to_an_empty_one() -> None:
    emulator = PartnerCentralEmulator(4, behavior=Behavior(token_at_end=True))
    with emulator, calling(emulator) as caller:
        assert list(map(len, pages(caller, MaxResults=2))) == [2, 2, 0]
        assert list(map(len, pages(caller, MaxResults=3))) == [3, 1]


@pytest.mark.parametrize("tokens", ["offset", "keyset", "snapshot"])
def test_empty_and_short_pages_lose_nothing_and_repeat_no_token(tokens: Any) -> None:
    behavior = Behavior(tokens=tokens, empty_pages=0.4, short_pages=0.4)
    with PartnerCentralEmulator(100, behavior=behavior) as emulator, calling(emulator) as caller:
        found = pages(caller, MaxResults=10)
        sent = [request.body["NextToken"] for request in emulator.requests[1:] if request.body]
        expected = [record["Id"] for record in emulator.opportunities]
    assert sorted(itertools.chain.from_iterable(found)) == sorted(expected)
    assert len(set(sent)) == len(sent)
    sizes = set(map(len, found[:-1]))
    assert {0, 10} < sizes
    assert [] in found


@pytest.mark.parametrize("size", [2, 7, 19, 20, 21, 100])
def test_a_short_page_is_shorter_than_it_could_be(size: int) -> None:
    emulator = PartnerCentralEmulator(20, behavior=Behavior(short_pages=1.0))
    with emulator, calling(emulator) as caller:
        found = pages(caller, MaxResults=size)
    left = 20
    for page in found:
        # One alone cannot be fewer: there would be no end.
        assert 1 <= len(page) < max(2, min(size, left))
        left -= len(page)
    assert left == 0


def test_records_are_edited_while_pages_are_read() -> None:
    behavior = Behavior(edits_per_request=2)
    with PartnerCentralEmulator(50, behavior=behavior) as emulator, calling(emulator) as caller:
        before = emulator.opportunities
        caller.fetch()
        changed = [
            new for old, new in zip(before, emulator.opportunities, strict=True) if old != new
        ]
        assert len(changed) == 2
        assert max(r["LastModifiedDate"] for r in before) < min(
            r["LastModifiedDate"] for r in changed
        )


def test_late_changes_are_seen_late_and_out_of_turn() -> None:
    clock = Clock()
    behavior = Behavior(late_seconds=30)
    emulator = PartnerCentralEmulator(FIVE, behavior=behavior, clock=clock)
    with emulator, calling(emulator) as caller:
        for number in range(6, 26):
            emulator.add({"Id": f"O{number}"})
            clock.now += 0.01
        seen: list[int] = []
        for _ in range(32):
            seen.append(len(caller.fetch(MaxResults=100).ids))
            clock.now += 1
        assert len(emulator.opportunities) == 25
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (5, 25)
    assert 5 < seen[15] < 25


def test_a_later_change_can_be_visible_first_and_stays() -> None:
    clock = Clock()
    overtaken = False
    for seed in range(10):
        emulator = PartnerCentralEmulator(
            FIVE, seed=seed, behavior=Behavior(late_seconds=30), clock=clock
        )
        with emulator, calling(emulator) as caller:
            emulator.update("O1", {"PartnerOpportunityIdentifier": "1"})
            emulator.update("O1", {"PartnerOpportunityIdentifier": "2"})
            seen: list[str | None] = []
            for _ in range(32):
                (record,) = caller.fetch(Identifier=["O1"]).json["OpportunitySummaries"]
                seen.append(record.get("PartnerOpportunityIdentifier"))
                clock.now += 1
        versions = [int(version or 0) for version in seen]
        assert versions == sorted(versions)
        assert versions[-1] == 2
        overtaken |= 1 not in versions
    assert overtaken


def test_changes_are_late_by_so_many_requests_at_most() -> None:
    behavior = Behavior(late_requests=3)
    with PartnerCentralEmulator(FIVE, behavior=behavior) as emulator, calling(emulator) as caller:
        for number in range(6, 26):
            emulator.add({"Id": f"O{number}"})
        emulator.remove("O1")
        seen = [len(caller.fetch(MaxResults=100).ids) for _ in range(4)]
    assert seen == sorted(seen)
    assert seen[0] < 24
    assert seen[3] == 24


@pytest.mark.parametrize(
    ("timestamps", "expected"),
    [
        (None, "2026-01-02T00:00:00.123456Z"),
        ("s", "2026-01-02T00:00:00Z"),
        ("ms", "2026-01-02T00:00:00.123Z"),
        ("ns", "2026-01-02T00:00:00.123456000Z"),
    ],
)
def test_timestamps_are_sent_with_the_chosen_precision(timestamps: Any, expected: str) -> None:
    records = [opportunity(1, "2026-01-02T00:00:00.123456Z")]
    (record,) = fetch(Behavior(timestamps=timestamps), records)["OpportunitySummaries"]
    assert (record["CreatedDate"], record["LastModifiedDate"]) == (expected, expected)


def test_nulls_are_sent_as_stored_or_left_out_or_for_all_the_model_has() -> None:
    records = [
        {"Id": "O1", "Arn": None, "LifeCycle": {"Stage": None, "Extra": [None, {"a": None}]}}
    ]
    sent = {
        nulls: fetch(Behavior(nulls=nulls), records)["OpportunitySummaries"][0]
        for nulls in ("as_stored", "absent", "null")
    }
    assert sent["as_stored"] == {"Catalog": "AWS"} | records[0]
    life_cycle = {"Extra": [None, {}]}
    assert sent["absent"] == {"Catalog": "AWS", "Id": "O1", "LifeCycle": life_cycle}
    assert sent["null"]["Customer"] is None
    assert sent["null"]["LifeCycle"]["TargetCloseDate"] is None
    assert sent["null"]["LifeCycle"]["Extra"] == [None, {"a": None}]


def test_nulls_are_filled_in_within_lists() -> None:
    records = [{"Id": "O1", "Project": {"ExpectedCustomerSpend": [{"Amount": "1"}]}}]
    (record,) = fetch(Behavior(nulls="null"), records)["OpportunitySummaries"]
    (spend,) = record["Project"]["ExpectedCustomerSpend"]
    assert spend["Amount"] == "1"
    assert spend["CurrencyCode"] is None


def throttled(behavior: Behavior, clock: Clock, rate: float = 2) -> HttpResponse:
    emulator = PartnerCentralEmulator(1, requests_per_second=rate, behavior=behavior, clock=clock)
    with emulator, calling(emulator) as caller:
        for _ in range(int(rate)):
            assert caller.fetch().status == 200
        clock.now += 0.25
        return caller.fetch()


@pytest.mark.parametrize("status", [400, 429])
def test_throttling_has_the_chosen_status(status: Any) -> None:
    response = throttled(Behavior(throttling_status=status), Clock())
    assert (response.status, response.code) == (status, "ThrottlingException")
    assert not {"x-amz-retry-after", "retry-after"} & set(response.headers)


@pytest.mark.parametrize(("hint", "value"), [("x-amz-retry-after", "750"), ("Retry-After", "1")])
def test_throttling_can_have_a_retry_hint(hint: Any, value: str) -> None:
    response = throttled(Behavior(retry_hint=hint), Clock())
    assert response.headers[hint.lower()] == value


def test_a_scripted_throttling_behaves_alike_unless_it_says_otherwise() -> None:
    behavior = Behavior(throttling_status=429, retry_hint="x-amz-retry-after")
    faults = ["ThrottlingException", Fault.error("ThrottlingException", status=400)]
    emulator = PartnerCentralEmulator(1, behavior=behavior, faults=faults)
    with emulator, calling(emulator) as caller:
        first, second = caller.fetch(), caller.fetch()
    assert (first.status, first.headers["x-amz-retry-after"]) == (429, "1000")
    assert second.status == 400


@pytest.mark.parametrize(("counts", "statuses"), [(False, "200 400 200"), (True, "200 400 400")])
def test_rejected_requests_count_toward_the_quota_or_do_not(counts: bool, statuses: str) -> None:
    clock = Clock()
    behavior = Behavior(rejected_count=counts)
    emulator = PartnerCentralEmulator(1, requests_per_second=1, behavior=behavior, clock=clock)
    found: list[int] = []
    with emulator, calling(emulator) as caller:
        for _ in range(3):
            found.append(caller.fetch().status)
            clock.now += 0.5
    assert " ".join(map(str, found)) == statuses


@pytest.mark.parametrize("counts", [False, True])
def test_a_client_that_waits_as_hinted_is_admitted(counts: bool) -> None:
    clock = Clock()
    behavior = Behavior(rejected_count=counts, retry_hint="x-amz-retry-after")
    emulator = PartnerCentralEmulator(1, requests_per_second=2, behavior=behavior, clock=clock)
    with emulator, calling(emulator) as caller:
        for _ in range(2):
            assert caller.fetch().status == 200
            clock.now += 0.25
        refused = caller.fetch()
        assert refused.status == 400
        clock.now += int(refused.headers["x-amz-retry-after"]) / 1000
        assert caller.fetch().status == 200


def test_emulators_can_share_an_accounts_quota() -> None:
    clock = Clock()
    quota = AccountQuota(2, clock=clock)
    one = PartnerCentralEmulator(1, requests_per_second=quota)
    other = PartnerCentralEmulator(1, catalog="Sandbox", requests_per_second=quota)
    with one, other, calling(one) as first, calling(other) as second:
        statuses = [caller.fetch().status for caller in (first, second, first, second)]
        clock.now += 1
        statuses.append(second.fetch().status)
    assert statuses == [200, 200, 400, 400, 200]


def test_the_day_has_a_quota_too() -> None:
    clock = Clock()
    quota = AccountQuota(None, per_day=3, clock=clock)
    statuses: list[int] = []
    emulator = PartnerCentralEmulator(1, requests_per_second=quota)
    with emulator, calling(emulator) as caller:
        for hours in (0, 1, 2, 3, 24, 24.5, 25):
            clock.now = 1_800_000_000 + hours * 3600
            statuses.append(caller.fetch().status)
    assert statuses == [200, 200, 200, 400, 200, 400, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"exclusive_bounds": ["After"]},
        {"exclusive_bounds": "AfterCreatedDate"},
        {"filter_precision": "us"},
        {"company_match": "fuzzy"},
        {"null_order": {"Stage": "first"}},
        {"null_order": {"CreatedDate": "middle"}},
        {"tie_order": "none"},
        {"tokens": "uuid"},
        {"token_life_seconds": 0},
        {"token_life_requests": -1},
        {"expired_token": Fault.hang()},
        {"end_token": None},
        {"empty_pages": 1},
        {"short_pages": 1.1},
        {"edits_per_request": -1},
        {"late_seconds": float("inf")},
        {"late_requests": -1},
        {"timestamps": "min"},
        {"nulls": None},
        {"throttling_status": 503},
        {"retry_hint": "Try-Again"},
        {"duplicate_events": -1},
        {"lost_events": -0.1},
        {"exclusive_bounds": None},
        {"exclusive_bounds": [["AfterCreatedDate"]]},
        {"null_order": "first"},
        {"null_order": None},
        {"null_order": {"CreatedDate": {}}},
        {"token_life_seconds": "60"},
        {"token_life_requests": 0.5},
        {"token_life_requests": True},
        {"expired_token": "ValidationException"},
        {"token_at_end": "False"},
        {"rejected_count": 1},
        {"empty_pages": "0.1"},
        {"short_pages": None},
        {"edits_per_request": 1.5},
        {"late_seconds": "x"},
        {"late_requests": 0.5},
        {"duplicate_events": 2.0},
        {"lost_events": True},
    ],
    ids=str,
)
def test_an_invalid_option_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Behavior(**wrong)


def test_dates_follow_the_clock_that_is_given() -> None:
    clock = Clock()
    with PartnerCentralEmulator(3, clock=clock) as emulator:
        stamps = [emulator.add()["CreatedDate"], emulator.add()["LastModifiedDate"]]
        clock.now += 0.0015
        stamps.append(emulator.add()["LastModifiedDate"])
    start = "2027-01-15T08:00:00"
    assert stamps == [f"{start}.000Z", f"{start}.000Z", f"{start}.001Z"]


def test_dates_never_go_back_whatever_the_clock_does() -> None:
    clock = Clock()
    with PartnerCentralEmulator(3, clock=clock) as emulator:
        stamps: list[str] = []
        for clock.now in (1_800_000_000.0, 1_799_999_999.5, 1_700_000_000.0, 1_800_000_001.0):
            stamps.append(emulator.add()["LastModifiedDate"])
    assert all(before <= after for before, after in itertools.pairwise(stamps))


def test_a_clock_behind_the_latest_date_moves_dates_on_all_the_same() -> None:
    with PartnerCentralEmulator(FIVE, clock=lambda: 0.0) as emulator:
        stamps = [emulator.update("O1", {})["LastModifiedDate"] for _ in range(2)]
    assert stamps == ["2026-01-05T00:00:01.000Z", "2026-01-05T00:00:02.000Z"]


def test_a_mass_edit_gives_all_one_date() -> None:
    with PartnerCentralEmulator(20) as emulator, calling(emulator) as caller:
        latest = caller.fetch().json["OpportunitySummaries"][0]["LastModifiedDate"]
        emulator.touch_all()
        stamps = {record["LastModifiedDate"] for record in emulator.opportunities}
        assert len(stamps) == 1
        assert min(stamps) > latest


def test_what_is_removed_is_gone() -> None:
    with PartnerCentralEmulator(FIVE) as emulator, calling(emulator) as caller:
        caller.fetch()
        emulator.remove("O3")
        assert "O3" not in caller.fetch().ids
        with pytest.raises(KeyError):
            emulator.remove("O3")
        emulator.add(opportunity(3))
        assert caller.fetch(Sort=ASCENDING).ids[2:4] == ["O3", "O4"]


def test_a_change_has_an_event_in_awss_form() -> None:
    with PartnerCentralEmulator(FIVE, catalog="Sandbox") as emulator:
        emulator.add({"Id": "O9"})
        emulator.update("O1", {})
        waiting = emulator.events
        created, updated = emulator.take_events()
        assert waiting == [created, updated]
        assert emulator.take_events() == []
    assert updated == {
        "version": "0",
        "id": updated["id"],
        "detail-type": "Opportunity Updated",
        "source": "aws.partnercentral-selling",
        "account": "123456789012",
        "time": "2026-01-05T00:00:01Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "schemaVersion": "1",
            "catalog": "Sandbox",
            "opportunity": {"identifier": "O1"},
        },
    }
    assert created["detail-type"] == "Opportunity Created"
    assert json.dumps(created)


def test_events_are_delivered_more_than_once_under_different_ids() -> None:
    behavior = Behavior(duplicate_events=2)
    with PartnerCentralEmulator(30, behavior=behavior) as emulator:
        emulator.touch_all()
        events = emulator.take_events()
    about = [event["detail"]["opportunity"]["identifier"] for event in events]
    assert len(set(about)) == 30
    assert 30 < len(about) <= 90
    assert len({event["id"] for event in events}) == len(events)


def test_events_get_lost() -> None:
    with PartnerCentralEmulator(30, behavior=Behavior(lost_events=0.5)) as emulator:
        emulator.touch_all()
        assert 0 < len(emulator.take_events()) < 30


@pytest.mark.parametrize("number", [0, -1, 2.5])
def test_an_invalid_quota_for_the_day_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="per_day"):
        AccountQuota(per_day=number)


def test_a_token_that_expires_is_refused_by_another_emulator() -> None:
    behavior = Behavior(token_life_requests=100)
    one, other = (PartnerCentralEmulator(FIVE, behavior=behavior) for _ in range(2))
    with one, other, calling(one) as first, calling(other) as second:
        listing = Listing(first)
        response = second.fetch(**listing.parameters, NextToken=listing.token)
    assert response.code == "ValidationException"


def responded_at(caller: Caller) -> datetime:
    return parsedate_to_datetime(caller.fetch().headers["date"])


def test_a_response_is_dated_by_the_clock() -> None:
    clock = Clock()
    with PartnerCentralEmulator(FIVE, clock=clock) as emulator, calling(emulator) as caller:
        first = responded_at(caller)
        clock.now += 86_400
        second = responded_at(caller)
    assert first == datetime(2027, 1, 15, 8, tzinfo=UTC)
    assert second - first == timedelta(days=1)


def test_a_response_is_never_dated_before_what_it_shows() -> None:
    latest = datetime(2024, 1, 1, tzinfo=UTC)
    records = [opportunity(1, at=f"{latest:%Y-%m-%dT%H:%M:%SZ}")]
    emulator = PartnerCentralEmulator(records, clock=lambda: 0.0)
    with emulator, calling(emulator) as caller:
        assert responded_at(caller) == latest
        emulator.update("O1", {})
        assert responded_at(caller) == latest + timedelta(seconds=1)


@pytest.mark.parametrize("clock", [None, lambda: 1.9e9], ids=["real time", "a clock"])
def test_a_record_of_the_future_dates_no_response(clock: Callable[[], float] | None) -> None:
    records = [opportunity(1, at="2999-01-01T00:00:00Z"), opportunity(2)]
    with PartnerCentralEmulator(records, clock=clock) as emulator, calling(emulator) as caller:
        assert responded_at(caller) < datetime(2150, 1, 1, tzinfo=UTC)
        emulator.update("O2", {"LastModifiedDate": "2025-06-01T00:00:00Z"})
        assert responded_at(caller) < datetime(2150, 1, 1, tzinfo=UTC)


def test_a_written_date_of_the_future_moves_no_clock() -> None:
    clock = Clock()
    future = {"LastModifiedDate": "2999-01-01T00:00:00Z"}
    with PartnerCentralEmulator(FIVE, clock=clock) as emulator, calling(emulator) as caller:
        emulator.add({"Id": "O9"} | future)
        emulator.update("O1", future)
        assert emulator.update("O2", {})["LastModifiedDate"] == "2027-01-15T08:00:00.000Z"
        assert responded_at(caller) == datetime(2027, 1, 15, 8, tzinfo=UTC)


def test_without_a_clock_a_written_date_does_not_date_responses() -> None:
    with PartnerCentralEmulator(FIVE) as emulator, calling(emulator) as caller:
        emulator.add({"Id": "O9", "LastModifiedDate": "2999-01-01T00:00:00Z"})
        before = responded_at(caller)
        emulator.update("O1", {})
        assert before < responded_at(caller) == datetime(2999, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_a_fault_dates_its_response_as_it_likes() -> None:
    date = "Thu, 01 Jan 1970 00:00:00 GMT"
    fault = Fault.error("ThrottlingException", headers={"Date": date})
    with PartnerCentralEmulator(1, faults=[fault]) as emulator, calling(emulator) as caller:
        assert caller.fetch().headers["date"] == date
