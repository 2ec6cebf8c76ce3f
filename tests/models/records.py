"""Records as AWS may send them, made from the shapes of botocore's installed service model."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from botocore.loaders import Loader
from hypothesis import strategies as st

from tests.models import drift


def _shapes() -> dict[str, Any]:
    """The shapes without members that the models lack, which test_drift judges."""
    service_model = Loader().load_service_model("partnercentral-selling", "service-2")
    shapes: dict[str, Any] = copy.deepcopy(service_model["shapes"])
    for difference in drift.differences(service_model):
        structure, _, member = difference.partition(" ")[0].partition(".")
        if difference.endswith(" is missing here") and structure in shapes:
            shapes[structure].get("members", {}).pop(member, None)
    return shapes


SHAPES = _shapes()

#: Required here: without them a record is refused.
CERTAIN = {"OpportunitySummary": ("Catalog", "Id")}


def marked_record(shape: str = "OpportunitySummary", path: str = "") -> Any:
    """A record with every member, and in every string the path of its member."""
    described = SHAPES[shape]
    if described["type"] == "structure":
        return {
            name: marked_record(member["shape"], f"{path}.{name}")
            for name, member in described["members"].items()
        }
    if described["type"] == "list":
        return [marked_record(described["member"]["shape"], path)]
    if described["type"] == "timestamp":
        return "2027-03-04T05:06:07Z"
    if shape == "Date":
        return "2027-06-01"
    if shape == "Amount":
        return "86420975.31"
    return f"marked{path}"


def _paths(shape: str, path: str = "") -> list[tuple[str, str]]:
    """Every value's path and shape, the outermost first; a list has the path of its entries."""
    described = SHAPES[shape]
    if described["type"] == "list":
        return _paths(described["member"]["shape"], path)
    found = [(path, shape)]
    for name, member in described.get("members", {}).items():
        found += _paths(member["shape"], f"{path}.{name}")
    return found


PATHS = _paths("OpportunitySummary")

#: The members that AWS calls sensitive: ".Customer.Account.CompanyName".
SENSITIVE = [path for path, shape in PATHS if SHAPES[shape].get("sensitive")]

#: The members with an enumeration: ".LifeCycle.Stage".
ENUMS = [path for path, shape in PATHS if "enum" in SHAPES[shape] or shape == "CatalogIdentifier"]

#: The structures: "" is the record itself, then ".LifeCycle".
STRUCTURES = [path for path, shape in PATHS if SHAPES[shape]["type"] == "structure"]

#: Every member that may be absent.
OPTIONAL = [path for path, _ in PATHS if path not in ("", ".Id", ".Catalog")]


def at(record: Any, path: str) -> Any:
    """Return the value at a path; of a list its first entry."""
    for name in path.split(".")[1:]:
        record = record[name]
        if isinstance(record, list):
            record = record[0]
    return record


def attribute_at(model: Any, path: str) -> Any:
    """The attribute of a parsed record that a wire path leads to; of a list its first entry."""
    for name in path.split(".")[1:]:
        names = {field.alias: python for python, field in type(model).model_fields.items()}
        model = getattr(model, names[name])
        if isinstance(model, tuple):
            model = model[0]
    return model


# Any record: pairs of what is sent and of its wire form afterwards

Pair = tuple[Any, Any]
ABSENT = object()

NEW_VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NEW_MEMBERS = st.dictionaries(st.text(max_size=5).map("New{}".format), NEW_VALUES, max_size=2)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def records(shape: str) -> st.SearchStrategy[Pair]:
    described = SHAPES[shape]
    if described["type"] == "structure":
        return _structures(shape)
    if described["type"] == "list":
        entries = st.lists(records(described["member"]["shape"]), max_size=3)
        return entries.map(lambda pairs: ([sent for sent, _ in pairs], [kept for _, kept in pairs]))
    if described["type"] == "timestamp":
        return _timestamps()
    if shape == "Date":
        return st.dates(min_value=date(1000, 1, 1)).map(date.isoformat).map(_unchanged)
    if shape == "Amount":
        amounts = st.from_regex(described["pattern"], fullmatch=True)
        return amounts.map(lambda text: (text, str(Decimal(text)) if text else ABSENT))
    values = st.text()
    if "enum" in described:
        values |= st.sampled_from(described["enum"])
    return values.map(_unchanged)


def _structures(shape: str) -> st.SearchStrategy[Pair]:
    certain = CERTAIN.get(shape, ())
    members = {name: records(member["shape"]) for name, member in SHAPES[shape]["members"].items()}
    known = st.fixed_dictionaries(
        {name: members[name] for name in certain},
        optional={
            name: values | st.just((None, ABSENT))
            for name, values in members.items()
            if name not in certain
        },
    )
    return st.builds(_joined, known, NEW_MEMBERS)


def _joined(known: dict[str, Pair], new: dict[str, Any]) -> Pair:
    sent = {name: pair[0] for name, pair in known.items()}
    kept = {name: pair[1] for name, pair in known.items() if pair[1] is not ABSENT}
    return sent | new, kept | new


def _timestamps() -> st.SearchStrategy[Pair]:
    moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2900, 1, 1))
    return st.builds(_timestamp, moments, st.none() | ZONES, st.sampled_from([0, 3, 6, 8, 9]))


def _timestamp(moment: datetime, zone: timezone | None, digits: int) -> Pair:
    """Text with so many fractional digits, in a zone or in UTC; and what is kept of it."""
    aware = moment.replace(tzinfo=zone or UTC)
    fraction = f"{moment.microsecond:06}789"[:digits]
    offset = f"{aware:%z}"
    text = f"{moment.replace(microsecond=0).isoformat()}{'.' if fraction else ''}{fraction}"
    text += "Z" if zone is None else f"{offset[:3]}:{offset[3:]}"
    kept = aware.replace(microsecond=int(f"{fraction:0<6}"[:6])).astimezone(UTC)
    return text, kept.isoformat().replace("+00:00", "Z")


def _unchanged(value: Any) -> Pair:
    return value, value
