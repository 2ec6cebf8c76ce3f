"""Each fault, as a client meets it, and when which one does."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import botocore.config
import botocore.exceptions
import botocore.session
import pytest

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.emulator.calls import TARGET, Arrival, Caller, calling

BODY = b'{"Catalog":"AWS","MaxResults":100}'
REQUEST = (
    f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {TARGET}\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


@contextmanager
def raw_connection(emulator: PartnerCentralEmulator) -> Iterator[socket.socket]:
    port = int(emulator.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connected:
        yield connected


def read_until_reset(sock: socket.socket) -> bytes:
    received = b""
    with pytest.raises(ConnectionResetError):
        while True:
            chunk = sock.recv(65_536)
            assert chunk, "closed in order, not reset"
            received += chunk
    return received


def statuses(emulator: PartnerCentralEmulator) -> list[int | None]:
    return [request.status for request in emulator.requests]


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("ThrottlingException", 400, "Rate exceeded"),
        ("InternalServerException", 500, "Something went wrong on our side."),
        ("AccessDeniedException", 400, "You do not have sufficient access to perform this action."),
        ("ServiceUnavailable", 400, "ServiceUnavailable"),
    ],
)
def test_an_error_has_the_form_and_the_status_of_the_model(
    emulator: PartnerCentralEmulator, caller: Caller, code: str, status: int, message: str
) -> None:
    emulator.fail(code)
    response = caller.fetch()
    assert response.status == status
    assert response.headers["content-type"] == "application/x-amz-json-1.0"
    assert response.json == {
        "__type": f"com.amazonaws.partnercentralselling#{code}",
        "Message": message,
    }


def test_an_error_takes_its_status_members_and_headers(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    fault = Fault.error(
        "aws.example#AccessDeniedException",
        "no",
        status=403,
        members={"Reason": "INCOMPATIBLE_BENEFIT_AWS_PARTNER_STATE"},
        headers={"x-amz-retry-after": "250"},
    )
    emulator.fail(fault)
    response = caller.fetch()
    assert (response.status, response.headers["x-amz-retry-after"]) == (403, "250")
    assert response.json == {
        "__type": "aws.example#AccessDeniedException",
        "Message": "no",
        "Reason": "INCOMPATIBLE_BENEFIT_AWS_PARTNER_STATE",
    }


def test_a_validation_exception_has_the_reason_that_the_model_requires(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail("ValidationException")
    assert caller.fetch().json["Reason"] == "REQUEST_VALIDATION_FAILED"


def test_http_sends_any_response(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    emulator.fail(Fault.http(502, b"<html>", headers={"Via": "1.1 proxy"}))
    response = caller.fetch()
    assert (response.status, response.raw) == (502, b"<html>")
    assert (response.headers["content-type"], response.headers["via"]) == ("text/html", "1.1 proxy")


def test_http_takes_a_status_without_a_name(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail(Fault.http(599, content_type="text/plain"))
    assert (caller.fetch().status, emulator.requests[0].error_code) == (599, None)


def test_body_sends_200_with_it(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    emulator.fail(Fault.body(b"{}"))
    response = caller.fetch()
    assert (response.status, response.raw) == (200, b"{}")
    assert response.headers["content-type"] == "application/x-amz-json-1.0"


def test_truncate_is_valid_http_and_invalid_json(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    whole = caller.fetch().raw
    emulator.fail(Fault.truncate(0.25))
    response = caller.fetch()
    assert response.raw == whole[: len(whole) // 4]
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(response.raw)


def test_reset_before_sends_nothing(emulator: PartnerCentralEmulator) -> None:
    emulator.fail(Fault.reset("before"))
    with raw_connection(emulator) as sock:
        sock.sendall(REQUEST)
        assert read_until_reset(sock) == b""
    assert statuses(emulator) == [None]


def test_reset_during_sends_half_of_what_it_declares(emulator: PartnerCentralEmulator) -> None:
    emulator.fail(Fault.reset("during"))
    with raw_connection(emulator) as sock:
        sock.sendall(REQUEST)
        head, _, body = read_until_reset(sock).partition(b"\r\n\r\n")
    declared = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert len(body) == declared // 2 > 0
    assert statuses(emulator) == [None]


def test_reset_after_lets_the_whole_response_arrive(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    whole = caller.fetch(MaxResults=100).raw
    emulator.fail(Fault.reset("after"))
    with raw_connection(emulator) as sock:
        sock.sendall(REQUEST)
        head, _, body = read_until_reset(sock).partition(b"\r\n\r\n")
    assert b"Connection: keep-alive" in head
    assert body == whole
    assert statuses(emulator)[1:] == [200]


def test_a_slow_reader_gets_a_big_response_before_the_reset() -> None:
    records = [{"Id": f"O{number}", "NextSteps": "x" * 60_000} for number in range(1, 101)]
    emulator = PartnerCentralEmulator(records, faults=[Fault.reset("after")])
    with emulator, raw_connection(emulator) as sock:
        sock.sendall(REQUEST)
        body = read_until_reset(sock).partition(b"\r\n\r\n")[2]
    assert len(json.loads(body)["OpportunitySummaries"]) == 100


def test_hang_ends_when_the_client_goes_away(emulator: PartnerCentralEmulator) -> None:
    emulator.fail(Fault.hang())
    with raw_connection(emulator) as sock:
        sock.sendall(REQUEST)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b""
    assert statuses(emulator) == [None]


def test_stop_wakes_what_hangs() -> None:
    arrival = Arrival()
    emulator = arrival.watch(faults=[Fault.hang()])
    emulator.start()
    with raw_connection(emulator) as sock:
        sock.sendall(REQUEST)
        arrival.wait()
        emulator.stop()
        assert sock.recv(1) == b""


def test_drip_sends_the_same_response(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    whole = caller.fetch(MaxResults=2).raw
    emulator.fail(Fault.drip(delay=0.0001, chunk=100))
    assert caller.fetch(MaxResults=2).raw == whole


def test_drip_sends_chunk_by_chunk(emulator: PartnerCentralEmulator) -> None:
    # So long a delay that the rest cannot come before the test is over.
    emulator.fail(Fault.drip(delay=3600, chunk=5))
    with raw_connection(emulator) as sock:
        sock.sendall(REQUEST)
        assert sock.recv(65_536) == b"HTTP/"


def test_repeat_token_returns_the_requests_token(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    first = caller.fetch()
    emulator.fail(Fault.repeat_token())
    second = caller.fetch(NextToken=first.token)
    assert second.token == first.token
    assert set(second.ids).isdisjoint(first.ids)


def test_repeat_token_lets_the_first_page_lead_to_itself(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail(Fault.repeat_token(), times=2)
    first = caller.fetch()
    again = caller.fetch(NextToken=first.token)
    assert (again.ids, again.token) == (first.ids, first.token)


def test_cycle_token_leads_back_to_the_second_page(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail(Fault.cycle_token(), at=3)
    tokens: list[str | None] = [None]
    for _ in range(4):
        more = {"NextToken": tokens[-1]} if tokens[-1] else {}
        tokens.append(caller.fetch(**more).token)
    _, a, b, again, b_again = tokens
    assert a == again != b == b_again


def test_cycle_token_lets_the_second_page_lead_to_itself(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail(Fault.cycle_token(), at=2)
    first = caller.fetch().token
    assert caller.fetch(NextToken=first).token == first


def test_expired_token_names_next_token(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    token = caller.fetch().token
    emulator.fail(Fault.expired_token())
    response = caller.fetch(NextToken=token)
    assert (response.status, response.code) == (400, "ValidationException")
    assert response.problems == [("NextToken", "INVALID_VALUE")]


def test_empty_pages_lose_nothing_and_repeat_no_token(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    everything = caller.all_ids(MaxResults=100)
    emulator.fail(Fault.empty_page(), times=2)
    emulator.fail(Fault.empty_page(), at=4)
    assert caller.all_ids(MaxResults=100) == everything
    responses = emulator.requests[3:]
    assert len(responses) == 6
    tokens = [request.body["NextToken"] for request in responses[1:] if request.body]
    assert len(set(tokens)) == 5


def test_edit_page_sends_what_the_function_makes(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    def spoil(page: dict[str, Any]) -> dict[str, Any]:
        page["OpportunitySummaries"][0]["Id"] = 7
        return page | {"New": "ñ"}

    real = caller.fetch().json
    emulator.fail(Fault.edit_page(spoil))
    edited = caller.fetch()
    assert edited.json["OpportunitySummaries"][0]["Id"] == 7
    assert edited.json["New"] == "ñ"
    assert edited.ids[1:] == [record["Id"] for record in real["OpportunitySummaries"]][1:]


def test_a_page_function_that_raises_is_a_500(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail(Fault.edit_page(lambda page: page["nothing"]))
    response = caller.fetch()
    assert (response.status, response.code) == (500, "InternalFailure")
    assert "KeyError" in response.json["message"]
    assert caller.fetch().status == 200


def test_faults_of_pages_leave_errors_as_they_are(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail(Fault.empty_page())
    assert caller.fetch(MaxResults=0).code == "ValidationException"


def test_faults_in_the_constructor_hit_the_first_requests_once_each() -> None:
    faults: list[Fault | str] = ["ThrottlingException", Fault.http(503)]
    with PartnerCentralEmulator(1, faults=faults) as emulator, calling(emulator) as caller:
        assert [caller.fetch().status for _ in range(4)] == [400, 503, 200, 200]


def test_a_fault_hits_the_next_request_once(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    caller.fetch()
    emulator.fail("InternalServerException")
    assert [caller.fetch().status for _ in range(2)] == [500, 200]


def test_a_fault_hits_times_requests_from_the_nth(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail("InternalServerException", times=2, at=2)
    assert [caller.fetch().status for _ in range(4)] == [200, 500, 500, 200]


def test_of_two_faults_the_one_injected_first_wins(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail("ThrottlingException", at=2)
    emulator.fail("InternalServerException", times=None)
    assert [caller.fetch().status for _ in range(4)] == [500, 400, 500, 500]


def test_clear_faults_ends_them_all(emulator: PartnerCentralEmulator, caller: Caller) -> None:
    emulator.fail("InternalServerException", times=None)
    caller.fetch()
    emulator.clear_faults()
    assert caller.fetch().status == 200


@pytest.mark.parametrize("options", [{"times": 0}, {"at": 0}])
def test_a_fault_that_never_happens_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be 1 or more"):
        PartnerCentralEmulator(0).fail("ThrottlingException", **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fault.http(99),
        lambda: Fault.error("X", status=600),
        lambda: Fault.truncate(1),
        lambda: Fault.reset(cast("Any", "later")),
        lambda: Fault.drip(delay=-1),
        lambda: Fault.drip(chunk=0),
    ],
)
def test_a_fault_out_of_its_bounds_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        make()


def test_equal_faults_are_equal_and_say_what_they_are() -> None:
    assert Fault.truncate() == Fault.truncate(0.5)
    assert "ThrottlingException" in repr(Fault.error("ThrottlingException"))
    assert "cycle_token" in repr(Fault.cycle_token())


@pytest.fixture
def boto(emulator: PartnerCentralEmulator) -> Iterator[Any]:
    client = botocore.session.Session().create_client(
        "partnercentral-selling",
        region_name="us-east-1",
        endpoint_url=emulator.url,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI",
        config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    yield client
    client.close()


def test_botocore_reads_a_whole_listing(emulator: PartnerCentralEmulator, boto: Any) -> None:
    pages = boto.get_paginator("list_opportunities").paginate(Catalog="AWS")
    found = [record["Id"] for page in pages for record in page["OpportunitySummaries"]]
    assert sorted(found) == sorted(record["Id"] for record in emulator.opportunities)


def test_botocore_knows_the_modeled_errors(emulator: PartnerCentralEmulator, boto: Any) -> None:
    emulator.fail("ThrottlingException")
    with pytest.raises(boto.exceptions.ThrottlingException) as caught:
        boto.list_opportunities(Catalog="AWS")
    metadata = caught.value.response["ResponseMetadata"]
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]
    assert caught.value.response["Error"]["Message"] == "Rate exceeded"


def test_botocore_reads_what_is_wrong_with_a_request(boto: Any) -> None:
    with pytest.raises(boto.exceptions.ValidationException) as caught:
        boto.list_opportunities(Catalog="AWS", MaxResults=101)
    assert caught.value.response["ErrorList"][0]["Code"] == "VALUE_OUT_OF_RANGE"


def test_botocore_meets_a_reset_as_a_closed_connection(
    emulator: PartnerCentralEmulator, boto: Any
) -> None:
    emulator.fail(Fault.reset("before"))
    with pytest.raises(botocore.exceptions.ConnectionClosedError):
        boto.list_opportunities(Catalog="AWS")


def test_http_client_meets_a_reset_during_the_body_as_an_incomplete_read(
    emulator: PartnerCentralEmulator, caller: Caller
) -> None:
    emulator.fail(Fault.reset("during"))
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        caller.fetch(MaxResults=100)
