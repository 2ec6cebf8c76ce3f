"""The sample records: valid where the service's are, odd where the service's are, a pipeline."""

from __future__ import annotations

import math
import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import botocore.loaders
import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from partnercentral_list.models.columns import COLUMNS

#: The day that records are dated around if no clock says another one.
TODAY = datetime(2026, 7, 1, tzinfo=UTC)
RECORDS = PartnerCentralEmulator(1500).opportunities
SHAPES = botocore.loaders.Loader().load_service_model("partnercentral-selling", "service-2")[
    "shapes"
]


def strings(
    shape_name: str, value: Any, path: str = ""
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the strings of a record by botocore's raw model; an unknown member is a KeyError."""
    shape = SHAPES[shape_name]
    if value is None:
        return
    if shape["type"] == "structure":
        for name, member in value.items():
            yield from strings(shape["members"][name]["shape"], member, f"{path}.{name}")
    elif shape["type"] == "list":
        for member in value:
            yield from strings(shape["member"]["shape"], member, path)
    else:
        yield path, shape, value


LEAVES = [leaf for record in RECORDS for leaf in strings("OpportunitySummary", record)]


def at(record: dict[str, Any], *path: str) -> Any:
    value: Any = record
    for name in path:
        value = (value or {}).get(name)
    return value


def test_the_same_seed_gives_the_same_records() -> None:
    assert PartnerCentralEmulator(20).opportunities == RECORDS[:20]


def test_another_seed_gives_other_records() -> None:
    assert PartnerCentralEmulator(20, seed=1).opportunities != RECORDS[:20]


def test_ids_are_unique_and_of_several_lengths() -> None:
    ids = [record["Id"] for record in PartnerCentralEmulator(3000, seed=7).opportunities]
    assert len(set(ids)) == 3000
    assert {len(identifier) for identifier in ids} == {8, 9}


def test_every_enum_value_is_the_models() -> None:
    wrong = {
        (path, value) for path, shape, value in LEAVES if value not in shape.get("enum", [value])
    }
    assert wrong == set()


@pytest.mark.parametrize("name", ["Stage", "ReviewStatus", "OpportunityType", "Industry"])
def test_every_value_of_an_enum_occurs(name: str) -> None:
    found = {value for _, shape, value in LEAVES if shape is SHAPES[name]}
    assert found == set(SHAPES[name]["enum"])


def test_a_change_is_never_before_the_creation() -> None:
    for record in RECORDS:
        created = datetime.fromisoformat(record["CreatedDate"])
        assert created <= datetime.fromisoformat(record["LastModifiedDate"]), record["Id"]
        assert created.year >= 2023
        assert datetime.fromisoformat(record["LastModifiedDate"]) <= TODAY


def test_some_times_have_seconds_and_some_milliseconds() -> None:
    assert {len(record["LastModifiedDate"]) for record in RECORDS} == {20, 24}


def test_some_records_share_their_last_change() -> None:
    times = sorted(record["LastModifiedDate"][:19] for record in RECORDS)
    assert any(left == right for left, right in pairwise(times))


def test_only_lost_opportunities_have_a_reason() -> None:
    lost = [r for r in RECORDS if at(r, "LifeCycle", "ClosedLostReason") is not None]
    assert lost
    assert {r["LifeCycle"]["Stage"] for r in lost} == {"Closed Lost"}


@pytest.mark.parametrize("member", ["Customer", "Project", "LifeCycle", "Arn"])
def test_whole_members_are_null_now_and_then(member: str) -> None:
    nulls = [record for record in RECORDS if member in record and record[member] is None]
    assert 0 < len(nulls) < len(RECORDS) / 4


def test_some_members_are_absent_altogether() -> None:
    assert 0 < sum("Arn" not in record for record in RECORDS) < len(RECORDS) / 4


@pytest.mark.parametrize("form", [r"\d+", r"\d+\.0", r"\d+\.00", r"\d+\.\d[1-9]"])
def test_amounts_come_in_the_services_forms(form: str) -> None:
    amounts = [value for path, _, value in LEAVES if path.endswith(".Amount")]
    assert sum(re.fullmatch(form, amount) is not None for amount in amounts) > len(amounts) / 20


def test_websites_are_as_odd_as_the_services() -> None:
    sites = {value for path, _, value in LEAVES if path.endswith(".WebsiteUrl")}
    assert "null" in sites
    assert any(site.startswith("www.") for site in sites)
    assert any(site.startswith("https://") for site in sites)


@pytest.mark.parametrize("script", ["LATIN", "CYRILLIC", "ARABIC", "DEVANAGARI", "CJK", "HANGUL"])
def test_company_names_come_in_many_scripts(script: str) -> None:
    names = "".join(value for path, _, value in LEAVES if path.endswith(".CompanyName"))
    assert any(unicodedata.name(letter, "").startswith(script) for letter in set(names))


def test_currencies_are_several() -> None:
    found = {value for path, _, value in LEAVES if path.endswith(".CurrencyCode")}
    assert {"USD", "EUR", "JPY", "BRL"} <= found


def test_the_number_of_spends_goes_from_none_to_three() -> None:
    spends = [at(record, "Project", "ExpectedCustomerSpend") for record in RECORDS]
    assert {len(spend) for spend in spends if spend is not None} == {0, 1, 2, 3}


# The pipeline that they make: a funnel, amounts and dates to look at


OPEN = ["Prospect", "Qualified", "Technical Validation", "Business Validation", "Committed"]
FUNNEL = [*OPEN, "Launched"]
CLOSED = ["Launched", "Closed Lost"]


def plain(
    number: int, *, seed: int = 0, clock: Callable[[], float] | None = None
) -> list[dict[str, Any]]:
    emulator = PartnerCentralEmulator(number, seed=seed, odd_values=False, clock=clock)
    return emulator.opportunities


@pytest.fixture(scope="module", params=[0, 1, 7_070_707])
def seed(request: pytest.FixtureRequest) -> int:
    seed: int = request.param
    return seed


@pytest.fixture(scope="module")
def pipeline(seed: int) -> list[dict[str, Any]]:
    return plain(10_000, seed=seed)


def test_every_scalar_field_has_values(pipeline: list[dict[str, Any]]) -> None:
    empty = {column.name for column in COLUMNS if not any(at(r, *column.members) for r in pipeline)}
    assert not empty, "add values to the sample data in emulator/_dataset.py"


def amounts(records: list[dict[str, Any]], stage: str, currency: str = "USD") -> list[float]:
    """Return what is spent on AWS in a stage and a currency."""
    return [
        float(spend["Amount"])
        for record in records
        if record["LifeCycle"]["Stage"] == stage
        for spend in record["Project"]["ExpectedCustomerSpend"] or ()
        if (spend["TargetCompany"], spend["CurrencyCode"]) == ("AWS", currency)
    ]


@pytest.mark.parametrize("number", [250, 1000, 10_000])
def test_the_funnel_narrows(pipeline: list[dict[str, Any]], number: int) -> None:
    counts = Counter(record["LifeCycle"]["Stage"] for record in pipeline[:number])
    assert all(counts[wide] > counts[narrow] for wide, narrow in pairwise(FUNNEL))
    assert 0.05 < counts["Closed Lost"] / number < 0.2
    assert 0.5 < statistics.median(counts.values()) * 7 / number < 1


def test_the_funnel_of_an_emulator_narrows_whatever_the_seed() -> None:
    for seed in range(40):
        counts = Counter(record["LifeCycle"]["Stage"] for record in plain(250, seed=seed))
        assert all(counts[wide] > counts[narrow] for wide, narrow in pairwise(FUNNEL)), seed


def test_amounts_rise_with_the_stage(pipeline: list[dict[str, Any]]) -> None:
    found = [sorted(amounts(pipeline, stage)) for stage in OPEN]
    for quantile in (1, 2, 3):
        cuts = [statistics.quantiles(stage, n=4)[quantile - 1] for stage in found]
        assert all(low < high for low, high in pairwise(cuts))


def test_logarithms_of_amounts_are_normal(pipeline: list[dict[str, Any]]) -> None:
    scores: list[float] = []
    for stage in (*OPEN, *CLOSED):
        logs = [math.log(amount) for amount in amounts(pipeline, stage)]
        mean, deviation = statistics.fmean(logs), statistics.stdev(logs)
        assert 0.7 < deviation < 0.9
        scores += [(log - mean) / deviation for log in logs]
    # Of a normal distribution 68.3 % are within one deviation, 95.4 % within two.
    assert abs(sum(abs(score) < 1 for score in scores) / len(scores) - 0.683) < 0.02
    assert abs(sum(abs(score) < 2 for score in scores) / len(scores) - 0.954) < 0.01
    assert abs(statistics.fmean(score**3 for score in scores)) < 0.15
    assert abs(statistics.fmean(score**4 for score in scores) - 3) < 0.4


def test_amounts_are_as_large_as_the_currency_is_small(pipeline: list[dict[str, Any]]) -> None:
    def typical(currency: str) -> float:
        return statistics.median(amounts(pipeline, "Prospect", currency))

    dollars = typical("USD")
    assert 0.6 < typical("EUR") / dollars < 1.2
    assert 80 < typical("JPY") / dollars < 250
    assert 50 < typical("INR") / dollars < 150
    assert 800 < typical("KRW") / dollars < 2_500


def test_no_amount_makes_up_a_sum_by_itself(pipeline: list[dict[str, Any]]) -> None:
    for stage in (*OPEN, *CLOSED):
        spent = amounts(pipeline, stage)
        assert 1_000_000 < sum(spent) < 50_000_000
        assert max(spent) < sum(spent) / 20


@pytest.mark.parametrize(
    "clock",
    [None, datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)],
    ids=str,
)
def test_dates_are_around_the_clocks_day(clock: datetime | None) -> None:
    records = plain(2_000, clock=clock.timestamp if clock else None)
    today = (clock or TODAY).replace(hour=0, minute=0, second=0)
    due: dict[str, list[int]] = {stage: [] for stage in (*OPEN, *CLOSED)}
    for record in records:
        created = datetime.fromisoformat(record["CreatedDate"])
        changed = datetime.fromisoformat(record["LastModifiedDate"])
        assert today - timedelta(days=1_277) < created <= changed <= today
        if close := record["LifeCycle"]["TargetCloseDate"]:
            assert date.fromisoformat(close) >= created.date()
            due[record["LifeCycle"]["Stage"]].append(
                (date.fromisoformat(close) - today.date()).days
            )
    for stage, days in due.items():
        is_past = [day <= 0 for day in days]
        share = statistics.fmean(is_past)
        assert 0.8 < share < 0.98 if stage in CLOSED else 0.05 < share < 0.2
        assert -1_277 < min(days) < 0 < max(days) <= 360
        # Not all at once, and open ones the sooner the further they are.
        assert Counter(days).most_common(1)[0][1] < len(days) / 10
    typical = [statistics.median(due[stage]) for stage in OPEN]
    assert all(far > near for far, near in pairwise(typical))


def test_records_move_on_with_the_clocks_day() -> None:
    first, tenth = (datetime(2031, 5, day, 7, tzinfo=UTC) for day in (1, 11))
    for before, after in zip(
        plain(300, clock=first.timestamp), plain(300, clock=tenth.timestamp), strict=True
    ):
        for name in ("CreatedDate", "LastModifiedDate"):
            moved = datetime.fromisoformat(before[name]) + timedelta(days=10)
            assert datetime.fromisoformat(after[name]) == moved
        assert after["Project"] == before["Project"]


def test_records_are_the_same_all_day() -> None:
    begin, end = datetime(2031, 5, 6, tzinfo=UTC), datetime(2031, 5, 6, 23, 59, 59, tzinfo=UTC)
    records = plain(300, clock=begin.timestamp)
    assert plain(300, clock=end.timestamp) == records
    assert plain(300, clock=(end + timedelta(seconds=1)).timestamp) != records


@pytest.mark.parametrize("now", [0.0, 1_000.5, -1.0, 1e18, math.inf, math.nan])
def test_a_clock_that_shows_no_plausible_day_moves_nothing(now: float) -> None:
    assert plain(300, clock=lambda: now) == plain(300)


def test_only_approved_opportunities_go_beyond_qualified() -> None:
    reviews: dict[str, set[str]] = {stage: set() for stage in (*OPEN, *CLOSED)}
    for record in plain(1000):
        reviews[record["LifeCycle"]["Stage"]].add(record["LifeCycle"]["ReviewStatus"])
    assert {stage: found for stage, found in reviews.items() if found != {"Approved"}} == {
        "Prospect": {"Pending Submission"},
        "Qualified": {"Submitted", "In review", "Action Required", "Approved"},
        "Closed Lost": {"Approved", "Rejected"},
    }


def test_a_company_is_the_same_in_all_its_opportunities() -> None:
    known: dict[str, set[Any]] = {}
    for record in plain(1000):
        account = record["Customer"]["Account"]
        country = (account["Address"] or {}).get("CountryCode")
        known.setdefault(account["CompanyName"], set()).add((account["WebsiteUrl"], country))
    assert len(known) > 300
    assert all(len({site for site, _ in found}) == 1 for found in known.values())
    assert all(len({code for _, code in found if code}) <= 1 for found in known.values())


def test_a_currency_is_the_countrys_or_dollars() -> None:
    currencies: dict[str, set[str]] = {}
    for record in plain(3000):
        address = record["Customer"]["Account"]["Address"] or {}
        spends = record["Project"]["ExpectedCustomerSpend"] or ()
        found = {spend["CurrencyCode"] for spend in spends} - {"USD"}
        currencies.setdefault(address.get("CountryCode", ""), set()).update(found)
    del currencies[""]
    assert currencies["US"] == set()
    assert currencies["JP"] == {"JPY"}
    assert all(len(found) <= 1 for found in currencies.values())


# The odd ones among them


def mark_of(record: dict[str, Any]) -> str | None:
    mark = record.get("PartnerOpportunityIdentifier") or ""
    return mark.removeprefix("odd-").rpartition("-")[0] if mark.startswith("odd-") else None


def oddities(record: dict[str, Any]) -> set[str]:
    """Return what is odd in a record, as its mark should say."""
    nulls = {"Customer": "null-customer", "LifeCycle": "null-life-cycle", "Project": "null-project"}
    found = {kind for member, kind in nulls.items() if record[member] is None}
    for spend in at(record, "Project", "ExpectedCustomerSpend") or ():
        named = {None: "null-amount", "": "empty-amount", "0": "zero-amount"}
        amount = spend["Amount"]
        if amount in named:
            found.add(named[amount])
        elif not 10 < float(amount) < 1e9:
            found.add("huge-amount")
    if not "2022" < (at(record, "LifeCycle", "TargetCloseDate") or "2026") < "2028":
        found.add("far-future")
    if at(record, "Project", "ExpectedContractDuration", "Value") == "":
        found.add("empty-duration")
    return found


@pytest.fixture(scope="module")
def with_odd(seed: int) -> list[dict[str, Any]]:
    return PartnerCentralEmulator(10_000, seed=seed).opportunities


def test_of_the_first_records_at_most_one_percent_are_odd(with_odd: list[dict[str, Any]]) -> None:
    odd = 0
    for number, record in enumerate(with_odd, start=1):
        odd += mark_of(record) is not None
        assert odd <= number / 100
    assert odd == 100


def test_what_is_odd_is_marked_and_nothing_else(with_odd: list[dict[str, Any]]) -> None:
    marks = Counter[str]()
    for record in with_odd:
        mark = mark_of(record)
        assert oddities(record) == ({mark} if mark else set())
        marks.update({mark} if mark else ())
    assert min(marks.values()) > 10
    assert set(marks) == {
        *("huge-amount", "empty-amount", "null-amount", "zero-amount", "far-future"),
        *("null-customer", "null-life-cycle", "null-project", "empty-duration"),
    }


def test_without_odd_values_the_others_stay_as_they_are(
    with_odd: list[dict[str, Any]], pipeline: list[dict[str, Any]]
) -> None:
    assert not any(oddities(record) or mark_of(record) for record in pipeline)
    changed = {odd["Id"] for odd, now in zip(with_odd, pipeline, strict=True) if odd != now}
    assert changed == {record["Id"] for record in with_odd if mark_of(record)}


def test_two_of_the_records_of_an_emulator_are_odd_by_default() -> None:
    odd = [mark for record in PartnerCentralEmulator().opportunities if (mark := mark_of(record))]
    assert odd == ["huge-amount", "empty-amount"]
