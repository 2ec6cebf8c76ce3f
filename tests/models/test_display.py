"""Display in a notebook and by rich: complete, escaped, and of limited size."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from partnercentral_list import OpportunitySummary, PartnerCentralClient
from partnercentral_list.models import ListOpportunitiesResponse
from partnercentral_list.models.columns import COLUMNS, SPEND_COLUMNS
from partnercentral_list.models.response import OpportunityList
from partnercentral_list.sync import ApplyReport, OpportunityChange, ReconcileReport, SyncReport
from tests.models.records import marked_record, records

HOSTILE = "<script>alert(1)</script> & [red]\x1b[31m \ud800"


def parsed(record: Any) -> OpportunitySummary:
    return OpportunitySummary.model_validate_json(json.dumps(record))


def named(company: str, number: int = 1) -> dict[str, Any]:
    return {
        "Id": f"O{number}",
        "Catalog": "AWS",
        "Customer": {"Account": {"CompanyName": company}},
        "LifeCycle": {"Stage": "Qualified", "TargetCloseDate": "2027-06-01"},
        "Project": {
            "ExpectedCustomerSpend": [
                {"Amount": "1234.50", "CurrencyCode": "USD", "Frequency": "Monthly"},
                {"Amount": "", "CurrencyCode": "EUR"},
            ]
        },
    }


def page_of(*wire: Any) -> ListOpportunitiesResponse:
    return ListOpportunitiesResponse.model_validate_json(json.dumps({"OpportunitySummaries": wire}))


class Cells(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.note = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self._tag = tag

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag == "p":
            self.note += data
        else:
            self.rows[-1][-1] += data


def html_of(value: Any) -> Cells:
    html = value._repr_html_()
    html.encode()
    return Cells(html)


def printed(value: Any, width: int = 300) -> str:
    console = Console(width=width, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(value)
    return capture.get()


def test_a_page_is_one_row_for_each_opportunity() -> None:
    cells = html_of(page_of(named("Heron"), named("Kite", 2)))
    assert cells.rows == [
        ["id", "company", "stage", "review status", "target close", "spend", "last change"],
        ["O1", "Heron", "Qualified", "", "2027-06-01", "1,234.50 USD monthly", ""],
        ["O2", "Kite", "Qualified", "", "2027-06-01", "1,234.50 USD monthly", ""],
    ]
    assert cells.note == "2 opportunities"
    assert html_of(page_of()).note == "0 opportunities"


async def test_what_is_collected_shows_its_first_twenty() -> None:
    async with PartnerCentralClient.demo(30) as client:
        collected = await client.iter_opportunities().collect()
        scanned = await client.scan_opportunities().collect()
    for opportunities in (collected, scanned):
        cells = html_of(opportunities)
        assert [row[0] for row in cells.rows[1:]] == [item.id for item in opportunities[:20]]
        assert cells.note == "the first 20 of 30 opportunities"
        assert "the first 20 of 30" in printed(opportunities)
    assert type(collected) is not list
    assert collected == list(collected)


def test_an_opportunity_shows_every_value_by_its_path() -> None:
    opportunity = parsed(marked_record())
    rows = dict(html_of(opportunity).rows[1:])
    assert rows["customer.account.address.city"] == "marked.Customer.Account.Address.City"
    assert rows["project.expected_customer_spend[0].amount"] == "86420975.31"
    assert rows["created_date"] == "2027-03-04 05:06"
    delivery_models = 1
    assert len(rows) == len(COLUMNS) + len(SPEND_COLUMNS) + delivery_models


@given(records("OpportunitySummary"))
def test_any_opportunity_can_be_shown(pair: Any) -> None:
    opportunity = parsed(pair[0])
    for value in (opportunity, page_of(pair[0])):
        assert html_of(value).tags <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
        assert "\x1b" not in printed(value)


def test_a_hostile_name_is_only_text() -> None:
    opportunity = OpportunitySummary.model_validate(named(HOSTILE))
    page = ListOpportunitiesResponse(opportunity_summaries=(opportunity,))
    for value in (opportunity, page):
        cells = html_of(value)
        assert "script" not in cells.tags
        assert any(
            "<script>alert(1)</script> & [red]" in cell for row in cells.rows for cell in row
        )
        text = printed(value)
        assert "[red]\\u001b[31m" in text
        assert "\x1b" not in text


def test_a_repr_stays_redacted() -> None:
    assert "Heron" not in repr(parsed(named("Heron")))
    assert "Heron" not in repr(page_of(named("Heron")))


@pytest.mark.parametrize("show", [repr, str])
def test_a_repr_says_once_how_to_see_what_is_redacted(show: Callable[[object], str]) -> None:
    page = page_of(named("Heron"), named("Kite", 2))
    opportunity = page.opportunity_summaries[0]
    assert opportunity.customer is not None
    some = OpportunityList(page.opportunity_summaries)
    for value in (page, opportunity, opportunity.customer.account, some, some[:1]):
        text = show(value)
        assert text.count("model_dump()") == 1
        assert text.endswith("  # model_dump() shows what is <redacted>")
        assert "\n" not in text


def test_a_repr_in_which_nothing_is_redacted_has_no_hint() -> None:
    assert "model_dump" not in repr(parsed({"Id": "O1", "Catalog": "AWS"}))
    assert repr(OpportunityList()) == "[]"


def test_slices_and_sums_of_what_is_collected_are_shown_as_tables() -> None:
    one, other = parsed(named("Heron")), parsed(named("Kite", 2))
    opportunities = OpportunityList([one, other, one])
    first: OpportunityList = opportunities[:2]
    others, texts = [other], ["text"]
    total: OpportunityList = opportunities + others
    assert html_of(first).note == "2 opportunities"
    assert html_of(opportunities[::-2]).note == "2 opportunities"
    assert html_of(total).note == "4 opportunities"
    assert (first, total) == ([one, other], [one, other, one, other])
    assert opportunities[1] is other
    mixed = opportunities + texts
    assert (type(mixed), len(mixed)) == (list, 4)


DIGITS = st.text("123456789", min_size=1, max_size=31)


@given(st.lists(st.tuples(DIGITS, DIGITS), min_size=1, max_size=3), st.integers(40, 130))
def test_rich_cuts_no_identifier_date_or_amount(values: list[tuple[str, str]], width: int) -> None:
    records: list[dict[str, Any]] = []
    for number, amount in values:
        spends = [{"Amount": amount, "CurrencyCode": "USD", "Frequency": "Monthly"}]
        records.append({**named("Heron Bay Consulting Group"), "Id": f"O{number}"})
        records[-1]["LastModifiedDate"] = "2026-05-06T07:08:09Z"
        records[-1]["Project"] = {"ExpectedCustomerSpend": spends}
    page = page_of(*records)
    text = printed(page, width)
    assert "…" not in text
    assert all(cell_len(line) <= width for line in text.splitlines())
    shown = Counter(text.replace(",", ""))
    for digit in "123456789":
        expected = sum((number + amount).count(digit) for number, amount in values)
        dates = len(values) * "2027-06-01 2026-05-06 07:08".count(digit)
        assert shown[digit] == expected + dates + str(len(values)).count(digit)


def test_rich_breaks_no_number_or_date_at_80_columns() -> None:
    record = named("Heron Bay Consulting Group")
    record |= {"Id": "O6978921", "LastModifiedDate": "2026-11-25T10:20:30Z"}
    record["LifeCycle"]["Stage"] = "Technical Validation"
    record["LifeCycle"]["ReviewStatus"] = "Pending Submission"
    record["Project"]["ExpectedCustomerSpend"] = [
        {"Amount": amount, "CurrencyCode": "USD", "Frequency": "Monthly"}
        for amount in ("99999999.25", "7")
    ]
    words = printed(page_of(record), 80).split()
    assert {"O6978921", "2026-11-25", "2027-06-01", "99,999,999.25", "7"} <= {*words}
    assert "monthly," not in words


def test_rich_shows_paths_in_full_at_80_columns() -> None:
    record = marked_record()
    words = {line.split()[0] for line in printed(parsed(record), 80).splitlines()}
    assert {*dict(html_of(parsed(record)).rows)} <= words


@pytest.mark.parametrize(
    ("report", "rows"),
    [
        (
            SyncReport(1, 2, 3, 0, 0, 7, datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
            {"created": "1", "requests": "7", "watermark": "2026-11-26 10:30"},
        ),
        (
            ApplyReport(
                (OpportunityChange("created", None, parsed(named("Heron"))),), 0, 0, ("O9",), 1
            ),
            {"changes": "1", "pending": "1: O9"},
        ),
        (
            ReconcileReport(
                SyncReport(0, 0, 0, 0, 0, 1, None),
                *(30, (), (), (), tuple(f"O{number}" for number in range(25)), 0, 3),
            ),
            {"listed": "30", "gone": f"25: {', '.join(f'O{n}' for n in range(20))}, …"},
        ),
    ],
)
def test_a_report_shows_its_values(report: Any, rows: dict[str, str]) -> None:
    shown = dict(html_of(report).rows[1:])
    assert rows.items() <= shown.items()
    assert "Heron" not in printed(report)
    assert "requests" in printed(report)
