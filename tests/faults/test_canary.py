"""No sensitive value leaks, whatever goes wrong: logs, events, errors, reprs."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from partnercentral_list import (
    InvalidOpportunity,
    OpportunitySummary,
    PartnerCentralClient,
    PartnerCentralError,
    ServiceError,
)
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.faults.cases import CASES, Case
from tests.faults.matrix import Altered, Hit, Listing, Loop, combinations
from tests.models.records import SENSITIVE, marked_record

LOGGER = "partnercentral_list"
CANARIES = ("Canary", "86420975", *(f"marked{path}" for path in SENSITIVE))


def records() -> list[dict[str, Any]]:
    """Records whose every sensitive member can be recognized."""
    made = []
    for number in range(25):
        record = marked_record() | {"Id": f"O{number + 1}", "Catalog": "AWS"}
        made.append(json.loads(json.dumps(record)))
    return made


def test_the_records_have_every_sensitive_member() -> None:
    text = json.dumps(records()[0])
    values = [path for path in SENSITIVE if not path.endswith(".Amount")]
    assert all(f"marked{path}" in text for path in values)
    assert "86420975" in text
    assert {path.rpartition(".")[2] for path in SENSITIVE} == {
        "Amount",
        "City",
        "CompanyName",
        "CountryCode",
        "CurrencyCode",
        "NextSteps",
        "PostalCode",
        "StateOrRegion",
        "WebsiteUrl",
    }


def texts_of(error: BaseException) -> Iterator[str]:
    """Everything that a program may show of an error."""
    yield from (str(error), repr(error), repr(error.args))
    yield "".join(traceback.format_exception(error))
    for chained in (error.__cause__, error.__context__):
        if chained is not None:
            yield from texts_of(chained)


def texts_of_ours(error: PartnerCentralError) -> Iterator[str]:
    yield from texts_of(error)
    yield from texts_of(pickle.loads(pickle.dumps(error)))
    shown = {name: value for name, value in vars(error).items() if name != "invalid"}
    yield repr(shown)
    invalid = getattr(error, "invalid", None)
    if isinstance(invalid, InvalidOpportunity):
        yield from (repr(invalid), str(invalid), str(invalid.problems))


async def everything_said(hit: Hit) -> list[str]:
    """List, and collect whatever was raised, emitted or can be shown."""
    said: list[str] = []
    invalid: list[InvalidOpportunity] = []
    client = hit.client()
    for on_invalid in ("raise", invalid.append):
        try:
            pager = hit.listing(client, on_invalid=on_invalid)
            async for opportunity in pager:
                said.append(f"{opportunity!r} {opportunity}")
        except PartnerCentralError as error:
            said += texts_of_ours(error)
            if isinstance(error, ServiceError):
                said.append(error.message)
        said.append(f"{client!r} {pager!r} {pager.resume_token}")
    said += [f"{event!r} {event}" for event in hit.events]
    said += [f"{record!r} {record}" for record in invalid]
    await client.aclose()
    return said


def listen(case: Case, page: int, times: int | None, kind: type[Hit] = Hit) -> list[str]:
    with PartnerCentralEmulator(records()) as emulator:
        hit = kind(case, page, times, emulator)
        with hit.connecting(), asyncio.Runner(loop_factory=Loop) as runner:
            return runner.run(everything_said(hit))


ONCE_EACH = [(case, page, times) for case, page, times in combinations(CASES) if page == 2]
OF_THE_SOURCE = ("credentials that cannot be fetched", "credentials that are wrong")


@pytest.mark.parametrize(
    ("case", "page", "times"), ONCE_EACH, ids=lambda value: "always" if value is None else value
)
def test_nothing_sensitive_is_shown(
    case: Case, page: int, times: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    check_that_nothing_sensitive_is_shown(case, page, times, caplog)


def check_that_nothing_sensitive_is_shown(
    case: Case,
    page: int,
    times: int | None,
    caplog: pytest.LogCaptureFixture,
    kind: type[Hit] = Hit,
) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)
    said = listen(case, page, times, kind)
    said += [
        f"{record.getMessage()} {record.exc_text} {record.__dict__}"
        for record in caplog.records
        if record.name.startswith(LOGGER)
    ]
    assert len(said) > 10
    canaries = CANARIES[1:] if case.name in OF_THE_SOURCE else CANARIES
    for text in said:
        assert [canary for canary in canaries if canary in text] == []


def test_what_a_credentials_callable_raised_is_the_cause() -> None:
    (case,) = [case for case in CASES if case.name == OF_THE_SOURCE[0]]
    assert any("Canary vault" in text for text in listen(case, 1, None))


def test_a_record_that_is_printed_on_purpose_shows_everything() -> None:
    record = OpportunitySummary.model_validate(records()[0])
    dumped = json.dumps(record.model_dump(mode="json", by_alias=True))
    assert all(canary in dumped for canary in CANARIES[1:] if not canary.endswith(".Amount"))


@pytest.mark.parametrize("leak", ["chained", "message", "logged"])
def test_a_leak_is_seen(leak: str, caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps(records())

    class Leaky(Altered):
        def change(self, error: PartnerCentralError) -> Exception | None:
            if leak == "chained":
                error.__cause__ = ValueError(body)
            if leak == "message":
                error.args = (f"{error.args[0]} {body}",)
            if leak == "logged":
                logging.getLogger(LOGGER).debug("page %s", body)
            return error

    class Leaking(Hit):
        def listing(self, client: PartnerCentralClient, **options: Any) -> Listing:
            return Leaky(super().listing(client, **options))

    (case,) = [case for case in CASES if case.name == "half of the body"]
    check_that_nothing_sensitive_is_shown(case, 2, None, caplog)
    with pytest.raises(AssertionError):
        check_that_nothing_sensitive_is_shown(case, 2, None, caplog, Leaking)
