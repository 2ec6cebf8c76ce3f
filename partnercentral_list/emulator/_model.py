"""The border to botocore: its installed service model as typed, frozen descriptions.

botocore is untyped and slow to import, so it is touched in this module only, and only when the
first emulator needs it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

SERVICE = "partnercentral-selling"
OPERATION = "ListOpportunities"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the model says of one value: its type, and what restricts it."""

    name: str
    kind: str
    enum: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    minimum: int | None = None
    maximum: int | None = None
    members: Mapping[str, Shape] = field(default_factory=dict[str, "Shape"])
    required: frozenset[str] = frozenset()
    item: Shape | None = None


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """A modelled error: the HTTP status it is sent with, and the members it cannot be without."""

    status: int
    defaults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """The part of the service model that the emulator is driven by."""

    target_prefix: str
    content_type: str
    request: Shape
    summary: Shape
    errors: Mapping[str, ErrorShape]
    enums: Mapping[str, tuple[str, ...]]


@cache
def load_service() -> ServiceDescription:
    """Read the service model of the installed botocore, once in a process."""
    # Modules looked up by name are Any: what is untyped ends in the dataclasses built here.
    loaders: Any = importlib.import_module("botocore.loaders")
    models: Any = importlib.import_module("botocore.model")
    document: Any = loaders.Loader().load_service_model(SERVICE, "service-2")
    service: Any = models.ServiceModel(document, SERVICE)
    operation: Any = service.operation_model(OPERATION)
    return ServiceDescription(
        target_prefix=str(service.metadata["targetPrefix"]),
        content_type=f"application/x-amz-json-{service.metadata['jsonVersion']}",
        request=_shape(operation.input_shape),
        summary=_shape(operation.output_shape.members["OpportunitySummaries"].member),
        errors={
            str(shape.name): _error(shape, document["shapes"][shape.name])
            for shape in operation.error_shapes
        },
        enums={
            str(name): tuple(shape["enum"])
            for name, shape in document["shapes"].items()
            if "enum" in shape
        },
    )


def _shape(source: Any) -> Shape:
    kind = str(source.type_name)
    metadata: Mapping[str, Any] = source.metadata
    members: Mapping[str, Any] = source.members if kind == "structure" else {}
    return Shape(
        name=str(source.name),
        kind=kind,
        enum=tuple(metadata.get("enum", ())),
        pattern=_pattern(metadata.get("pattern")),
        minimum=metadata.get("min"),
        maximum=metadata.get("max"),
        members={name: _shape(member) for name, member in members.items()},
        required=frozenset(metadata.get("required", ())),
        item=_shape(source.member) if kind == "list" else None,
    )


def _pattern(text: str | None) -> re.Pattern[str] | None:
    # `$` would let a final newline through, hence fullmatch where the pattern is used.
    return None if text is None else re.compile(text)


def _error(source: Any, raw: Mapping[str, Any]) -> ErrorShape:
    # botocore's shapes drop the mark of a fault, so it is read from the document.
    metadata: Mapping[str, Any] = source.metadata
    declared: Any = raw.get("error", {}).get("httpStatusCode")
    members: Mapping[str, Any] = source.members
    return ErrorShape(
        status=declared or (500 if raw.get("fault") else 400),
        defaults={
            name: str(members[name].enum[0])
            for name in metadata.get("required", ())
            if members[name].metadata.get("enum")
        },
    )
