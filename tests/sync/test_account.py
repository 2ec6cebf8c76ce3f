"""sync_account: one account as a plain function, which any engine can send to another machine."""

from __future__ import annotations

import asyncio
import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from partnercentral_list import (
    AccessDeniedException,
    ConfigurationError,
    PartnerCentralError,
    RequestValidationError,
    StoreError,
    ValidationException,
)
from partnercentral_list.emulator import AcceptedCredentials, PartnerCentralEmulator
from partnercentral_list.sync import (
    FleetDeadlineError,
    FleetReport,
    FleetResult,
    PartnerAccount,
    SQLiteStore,
    SyncFleet,
    sync_account,
)
from tests.transport.raw import page, responding

KEYS = AcceptedCredentials("AKIDOFTHEROLE", "secret-of-the-role", "token")
ASSUMED = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult><Credentials><AccessKeyId>{KEYS.access_key}</AccessKeyId><SecretAccessKey>{
    KEYS.secret_key
}</SecretAccessKey><SessionToken>{KEYS.session_token}</SessionToken>
<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>
</AssumeRoleResponse>"""
LEASE = timedelta(minutes=5)


def account(emulator: PartnerCentralEmulator, name: str = "emea") -> PartnerAccount:
    return PartnerAccount(name, endpoint_url=emulator.url)


async def stored(path: Path, name: str) -> dict[str, object]:
    async with SQLiteStore(path, account=name) as store:
        return dict(await store.get(await store.identifiers()))


def test_an_account_is_synced_and_synced_again(
    emulator: PartnerCentralEmulator, credentials: None, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.db"
    first = sync_account(account(emulator), str(path))
    assert (first.created, first.updated) == (250, 0)
    emulator.update(emulator.opportunities[0]["Id"], {"LifeCycle": {"Stage": "Launched"}})
    second = sync_account(account(emulator), str(path))
    assert (second.created, second.updated, second.requests) == (0, 1, 1)
    assert len(asyncio.run(stored(path, "emea"))) == 250
    assert not asyncio.run(stored(path, "apac"))


def test_it_runs_in_a_process_that_was_sent_pickles_only(
    emulator: PartnerCentralEmulator, credentials: None, tmp_path: Path
) -> None:
    path = str(tmp_path / "pipeline.db")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        report = pool.submit(sync_account, account(emulator), path).result()
        assert report.created == 250
        emulator.fail("AccessDeniedException")
        with pytest.raises(AccessDeniedException, match="ListOpportunities on resource"):
            pool.submit(sync_account, account(emulator, "apac"), path).result()
        with pytest.raises(RequestValidationError, match="catalog"):
            unknown = PartnerAccount("apac", "Sandpit")  # type: ignore[arg-type] # the test
            pool.submit(sync_account, unknown, path).result()
    assert sync_account(account(emulator), path) == pickle.loads(
        pickle.dumps(sync_account(account(emulator), path))
    )


def test_an_account_is_plain_values(emulator: PartnerCentralEmulator) -> None:
    one = account(emulator)
    assert PartnerAccount(**json.loads(json.dumps(asdict(one)))) == one
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(
    "error",
    [
        FleetDeadlineError(has_begun=True),
        StoreError("The disk is full.", retryable=True),
        RequestValidationError([{"field": "a", "problem": "b", "valid": "c"}]),
        ValidationException("ValidationException", "m").with_details("REASON", []),
    ],
)
def test_a_result_and_its_error_can_be_pickled(error: PartnerCentralError) -> None:
    report = FleetReport([FleetResult("emea", None, error, 1.5)])
    copied = pickle.loads(pickle.dumps(report))
    assert str(copied) == str(report)
    (found,) = copied.results
    assert type(found.error) is type(error)
    assert found.is_retryable == error.retryable
    assert vars(found.error) == vars(error)


async def test_a_fleet_takes_such_accounts(
    emulator: PartnerCentralEmulator, credentials: None, tmp_path: Path
) -> None:
    accounts = [account(emulator, name) for name in ("emea", "apac")]
    fleet = SyncFleet(
        {one.name: one.make_client for one in accounts},
        lambda name: SQLiteStore(tmp_path / "pipeline.db", account=name),
    )
    report = FleetReport([result async for result in fleet.run()])
    assert [one.created for one in report.reports] == [250, 250]


@pytest.mark.parametrize("external_id", [None, "tenant-7"])
def test_a_role_is_assumed(
    external_id: str | None, credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    role = "arn:aws:iam::111122223333:role/reader"
    with (
        responding(page(ASSUMED.encode())) as (port, requests),
        PartnerCentralEmulator(3, credentials=[KEYS]) as emulator,
    ):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
        one = PartnerAccount(
            "emea", role_arn=role, external_id=external_id, endpoint_url=emulator.url
        )
        assert sync_account(one, str(tmp_path / "pipeline.db")).created == 3
    (request,) = requests
    assert b"Action=AssumeRole" in request
    assert b"role%2Freader" in request
    assert (b"ExternalId=tenant-7" in request) == (external_id is not None)


def test_a_role_that_is_refused_is_an_error_of_the_account(
    emulator: PartnerCentralEmulator,
    credentials: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    error = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    response = page(b"<ErrorResponse>%b</ErrorResponse>" % error).replace(
        b"200 OK", b"403 Forbidden"
    )
    with responding(response) as (port, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
        one = PartnerAccount("emea", role_arn="arn:aws:iam::111122223333:role/reader")
        with pytest.raises(ConfigurationError, match="AssumeRole") as caught:
            sync_account(one, str(tmp_path / "pipeline.db"))
        assert not caught.value.retryable


def test_the_service_of_roles_redirects_nobody(
    emulator: PartnerCentralEmulator,
    credentials: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    with responding(page(ASSUMED.encode())) as (elsewhere, requests):
        to = f"307 Temporary Redirect\r\nLocation: http://127.0.0.1:{elsewhere}/".encode()
        with responding(page().replace(b"200 OK", to)) as (port, _):
            monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{port}")
            one = PartnerAccount("emea", role_arn="arn:aws:iam::111122223333:role/reader")
            with pytest.raises(PartnerCentralError):
                sync_account(one, str(tmp_path / "pipeline.db"))
    assert not requests


def test_another_workers_lease_is_an_error_that_a_retry_repairs(
    emulator: PartnerCentralEmulator, credentials: None, tmp_path: Path
) -> None:
    path = tmp_path / "pipeline.db"

    async def acquire() -> None:
        async with SQLiteStore(path, account="emea") as store:
            await store.acquire_lease("another-machine/1/x", "AWS", LEASE)

    asyncio.run(acquire())
    with pytest.raises(StoreError, match="Another program") as caught:
        sync_account(account(emulator), str(path))
    assert pickle.loads(pickle.dumps(caught.value)).retryable
    assert not emulator.requests
    # Passed on: this one would wait for -1 seconds.
    with pytest.raises(ConfigurationError, match="lease_wait"):
        sync_account(account(emulator), str(path), lease_wait=timedelta(seconds=-1))


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="account"):
        sync_account("emea", str(tmp_path))  # type: ignore[arg-type] # the test
    with pytest.raises(ConfigurationError, match="store_dsn"):
        sync_account(PartnerAccount("emea"), tmp_path)  # type: ignore[arg-type] # the test
