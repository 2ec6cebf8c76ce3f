"""The pipeline that every peer lists: ties, nulls, absent fields, and two catalogs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

STAGES = (
    *("Prospect", "Qualified", "Technical Validation", "Business Validation"),
    *("Committed", "Launched", "Closed Lost"),
)
REVIEWS = (
    *("Pending Submission", "Submitted", "In review", "Approved", "Rejected", "Action Required"),
)
COMPANIES = (
    *("Alder Mills", "ALDER MILLS", "alder mills", "Alder Mills Ltd", "Bäckerei Süd"),
    *("Zinnia", "橋本製作所", "Quay & Sons", "quay", ""),
)
FIRST = datetime(2025, 3, 1)


def records(number: int = 66) -> list[dict[str, Any]]:
    rng = Random(20_250_301)
    return [_record(rng, index) for index in range(number)]


def identifier(index: int) -> str:
    # Eight digits among seven: as text O20000051 is before O2000010, as a number it is behind.
    return f"O{20_000_005 + index * 10}" if index % 9 == 4 else f"O{2_000_001 + index * 7}"


def _record(rng: Random, index: int) -> dict[str, Any]:
    # Every fifth was made and changed at a midnight: ties, and bounds that hit a record exactly.
    created = FIRST + timedelta(days=rng.randrange(8) * 3)
    changed = FIRST + timedelta(days=30 + rng.randrange(3))
    if index % 5:
        created += timedelta(milliseconds=rng.randrange(3 * 86_400_000))
        changed = created + timedelta(milliseconds=rng.randrange(20 * 86_400_000))
    close = date(2025, 9, 1) + timedelta(days=rng.randrange(15))
    wire: dict[str, Any] = {
        "Arn": None,
        "Catalog": "Sandbox" if index % 22 == 21 else "AWS",
        "CreatedDate": _stamp(created),
        "Customer": {"Account": {"CompanyName": rng.choice(COMPANIES) or None, "Address": None}},
        "Id": identifier(index),
        "LastModifiedDate": _stamp(changed),
        "LifeCycle": {
            "NextSteps": rng.choice((None, "Ring on Monday", "Größe klären 📐")),
            "ReviewStatus": rng.choice(REVIEWS),
            "Stage": rng.choice(STAGES),
            "TargetCloseDate": None if index % 8 == 3 else close.isoformat(),
        },
        "Project": {"ExpectedCustomerSpend": [_spend(rng)], "DeliveryModels": None},
    }
    for member in {17: ["Customer"], 29: ["LifeCycle"], 37: ["Project"]}.get(index, []):
        del wire[member]
    return wire


def _spend(rng: Random) -> dict[str, Any]:
    return {
        "Amount": rng.choice(("12.50", "", "981000")),
        "CurrencyCode": rng.choice(("USD", "EUR")),
        "Frequency": "Monthly",
        "TargetCompany": "AWS",
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds") + "Z"
