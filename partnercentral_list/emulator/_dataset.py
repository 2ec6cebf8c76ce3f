"""The generated sample data: opportunities as the service sends them, repeatable from a seed.

A record depends on the seed and on its own index only, so that a larger dataset begins with the
smaller one. It has what recordings of the service show: explicit nulls nearly everywhere, some
members missing, empty amounts, website addresses that are not URLs, times with and without
milliseconds. No name stands for a company that exists: they are made of common words of each
language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from random import Random
from typing import Any, NamedTuple, TypeVar

from partnercentral_list.emulator._model import load_service

_T = TypeVar("_T")

FIRST_DAY = datetime(2023, 1, 2, tzinfo=UTC)
# The index from which on opportunities are older than the first day, each a step older.
FIRST_ARCHIVED = 20_000
_ARCHIVE_STEP = timedelta(seconds=20)
_NUMBERS = 9_000_000
_STEP = 2_750_159
_STEP_BACK = pow(_STEP, -1, _NUMBERS)
# The last change, up to 270 days later, is still in 2026.
_CREATED_DAYS = 1_180
_CHANGED_SECONDS = 270 * 86_400
# Times at which many records were edited at once, as an import does it: ties for every order.
_BULK_EDITS = (datetime(2026, 5, 4, 6, tzinfo=UTC), datetime(2026, 11, 9, 6, tzinfo=UTC))
_AMOUNTS = ("531.0", "", "12", "120000.50", "0", "99999999999999.25", "7.5", None)
_PARTNERS = ("AWS", "AWS", "Heron Consulting", "Kiefernblick GmbH", "月見システムズ")
_NEXT_STEPS = (
    "Send the proposal",
    "Rückruf vereinbaren",
    "次回の打ち合わせを決める",
    "Call 📞\nagain",
)
_COMMENTS = ("Please add the expected spend.", 'Needs a "real" website', "Dates do not fit")
_DURATIONS = ("12", "36", "24", "1", "")


class _SampleCountry(NamedTuple):
    code: str
    currency: str
    stems: tuple[str, ...]
    suffixes: tuple[str, ...]
    cities: tuple[tuple[str, str | None, str | None], ...]


@cache
def _countries() -> tuple[_SampleCountry, ...]:
    """Load the countries: ISO codes, halves of company names, and city, region, postal code."""
    text = (
        resources.files("partnercentral_list.emulator")
        .joinpath("sample_countries.json")
        .read_text("utf-8")
    )
    return tuple(_SampleCountry(**country) for country in json.loads(text))


def generate(seed: int, index: int, catalog: str) -> dict[str, Any]:
    """Generate the opportunity of an index, 0 or more; its Id is unique among nine million.

    From ``FIRST_ARCHIVED`` on, each is older than the one of the index before, by both dates.
    """
    rng = Random(f"{seed}:{index}")
    identifier = _identifier(seed, index)
    created, modified = _dates(rng) if index < FIRST_ARCHIVED else _archive_dates(index)
    arn = f"arn:aws:partnercentral:us-east-1::catalog/{catalog}/opportunity/{identifier}"
    wire: dict[str, Any] = {
        "Arn": _maybe(rng, 0.8, arn),
        "Catalog": catalog,
        "CreatedDate": _stamp(rng, created),
        "Customer": _maybe(rng, 0.97, {"Account": _account(rng)}),
        "Id": identifier,
        "LastModifiedDate": _stamp(rng, modified),
        "LifeCycle": _maybe(rng, 0.99, _life_cycle(rng, created)),
        "OpportunityType": _maybe(rng, 0.8, _choice(rng, _enum("OpportunityType"))),
        "PartnerOpportunityIdentifier": _maybe(rng, 0.6, f"006{rng.randrange(10**12):012d}"),
        "Project": _maybe(rng, 0.95, _project(rng)),
    }
    # A date without a fraction must not make the last change older than the creation.
    if wire["LastModifiedDate"][:19] == wire["CreatedDate"][:19]:
        wire["LastModifiedDate"] = wire["CreatedDate"]
    return _without_some(rng, wire, ("Arn", "PartnerOpportunityIdentifier", "OpportunityType"))


def index_of(seed: int, identifier: str) -> int | None:
    """Return the index, below nine million, whose opportunity has an Id; None for other Ids."""
    digits = identifier[1:8]
    if not (len(digits) == 7 and digits.isascii() and digits.isdigit()):
        return None
    index = (int(digits) - 1_000_000 - _start(seed)) * _STEP_BACK % _NUMBERS
    return index if _identifier(seed, index) == identifier else None


def _identifier(seed: int, index: int) -> str:
    # A prime step through the seven-digit numbers repeats none of them; the eighth digit of some
    # lets order by text differ from order by number.
    number = 1_000_000 + (_start(seed) + index * _STEP) % _NUMBERS
    return f"O{number}{'7' if index % 11 == 10 else ''}"


@cache
def _start(seed: int) -> int:
    return Random(seed).randrange(_NUMBERS)


def _dates(rng: Random) -> tuple[datetime, datetime]:
    seconds = rng.randrange(86_400)
    created = FIRST_DAY + timedelta(days=rng.randrange(_CREATED_DAYS), seconds=seconds)
    created += timedelta(milliseconds=rng.randrange(1000))
    kind = rng.random()
    if kind < 0.1:
        return created, created
    if kind < 0.2:
        return created, _choice(rng, _BULK_EDITS)
    return created, created + timedelta(seconds=rng.randrange(_CHANGED_SECONDS))


def _archive_dates(index: int) -> tuple[datetime, datetime]:
    created = FIRST_DAY - (index - FIRST_ARCHIVED + 1) * _ARCHIVE_STEP
    # Less than a step later, so that both dates have the order of the indices.
    return created, created + timedelta(milliseconds=index * 7_919 % 15_000)


def _stamp(rng: Random, time: datetime) -> str:
    fraction = "" if rng.random() < 0.4 else f".{time.microsecond // 1000:03d}"
    return f"{time:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _life_cycle(rng: Random, created: datetime) -> dict[str, Any]:
    stage = _choice(rng, _enum("Stage"))
    review = _choice(rng, _enum("ReviewStatus"))
    reason = _choice(rng, _enum("ClosedLostReason")) if stage == "Closed Lost" else None
    close = f"{created + timedelta(days=rng.randrange(30, 720)):%Y-%m-%d}"
    wire: dict[str, Any] = {
        "ClosedLostReason": reason,
        "NextSteps": _maybe(rng, 0.4, _choice(rng, _NEXT_STEPS)),
        "ReviewComments": _maybe(rng, 0.2, _choice(rng, _COMMENTS)),
        "ReviewStatus": review,
        "ReviewStatusReason": _maybe(rng, 0.1, "Customer not found"),
        "Stage": stage,
        "TargetCloseDate": _maybe(rng, 0.92, close),
    }
    return _without_some(rng, wire, ("ReviewStatusReason",))


def _account(rng: Random) -> dict[str, Any]:
    country = _choice(rng, _countries())
    industry = _maybe(rng, 0.85, _choice(rng, _enum("Industry")))
    wire: dict[str, Any] = {
        "Address": _maybe(rng, 0.9, _address(rng, country)),
        "CompanyName": _choice(rng, country.stems) + _choice(rng, country.suffixes),
        "Industry": industry,
        "OtherIndustry": "Lighthouses" if industry == "Other" else None,
        "WebsiteUrl": _website(rng),
    }
    return _without_some(rng, wire, ("OtherIndustry",))


def _address(rng: Random, country: _SampleCountry) -> dict[str, str | None]:
    city, region, postal_code = _choice(rng, country.cities)
    return {
        "City": _maybe(rng, 0.7, city),
        "CountryCode": _known(country.code, "CountryCode"),
        "PostalCode": _maybe(rng, 0.8, postal_code),
        "StateOrRegion": region,
    }


def _website(rng: Random) -> str | None:
    number = rng.randrange(10_000)
    sites = (f"https://customer-{number}.example.com/", f"www.customer-{number}.example", "null")
    return _choice(rng, (*sites, f"customer-{number}.example.org", None))


def _project(rng: Random) -> dict[str, Any]:
    models = [model for model in _enum("DeliveryModel") if rng.random() < 0.3]
    spend = [_spend(rng) for _ in range(rng.randrange(4))]
    term = _choice(rng, _enum("ExpectedContractDurationTerm"))
    duration = {"Term": term, "Value": _choice(rng, _DURATIONS)}
    wire: dict[str, Any] = {
        "DeliveryModels": models or None,
        "ExpectedContractDuration": _maybe(rng, 0.5, duration),
        "ExpectedCustomerSpend": _maybe(rng, 0.9, spend),
    }
    return _without_some(rng, wire, ("ExpectedContractDuration", "DeliveryModels"))


def _spend(rng: Random) -> dict[str, str | None]:
    estimate = f"{rng.getrandbits(160):040x}"
    urls = (f"https://calculator.aws/#/estimate?id={estimate}", f"calculator.example/{estimate}")
    return {
        "Amount": _choice(
            rng, (*_AMOUNTS, f"{rng.randrange(1, 900_000)}.{rng.randrange(100):02d}")
        ),
        "CurrencyCode": _known(_choice(rng, _countries()).currency, "CurrencyCode"),
        "EstimationUrl": _maybe(rng, 0.3, _choice(rng, urls)),
        "Frequency": _choice(rng, _enum("PaymentFrequency")),
        "TargetCompany": _choice(rng, _PARTNERS),
    }


def _enum(name: str) -> tuple[str, ...]:
    return load_service().enums[name]


def _known(value: str, enum: str) -> str:
    # Countries and currencies do come to an end.
    return value if value in _enum(enum) else _enum(enum)[0]


def _choice(rng: Random, values: Sequence[_T]) -> _T:
    return values[int(rng.random() * len(values))]


def _maybe(rng: Random, probability: float, value: _T) -> _T | None:
    return value if rng.random() < probability else None


def _without_some(rng: Random, wire: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Leave out some of the members that are null, as the service sometimes does."""
    removed = {name for name in names if wire[name] is None and rng.random() < 0.5}
    return {name: value for name, value in wire.items() if name not in removed}
