from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, ValidationError

from partnercentral_list.models import (
    Catalog,
    CountryCode,
    CurrencyCode,
    CustomerSummary,
    ExpectedCustomerSpend,
    Industry,
    LifeCycleSummary,
    ListOpportunitiesResponse,
    OpportunitySummary,
    PaymentFrequency,
    ProjectSummary,
    ResponseMetadata,
    ReviewStatus,
    Stage,
)
from partnercentral_list.models.response import ResponseSource
from tests.models import records

SMALLEST = {"Catalog": "AWS", "Id": "O5550001"}

#: As AWS sends them: nearly every member, several of them null.
RECORD: dict[str, Any] = {
    "Arn": None,
    "Catalog": "AWS",
    "CreatedDate": "2027-01-02T03:04:05Z",
    "Customer": {
        "Account": {
            "Address": {
                "City": None,
                "CountryCode": "PT",
                "PostalCode": "4000-007",
                "StateOrRegion": None,
            },
            "CompanyName": "Blue Heron Bakery",
            "Industry": "Consumer Goods",
            "OtherIndustry": None,
            "WebsiteUrl": "www.blueheron.example",
        }
    },
    "Id": "O5550001",
    "LastModifiedDate": "2027-01-03T04:05:06.789Z",
    "LifeCycle": {
        "ClosedLostReason": None,
        "NextSteps": "Call Ines about the ovens",
        "ReviewComments": None,
        "ReviewStatus": "In review",
        "ReviewStatusReason": None,
        "Stage": "Committed",
        "TargetCloseDate": "2027-09-30",
    },
    "OpportunityType": "Expansion",
    "PartnerOpportunityIdentifier": None,
    "Project": {
        "DeliveryModels": ["SaaS or PaaS", "Other"],
        "ExpectedContractDuration": {"Term": "Months", "Value": "36"},
        "ExpectedCustomerSpend": [
            {
                "Amount": "1204.5",
                "CurrencyCode": "EUR",
                "EstimationUrl": None,
                "Frequency": "Monthly",
                "TargetCompany": "AWS",
            }
        ],
    },
}


def parse(record: dict[str, Any]) -> OpportunitySummary:
    return OpportunitySummary.model_validate_json(json.dumps(record))


def summary(**members: Any) -> OpportunitySummary:
    return parse(SMALLEST | members)


def wire(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


# A whole record


def test_the_dump_of_a_record_is_the_record_without_nulls() -> None:
    expected = without_nulls(RECORD) | {"LastModifiedDate": "2027-01-03T04:05:06.789000Z"}
    assert wire(parse(RECORD)) == expected


def test_a_record_parses_the_same_from_a_dict() -> None:
    assert OpportunitySummary.model_validate(RECORD) == parse(RECORD)


def test_a_dump_parses_again() -> None:
    opportunity = parse(RECORD)
    assert parse(wire(opportunity)) == opportunity


def test_a_python_dump_parses_again() -> None:
    opportunity = parse(RECORD)
    assert OpportunitySummary.model_validate(opportunity.model_dump()) == opportunity


@given(records.records("OpportunitySummary"))
def test_any_record_is_kept_without_its_nulls(pair: records.Pair) -> None:
    sent, kept = pair
    assert wire(parse(sent)) == kept


@given(records.records("OpportunitySummary"))
def test_any_record_equals_itself_without_nulls(pair: records.Pair) -> None:
    sent, kept = pair
    assert parse(sent) == parse(kept)


@given(records.records("OpportunitySummary"))
def test_any_record_can_be_pickled(pair: records.Pair) -> None:
    opportunity = parse(pair[0])
    assert pickle.loads(pickle.dumps(opportunity)) == opportunity


# Required


def test_an_id_and_a_catalog_are_enough() -> None:
    assert wire(parse(SMALLEST)) == SMALLEST


@pytest.mark.parametrize("member", ["Id", "Catalog"])
@pytest.mark.parametrize("change", [{}, {"Id": None, "Catalog": None}], ids=["absent", "null"])
def test_is_required(member: str, change: dict[str, None]) -> None:
    record = {name: value for name, value in SMALLEST.items() if name != member}
    record |= {name: value for name, value in change.items() if name == member}
    with pytest.raises(ValidationError) as refusal:
        parse(record)
    assert {error["loc"][0] for error in refusal.value.errors()} == {member}


def test_a_page_needs_its_records() -> None:
    with pytest.raises(ValidationError, match="OpportunitySummaries"):
        ListOpportunitiesResponse.model_validate({"NextToken": None})


# Null and absent


def full_record() -> dict[str, Any]:
    record: dict[str, Any] = records.marked_record()
    return record


def with_null(path: str) -> dict[str, Any]:
    record = full_record()
    parent, _, name = path.rpartition(".")
    records.at(record, parent)[name] = None
    return record


def without(path: str) -> dict[str, Any]:
    record = full_record()
    parent, _, name = path.rpartition(".")
    del records.at(record, parent)[name]
    return record


@pytest.mark.parametrize("path", records.OPTIONAL)
def test_null_equals_absent(path: str) -> None:
    assert parse(with_null(path)) == parse(without(path))


@pytest.mark.parametrize("path", records.OPTIONAL)
def test_null_hashes_like_absent(path: str) -> None:
    assert hash(parse(with_null(path))) == hash(parse(without(path)))


@pytest.mark.parametrize("path", records.OPTIONAL)
def test_null_leaves_the_wire_form_like_absent(path: str) -> None:
    assert wire(parse(with_null(path))) == wire(parse(without(path)))


@pytest.mark.parametrize("path", records.STRUCTURES)
def test_an_unknown_member_that_is_null_equals_an_absent_one(path: str) -> None:
    record = full_record()
    records.at(record, path)["NewMember"] = None
    assert parse(record) == parse(full_record())


@pytest.mark.parametrize("path", records.STRUCTURES)
def test_an_unknown_member_that_is_null_leaves_the_wire_form(path: str) -> None:
    record = full_record()
    records.at(record, path)["NewMember"] = None
    assert wire(parse(record)) == wire(parse(full_record()))


def test_an_unknown_member_of_a_page_that_is_null_equals_an_absent_one() -> None:
    response = {"OpportunitySummaries": []}
    assert ListOpportunitiesResponse.model_validate(
        response | {"Total": None}
    ) == ListOpportunitiesResponse.model_validate(response)


# Unknown values and members


@pytest.mark.parametrize("path", records.ENUMS)
def test_an_unknown_value_says_so(path: str) -> None:
    assert records.attribute_at(parse(full_record()), path).is_known is False


@pytest.mark.parametrize("path", records.ENUMS)
def test_an_unknown_value_equals_its_string(path: str) -> None:
    assert records.attribute_at(parse(full_record()), path) == f"marked{path}"


@pytest.mark.parametrize("path", records.ENUMS)
def test_an_unknown_value_is_sent_on_as_it_came(path: str) -> None:
    assert records.at(wire(parse(full_record())), path) == f"marked{path}"


def test_an_unknown_value_is_of_its_enumeration() -> None:
    assert isinstance(summary(LifeCycle={"Stage": "Paused"}).stage, Stage)


def test_a_known_value_is_the_declared_member() -> None:
    assert summary(LifeCycle={"Stage": "Committed"}).stage is Stage.COMMITTED


def test_the_one_time_frequency_of_aws_documentation_is_an_unknown_value() -> None:
    assert repr(ExpectedCustomerSpend.model_validate({"Frequency": "None"}).frequency) == (
        "PaymentFrequency.unknown('None')"
    )


@pytest.mark.parametrize("value", [7, True, ["Committed"], {"Stage": "Committed"}])
def test_what_is_no_string_is_no_value(value: Any) -> None:
    with pytest.raises(ValidationError, match="Stage"):
        summary(LifeCycle={"Stage": value})


def test_bytes_are_no_value() -> None:
    with pytest.raises(ValidationError, match="Stage"):
        LifeCycleSummary.model_validate({"Stage": b"Paused"})


@pytest.mark.parametrize("path", records.STRUCTURES)
def test_an_unknown_member_is_kept(path: str) -> None:
    record = full_record()
    records.at(record, path)["NewMember"] = {"Deep": [1, "two", None]}
    model = records.attribute_at(parse(record), path)
    assert model.model_extra == {"NewMember": {"Deep": [1, "two", None]}}


@pytest.mark.parametrize("path", records.STRUCTURES)
def test_an_unknown_member_is_sent_on_as_it_came(path: str) -> None:
    record = full_record()
    records.at(record, path)["NewMember"] = {"Deep": [1, "two", None]}
    assert records.at(wire(parse(record)), path)["NewMember"] == {"Deep": [1, "two", None]}


def test_records_with_different_unknown_members_differ() -> None:
    assert summary(NewMember=1) != summary(NewMember=2)


def test_an_unknown_member_of_a_page_is_kept() -> None:
    page = ListOpportunitiesResponse.model_validate({"OpportunitySummaries": [], "Total": 3})
    assert wire(page) == {"OpportunitySummaries": [], "Total": 3}


@pytest.mark.parametrize(
    ("members", "kept"),
    [
        ({"Customer": {"Account": {"WebsiteUrl": "null"}}}, "null"),
        ({"Customer": {"Account": {"WebsiteUrl": "x"}}}, "x"),
        ({"LifeCycle": {"NextSteps": "n" * 300}}, "n" * 300),
        ({"Project": {"ExpectedContractDuration": {"Value": "three years"}}}, "three years"),
        ({"Project": {"ExpectedCustomerSpend": [{"EstimationUrl": "soon"}]}}, "soon"),
        ({"Arn": "no arn"}, "no arn"),
        ({"Id": "opportunity 1"}, "opportunity 1"),
    ],
    ids=["null", "short", "long", "duration", "estimation", "arn", "id"],
)
def test_free_text_is_kept_whatever_its_pattern(members: dict[str, Any], kept: str) -> None:
    assert json.dumps(kept) in summary(**members).model_dump_json(by_alias=True)


def test_more_than_ten_amounts_are_kept() -> None:
    spends = [{"Amount": str(number)} for number in range(12)]
    project = summary(Project={"ExpectedCustomerSpend": spends}).project
    assert project is not None
    assert len(project.expected_customer_spend or ()) == 12


# Timestamps


@pytest.mark.parametrize("member", ["LastModifiedDate", "CreatedDate"])
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-03-04T05:06:07Z", datetime(2027, 3, 4, 5, 6, 7, 0, UTC)),
        ("2027-03-04T05:06:07.8Z", datetime(2027, 3, 4, 5, 6, 7, 800_000, UTC)),
        ("2027-03-04T05:06:07.089Z", datetime(2027, 3, 4, 5, 6, 7, 89_000, UTC)),
        ("2027-03-04T05:06:07.000001Z", datetime(2027, 3, 4, 5, 6, 7, 1, UTC)),
        ("2027-03-04T05:06:07.12345678Z", datetime(2027, 3, 4, 5, 6, 7, 123_456, UTC)),
        ("2027-03-04T05:06:07.999999999Z", datetime(2027, 3, 4, 5, 6, 7, 999_999, UTC)),
        ("2027-03-04T05:06:07+00:00", datetime(2027, 3, 4, 5, 6, 7, 0, UTC)),
        ("2027-03-04T05:06:07-09:30", datetime(2027, 3, 4, 14, 36, 7, 0, UTC)),
        ("2027-03-04T00:30:00.5+05:30", datetime(2027, 3, 3, 19, 0, 0, 500_000, UTC)),
        ("2027-03-04T05:06:07", datetime(2027, 3, 4, 5, 6, 7, 0, UTC)),
        (1_804_136_767, datetime(2027, 3, 4, 5, 6, 7, 0, UTC)),
    ],
    ids=str,
)
class TestTimestamp:
    def test_is_read(self, member: str, text: Any, moment: datetime) -> None:
        assert records.attribute_at(summary(**{member: text}), f".{member}") == moment

    def test_is_in_utc(self, member: str, text: Any, moment: datetime) -> None:
        read = records.attribute_at(summary(**{member: text}), f".{member}")
        assert read.utcoffset() == timedelta(0)

    def test_is_in_utc_when_it_comes_from_a_dict(
        self, member: str, text: Any, moment: datetime
    ) -> None:
        read = OpportunitySummary.model_validate(SMALLEST | {member: text})
        assert records.attribute_at(read, f".{member}").utcoffset() == timedelta(0)


def test_a_datetime_of_botocores_parser_is_taken() -> None:
    moment = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
    read = OpportunitySummary.model_validate(SMALLEST | {"CreatedDate": moment})
    assert read.created_date == moment


@pytest.mark.parametrize("text", ["", "soon", "2027-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="LastModifiedDate"):
        summary(LastModifiedDate=text)


# Amounts


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        ("", None),
        (None, None),
        ("0", Decimal(0)),
        ("531.0", Decimal("531.0")),
        ("5.", Decimal(5)),
        ("0.1", Decimal("0.1")),
        ("123456789012345678901234567890", Decimal("123456789012345678901234567890")),
        ("9" * 31 + ".99", Decimal("9" * 31 + ".99")),
    ],
)
def test_an_amount_is_exact(sent: Any, amount: Decimal | None) -> None:
    spend = ExpectedCustomerSpend.model_validate_json(json.dumps({"Amount": sent}))
    assert spend.amount == amount


@pytest.mark.parametrize("sent", ["531.0", "0.10", "9" * 31 + ".99", "1000000"])
def test_an_amount_is_sent_on_digit_by_digit(sent: str) -> None:
    assert wire(ExpectedCustomerSpend.model_validate({"Amount": sent})) == {"Amount": sent}


@pytest.mark.parametrize("sent", ["EUR 5", "NaN", "Infinity", "1,000"])
def test_what_is_no_amount_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError, match="Amount"):
        ExpectedCustomerSpend.model_validate({"Amount": sent})


# monthly_spend

Spend = dict[str, Any]


def spend(amount: str | None = "100", **members: Any) -> Spend:
    usual = {"CurrencyCode": "USD", "Frequency": "Monthly", "TargetCompany": "AWS"}
    return {"Amount": amount, **usual, **members}


def with_spends(*spends: Spend) -> OpportunitySummary:
    return summary(Project={"ExpectedCustomerSpend": list(spends)})


def test_monthly_spend_is_the_one_amount() -> None:
    assert with_spends(spend("531.0")).monthly_spend("USD") == Decimal("531.0")


def test_monthly_spend_adds_up_the_estimates() -> None:
    opportunity = with_spends(spend("100.10"), spend("0.20", TargetCompany="Self"))
    assert opportunity.monthly_spend("USD") == Decimal("100.30")


def test_monthly_spend_adds_up_long_amounts_exactly() -> None:
    opportunity = with_spends(spend("9" * 31), spend("0.01"))
    assert opportunity.monthly_spend("USD") == Decimal("9" * 31 + ".01")


def test_monthly_spend_leaves_out_other_currencies() -> None:
    opportunity = with_spends(spend("1"), spend("2", CurrencyCode="EUR"))
    assert opportunity.monthly_spend(CurrencyCode.EUR) == Decimal(2)


def test_monthly_spend_leaves_out_other_companies() -> None:
    opportunity = with_spends(spend("1"), spend("2", TargetCompany="Self"))
    assert opportunity.monthly_spend("USD", target_company="Self") == Decimal(2)


def test_a_monthly_spend_of_zero_is_zero() -> None:
    assert with_spends(spend("0")).monthly_spend("USD") == Decimal(0)


@pytest.mark.parametrize(
    "opportunity",
    [
        summary(),
        summary(Project=None),
        summary(Project={}),
        summary(Project={"ExpectedCustomerSpend": None}),
        with_spends(),
        with_spends(spend(CurrencyCode="EUR")),
        with_spends(spend(CurrencyCode=None)),
    ],
    ids=["absent", "null", "empty project", "null list", "empty list", "other", "no currency"],
)
def test_monthly_spend_is_none_where_nothing_matches(opportunity: OpportunitySummary) -> None:
    assert opportunity.monthly_spend("USD") is None


@pytest.mark.parametrize(
    "doubtful",
    [
        spend(None),
        spend(""),
        spend(Frequency=None),
        spend(Frequency="None"),
        spend(Frequency="Yearly"),
    ],
    ids=["no amount", "empty amount", "no frequency", "one time", "yearly"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_monthly_spend_is_none_where_one_that_matches_is_doubtful(
    doubtful: Spend, place: int
) -> None:
    spends = [spend()]
    spends.insert(place, doubtful)
    assert with_spends(*spends).monthly_spend("USD") is None


@pytest.mark.parametrize(
    "doubtful",
    [spend(None, TargetCompany="Self"), spend(Frequency="Yearly", TargetCompany=None)],
    ids=["no amount", "yearly"],
)
def test_monthly_spend_of_one_company_does_not_depend_on_the_others(doubtful: Spend) -> None:
    opportunity = with_spends(doubtful, spend("7"))
    assert opportunity.monthly_spend("USD", target_company="AWS") == Decimal(7)


def test_monthly_spend_in_one_currency_does_not_depend_on_the_others() -> None:
    opportunity = with_spends(spend(None, CurrencyCode="EUR"), spend("7"))
    assert opportunity.monthly_spend("USD") == Decimal(7)


@pytest.mark.parametrize("code", ["usd", "US Dollar", ""])
def test_monthly_spend_in_no_currency_is_a_value_error(code: str) -> None:
    with pytest.raises(ValueError, match=r"currency_code: .* is not a CurrencyCode.*'USD'"):
        with_spends(spend()).monthly_spend(code)


def test_monthly_spend_says_which_currency_was_meant() -> None:
    with pytest.raises(ValueError, match=r"perhaps 'USD'"):
        with_spends(spend()).monthly_spend("usd")


@pytest.mark.parametrize("other", ["9e999999", "1e-80"])
def test_monthly_spend_is_none_where_no_sum_is_exact(other: str) -> None:
    assert with_spends(spend("7" * 30), spend(other)).monthly_spend("USD") is None


def test_monthly_spend_adds_up_amounts_beyond_a_context() -> None:
    opportunity = with_spends(spend("9e999999"), spend("9e999999"))
    assert opportunity.monthly_spend("USD") == Decimal("1.8e1000000")


def test_monthly_spend_takes_a_currency_that_aws_added() -> None:
    opportunity = with_spends(spend("3", CurrencyCode="XYZ"))
    assert opportunity.monthly_spend(CurrencyCode.unknown("XYZ")) == Decimal(3)


# Shortcuts

SHORTCUTS = {
    "stage": (".LifeCycle.Stage", Stage.COMMITTED),
    "review_status": (".LifeCycle.ReviewStatus", ReviewStatus.IN_REVIEW),
    "target_close_date": (".LifeCycle.TargetCloseDate", date(2027, 9, 30)),
    "company_name": (".Customer.Account.CompanyName", "Blue Heron Bakery"),
    "industry": (".Customer.Account.Industry", Industry.CONSUMER_GOODS),
    "country_code": (".Customer.Account.Address.CountryCode", CountryCode.PT),
}


def steps(path: str) -> list[str]:
    names = path.split(".")[1:]
    return ["." + ".".join(names[:count]) for count in range(1, len(names) + 1)]


ABSENT = object()


def replaced(path: str, value: object) -> OpportunitySummary:
    record = copy.deepcopy(RECORD)
    parent, _, name = path.rpartition(".")
    records.at(record, parent)[name] = value
    if value is ABSENT:
        del records.at(record, parent)[name]
    return parse(record)


@pytest.mark.parametrize(("name", "value"), [(key, pair[1]) for key, pair in SHORTCUTS.items()])
def test_a_shortcut_gives_the_value(name: str, value: object) -> None:
    assert getattr(parse(RECORD), name) == value


@pytest.mark.parametrize(
    ("name", "step"),
    [(name, step) for name, (path, _) in SHORTCUTS.items() for step in steps(path)],
)
@pytest.mark.parametrize("value", [ABSENT, None], ids=["absent", "null"])
def test_a_shortcut_is_none_without_a_step(name: str, step: str, value: object) -> None:
    assert getattr(replaced(step, value), name) is None


@pytest.mark.parametrize(
    ("name", "step"),
    [(name, step) for name, (path, _) in SHORTCUTS.items() for step in steps(path)[:-1]],
)
def test_a_shortcut_is_none_where_a_step_is_empty(name: str, step: str) -> None:
    assert getattr(replaced(step, {}), name) is None


@pytest.mark.parametrize("name", [*SHORTCUTS, "id", "life_cycle"])
def test_nothing_can_be_assigned(name: str) -> None:
    opportunity = parse(RECORD)
    with pytest.raises((ValidationError, AttributeError)):
        setattr(opportunity, name, None)


def test_shortcuts_are_no_members_of_the_dump() -> None:
    assert set(parse(RECORD).model_dump()) == set(OpportunitySummary.model_fields)


# What is sensitive

Show = Callable[[object], str]
SHOWS: dict[str, Show] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "f-string repr": lambda value: f"{value!r}",
    "in a list": lambda value: repr([value]),
    "rich": lambda value: repr(list(value.__rich_repr__())),
    "pretty": lambda value: "".join(str(part) for part in value.__pretty__(repr)),
}


def marker(path: str) -> str:
    return "86420975.31" if path.endswith(".Amount") else f"marked{path}"


def test_aws_calls_nine_members_sensitive() -> None:
    assert len(records.SENSITIVE) == 9


@pytest.mark.parametrize("path", records.SENSITIVE)
def test_attribute_access_shows_a_sensitive_value(path: str) -> None:
    assert str(records.attribute_at(parse(full_record()), path)) == marker(path)


@pytest.mark.parametrize("path", records.SENSITIVE)
def test_a_dump_shows_a_sensitive_value(path: str) -> None:
    assert marker(path) in parse(full_record()).model_dump_json()


@pytest.mark.parametrize("show", SHOWS.values(), ids=SHOWS.keys())
@pytest.mark.parametrize("path", records.SENSITIVE)
class TestASensitiveValue:
    def test_is_not_in_the_text_of_its_record(self, path: str, show: Show) -> None:
        assert marker(path) not in show(parse(full_record()))

    def test_is_not_in_the_text_of_its_page(self, path: str, show: Show) -> None:
        page = ListOpportunitiesResponse.model_validate({"OpportunitySummaries": [full_record()]})
        assert marker(path) not in show(page)

    def test_is_not_in_the_text_of_its_own_structure(self, path: str, show: Show) -> None:
        structure = path.rpartition(".")[0]
        assert marker(path) not in show(records.attribute_at(parse(full_record()), structure))


@pytest.mark.parametrize("show", SHOWS.values(), ids=SHOWS.keys())
@pytest.mark.parametrize("path", records.STRUCTURES)
def test_an_unknown_member_is_not_in_the_text(path: str, show: Show) -> None:
    record = full_record()
    records.at(record, path)["ContactPhone"] = "phone of Ines"
    assert "phone of Ines" not in show(parse(record))


@pytest.mark.parametrize("path", records.SENSITIVE)
def test_no_error_contains_a_sensitive_value(path: str) -> None:
    record = full_record()
    parent, _, name = path.rpartition(".")
    records.at(record, parent)[name] = {"wrong": "Ines Prata"}
    with pytest.raises(ValidationError) as refusal:
        parse(record)
    assert "Ines Prata" not in str(refusal.value) + repr(refusal.value)


def test_what_is_not_sensitive_is_in_the_text() -> None:
    assert "id='O5550001'" in repr(parse(RECORD))


def test_a_redacted_value_says_that_it_is_there() -> None:
    assert "company_name=<redacted>" in repr(parse(RECORD))


def test_an_absent_sensitive_value_is_shown_as_none() -> None:
    assert "city=None" in repr(parse(RECORD))


# Values


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_record_survives_pickling(protocol: int) -> None:
    opportunity = parse(full_record() | {"NewMember": [1]})
    assert pickle.loads(pickle.dumps(opportunity, protocol)) == opportunity


def test_a_record_survives_pickling_with_its_unknown_values() -> None:
    restored = pickle.loads(pickle.dumps(summary(LifeCycle={"Stage": "Paused"})))
    assert repr(restored.stage) == "Stage.unknown('Paused')"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, OpportunitySummary.model_copy])
def test_a_copy_equals_the_record(duplicate: Callable[[Any], Any]) -> None:
    opportunity = parse(full_record() | {"NewMember": [1]})
    assert duplicate(opportunity) == opportunity


def test_equal_records_hash_equally() -> None:
    assert len({parse(RECORD), parse(RECORD)}) == 1


def test_a_record_differs_from_what_is_no_record() -> None:
    assert parse(SMALLEST) != SMALLEST


def test_a_record_with_an_unknown_member_can_be_hashed() -> None:
    assert hash(summary(NewMember=[1])) == hash(summary(NewMember=[1]))


@pytest.mark.parametrize(
    "path", [path for path in records.OPTIONAL if path not in records.STRUCTURES]
)
def test_records_that_differ_in_one_member_differ(path: str) -> None:
    assert parse(full_record()) != parse(without(path))


@pytest.mark.parametrize(
    ("model", "member"),
    [
        (LifeCycleSummary, "stage"),
        (CustomerSummary, "account"),
        (ProjectSummary, "delivery_models"),
        (ExpectedCustomerSpend, "amount"),
    ],
)
def test_a_structure_is_frozen(model: type[BaseModel], member: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model(), member, None)


def test_a_structure_is_made_with_python_names() -> None:
    made = ExpectedCustomerSpend(amount=Decimal(5), frequency=PaymentFrequency.MONTHLY)
    assert wire(made) == {"Amount": "5", "Frequency": "Monthly"}


# A page

METADATA = ResponseMetadata(request_id="8d0c6e1f", http_status=200, attempts=3, elapsed=1.5)
PAGE = {"OpportunitySummaries": [RECORD, SMALLEST], "NextToken": "dG9rZW4="}


def page(metadata: ResponseMetadata | None = None) -> ListOpportunitiesResponse:
    source = None if metadata is None else ResponseSource(metadata)
    return ListOpportunitiesResponse.model_validate_json(json.dumps(PAGE), context=source)


@pytest.mark.parametrize("response", [{"NextToken": ""}, {"NextToken": None}, {}])
def test_the_last_page_has_no_token(response: dict[str, Any]) -> None:
    last = ListOpportunitiesResponse.model_validate({"OpportunitySummaries": [], **response})
    assert last.next_token is None


def test_a_page_keeps_the_order_of_its_records() -> None:
    assert page().opportunity_summaries == (parse(RECORD), parse(SMALLEST))


def test_the_dump_of_a_page_is_the_page_without_nulls() -> None:
    assert wire(page()) == {
        "OpportunitySummaries": [wire(parse(RECORD)), SMALLEST],
        "NextToken": "dG9rZW4=",
    }


def test_a_page_has_its_metadata() -> None:
    assert page(METADATA).response_metadata == METADATA


def test_a_page_that_nobody_fetched_has_empty_metadata() -> None:
    assert page().response_metadata == ResponseMetadata(None, None, 0, 0.0)


def test_metadata_are_no_part_of_equality() -> None:
    assert page(METADATA) == page()


def test_metadata_are_no_part_of_the_hash() -> None:
    assert hash(page(METADATA)) == hash(page())


def test_metadata_are_no_part_of_the_wire_form() -> None:
    assert wire(page(METADATA)) == wire(page())


def test_metadata_are_no_part_of_the_dump() -> None:
    assert set(page(METADATA).model_dump()) == {"opportunity_summaries", "next_token"}


@pytest.mark.parametrize(
    "change",
    [{"NextToken": "b3RoZXI="}, {"OpportunitySummaries": [SMALLEST]}, {"Total": 2}],
    ids=["token", "records", "unknown member"],
)
def test_pages_that_differ_differ(change: dict[str, Any]) -> None:
    assert ListOpportunitiesResponse.model_validate(PAGE | change) != page()


def test_a_page_differs_from_what_is_no_page() -> None:
    assert page() != PAGE


@pytest.mark.parametrize(
    "duplicate",
    [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_copied_page_keeps_its_metadata(duplicate: Callable[[Any], Any]) -> None:
    assert duplicate(page(METADATA)).response_metadata == METADATA


def test_the_metadata_of_a_page_cannot_be_assigned() -> None:
    with pytest.raises((AttributeError, ValidationError)):
        page().response_metadata = METADATA


def test_a_record_of_a_page_has_the_enumerations_members() -> None:
    assert [record.catalog for record in page().opportunity_summaries] == [Catalog.AWS] * 2
