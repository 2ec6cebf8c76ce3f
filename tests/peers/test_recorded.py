"""Exchanges that were recorded elsewhere, with made-up values: the emulator responses the same.

``aws_cli_v2.json`` holds what AWS CLI 2.36 sent to another server than ours and printed of its
responses, ``launch_day.json`` an exchange with AWS itself on the day on which the API was launched.
"""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator
from tests.expected import expected_ids
from tests.peers.compare import canonical, token_content
from tests.peers.peers import Library, Peer
from tests.peers.responses import NAMES, RESUMING

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "recorded"
PIPELINE: list[Json] = json.loads((FOLDER / "opportunities.json").read_text("utf-8"))
EXCHANGES: list[Json] = json.loads((FOLDER / "aws_cli_v2.json").read_text("utf-8"))
LAUNCH_DAY: Json = json.loads((FOLDER / "launch_day.json").read_text("utf-8"))
# Where the recording server chose otherwise, by the request: docs/peers.md says why we did not.
DIFFERENT: dict[str, str] = {
    '{"Catalog": "AWS", "Sort": {"SortBy": "TargetCloseDate", "SortOrder": "ASCENDING"}}': (
        "records without a date: first there, last here"
    ),
    '{"Catalog": "AWS", "Identifier": ["X1"]}': "no such Id there, a ValidationException here",
    '{"Catalog": "A B"}': "an empty catalog there, a ValidationException here",
}


def is_same(exchange: Json) -> bool:
    return json.dumps(exchange["request"]) not in DIFFERENT


def named(exchanges: list[Json]) -> list[Any]:
    return [
        pytest.param(exchange, id=f"{number} {json.dumps(exchange['request'])[:60]}")
        for number, exchange in enumerate(exchanges)
    ]


# The CLI cuts a response with --max-items after the request: its request alone is another exchange.
SAME = [exchange for exchange in EXCHANGES if is_same(exchange)]
WHOLE = [exchange for exchange in SAME if exchange["max_items"] is None]
CUT = [exchange for exchange in SAME if (exchange["max_items"] or 0) > 0]


@pytest.fixture(scope="module")
def recorded(peers: object) -> Any:
    with PartnerCentralEmulator(PIPELINE) as emulator:
        yield emulator


def post(emulator: PartnerCentralEmulator, body: Json) -> tuple[int, Json]:
    host = emulator.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host)
    headers = {
        "X-Amz-Target": "AWSPartnerCentralSelling.ListOpportunities",
        "Content-Type": "application/x-amz-json-1.0",
    }
    connection.request("POST", "/", json.dumps(body), headers)
    response = connection.getresponse()
    content: Json = json.loads(response.read())
    connection.close()
    return response.status, content


def replay(emulator: PartnerCentralEmulator, exchange: Json) -> tuple[int, list[Json], Json]:
    """Send the recorded request, and the pages after it as the CLI did."""
    sent, records = 1, []
    status, response = post(emulator, exchange["request"])
    records += response.get("OpportunitySummaries", [])
    while response.get("NextToken") and not exchange["one_page"]:
        token = {"NextToken": response["NextToken"]}
        status, response = post(emulator, exchange["request"] | token)
        records += response["OpportunitySummaries"]
        sent += 1
    assert (status == 200) == ("error" not in exchange)
    return sent, records, response


@pytest.mark.parametrize("exchange", named(WHOLE))
def test_a_recorded_request_gets_the_recorded_response(
    exchange: Json, recorded: PartnerCentralEmulator
) -> None:
    sent, records, response = replay(recorded, exchange)
    assert sent == exchange["requests"]
    if "error" in exchange:
        assert response["__type"].endswith("#" + exchange["error"])
        return
    by_id = {record["Id"]: record for record in PIPELINE}
    assert records == [by_id[id_] for id_ in exchange["ids"]]
    assert bool(response.get("NextToken")) == bool(exchange["token"])


@pytest.mark.parametrize("name", RESUMING)
@pytest.mark.parametrize("exchange", named(CUT))
def test_a_recorded_cut_is_made_by_every_peer(
    exchange: Json, name: str, recorded: PartnerCentralEmulator, peers: dict[str, Peer | Library]
) -> None:
    # The library reads 100 to a page where none is said, and a token names a place on a page.
    parameters = {"Catalog": exchange["request"]["Catalog"]}
    size = exchange["request"].get("MaxResults", 20)
    case = {"url": recorded.url, "call": "items", "parameters": parameters, "page_size": size}
    response = peers[name].send(case | {"max_items": exchange["max_items"], "starting_token": None})
    assert [record["Id"] for record in response["records"]] == exchange["ids"]
    assert token_content(response["token"]) == exchange["token"]


@pytest.mark.parametrize("exchange", named([e for e in EXCHANGES if not is_same(e)]))
def test_where_we_chose_otherwise_we_still_do(
    exchange: Json, recorded: PartnerCentralEmulator
) -> None:
    status, response = post(recorded, exchange["request"] | {"MaxResults": 100})
    if status == 200:
        ids = [record["Id"] for record in response["OpportunitySummaries"]]
        assert ids != exchange["ids"]
        assert ids == expected_ids(PIPELINE, exchange["request"])
    else:
        assert response["__type"].endswith("#ValidationException")


def test_the_recordings_hold_every_kind_of_request() -> None:
    members = {name for exchange in EXCHANGES for name in exchange["request"]}
    assert members == {
        *("Catalog", "Identifier", "LifeCycleStage", "LifeCycleReviewStatus"),
        *("CustomerCompanyName", "LastModifiedDate", "CreatedDate", "TargetCloseDate"),
        *("Sort", "MaxResults", "NextToken"),
    }
    assert len(WHOLE) >= 25
    assert len(CUT) >= 4
    assert len(DIFFERENT) == len(EXCHANGES) - len(SAME)


def test_the_exchange_of_the_launch_day_is_reproduced() -> None:
    (record,) = LAUNCH_DAY["response"]["OpportunitySummaries"]
    others = [r for r in PIPELINE if r["LifeCycle"]["Stage"] != "Launched"]
    with PartnerCentralEmulator([*others, record]) as emulator:
        status, response = post(emulator, LAUNCH_DAY["request"])
    assert status == 200
    assert response["OpportunitySummaries"] == [record]
    assert response.get("NextToken") is None


@pytest.mark.parametrize("name", NAMES)
def test_the_exchange_of_the_launch_day_through_every_peer(
    name: str, peers: dict[str, Peer | Library]
) -> None:
    wanted = LAUNCH_DAY["response"]["OpportunitySummaries"]
    paging = {"page_size": None, "max_items": None, "starting_token": None}
    with PartnerCentralEmulator(wanted) as emulator:
        case = {"url": emulator.url, "call": "items", "parameters": LAUNCH_DAY["request"]}
        response = peers[name].send(case | paging)
    assert response["error"] is None
    assert canonical(response["records"]) == canonical(wanted)
