"""The generated sample data: opportunities as the service sends them, repeatable from a seed.

A record depends on the seed, the day and its own index only, so that a larger dataset begins with
the smaller one. Stages, amounts and dates go together as in a pipeline, and have what recordings
of the service show: explicit nulls nearly everywhere, some members missing, website addresses that
are not URLs, times with and without milliseconds. Every hundredth record is odd on purpose. No name
stands for a company that exists: they are made of common words of each language.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple, TypeVar

from partnercentral_list.emulator._companies import SampleCountry, company_of, country_at
from partnercentral_list.emulator._model import load_service

_T = TypeVar("_T")

# The day around which records are dated if no clock says another one.
DEFAULT_TODAY = datetime(2026, 7, 1, tzinfo=UTC)
# Clocks that are outside count from a start of their own, and not from 1970.
_PLAUSIBLE = (
    datetime(2023, 1, 1, tzinfo=UTC).timestamp(),
    datetime(9000, 1, 1, tzinfo=UTC).timestamp(),
)
# Before today: three and a half years, in which all but the archived opportunities were created.
_HISTORY = timedelta(days=1_276)
# The index from which on opportunities are older than the history, each a step older.
FIRST_ARCHIVED = 20_000
_ARCHIVE_STEP = timedelta(seconds=20)
_DAY = timedelta(days=1)
#: How many opportunities can be generated: after that their Ids would repeat.
MAX_OPPORTUNITIES = 9_000_000
_STEP = 2_750_159
_STEP_BACK = pow(_STEP, -1, MAX_OPPORTUNITIES)
# Its multiples, without their whole parts, are spread evenly over 0 to 1.
_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
# How long ago many records were edited at once, as an import does it: ties for every order.
_BULK_EDITS = (timedelta(days=57, hours=18), timedelta(days=233, hours=18))
# The standard deviation of the amounts' logarithms: two thirds are within a factor of 2.2.
_AMOUNT_SIGMA = 0.8
_NEXT_STEPS = (
    "Send the proposal",
    "Rückruf vereinbaren",
    "次回の打ち合わせを決める",
    "Call 📞\nagain",
)
_COMMENTS = ("Please add the expected spend.", 'Needs a "real" website', "Dates do not fit")
_DURATIONS = ("12", "36", "24", "1")
_PARTNERS = ("Heron Consulting", "Kiefernblick GmbH", "月見システムズ")
# One odd record in so many.
_ODD_EVERY = 100
_ODD_AMOUNTS = {
    "huge-amount": "99999999999999.25",
    "empty-amount": "",
    "null-amount": None,
    "zero-amount": "0",
}
_FAR_FUTURE = "2999-12-31"
_ODD_KINDS = (
    *("huge-amount", "empty-amount", "far-future", "null-amount", "null-customer", "zero-amount"),
    *("null-life-cycle", "null-project", "empty-duration"),
)


class _SampleStage(NamedTuple):
    """The common traits of opportunities in a stage."""

    name: str
    # Percent of all opportunities.
    share: int
    # The median of a monthly amount in US dollars.
    amount: int
    # How many days ago they were created, at least and at most.
    age: tuple[int, int]
    # In how many days they should close; None once they are closed.
    due: tuple[int, int] | None
    reviews: tuple[str, ...] = ("Approved",)


# A prospect is not submitted yet, and AWS has to approve what goes further than Qualified.
_STAGES = (
    _SampleStage("Prospect", 28, 4_000, (1, 365), (60, 360), ("Pending Submission",)),
    _SampleStage(
        *("Qualified", 21, 5_500, (7, 450), (45, 270)),
        (*("Approved",) * 2, "Submitted", "In review", "Action Required"),
    ),
    _SampleStage("Technical Validation", 15, 7_000, (14, 540), (30, 200)),
    _SampleStage("Business Validation", 11, 8_500, (30, 630), (15, 150)),
    _SampleStage("Committed", 8, 10_000, (45, 720), (5, 90)),
    _SampleStage("Launched", 6, 9_000, (60, 1_275), None),
    _SampleStage(
        "Closed Lost", 11, 5_000, (30, 1_275), None, (*("Approved",) * 3, *("Rejected",) * 2)
    ),
)
_STAGE_ENDS = tuple(accumulate(stage.share / 100 for stage in _STAGES))


def day_of(clock: Callable[[], float] | None) -> datetime:
    """Return the midnight that a clock's day began with, or the default day's.

    Without a clock, or if it is not between 2023 and 9000, it is the default day.
    """
    now = DEFAULT_TODAY.timestamp() if clock is None else clock()
    if not _PLAUSIBLE[0] <= now < _PLAUSIBLE[1]:
        return DEFAULT_TODAY
    return datetime.fromtimestamp(now // 86_400 * 86_400, UTC)


@dataclass(frozen=True, slots=True)
class SampleData:
    """The opportunities that are generated from a seed around a day, up to nine million.

    ``today`` is a midnight. All opportunities were created and changed before; open ones are due
    behind it but for some, closed ones were due before it but for some. With ``odd_values`` every
    hundredth has a value that a program should survive: a huge, empty or missing amount, a close
    date in the far future, a member that is null. Its PartnerOpportunityIdentifier says which, such
    as ``odd-huge-amount-100``.
    """

    seed: int
    catalog: str
    today: datetime = DEFAULT_TODAY
    odd_values: bool = True

    @property
    def first_day(self) -> datetime:
        """Before it, archived opportunities were created and changed, and no other ones."""
        return self.today - _HISTORY

    def generate(self, index: int) -> dict[str, Any]:
        """Generate the opportunity of an index, 0 up to, not including, ``MAX_OPPORTUNITIES``.

        From ``FIRST_ARCHIVED`` on, each is older than the one of the index before, by both dates.
        """
        if index >= MAX_OPPORTUNITIES:
            raise ValueError(
                f"all {MAX_OPPORTUNITIES:,} opportunities that can be generated are there: "
                "add a record of your own"
            )
        rng = Random(f"{self.seed}:{index}")
        identifier = _identifier(self.seed, index)
        stage = _stage_of(self.seed, index)
        created, closed, modified = self._dates(rng, stage, index)
        country = country_at(rng.random())
        arn = f"arn:aws:partnercentral:us-east-1::catalog/{self.catalog}/opportunity/{identifier}"
        wire: dict[str, Any] = {
            "Arn": _maybe(rng, 0.8, arn),
            "Catalog": self.catalog,
            "CreatedDate": _stamp(rng, created),
            "Customer": {"Account": _account(rng, country)},
            "Id": identifier,
            "LastModifiedDate": _stamp(rng, modified),
            "LifeCycle": self._life_cycle(rng, stage, created, closed),
            "OpportunityType": _maybe(rng, 0.8, _choice(rng, _enum("OpportunityType"))),
            "PartnerOpportunityIdentifier": _maybe(rng, 0.6, f"006{rng.randrange(10**12):012d}"),
            "Project": _project(rng, stage, country),
        }
        # A date without a fraction must not make the last change older than the creation.
        if wire["LastModifiedDate"][:19] == wire["CreatedDate"][:19]:
            wire["LastModifiedDate"] = wire["CreatedDate"]
        if self.odd_values and index % _ODD_EVERY == _ODD_EVERY - 1:
            kind = _ODD_KINDS[index // _ODD_EVERY % len(_ODD_KINDS)]
            wire["PartnerOpportunityIdentifier"] = f"odd-{kind}-{index + 1}"
            _make_odd(rng, wire, kind, stage, country)
        return _without_some(rng, wire, ("Arn", "PartnerOpportunityIdentifier", "OpportunityType"))

    def index_of(self, identifier: str) -> int | None:
        """Return the index, below nine million, whose opportunity has an Id; None if none has."""
        digits = identifier[1:8]
        if not (len(digits) == 7 and digits.isascii() and digits.isdigit()):
            return None
        index = (int(digits) - 1_000_000 - _start(self.seed)) * _STEP_BACK % MAX_OPPORTUNITIES
        return index if _identifier(self.seed, index) == identifier else None

    def _dates(
        self, rng: Random, stage: _SampleStage, index: int
    ) -> tuple[datetime, datetime, datetime]:
        """Return when it was created, when it was closed if it is, and when it was changed."""
        if index >= FIRST_ARCHIVED:
            created = self.first_day - (index - FIRST_ARCHIVED + 1) * _ARCHIVE_STEP
            closed = created + _between(rng, 30, 360) * _DAY
            # Less than a step later, so that both dates have the order of the indices.
            return created, closed, created + timedelta(milliseconds=index * 7_919 % 15_000)
        age = timedelta(milliseconds=int(_between(rng, *stage.age) * 86_400_000))
        created = self.today - age
        closed = created + min(age * _between(rng, 0.3, 1), _between(rng, 30, 360) * _DAY)
        kind = rng.random()
        bulk_edit = self.today - _choice(rng, _BULK_EDITS)
        if kind < 0.1:
            return created, closed, created
        if kind < 0.3 and created < bulk_edit:
            return created, closed, bulk_edit
        first = created if stage.due else closed
        # Most of what was changed at all was changed lately.
        return created, closed, first + (self.today - first) * rng.random() ** 0.5

    def _life_cycle(
        self, rng: Random, stage: _SampleStage, created: datetime, closed: datetime
    ) -> dict[str, Any]:
        review = _choice(rng, stage.reviews)
        is_returned = review in ("Action Required", "Rejected")
        lost = _choice(rng, _enum("ClosedLostReason")) if stage.name == "Closed Lost" else None
        if stage.due is None:
            close = closed if rng.random() < 0.88 else self.today + _between(rng, 1, 120) * _DAY
        elif rng.random() < 0.12:
            close = max(created, self.today - _between(rng, 1, 60) * _DAY)
        else:
            close = self.today + _between(rng, *stage.due) * _DAY
        wire: dict[str, Any] = {
            "ClosedLostReason": lost,
            "NextSteps": _maybe(rng, 0.4, _choice(rng, _NEXT_STEPS)),
            "ReviewComments": _choice(rng, _COMMENTS) if is_returned else None,
            "ReviewStatus": _known(review, "ReviewStatus"),
            "ReviewStatusReason": "Customer not found" if is_returned else None,
            "Stage": _known(stage.name, "Stage"),
            "TargetCloseDate": _maybe(rng, 0.95, f"{close:%Y-%m-%d}"),
        }
        return _without_some(rng, wire, ("ReviewStatusReason",))


def _identifier(seed: int, index: int) -> str:
    # A prime step through the seven-digit numbers repeats none of them; the eighth digit of some
    # lets order by text differ from order by number.
    number = 1_000_000 + (_start(seed) + index * _STEP) % MAX_OPPORTUNITIES
    return f"O{number}{'7' if index % 11 == 10 else ''}"


@cache
def _start(seed: int) -> int:
    return Random(seed).randrange(MAX_OPPORTUNITIES)


def _stage_of(seed: int, index: int) -> _SampleStage:
    # Spread evenly and not drawn, so that a hundred opportunities already make a funnel.
    position = (_start(seed) / MAX_OPPORTUNITIES + index * _GOLDEN_RATIO) % 1
    return _STAGES[min(bisect_right(_STAGE_ENDS, position), len(_STAGES) - 1)]


def _stamp(rng: Random, time: datetime) -> str:
    fraction = "" if rng.random() < 0.4 else f".{time.microsecond // 1000:03d}"
    return f"{time:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _account(rng: Random, country: SampleCountry) -> dict[str, Any]:
    company = company_of(country, int(rng.random() * country.companies))
    industry = _maybe(rng, 0.85, company.industry)
    address = {
        "City": _maybe(rng, 0.8, company.city),
        "CountryCode": _known(country.code, "CountryCode"),
        "PostalCode": _maybe(rng, 0.8, company.postal_code),
        "StateOrRegion": company.region,
    }
    wire: dict[str, Any] = {
        "Address": _maybe(rng, 0.95, address),
        "CompanyName": company.name,
        "Industry": industry,
        "OtherIndustry": "Lighthouses" if industry == "Other" else None,
        "WebsiteUrl": company.website,
    }
    return _without_some(rng, wire, ("OtherIndustry",))


def _project(rng: Random, stage: _SampleStage, country: SampleCountry) -> dict[str, Any]:
    models = [model for model in _enum("DeliveryModel") if rng.random() < 0.3]
    term = _choice(rng, _enum("ExpectedContractDurationTerm"))
    duration = _maybe(rng, 0.5, {"Term": term, "Value": _choice(rng, _DURATIONS)})
    # Beside a contract's duration there is the partner's own spend, without one that of others.
    others = ("Self",) if duration else _PARTNERS
    paid_in = _maybe(rng, 0.75, country)
    number = bisect_right((0.04, 0.84, 0.96), rng.random())
    spend = [
        _spend(rng, stage, paid_in, _choice(rng, others) if place else "AWS")
        for place in range(number)
    ]
    wire: dict[str, Any] = {
        "DeliveryModels": models or None,
        "ExpectedContractDuration": duration,
        "ExpectedCustomerSpend": _maybe(rng, 0.97, spend),
    }
    return _without_some(rng, wire, ("ExpectedContractDuration", "DeliveryModels"))


def _spend(
    rng: Random, stage: _SampleStage, country: SampleCountry | None, target: str
) -> dict[str, str | None]:
    """Return a spend in the country's currency, or in US dollars if it is None."""
    currency, per_dollar = (country.currency, country.per_dollar) if country else ("USD", 1)
    estimate = f"{rng.getrandbits(160):040x}"
    urls = (f"https://calculator.aws/#/estimate?id={estimate}", f"calculator.example/{estimate}")
    return {
        "Amount": _amount(rng, stage.amount * per_dollar),
        "CurrencyCode": _known(currency, "CurrencyCode"),
        "EstimationUrl": _maybe(rng, 0.3, _choice(rng, urls)),
        "Frequency": _known("Monthly", "PaymentFrequency"),
        "TargetCompany": target,
    }


def _amount(rng: Random, median: float) -> str:
    value = round(median * rng.lognormvariate(0, _AMOUNT_SIGMA))
    if rng.random() < 0.3:
        return f"{value}.{rng.randrange(100):02d}"
    # An estimate, as people write it: two digits, and zeros.
    return f"{round(value, 2 - len(str(value)))}{_choice(rng, ('', '.0', '.00'))}"


def _make_odd(
    rng: Random, wire: dict[str, Any], kind: str, stage: _SampleStage, country: SampleCountry
) -> None:
    """Put the odd value of a kind into a record."""
    if kind in _ODD_AMOUNTS:
        spend = _spend(rng, stage, country, "AWS") | {"Amount": _ODD_AMOUNTS[kind]}
        wire["Project"]["ExpectedCustomerSpend"] = [spend]
    elif kind == "far-future":
        wire["LifeCycle"]["TargetCloseDate"] = _FAR_FUTURE
    elif kind == "empty-duration":
        term = _choice(rng, _enum("ExpectedContractDurationTerm"))
        wire["Project"]["ExpectedContractDuration"] = {"Term": term, "Value": ""}
    else:
        names = {"null-customer": "Customer", "null-life-cycle": "LifeCycle"}
        wire[names.get(kind, "Project")] = None


def _enum(name: str) -> tuple[str, ...]:
    return load_service().enums[name]


def _known(value: str, enum: str) -> str:
    # Countries and currencies do come to an end.
    return value if value in _enum(enum) else _enum(enum)[0]


def _between(rng: Random, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def _choice(rng: Random, values: Sequence[_T]) -> _T:
    return values[int(rng.random() * len(values))]


def _maybe(rng: Random, probability: float, value: _T) -> _T | None:
    return value if rng.random() < probability else None


def _without_some(rng: Random, wire: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Leave out some of the members that are null, as the service sometimes does."""
    removed = {name for name in names if wire[name] is None and rng.random() < 0.5}
    return {name: value for name, value in wire.items() if name not in removed}
