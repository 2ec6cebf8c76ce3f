"""A page larger than AWS's is parsed beside the event loop, and within the attempt's time."""

from __future__ import annotations

import asyncio
import threading

import pytest

from partnercentral_list import ClientConfig, RequestTimeoutError, RetryPolicy
from partnercentral_list._transport import response
from partnercentral_list.models import ResponseMetadata
from tests.conftest import MakeClient
from tests.transport.raw import page, responding

RECORD = b'{"Catalog":"AWS","Id":"O1","New":"%b"}'
LARGE = b'{"OpportunitySummaries":[' + RECORD % (b"x" * 500_000) + b"]}"
UNUSUAL = RECORD % b"\\ud800"

# A thread that waits for the event loop must end if the event loop waits for the thread.
GIVE_UP = 20.0


class HeldParser:
    """Takes the parser's place: parses when it is allowed to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Event()
        self.may_end = threading.Event()
        self.was_released = False
        self._parse_page = response.parse_page
        monkeypatch.setattr(response, "parse_page", self)

    def __call__(self, body: bytes, metadata: ResponseMetadata, most: int) -> response.Page:
        self.entered.set()
        self.was_released = self.may_end.wait(GIVE_UP)
        return self._parse_page(body, metadata, most)


async def test_the_event_loop_runs_while_a_large_page_is_parsed(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = HeldParser(monkeypatch)
    with responding(page(LARGE)) as (port, _):
        client = make_client(f"http://127.0.0.1:{port}")
        call = asyncio.create_task(client.list_opportunities())
        await asyncio.to_thread(parser.entered.wait, GIVE_UP)
        parser.may_end.set()
        (record,) = (await call).opportunity_summaries
    assert parser.was_released
    assert record.id == "O1"


async def test_parsing_a_large_page_ends_with_the_attempts_time(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = HeldParser(monkeypatch)
    retry = RetryPolicy(max_attempts=1, attempt_timeout=0.5)
    with responding(page(LARGE)) as (port, _):
        client = make_client(f"http://127.0.0.1:{port}", retry=retry)
        try:
            with pytest.raises(RequestTimeoutError):
                await client.list_opportunities()
        finally:
            parser.may_end.set()
    assert parser.entered.is_set()


async def test_a_large_page_with_an_invalid_record_is_a_page(make_client: MakeClient) -> None:
    invalid: list[object] = []
    with responding(page(LARGE[:-2] + b"," + UNUSUAL + b"]}")) as (port, _):
        client = make_client(f"http://127.0.0.1:{port}")
        read = await client.list_opportunities(on_invalid=invalid.append)
    assert [record.id for record in read.opportunity_summaries] == ["O1"]
    assert len(invalid) == 1


def test_a_page_has_four_mebibytes_at_most_unless_more_are_allowed() -> None:
    assert ClientConfig().max_response_bytes == 4 * 1024 * 1024
