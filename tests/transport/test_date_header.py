"""The Date header of a response: AWS's own clock, which a sync trusts instead of the local one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.conftest import MakeClient

EMPTY_PAGE = b'{"OpportunitySummaries": []}'
JSON = "application/x-amz-json-1.0"


async def test_a_page_says_when_aws_sent_it(make_client: MakeClient) -> None:
    moment = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    with PartnerCentralEmulator(3, clock=lambda: moment.timestamp() + 0.7) as emulator:
        page = await make_client(emulator).list_opportunities()
    date = page.response_metadata.date
    assert date is not None
    assert (date, date.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Tue, 06 May 2031 09:08:09 +0200", datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("Tue, 06 May 2031 07:08:09 -0000", datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        ("Tue, 06 May 99999 07:08:09 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Tue, 06 May 2031 07:08:09 +99999999999", None),
    ],
)
async def test_a_date_header_that_cannot_be_parsed_is_none(
    header: str, date: datetime | None, make_client: MakeClient
) -> None:
    response = Fault.http(200, EMPTY_PAGE, content_type=JSON, headers={"Date": header})
    with PartnerCentralEmulator(3, faults=[response]) as emulator:
        page = await make_client(emulator).list_opportunities()
    assert page.response_metadata.date == date
