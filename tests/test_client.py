"""The client: its endpoint, its credentials, the errors that it raises, and its end."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list import (
    Catalog,
    ClientClosedError,
    ClientConfig,
    ConfigurationError,
    Credentials,
    LastModifiedDateFilter,
    ListOpportunitiesRequest,
    OpportunitySort,
    PartnerCentralClient,
    PartnerCentralError,
    RequestEvent,
    RequestTimeoutError,
    RequestValidationError,
    RetryPolicy,
    Stage,
    TokenExpiredError,
    TransportError,
    ValidationException,
)
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.aiobotocore_clients import Clients, is_open
from tests.conftest import ONCE, MakeClient

UNSIGNED = ClientConfig(sign_requests=False)
NAIVE: Any = datetime(2026, 1, 1)  # noqa: DTZ001, RUF100 # refused below


async def test_a_page_is_read_in_awss_own_terms(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    page = await client.list_opportunities()
    assert len(page.opportunity_summaries) == 20
    following = await client.list_opportunities(max_results=3, next_token=page.next_token)
    assert len(following.opportunity_summaries) == 3
    assert emulator.requests[0].body == {"Catalog": "AWS"}
    assert (
        emulator.requests[0].headers["x-amz-target"] == "AWSPartnerCentralSelling.ListOpportunities"
    )


async def test_a_whole_request_goes_out_as_it_is(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    request = ListOpportunitiesRequest.model_validate(
        {
            "Catalog": "AWS",
            "MaxResults": 4,
            "LifeCycleStage": ["Qualified"],
            "CreatedDate": {"AfterCreatedDate": "2024-01-01T00:00:00Z"},
            "Sort": {"SortBy": "CreatedDate", "SortOrder": "ASCENDING"},
        }
    )
    await client.list_opportunities(request)
    assert emulator.requests[0].body == request.model_dump(
        mode="json", by_alias=True, exclude_none=True
    )


async def test_a_single_page_with_an_expired_token_says_so(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.expired_token())
    with pytest.raises(TokenExpiredError):
        await client.list_opportunities(next_token="expired")


async def test_a_first_page_that_aws_refuses_is_no_expired_token(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.expired_token())
    with pytest.raises(ValidationException):
        await client.list_opportunities()


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ({"region": "us-east-1"}, "region_name"),
        ({"profile": "sales"}, "profile_name"),
        ({"regoin_name": "us-east-1"}, "region_name"),
        ({"Region": "us-east-1"}, "Perhaps region_name"),
        ({"ENDPOINT_URL": "http://127.0.0.1:9"}, "Perhaps endpoint_url"),
        ({"rate": 5}, "Perhaps rate_limit"),
        ({"max_attempts": 3}, r"retry=RetryPolicy\(max_attempts=...\)"),
        ({"zzz": 3}, "Valid: catalog, profile_name"),
    ],
    ids=str,
)
def test_an_unknown_argument_names_the_one_meant(arguments: dict[str, Any], meant: str) -> None:
    (name,) = arguments
    with pytest.raises(ConfigurationError, match=f"no argument '{name}'.*{meant}"):
        PartnerCentralClient("AWS", **arguments)


def test_every_unknown_argument_is_named_at_once() -> None:
    arguments: dict[str, Any] = {"region": "us-east-1", "profile": "sales"}
    with pytest.raises(ConfigurationError, match=r"(?s)'region'.*'profile'"):
        PartnerCentralClient("AWS", **arguments)


@pytest.mark.parametrize("use", [list, lambda opportunities: [*opportunities]])
@pytest.mark.parametrize("method", ["iter_opportunities", "scan_opportunities"])
def test_a_plain_loop_over_opportunities_names_async_for(
    use: Callable[[Any], Any], method: str
) -> None:
    opportunities = getattr(PartnerCentralClient("AWS"), method)()
    with pytest.raises(TypeError, match=r"`async for`.*run"):
        use(opportunities)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (
            {"last_modified_date": {"AfterLastModified": "2026-01-01T00:00:00Z"}},
            "last_modified_date.AfterLastModified: no such field. "
            "Valid: perhaps AfterLastModifiedDate",
        ),
        (
            {"created_date": {"after_created": "2026-01-01T00:00:00Z"}},
            "created_date.after_created: no such field. Valid: perhaps after_created_date",
        ),
        (
            {"target_close_date": {"x": 1}},
            "target_close_date.x: no such field. "
            "Valid: after_target_close_date, before_target_close_date",
        ),
        ({"sort": 5}, "sort: 5 is not valid. Valid: an OpportunitySort"),
        (
            {"sort": {"SortBy": "Identifier"}},
            "sort.sort_order: missing. Valid: 'ASCENDING', 'DESCENDING'",
        ),
    ],
    ids=str,
)
def test_a_refusal_names_the_field_that_was_meant(filters: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestValidationError) as refusal:
        PartnerCentralClient("AWS").iter_opportunities(**filters)
    assert str(refusal.value) == f"The request was not sent.\n  {said}"


AFTER, BEFORE = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
REQUEST = ListOpportunitiesRequest(catalog="AWS")
SINCE = LastModifiedDateFilter(after_last_modified_date=BEFORE)


@pytest.mark.parametrize(
    ("arguments", "field", "said"),
    [
        (
            {"last_modified_date": {"after_last_modified_date": NAIVE}},
            "after_last_modified_date",
            "time zone",
        ),
        ({"life_cycle_stage": ["Qualifed"]}, "life_cycle_stage[0]", "'Qualified'"),
        ({"life_cycle_review_status": ["In Review"]}, "life_cycle_review_status[0]", "'In review'"),
        ({"life_cycle_stage": ["Closed Won"]}, "life_cycle_stage[0]", "'Launched'"),
        ({"life_cycle_stage": "Qualified"}, "life_cycle_stage", "list"),
        ({"identifier": "O1"}, "identifier", "list"),
        ({"life_cycle_stage": []}, "life_cycle_stage", "empty"),
        ({"customer_company_name": []}, "customer_company_name", "empty"),
        ({"identifier": [f"O{n}" for n in range(21)]}, "identifier", "21"),
        ({"identifier": ["1234"]}, "identifier[0]", "O[0-9]{1,19}"),
        ({"page_size": 0}, "page_size", "1 to 100"),
        ({"page_size": 101}, "page_size", "1 to 100"),
        ({"page_size": "AWS"}, "page_size", "1 to 100"),
        (
            {"request": ListOpportunitiesRequest(catalog="AWS", max_results=5), "page_size": "aws"},
            "page_size",
            "one or the other",
        ),
        ({"max_items": -1}, "max_items", "0 or more"),
        ({"prefetch": -1}, "prefetch", "0 or more"),
        ({"on_invalid": "skip"}, "on_invalid", "raise"),
        (
            {
                "last_modified_date": {
                    "after_last_modified_date": AFTER,
                    "before_last_modified_date": BEFORE,
                }
            },
            "last_modified_date",
            "later than",
        ),
        ({"sort": {"sort_by": "CreatedDate"}}, "sort.sort_order", "'ASCENDING'"),
        ({"starting_token": "garbage"}, "starting_token", "resume_token"),
        ({"starting_token": 5}, "starting_token", "resume_token"),
        ({"limit": 5}, "limit", "page_size"),
        ({"stage": ["Qualified"]}, "stage", "life_cycle_stage"),
        (
            {"request": REQUEST, "last_modified_date": SINCE},
            "last_modified_date",
            "one or the other",
        ),
        ({"request": {"Catalog": "AWS"}}, "request", "ListOpportunitiesRequest"),
        (
            {"request": ListOpportunitiesRequest(catalog="AWS", max_results=5), "page_size": 5},
            "page_size",
            "one or the other",
        ),
        (
            {"request": ListOpportunitiesRequest(catalog="AWS", next_token="t")},
            "next_token",
            "starting_token",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_bad_input_is_refused_before_anything_is_sent(
    client: PartnerCentralClient,
    emulator: PartnerCentralEmulator,
    arguments: dict[str, Any],
    field: str,
    said: str,
) -> None:
    request = arguments.pop("request", None)
    with pytest.raises(RequestValidationError) as caught:
        client.iter_opportunities(request, **arguments)
    (problem,) = caught.value.errors()
    assert problem["field"].endswith(field)
    assert said in problem["problem"] + problem["valid"]
    assert problem["problem"] in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert emulator.requests == []


async def test_every_bad_field_is_named_at_once(client: PartnerCentralClient) -> None:
    with pytest.raises(RequestValidationError) as caught:
        client.iter_opportunities(
            page_size=0,
            max_items=-1,
            starting_token="x",
            identifier=["no", "O1"],
            life_cycle_stage=["Won"],
        )
    assert sorted(problem["field"] for problem in caught.value.errors()) == [
        "identifier[0]",
        "life_cycle_stage[0]",
        "max_items",
        "page_size",
        "starting_token",
    ]


async def test_a_company_name_is_in_no_error(client: PartnerCentralClient) -> None:
    names: Any = ["Canary Ltd"] * 11
    with pytest.raises(RequestValidationError) as caught:
        client.iter_opportunities(customer_company_name=names)
    with pytest.raises(RequestValidationError) as other:
        client.iter_opportunities(customer_company_name="Canary Ltd")
    assert (
        "Canary" not in f"{caught.value}{caught.value.errors()}{other.value}{other.value.errors()}"
    )


async def test_list_opportunities_refuses_bad_input_too(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    with pytest.raises(RequestValidationError, match="max_results"):
        await client.list_opportunities(max_results=101)
    with pytest.raises(RequestValidationError, match="next_token"):
        await client.list_opportunities(next_token="")
    with pytest.raises(RequestValidationError, match="one or the other"):
        await client.list_opportunities(
            ListOpportunitiesRequest(catalog="AWS", next_token="t"), next_token="t"
        )
    assert emulator.requests == []


@pytest.mark.parametrize("wrong", ["aws", "sandbox", "", None, Stage.QUALIFIED])
def test_a_catalog_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(RequestValidationError, match="'Sandbox'"):
        PartnerCentralClient(wrong)


async def test_an_unknown_value_taken_on_purpose_is_sent(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.body(b'{"OpportunitySummaries": []}'))
    await client.list_opportunities(life_cycle_stage=[Stage.unknown("Something new")])
    assert emulator.requests[0].body["LifeCycleStage"] == ["Something new"]


async def test_missing_credentials_are_explained(emulator: PartnerCentralEmulator) -> None:
    async with PartnerCentralClient("AWS", endpoint_url=emulator.url, retry=ONCE) as client:
        with pytest.raises(ConfigurationError, match="aws configure"):
            await client.list_opportunities()
    assert emulator.requests == []


async def test_without_signing_no_credentials_are_needed(emulator: PartnerCentralEmulator) -> None:
    async with PartnerCentralClient("AWS", endpoint_url=emulator.url, config=UNSIGNED) as client:
        await client.list_opportunities()
    assert "authorization" not in emulator.requests[0].headers


async def test_a_request_is_signed_for_the_service_in_its_region(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    await client.list_opportunities()
    assert "/us-east-1/partnercentral-selling/" in emulator.requests[0].headers["authorization"]


async def test_the_region_is_the_services_whatever_the_environment_says(
    client: PartnerCentralClient,
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    await client.list_opportunities()
    assert "/us-east-1/" in emulator.requests[0].headers["authorization"]


@pytest.mark.usefixtures("credentials")
async def test_another_region_is_refused_without_an_endpoint() -> None:
    client = PartnerCentralClient("AWS", region_name="eu-central-1")
    with pytest.raises(ConfigurationError, match="us-east-1 only"):
        await client.list_opportunities()


async def test_another_region_is_fine_with_an_endpoint(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    await make_client(emulator, region_name="eu-central-1").list_opportunities()
    assert "/eu-central-1/" in emulator.requests[0].headers["authorization"]


@pytest.mark.usefixtures("credentials")
async def test_awss_own_endpoint_variable_is_honored(
    emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING", emulator.url)
    async with PartnerCentralClient("AWS", region_name="eu-west-1") as client:
        await client.list_opportunities()
    assert len(emulator.requests) == 1


async def test_a_profile_that_is_not_there_is_named(emulator: PartnerCentralEmulator) -> None:
    client = PartnerCentralClient("AWS", profile_name="nowhere", endpoint_url=emulator.url)
    with pytest.raises(ConfigurationError, match="nowhere"):
        await client.list_opportunities()


async def test_a_profile_gives_the_credentials(
    emulator: PartnerCentralEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text("[partner]\naws_access_key_id=AKIDPARTNER\naws_secret_access_key=x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    async with PartnerCentralClient(
        "AWS", profile_name="partner", endpoint_url=emulator.url
    ) as client:
        await client.list_opportunities()
    assert "Credential=AKIDPARTNER/" in emulator.requests[0].headers["authorization"]


def test_contradicting_sources_of_credentials_are_refused() -> None:
    async def source() -> Credentials:
        raise NotImplementedError

    with pytest.raises(ConfigurationError, match="profile_name"):
        PartnerCentralClient("AWS", profile_name="partner", credentials=source)


async def test_an_endpoint_that_is_no_url_is_refused(credentials: None) -> None:
    client = PartnerCentralClient("AWS", endpoint_url="not a url")
    with pytest.raises(ConfigurationError, match="not a url"):
        await client.list_opportunities()


def source_of(key: str, expiry: datetime | None = None) -> Callable[[], Any]:
    async def source() -> Credentials:
        return Credentials(key, "secret", "token", expiry)

    return source


async def test_partners_on_one_session_keep_their_credentials_apart(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    from aiobotocore.session import AioSession

    session = AioSession()
    one = make_client(emulator, session=session, credentials=source_of("AKIDONE"))
    two = make_client(emulator, session=session, credentials=source_of("AKIDTWO"))
    own = make_client(emulator, session=session)
    for each in (one, two, own, one):
        await each.list_opportunities()
    keys = [
        request.headers["authorization"].split("Credential=")[1].split("/")[0]
        for request in emulator.requests
    ]
    assert keys == ["AKIDONE", "AKIDTWO", "AKIDEXAMPLE", "AKIDONE"]
    assert {request.headers.get("x-amz-security-token") for request in emulator.requests[:2]} == {
        "token"
    }


def test_credentials_of_a_session_are_refreshed_in_several_loops(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    from aiobotocore.credentials import AioRefreshableCredentials
    from aiobotocore.session import AioSession

    both = threading.Barrier(2, timeout=10)
    refreshed_in: list[int] = []
    soon = datetime.now(UTC) + timedelta(minutes=5)

    async def refresh() -> dict[str, str]:
        if threading.get_ident() not in refreshed_in:
            refreshed_in.append(threading.get_ident())
            await asyncio.to_thread(both.wait)
        later = datetime.now(UTC) + timedelta(hours=1)
        expiry = later.isoformat()
        return {"access_key": "AKID", "secret_key": "x", "token": "t", "expiry_time": expiry}

    refreshable: Any = AioRefreshableCredentials
    session: Any = AioSession()
    # private: aiobotocore has no public setter.
    session._credentials = refreshable("AKID", "x", "t", soon, refresh, "test")
    client = make_client(emulator, session=session, retry=ONCE)
    read: list[int] = []

    async def several() -> None:
        pages = await asyncio.gather(*(client.list_opportunities() for _ in range(3)))
        read.extend(len(page.opportunity_summaries) for page in pages)

    threads = [threading.Thread(target=asyncio.run, args=(several(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [20] * 6
    assert len(refreshed_in) == 2


async def test_an_opening_that_fails_for_a_moment_is_retried(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    calls = 0

    async def source() -> Credentials:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise TransportError("the vault did not respond", retryable=True)
        return Credentials("AKID", "secret")

    client = make_client(emulator, credentials=source)
    assert len(await client.iter_opportunities().collect()) == 250


async def test_an_opening_that_hangs_ends_with_the_attempts_time(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    async def source() -> Credentials:
        await asyncio.Event().wait()
        raise AssertionError

    policy = RetryPolicy(max_attempts=1, attempt_timeout=0.01)
    client = make_client(emulator, credentials=source, retry=policy)
    with pytest.raises(RequestTimeoutError, match="not opened"):
        await client.list_opportunities()
    assert emulator.requests == []


async def test_credentials_are_requested_again_before_they_expire(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    calls = 0

    async def source() -> Credentials:
        nonlocal calls
        calls += 1
        soon = datetime.now(UTC) + timedelta(minutes=5 if calls == 1 else 600)
        return Credentials(f"AKID{calls}", "secret", "token", soon)

    client = make_client(emulator, credentials=source)
    for _ in range(3):
        await client.list_opportunities()
    assert calls == 2
    assert "Credential=AKID2/" in emulator.requests[-1].headers["authorization"]


async def test_an_integration_is_named_to_aws(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    config = ClientConfig(integration="Example Integrator|Pipeline Sync")
    await make_client(emulator, config=config).list_opportunities()
    headers = emulator.requests[0].headers
    assert headers["x-amzn-user-agent"] == "Example Integrator|Pipeline Sync"
    assert "x-amzn-user-agent" in headers["authorization"]


async def test_an_aio_config_is_merged_under_ours(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    from aiobotocore.config import AioConfig

    theirs = AioConfig(user_agent_extra="example/1", retries={"total_max_attempts": 9})
    emulator.fail("InternalServerException", times=None)
    client = make_client(emulator, config=ClientConfig(aio_config=theirs), retry=ONCE)
    with pytest.raises(Exception, match="InternalServerException"):
        await client.list_opportunities()
    assert len(emulator.requests) == 1
    assert "example/1" in emulator.requests[0].headers["user-agent"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ClientConfig(connect_timeout=-1),
        lambda: ClientConfig(read_timeout=-1),
        lambda: ClientConfig(max_connections=0),
        lambda: ClientConfig(integration="no bar"),
        lambda: ClientConfig(integration="a|b\r\nX-Evil: 1"),
        lambda: RetryPolicy(max_attempts=0),
        lambda: RetryPolicy(max_elapsed=-1),
        lambda: Credentials("a", "b", expiry=NAIVE),
    ],
)
def test_settings_out_of_bounds_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError):
        make()


def test_credentials_do_not_show_their_secrets() -> None:
    assert "hush" not in repr(Credentials("AKID", "hush", "hush"))


async def test_no_response_in_time_is_a_timeout(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.hang(), times=None)
    client = make_client(emulator, retry=RetryPolicy(max_attempts=1, attempt_timeout=1e-9))
    with pytest.raises(RequestTimeoutError) as caught:
        await client.list_opportunities()
    assert caught.value.retryable


async def test_a_read_timeout_is_a_timeout(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.hang(), times=None)
    client = make_client(emulator, config=ClientConfig(read_timeout=1e-9), retry=ONCE)
    with pytest.raises(RequestTimeoutError):
        await client.list_opportunities()


async def test_a_refused_connection_is_a_transport_error(make_client: MakeClient) -> None:
    with PartnerCentralEmulator(opportunities=0) as gone:
        url = gone.url
    with pytest.raises(TransportError) as caught:
        await make_client(url, retry=ONCE).list_opportunities()
    assert caught.value.retryable
    assert url in str(caught.value)


async def test_a_closed_client_says_so(client: PartnerCentralClient) -> None:
    await client.list_opportunities()
    await client.aclose()
    await client.aclose()
    with pytest.raises(ClientClosedError, match="was closed"):
        await client.list_opportunities()
    with pytest.raises(ClientClosedError):
        await client.iter_opportunities().collect()
    with pytest.raises(ClientClosedError):
        async with client:
            pass


async def test_a_client_closed_under_a_listing_ends_it_with_its_place(
    client: PartnerCentralClient,
) -> None:
    with pytest.raises(ClientClosedError) as caught:
        async for _ in client.iter_opportunities(page_size=10, prefetch=0):
            await client.aclose()
    assert caught.value.resume_token


async def test_a_client_closed_under_a_request_says_so(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    client = make_client(emulator)
    loop, arrived, closed = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def hold(response: dict[str, Any]) -> dict[str, Any]:
        loop.call_soon_threadsafe(arrived.set)
        closed.wait()
        return response

    emulator.fail(Fault.edit_page(hold))
    request = asyncio.create_task(client.list_opportunities())
    await arrived.wait()
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await request
    closed.set()


async def test_an_error_of_the_users_own_credentials_source_is_passed_on(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    async def source() -> Credentials:
        raise ConfigurationError("the vault is sealed")

    with pytest.raises(ConfigurationError, match="the vault is sealed"):
        await make_client(emulator, credentials=source).list_opportunities()


async def test_a_client_opens_once_however_many_tasks_use_it_first(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    session = Clients()
    client = make_client(emulator, session=session)
    await asyncio.gather(*(client.list_opportunities() for _ in range(10)))
    assert len(session.made) == 1
    assert len(emulator.requests) == 10


@pytest.mark.usefixtures("credentials")
def test_one_client_works_in_many_loops_and_threads(emulator: PartnerCentralEmulator) -> None:
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url)

    def read() -> int:
        return len(asyncio.run(client.iter_opportunities().collect()))

    counts = [read(), read()]
    threads = [threading.Thread(target=lambda: counts.append(read())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [250] * 5


async def test_closing_reaches_the_connections_of_a_loop_in_another_thread(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    session = Clients()
    client = make_client(emulator, session=session)
    await client.list_opportunities()
    ready, closed = threading.Event(), threading.Event()

    still_open: list[bool] = []

    async def elsewhere() -> None:
        await client.list_opportunities()
        _, connection = session.made
        assert is_open(connection)
        ready.set()
        await asyncio.to_thread(closed.wait)
        still_open.append(is_open(connection))

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    await asyncio.to_thread(ready.wait)
    await client.aclose()
    closed.set()
    await asyncio.to_thread(thread.join)
    assert still_open == [False]


def test_a_client_shows_its_catalog() -> None:
    client = PartnerCentralClient("Sandbox")
    assert client.catalog is Catalog.SANDBOX
    assert repr(client) == "PartnerCentralClient('Sandbox')"


async def test_the_sort_is_sent(
    client: PartnerCentralClient, emulator: PartnerCentralEmulator
) -> None:
    sort = OpportunitySort(sort_by="Identifier", sort_order="ASCENDING")
    listed = [item.id for item in await client.iter_opportunities(sort=sort).collect()]
    assert emulator.requests[0].body["Sort"] == {"SortBy": "Identifier", "SortOrder": "ASCENDING"}
    assert listed[0] < listed[1]


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("_", range(20))
def test_closing_while_other_loops_end_neither_hangs_nor_fails(
    emulator: PartnerCentralEmulator, _: int
) -> None:
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url, rate_limit=None)
    responded = threading.Barrier(3)

    async def read() -> None:
        await client.list_opportunities(max_results=1)
        responded.wait()

    threads = [threading.Thread(target=lambda: asyncio.run(read())) for _ in range(2)]
    for thread in threads:
        thread.start()
    responded.wait()
    asyncio.run(client.aclose())
    for thread in threads:
        thread.join()


async def test_the_settings_of_connections_reach_aiobotocore(
    make_client: MakeClient, emulator: PartnerCentralEmulator
) -> None:
    config = ClientConfig(max_connections=3, connect_timeout=4, read_timeout=0)
    session = Clients()
    await make_client(emulator, config=config, session=session).list_opportunities()
    used = session.made[0].meta.config
    assert (used.max_pool_connections, used.connect_timeout, used.read_timeout) == (3, 4, None)


@pytest.mark.parametrize(
    ("region", "environment"),
    [
        ("US-EAST-1", {}),
        ("EU-WEST-1", {}),
        ("", {}),
        (None, {"AWS_REGION": "eu-west-1"}),
        ("eu-west-1", {"AWS_USE_FIPS_ENDPOINT": "true"}),
        ("eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
    ],
)
@pytest.mark.usefixtures("credentials")
async def test_no_way_leads_to_a_region_without_the_service(
    monkeypatch: pytest.MonkeyPatch, region: Any, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="region"):
        async with PartnerCentralClient("AWS", region_name=region):
            pass


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize("by_environment", [False, True])
async def test_a_ca_bundle_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, by_environment: bool
) -> None:
    if by_environment:
        monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/ca.pem")
    config = ClientConfig() if by_environment else ClientConfig(verify="/nowhere/ca.pem")
    client = PartnerCentralClient("AWS", endpoint_url="https://127.0.0.1:1", config=config)
    with pytest.raises(ConfigurationError, match=r"/nowhere/ca\.pem"):
        await client.list_opportunities()


SOME: Any = 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: PartnerCentralClient("AWS", config=SOME),
        lambda: PartnerCentralClient("AWS", retry=SOME),
        lambda: PartnerCentralClient("AWS", rate_limit=SOME),
        lambda: PartnerCentralClient("AWS", endpoint_url=SOME),
        lambda: PartnerCentralClient("AWS", profile_name=SOME),
        lambda: PartnerCentralClient("AWS", region_name=SOME),
        lambda: PartnerCentralClient("AWS", session=SOME),
        lambda: PartnerCentralClient("AWS", credentials=SOME),
        lambda: ClientConfig(aio_config=SOME),
        lambda: ClientConfig(integration=SOME),
        lambda: ClientConfig(connect_timeout=str(SOME)),
        lambda: ClientConfig(max_connections=True),
        lambda: RetryPolicy(max_attempts=2.5),
        lambda: RetryPolicy(quota=str(SOME)),
        lambda: Credentials("a", "b", expiry=str(SOME)),
        lambda: Credentials("a", SOME),
    ],
)
def test_settings_of_the_wrong_kind_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        make()


def source_that(behavior: str) -> Any:
    async def source() -> Any:
        if behavior == "raises":
            raise KeyError("vault")
        if behavior == "has expired":
            return Credentials("a", "b", "c", datetime(2020, 1, 1, tzinfo=UTC))
        return {"access_key": "a"}

    return (lambda: Credentials("a", "b")) if behavior == "is not async" else source


@pytest.mark.parametrize("behavior", ["raises", "has expired", "returns a dict", "is not async"])
async def test_a_source_of_credentials_that_does_not_work_is_named(
    make_client: MakeClient, emulator: PartnerCentralEmulator, behavior: str
) -> None:
    client = make_client(emulator, credentials=source_that(behavior))
    with pytest.raises(ConfigurationError, match="credentials="):
        await client.list_opportunities()
    assert emulator.requests == []


@pytest.mark.parametrize(
    "settings",
    [
        "credential_process = /nowhere/program",
        "credential_process = echo []",
        "credential_process = echo garbage",
        "role_arn = arn:aws:iam::123456789012:role/x\nweb_identity_token_file = /nowhere/token",
        "aws_access_key_id = only-half",
    ],
)
async def test_a_profile_without_credentials_is_a_configuration_error(
    emulator: PartnerCentralEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
) -> None:
    file = tmp_path / "config"
    file.write_text(f"[profile broken]\n{settings}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    client = PartnerCentralClient("AWS", profile_name="broken", endpoint_url=emulator.url)
    with pytest.raises(ConfigurationError):
        await client.list_opportunities()
    assert emulator.requests == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"max_items": -(10**5000)}, "max_items"),
        ({"page_size": 10**5000}, "page_size"),
        ({"prefetch": 1.5}, "prefetch"),
        ({"catalog": "AWS"}, "catalog"),
        ({"max_results": 50}, "max_results"),
        ({"last_modified_date": "2025"}, "last_modified_date"),
        (
            {"created_date": {"after_created_date": datetime(99, 1, 1, tzinfo=UTC)}},
            "after_created_date",
        ),
        (
            {"created_date": {"after_created_date": datetime.min.replace(tzinfo=UTC)}},
            "after_created_date",
        ),
        (
            {"last_modified_date": SINCE.model_copy(update={"after_last_modified_date": NAIVE})},
            "after_last_modified_date",
        ),
        ({"sort": OpportunitySort.model_construct(sort_by="x")}, "sort_order"),
        ({"customer_company_name": ["half \ud83d"]}, "customer_company_name[0]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_stranger_input_is_refused_too(
    client: PartnerCentralClient,
    emulator: PartnerCentralEmulator,
    arguments: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        client.iter_opportunities(**arguments)
    problem = caught.value.errors()[0]
    assert problem["field"].endswith(field)
    assert problem["valid"]
    assert emulator.requests == []


def test_a_model_that_was_not_checked_can_be_shown() -> None:
    assert "sort_order=None" in repr(OpportunitySort.model_construct(sort_by="x"))


async def test_an_unknown_argument_does_not_hide_a_wrong_one(client: PartnerCentralClient) -> None:
    with pytest.raises(RequestValidationError) as caught:
        client.iter_opportunities(max_results=50, page_size=500)
    assert [problem["field"] for problem in caught.value.errors()] == ["max_results", "page_size"]


@pytest.mark.usefixtures("credentials")
def test_closing_does_not_wait_for_a_loop_that_has_stopped(
    emulator: PartnerCentralEmulator,
) -> None:
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url, rate_limit=None)
    responded, looked = threading.Event(), threading.Event()
    runner = asyncio.Runner()

    async def read() -> None:
        await client.list_opportunities(max_results=1)
        responded.set()
        looked.wait()  # blocks the loop, on purpose, until the closing has begun

    async def close() -> None:
        closing = asyncio.create_task(client.aclose())
        for _ in range(5):
            await asyncio.sleep(0)
        looked.set()
        await closing

    thread = threading.Thread(target=lambda: runner.run(read()))
    thread.start()
    responded.wait()
    asyncio.run(close())
    thread.join()
    runner.close()


# A client of sample data


def servers() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("partner-central-")]


async def test_a_demo_needs_no_account_and_stops_its_emulator() -> None:
    async with PartnerCentralClient.demo() as client:
        assert len(await client.iter_opportunities().collect()) == 250
        assert servers()
    with pytest.raises(ClientClosedError):
        await client.list_opportunities()
    assert not servers()


async def test_a_demo_has_as_many_opportunities_as_wanted_and_always_the_same() -> None:
    listed: list[list[str]] = []
    for number in (0, 3, 3):
        async with PartnerCentralClient.demo(number) as client:
            listed.append([item.id async for item in client.iter_opportunities()])
    assert [len(ids) for ids in listed] == [0, 3, 3]
    assert listed[1] == listed[2]


async def test_a_demo_is_a_pipeline_of_today_without_odd_values() -> None:
    now = datetime.now(UTC)
    async with PartnerCentralClient.demo() as client:
        listed = await client.iter_opportunities().collect()
    amounts = [
        float(spend.amount or "nan")
        for item in listed
        if item.project
        for spend in item.project.expected_customer_spend or ()
        if spend.currency_code == "USD"
    ]
    assert 200_000 < sum(amounts) < 20_000_000
    assert not [item.id for item in listed if not item.life_cycle or not item.customer]
    changed = [item.last_modified_date for item in listed if item.last_modified_date]
    assert now - timedelta(days=7) < max(changed) <= now + timedelta(days=1)
    close = [item.life_cycle.target_close_date for item in listed if item.life_cycle]
    future = [day for day in close if day and day > now.date()]
    assert 150 < len(future) < 220
    assert max(future) < now.date() + timedelta(days=365)


@pytest.mark.usefixtures("unusable_setting")
async def test_a_demo_ignores_settings_of_the_machine() -> None:
    async with PartnerCentralClient.demo(3) as client:
        assert len(await client.iter_opportunities().collect()) == 3


async def test_settings_that_a_demo_ignores_keep_other_clients_out(
    unusable_setting: None, emulator: PartnerCentralEmulator
) -> None:
    # Otherwise the test before this one would show nothing.
    client = PartnerCentralClient("AWS", endpoint_url=emulator.url, config=UNSIGNED, retry=ONCE)
    with pytest.raises(PartnerCentralError):
        await client.list_opportunities()
    await client.aclose()


def test_a_demo_that_is_not_closed_stops_its_emulator() -> None:
    async def read() -> None:
        client = PartnerCentralClient.demo(3)
        await client.list_opportunities()
        assert servers()

    asyncio.run(read())
    gc.collect()
    assert not servers()


def test_a_demo_without_a_call_stops_its_emulator_too() -> None:
    client = PartnerCentralClient.demo(3)
    assert servers()
    del client
    gc.collect()
    assert not servers()


def test_a_listing_of_a_demo_outlives_the_client() -> None:
    async def read() -> int:
        listing = PartnerCentralClient.demo(150).iter_opportunities()
        gc.collect()
        return len(await listing.collect())

    assert asyncio.run(read()) == 150
    gc.collect()
    assert not servers()


async def test_a_demo_has_the_catalog_and_the_events_that_were_passed() -> None:
    events: list[RequestEvent] = []
    async with PartnerCentralClient.demo(
        3, catalog="Sandbox", rate_limit=None, on_event=events.append
    ) as client:
        page = await client.list_opportunities()
    assert {item.catalog for item in page.opportunity_summaries} == {Catalog.SANDBOX}
    assert [type(event).__name__ for event in events] == ["RequestSent", "PageReceived"]


def test_a_demo_that_is_refused_leaves_no_emulator() -> None:
    wrong: Any = "AWZ"
    with pytest.raises(RequestValidationError, match="AWS"):
        PartnerCentralClient.demo(3, catalog=wrong)
    assert not servers()


def test_a_demo_of_more_than_can_be_generated_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="from 0 to 9,000,000, not 9,000,001: the Ids"):
        PartnerCentralClient.demo(9_000_001)


@pytest.mark.parametrize("number", [-1, True, "9", 1.5, None])
def test_a_number_of_sample_opportunities_is_checked(number: Any) -> None:
    with pytest.raises(ConfigurationError, match="opportunities"):
        PartnerCentralClient.demo(number)
