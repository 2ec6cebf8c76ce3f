"""Each error that AWS responds with, in its class, with AWS's own members."""

from __future__ import annotations

import pickle
import re

import pytest

import partnercentral_list
from partnercentral_list import (
    AccessDeniedException,
    PartnerCentralClient,
    PartnerCentralError,
    ServiceError,
    ThrottlingException,
    ValidationException,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import ONCE, MakeClient


@pytest.fixture
def client(make_client: MakeClient, emulator: PartnerCentralEmulator) -> PartnerCentralClient:
    return make_client(emulator, retry=ONCE)


async def failing(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, fault: Fault
) -> ServiceError:
    emulator.fail(fault)
    with pytest.raises(ServiceError) as caught:
        await client.list_opportunities()
    return caught.value


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
@pytest.mark.parametrize(
    "name",
    [
        "AccessDeniedException",
        "InternalServerException",
        "ResourceNotFoundException",
        "ThrottlingException",
        "ValidationException",
    ],
)
async def test_a_modeled_error_goes_by_its_code_not_by_its_status(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, name: str, status: int
) -> None:
    fault = Fault.error(name, "in AWS's words", status=status)
    if status == 429:
        name = "ThrottlingException" if name != "ThrottlingException" else name
    error = await failing(client, emulator, fault)
    assert type(error) is getattr(partnercentral_list, name)
    assert (error.message, error.http_status) == ("in AWS's words", status)
    assert error.operation == "ListOpportunities"
    assert error.attempts == 1
    assert error.request_id
    assert error.request_id in str(error)
    assert "in AWS's words" in str(error)


async def test_an_unmodeled_code_is_a_plain_service_error(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    error = await failing(
        client, emulator, Fault.error("ServiceQuotaExceededException", status=402)
    )
    assert type(error) is ServiceError
    assert error.code == "ServiceQuotaExceededException"
    assert not error.retryable


@pytest.mark.parametrize(
    ("status", "retryable"), [(302, False), (403, False), (502, True), (503, True)]
)
async def test_a_page_of_a_proxy_is_a_service_error_without_its_html(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator, status: int, retryable: bool
) -> None:
    error = await failing(client, emulator, Fault.http(status, b"<html>Canary</html>"))
    assert error.code == f"HTTP {status}"
    assert error.retryable is retryable
    assert "Canary" not in str(error)


async def test_a_bare_429_is_throttling(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    error = await failing(client, emulator, Fault.http(429))
    assert isinstance(error, ThrottlingException)
    assert error.retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"Retry-After": "7"}, 7.0),
        ({"x-amz-retry-after": "1500", "Retry-After": "7"}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"x-amz-retry-after": "nan"}, None),
        ({"x-amz-retry-after": "-5"}, None),
        ({}, None),
    ],
)
async def test_a_hint_of_awss_is_in_seconds(
    client: PartnerCentralClient,
    emulator: PartnerCentralEmulator,
    headers: dict[str, str],
    seconds: float | None,
) -> None:
    fault = Fault.error("ThrottlingException", "slow down", headers=headers)
    assert (await failing(client, emulator, fault)).retry_after == seconds


async def test_access_denied_says_what_its_reason_means(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    reason = "INCOMPATIBLE_BENEFIT_AWS_PARTNER_STATE"
    fault = Fault.error("AccessDeniedException", "denied", members={"Reason": reason})
    error = await failing(client, emulator, fault)
    assert isinstance(error, AccessDeniedException)
    assert error.reason == reason
    assert "not IAM" in str(error)
    plain = await failing(client, emulator, Fault.error("AccessDeniedException", "denied"))
    assert "partnercentral:ListOpportunities" in str(plain)


async def test_awss_list_of_fields_is_kept_and_shown(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    fault = Fault.error(
        "ValidationException",
        "wrong",
        members={
            "Reason": "REQUEST_VALIDATION_FAILED",
            "ErrorList": [
                {"FieldName": "Sort", "Message": "no such order", "Code": "INVALID_ENUM_VALUE"},
                {"Message": "unnamed", "Code": "INVALID_VALUE"},
            ],
        },
    )
    error = await failing(client, emulator, fault)
    assert isinstance(error, ValidationException)
    assert error.reason == "REQUEST_VALIDATION_FAILED"
    assert [(item.field_name, item.code) for item in error.error_list] == [
        ("Sort", "INVALID_ENUM_VALUE"),
        (None, "INVALID_VALUE"),
    ]
    assert "Sort: no such order" in str(error)


async def test_credentials_that_aws_does_not_accept_come_with_advice(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    error = await failing(client, emulator, Fault.error("ExpiredTokenException", "expired"))
    assert "renew them" in str(error)


async def test_an_error_survives_pickling(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    error = await failing(client, emulator, Fault.error("ValidationException", "wrong"))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is ValidationException
    assert str(again) == str(error)
    assert again.request_id == error.request_id


def test_every_error_is_in_the_tree_and_in_the_tree_of_the_docstring() -> None:
    from partnercentral_list import errors

    classes = [
        item
        for item in vars(errors).values()
        if isinstance(item, type)
        and issubclass(item, Exception)
        and item.__module__ == errors.__name__
    ]
    assert (
        len(classes)
        == len(re.findall(r"(?:─|^ {4})\s?([A-Z]\w+)", errors.__doc__ or "", re.M))
        == 20
    )
    for item in classes:
        assert issubclass(item, PartnerCentralError)
        assert item.__name__ in (errors.__doc__ or "")
        assert item.__name__ in partnercentral_list.__all__
