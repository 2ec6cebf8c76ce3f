"""Never more requests are sent than the policy says, whatever else is set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from partnercentral_list import ClientConfig, PartnerCentralError, RetryPolicy
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient, no_wait

Patch = pytest.MonkeyPatch
FAULTS = [
    Fault.error("ThrottlingException"),
    Fault.error("InternalServerException"),
    Fault.http(503),
    Fault.body(b""),
    Fault.reset("before"),
]


def nothing(patch: Patch, folder: Path) -> dict[str, Any]:
    return {}


def environment(patch: Patch, folder: Path) -> dict[str, Any]:
    patch.setenv("AWS_MAX_ATTEMPTS", "10")
    patch.setenv("AWS_RETRY_MODE", "adaptive")
    return {}


def a_profile(patch: Patch, folder: Path) -> dict[str, Any]:
    file = folder / "config"
    file.write_text(
        "[profile eager]\nmax_attempts = 10\nretry_mode = standard\n"
        "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = x\n"
    )
    patch.setenv("AWS_CONFIG_FILE", str(file))
    return {"profile_name": "eager"}


def an_aio_config(patch: Patch, folder: Path) -> dict[str, Any]:
    eager = AioConfig(retries={"mode": "adaptive", "max_attempts": 10})
    return {"config": ClientConfig(aio_config=eager)}


def a_session(patch: Patch, folder: Path) -> dict[str, Any]:
    session: Any = AioSession()
    session.set_default_client_config(AioConfig(retries={"mode": "legacy", "max_attempts": 10}))
    return {"session": session}


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize(
    "settings",
    [nothing, environment, a_profile, an_aio_config, a_session],
    ids=lambda settings: settings.__name__,
)
async def test_a_failed_call_makes_as_many_requests_as_the_policy_says(
    make_client: MakeClient,
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    settings: Any,
    fault: Fault,
    most: int,
) -> None:
    emulator.fail(fault, times=None)
    policy = RetryPolicy(max_attempts=most, sleep=no_wait)
    client = make_client(emulator, retry=policy, **settings(monkeypatch, tmp_path))
    with pytest.raises(PartnerCentralError) as caught:
        await client.list_opportunities()
    assert len(emulator.requests) == caught.value.attempts == most
    numbers = [request.headers["amz-sdk-request"] for request in emulator.requests]
    assert numbers == [f"attempt={attempt}; max={most}" for attempt in range(1, most + 1)]
    assert len({request.headers["amz-sdk-invocation-id"] for request in emulator.requests}) == 1
