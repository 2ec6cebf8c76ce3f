"""A repr shows only what is of a safe kind, and what is listed here."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from datetime import date
from types import NoneType
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import partnercentral_list
from partnercentral_list import (
    InvalidOpportunity,
    PartnerCentralError,
    errors,
    eventbridge,
    models,
    sync,
)
from partnercentral_list.models.enums import OpenStrEnum
from partnercentral_list.models.fields import Identifier

#: What a field may show: enumerations, dates, numbers, AWS's identifiers, and structures, which
#: redact their own fields.
SAFE_KINDS = (OpenStrEnum, date, int, BaseModel)
#: Texts that AWS issues and that have no pattern here.
SHOWN_TEXTS = {"OpportunitySummary.id", "OpportunitySummary.arn"}
#: AWS calls these enumerations sensitive.
REDACTED_ENUMS = {"AddressSummary.country_code", "ExpectedCustomerSpend.currency_code"}

#: What is safe in the classes that are no models. Those of the transport have identifiers, counts
#: and durations; reports and events of a sync have identifiers, counts, dates and records.
SAFE_IN_DATACLASSES = {
    "ApplyReport": {"changes", "unchanged", "invalid", "pending", "requests"},
    "ClientConfig": {
        "verify",
        "sign_requests",
        "connect_timeout",
        "read_timeout",
        "max_connections",
        "integration",
        "aio_config",
    },
    "Credentials": {"access_key", "expiry"},
    "FleetResult": {"account", "report"},
    "InvalidOpportunity": {"id", "page", "index", "problems"},
    "InvalidRecord": {"key", "id", "reason"},
    "InvalidRecordStored": {"id", "reason"},
    "OpportunityChange": {"kind", "before", "after"},
    "OpportunityEvent": {
        *("kind", "identifier", "catalog", "event_id", "time", "message_id", "account"),
    },
    "OtherEvent": {"source", "detail_type", "event_id", "message_id"},
    "PartnerAccount": {"name", "catalog", "profile_name", "role_arn"},
    "RecordedChange": {"id", "kind", "before", "after"},
    "ReconcileReport": {
        "run",
        "listed",
        "changed",
        "silent",
        "missed",
        "gone",
        "undated",
        "unverified",
        "invalid",
        "requests",
    },
    "RetryPolicy": {"wait", "stop"},
    "ResponseMetadata": {"request_id", "http_status", "attempts", "elapsed"},
    "SyncBatch": {"invalid", "add_pending", "remove_pending", "remove_invalid", "gone"},
    "SyncFinished": {"kind", "report"},
    "SyncStarted": {"kind"},
    "SyncState": {"catalog", "pending", "invalid", "gone"},
    "SyncReport": {
        "created",
        "updated",
        "unchanged",
        "invalid",
        "pending",
        "requests",
        "watermark",
    },
    "ValidationExceptionError": {"field_name", "message", "code"},
}
#: Whose fields are all of these kinds.
PLAIN = ("bool", "int", "float", "datetime", "timedelta", "None")


def model_fields() -> Iterator[tuple[type[BaseModel], str]]:
    for value in (getattr(models, name) for name in models.__all__):
        if inspect.isclass(value) and issubclass(value, BaseModel):
            for field in value.model_fields:
                yield value, field


def kinds_in(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of; `Identifier` as a whole."""
    if annotation == Identifier or isinstance(annotation, type):
        yield annotation
    else:
        for part in get_args(annotation):
            yield from kinds_in(part)


def is_safe(model: type[BaseModel], field: str) -> bool:
    """Return whether a repr may show a field, whatever its model says."""
    name = f"{model.__name__}.{field}"
    kinds = [*kinds_in(model.model_fields[field].annotation)]
    others = [kind for kind in kinds if kind not in (Identifier, NoneType)]
    is_of_a_safe_kind = bool(kinds) and all(issubclass(kind, SAFE_KINDS) for kind in others)
    return name in SHOWN_TEXTS or (is_of_a_safe_kind and name not in REDACTED_ENUMS)


@pytest.mark.parametrize(("model", "field"), list(model_fields()))
def test_a_field_is_safe_to_show_or_redacted(model: type[BaseModel], field: str) -> None:
    made = model.model_construct(**{field: "a value that nobody may see"})
    shown = f"{field}='a value that nobody may see'" in repr(made)
    assert shown == is_safe(model, field), (
        f"{model.__name__}.{field} is {'shown' if shown else 'redacted'}. A field of a safe kind "
        f"(SAFE_KINDS, above) belongs in {model.__name__}.__shown__; another one does not, but for "
        "the exceptions that are listed above"
    )
    assert shown or f"{field}=<redacted>" in repr(made)


def test_a_text_and_an_amount_are_of_no_safe_kind() -> None:
    safe = {field for model, field in model_fields() if is_safe(model, field)}
    assert {"identifier", "life_cycle_stage", "created_date", "max_results"} <= safe
    assert not safe & {"customer_company_name", "company_name", "next_steps", "amount", "city"}


def test_a_new_field_is_redacted() -> None:
    class Extended(models.AccountSummary, frozen=True):
        founder: str | None = None

    assert "founder=<redacted>" in repr(Extended(founder="Ines Prata"))


def dataclass_fields() -> Iterator[tuple[type[Any], dataclasses.Field[Any]]]:
    for module in (partnercentral_list, sync, eventbridge, errors):
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            if inspect.isclass(value) and dataclasses.is_dataclass(value):
                for field in dataclasses.fields(value):
                    yield value, field


@pytest.mark.parametrize(
    ("cls", "field"),
    [
        pytest.param(cls, field, id=f"{cls.__name__}.{field.name}")
        for cls, field in dataclass_fields()
    ],
)
def test_a_dataclass_shows_only_what_is_safe(cls: type[Any], field: dataclasses.Field[Any]) -> None:
    plain = set(str(field.type).replace(" ", "").split("|")) <= set(PLAIN)
    of_a_request = "invocation_id" in cls.__dataclass_fields__
    safe = field.name in SAFE_IN_DATACLASSES.get(cls.__name__, ())
    assert not field.repr or plain or of_a_request or safe, (
        f"{cls.__name__}.{field.name} is shown: make it a field(repr=False), or, if its values are "
        "safe to show, add it to SAFE_IN_DATACLASSES (above)"
    )


def error_classes(cls: type[PartnerCentralError]) -> Iterator[type[PartnerCentralError]]:
    yield cls
    for subclass in cls.__subclasses__():
        yield from error_classes(subclass)


@pytest.mark.parametrize("cls", list(error_classes(PartnerCentralError)))
def test_an_error_shows_its_message_only(cls: type[PartnerCentralError]) -> None:
    error = cls.__new__(cls, "what is wrong")
    error.__dict__.update(request_id="request-1", attempts=1, invalid="Canary", code="Canary")
    assert repr(error) == f"{cls.__name__}('what is wrong')"
    assert str(error) == "what is wrong (request id request-1)"


@pytest.mark.parametrize("identifier", ["Contoso Ltd", "O1\nX", "", "O" + "1" * 5_000, None])
def test_an_error_shows_no_identifier_that_is_not_one(identifier: str | None) -> None:
    invalid = InvalidOpportunity(identifier, 1, 0, ("Catalog: field required",), {})
    error = errors.InvalidOpportunityError(invalid)
    assert str(error).startswith("An opportunity without a valid id (page 1, index 0) ")
