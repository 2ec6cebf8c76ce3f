"""Compares the models and errors with AWS's service model, fact by fact.

A subject is a member ("OpportunitySummary.Arn"), a value of an enumeration ("Stage 'Qualified'")
or an error of the operation. What is known of it is a mapping of attributes; a difference is a
sentence that begins with the subject.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import botocore
from pydantic import BaseModel
from pydantic.alias_generators import to_pascal, to_snake
from pydantic.fields import FieldInfo

from partnercentral_list import errors
from partnercentral_list.models import ListOpportunitiesRequest, ListOpportunitiesResponse
from partnercentral_list.models.enums import OpenStrEnum
from partnercentral_list.models.fields import ListOf
from partnercentral_list.models.request import RequestModel

#: The botocore whose service model the models were written against.
WRITTEN_AGAINST = (1, 43, 117)
INSTALLED = tuple(int(part) for part in botocore.__version__.split(".")[:3])
CONSTRAINTS = Path(__file__).parents[2] / "constraints" / "dev.txt"

OPERATION = "ListOpportunities"

#: Where a class is not called what AWS calls the shape.
CLASS_NAMES = {"LastModifiedDate": "LastModifiedDateFilter", "CatalogIdentifier": "Catalog"}

#: AWS documents these two; its shape has a pattern in place of an enumeration.
CATALOGS = ("AWS", "Sandbox")

#: The strings that become something else here, by the patterns that the code was written for.
PATTERNS: Mapping[type, str] = {
    date: "[1-9][0-9]{3}-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])",
    Decimal: r"((0|([1-9][0-9]{0,30}))(\.[0-9]{0,2})?)?",
}

TYPE_NAMES: Mapping[type, str] = {
    str: "string",
    date: "string",
    Decimal: "string",
    int: "integer",
    datetime: "timestamp iso8601",
}


def _peel(annotation: Any, marks: tuple[object, ...] = ()) -> tuple[Any, tuple[object, ...]]:
    """Strip ``Annotated`` and ``| None``."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _peel(inner, (*marks, *more))
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (choice for choice in get_args(annotation) if choice is not NoneType)
        return _peel(inner, marks)
    return annotation, marks


@dataclasses.dataclass(frozen=True)
class Deviation:
    """An attribute that is different on purpose."""

    at_aws: object
    here: object
    reason: str


NOT_REQUIRED = "AWS's model requires it, but a response that lacks it is accepted"
NOT_ENFORCED = "a response that holds more is accepted"
EMPTY_LIST = "an empty list, often a computed one, must not mean 'everything'"

DEVIATIONS: Mapping[tuple[str, str], Deviation] = {
    ("OpportunitySummary.Id", "required"): Deviation(
        at_aws=False, here=True, reason="a record without an identifier is of no use to anyone"
    ),
    ("AccountSummary.CompanyName", "required"): Deviation(True, False, NOT_REQUIRED),
    ("ExpectedCustomerSpend.CurrencyCode", "required"): Deviation(True, False, NOT_REQUIRED),
    ("ExpectedCustomerSpend.Frequency", "required"): Deviation(True, False, NOT_REQUIRED),
    ("ExpectedCustomerSpend.TargetCompany", "required"): Deviation(True, False, NOT_REQUIRED),
    ("ExpectedContractDuration.Term", "required"): Deviation(True, False, NOT_REQUIRED),
    ("ExpectedContractDuration.Value", "required"): Deviation(True, False, NOT_REQUIRED),
    ("ProjectSummary.ExpectedCustomerSpend", "minimum"): Deviation(0, None, NOT_ENFORCED),
    ("ProjectSummary.ExpectedCustomerSpend", "maximum"): Deviation(10, None, NOT_ENFORCED),
    **{
        (f"ListOpportunitiesRequest.{field.alias}", "minimum"): Deviation(0, 1, EMPTY_LIST)
        for field in ListOpportunitiesRequest.model_fields.values()
        if get_origin(_peel(field.annotation)[0]) is tuple
    },
}

Facts = dict[str, dict[str, object]]


def differences(
    service_model: Mapping[str, Any],
    *,
    swap: Mapping[type, type] | None = None,
    error_classes: Iterable[type] | None = None,
) -> list[str]:
    """Name everything in which AWS's model and ours are not the same.

    Args:
        service_model: A ``service-2.json``, parsed.
        swap: Classes to look at in place of ours.
        error_classes: The modeled errors, ours by default.
    """
    found = by_subject(service_model, swap=swap, error_classes=error_classes)
    return [difference for about in found.values() for difference in about]


def by_subject(
    service_model: Mapping[str, Any],
    *,
    swap: Mapping[type, type] | None = None,
    error_classes: Iterable[type] | None = None,
) -> dict[str, list[str]]:
    """Return the differences of every subject; an empty list if there are none."""
    aws = _AwsFacts(service_model)
    ours = _OurFacts(swap or {})
    operation = service_model["operations"][OPERATION]
    aws.structure(operation["input"]["shape"])
    aws.structure(operation["output"]["shape"])
    aws.errors(operation["errors"])
    ours.structure(ListOpportunitiesRequest)
    ours.structure(ListOpportunitiesResponse)
    ours.errors(modeled_errors() if error_classes is None else error_classes)
    subjects = sorted(aws.facts.keys() | ours.facts.keys())
    return {subject: _compare(subject, aws.facts, ours.facts) for subject in subjects}


def not_tolerated(found: Iterable[str], installed: tuple[int, ...]) -> list[str]:
    """Leave out what a botocore newer than the models has added."""
    is_newer = installed > WRITTEN_AGAINST
    return [difference for difference in found if not (is_newer and _is_addition(difference))]


def modeled_errors() -> list[type]:
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type)
        and issubclass(value, errors.ServiceError)
        and value is not errors.ServiceError
    ]


def _is_addition(difference: str) -> bool:
    return difference.endswith(" is missing here")


def _compare(subject: str, aws: Facts, ours: Facts) -> list[str]:
    if subject not in ours:
        return [f"{subject} is missing here"]
    if subject not in aws:
        return [f"{subject} is not in AWS's model"]
    found: list[str] = []
    for attribute, here in ours[subject].items():
        at_aws = aws[subject].get(attribute)
        if attribute == "sensitive" and not at_aws:
            # A repr shows only what is known to be safe, which is less than AWS calls sensitive.
            continue
        stated = DEVIATIONS.get((subject, attribute))
        if stated is not None and (at_aws, here) == (stated.at_aws, stated.here):
            continue
        if at_aws != here:
            found.append(f"{subject}: {attribute} is {at_aws!r} at AWS, {here!r} here")
        elif stated is not None:
            found.append(f"{subject}: {attribute} is {here!r} at AWS too: no deviation any more")
    return found


class _AwsFacts:
    def __init__(self, service_model: Mapping[str, Any]) -> None:
        self.facts: Facts = {}
        self._shapes = service_model["shapes"]
        self._done: set[str] = set()

    def structure(self, name: str) -> None:
        if name in self._done:
            return
        self._done.add(name)
        shape = self._shapes[name]
        for member, reference in shape["members"].items():
            self.facts[f"{CLASS_NAMES.get(name, name)}.{member}"] = {
                "python name": to_snake(member),
                "required": member in shape.get("required", ()),
                **self._value(reference["shape"]),
            }

    def errors(self, references: Iterable[Mapping[str, str]]) -> None:
        for reference in references:
            self.facts[f"{OPERATION} error {reference['shape']}"] = {}
            self._error(reference["shape"])

    def _error(self, name: str) -> None:
        shape = self._shapes[name]
        for member, reference in shape["members"].items():
            self.facts[f"{name}.{member}"] = {
                "python name": to_snake(member),
                "required": member in shape.get("required", ()),
            }
            target = self._shapes[reference["shape"]]
            if target["type"] == "list":
                self._error(target["member"]["shape"])

    def _value(self, name: str) -> dict[str, object]:
        shape = self._shapes[name]
        facts: dict[str, object] = {
            "type": self._type(name),
            "sensitive": shape.get("sensitive", False),
            "minimum": shape.get("min"),
            "maximum": shape.get("max"),
            "pattern": shape.get("pattern"),
        }
        if shape["type"] == "list":
            entry = self._value(shape["member"]["shape"])
            facts["type"] = f"list of {entry['type']}"
            facts["sensitive"] = facts["sensitive"] or entry["sensitive"]
            facts["pattern"] = entry["pattern"]
        return facts

    def _type(self, name: str) -> str:
        shape = self._shapes[name]
        class_name = CLASS_NAMES.get(name, name)
        if shape["type"] == "structure":
            self.structure(name)
            return f"structure {class_name}"
        if "enum" in shape or name == "CatalogIdentifier":
            declared = shape.get("enum") or [
                value for value in CATALOGS if re.fullmatch(shape["pattern"], value)
            ]
            for value in declared:
                self.facts[f"{class_name} {value!r}"] = {}
            return f"enum {class_name}"
        if shape["type"] == "timestamp":
            return f"timestamp {shape.get('timestampFormat')}"
        return str(shape["type"])


class _OurFacts:
    def __init__(self, swap: Mapping[type, type]) -> None:
        self.facts: Facts = {}
        self._swap = swap
        self._done: set[type] = set()

    def structure(self, model: type[Any]) -> str:
        model = self._swap.get(model, model)
        if model not in self._done:
            self._done.add(model)
            for name, field in model.model_fields.items():
                self.facts[f"{model.__name__}.{field.serialization_alias or name}"] = {
                    "python name": name,
                    "required": field.is_required(),
                    "sensitive": name not in model.__shown__,
                    **self._value(
                        field.annotation,
                        tuple(field.metadata),
                        is_request=issubclass(model, RequestModel),
                    ),
                }
        return f"structure {model.__name__}"

    def errors(self, classes: Iterable[type]) -> None:
        for cls in classes:
            self.facts[f"{OPERATION} error {cls.__name__}"] = {}
            members = ["message", *inspect.get_annotations(cls)]
            for name in members:
                self.facts[f"{cls.__name__}.{to_pascal(name)}"] = {"python name": name}
            if "error_list" in members:
                self._error_fields()

    def _error_fields(self) -> None:
        cls = errors.ValidationExceptionError
        for field in dataclasses.fields(cls):
            self.facts[f"{cls.__name__}.{to_pascal(field.name)}"] = {
                "python name": field.name,
                "required": "None" not in str(field.type),
            }

    def _value(
        self, annotation: Any, marks: tuple[object, ...], *, is_request: bool
    ) -> dict[str, object]:
        annotation, marks = _peel(annotation, marks)
        facts: dict[str, object] = {}
        if get_origin(annotation) is tuple:
            entry = self._value(get_args(annotation)[0], (), is_request=is_request)
            bound = next((mark for mark in marks if isinstance(mark, ListOf)), None)
            return {
                **entry,
                "type": f"list of {entry['type']}",
                "minimum": 1 if bound else None,
                "maximum": bound.maximum if bound else None,
            }
        facts["type"] = self._type(annotation)
        if annotation in PATTERNS:
            facts["pattern"] = PATTERNS[annotation]
        elif annotation in TYPE_NAMES and is_request:
            pattern = _constraint(marks, "pattern")
            facts["pattern"] = pattern and pattern.removeprefix("^").removesuffix("$")
            facts["minimum"] = _constraint(marks, "ge")
            facts["maximum"] = _constraint(marks, "le")
        return facts

    def _type(self, kind: type) -> str:
        kind = self._swap.get(kind, kind)
        if issubclass(kind, BaseModel):
            return self.structure(kind)
        if issubclass(kind, OpenStrEnum):
            for member in kind:
                self.facts[f"{kind.__name__} {member.value!r}"] = {}
            return f"enum {kind.__name__}"
        return TYPE_NAMES[kind]


def _constraint(marks: tuple[object, ...], name: str) -> Any:
    """Return what a ``Field`` among the marks says, such as ``ge``."""
    constraints = [one for mark in marks if isinstance(mark, FieldInfo) for one in mark.metadata]
    return next((getattr(one, name) for one in constraints if hasattr(one, name)), None)
