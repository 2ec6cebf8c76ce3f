"""The output formats: the printed form of a record, and queries."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.cli.conftest import Done, Run
from tests.cli.recorded_server import serving
from tests.cli.running import where
from tests.cli.test_recorded import FOLDER

Printed = Callable[..., str]

ODD = {
    "Zebra": {"Stripes": 3},
    "Id": "O1",
    "Catalog": "AWS",
    "LastModifiedDate": "2024-05-06T07:08:09Z",
    "CreatedDate": "2024-05-06T07:08:09.123456789Z",
    "LifeCycle": {"Stage": "Something new", "NextSteps": None, "Mood": "good"},
    "Customer": {"Account": {"CompanyName": "=cmd()|' /C calc'!A0", "Address": {}}},
    "Project": {
        "ExpectedCustomerSpend": [{"Amount": "531.0", "CurrencyCode": "USD"}, {"Amount": ""}],
        "DeliveryModels": ["Resell", "A new one"],
    },
}


def from_wire(records: list[Any], run: Run, *argv: str) -> Done:
    with PartnerCentralEmulator(records) as emulator:
        return run("opportunities", *where(emulator), *argv)


def test_what_aws_sent_is_printed_as_it_was_sent(run: Run) -> None:
    (record,) = json.loads(from_wire([ODD], run).out)["OpportunitySummaries"]
    assert record["LifeCycle"] == {"Stage": "Something new", "Mood": "good"}
    assert record["Project"] == ODD["Project"]
    assert record["Zebra"] == {"Stripes": 3}
    assert list(record)[-1] == "Zebra"
    assert record["LastModifiedDate"] == "2024-05-06T07:08:09+00:00"
    assert record["CreatedDate"] == "2024-05-06T07:08:09.123456+00:00"


def test_an_invalid_record_is_printed_and_counted_like_any(run: Run) -> None:
    broken = {"Catalog": "AWS", "LastModifiedDate": "soon", "Project": [1], "LifeCycle": None}
    done = from_wire([ODD, broken, {**ODD, "Id": "O3"}], run, "--sort", BY_ID, "--max-items", "3")
    shown = json.loads(done.out)["OpportunitySummaries"]
    assert {"Catalog": "AWS", "LastModifiedDate": "soon", "Project": [1]} in shown
    assert len(shown) == 3
    assert "NextToken" not in json.loads(done.out)


@pytest.mark.parametrize("size", [(), ("--page-size", "2"), ("--page-size", "3")])
def test_max_items_counts_invalid_records_and_its_token_resumes_there(
    size: tuple[str, ...], run: Run
) -> None:
    ids = [f"O{number}" for number in range(1, 7)]
    records = [{**ODD, "Id": name, "CreatedDate": "soon"} for name in ids]
    with PartnerCentralEmulator(records) as emulator:
        words = (*where(emulator), "--sort", BY_ID, "--max-items", "2", *size)
        seen: list[str] = []
        token: tuple[str, ...] = ()
        for _ in range(3):
            response = json.loads(run("opportunities", *words, *token).out)
            seen += [record["Id"] for record in response["OpportunitySummaries"]]
            token = ("--starting-token", response.get("NextToken", ""))
    assert seen == ids
    assert token == ("--starting-token", "")


BY_ID = "SortBy=Identifier,SortOrder=ASCENDING"


@pytest.fixture
def printed(run: Run) -> Iterator[Printed]:
    """Prints a record, or a member of it, that a service sends as exactly this JSON."""
    with PartnerCentralEmulator(1) as emulator:

        def printed(record: str, *words: str) -> str:
            body = f'{{"OpportunitySummaries":[{record}]}}'
            emulator.fail(Fault.body(body.encode()))
            done = run("opportunities", *where(emulator), *words)
            assert (done.code, done.err) == (0, "")
            return done.out

        yield printed


def with_member(value: str) -> str:
    """A record, as JSON, whose member New is this JSON."""
    return f'{{"Id":"O1","Catalog":"AWS","New":{value}}}'


NEW = ("--query", "OpportunitySummaries[0].New")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("1715000000", '"2024-05-06T12:53:20+00:00"'),
        ("1715000000.25", '"2024-05-06T12:53:20.250000+00:00"'),
        ('"2024-05-06T07:08:09+02:00"', '"2024-05-06T07:08:09+02:00"'),
        ('"2024-05-06T07:08:09"', '"2024-05-06T07:08:09"'),
        ('"soon"', '"soon"'),
        ("true", "true"),
        ("1e300", "1E+300"),
    ],
)
def test_a_timestamp_is_written_as_by_the_aws_cli(sent: str, shown: str, printed: Printed) -> None:
    record = f'{{"Id":"O1","Catalog":"AWS","CreatedDate":{sent}}}'
    assert printed(record, "--query", "OpportunitySummaries[0].CreatedDate") == f"{shown}\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@settings(max_examples=12)
@given(
    record=st.dictionaries(st.sampled_from(["Arn", "LifeCycle", "Project", "CreatedDate"]), JSON)
)
def test_nothing_but_nulls_is_lost_of_any_record(record: Any, printed: Printed) -> None:
    (shown,) = json.loads(printed(json.dumps(record)))["OpportunitySummaries"]
    assert {name for name, value in record.items() if value is not None} == set(shown)


@settings(max_examples=12)
@given(value=JSON)
def test_json_is_written_as_by_the_standard_library(value: Any, printed: Printed) -> None:
    record = with_member(json.dumps([value]))
    indented = json.dumps([value], indent=4, ensure_ascii=False)
    assert printed(record, *NEW) == f"{indented}\n"
    compact = json.dumps([value], ensure_ascii=False, separators=(",", ":"))
    assert printed(record, "--output", "jsonl", "--query", f"[{NEW[1]}]") == f"{compact}\n"


@settings(max_examples=12)
@given(value=JSON)
def test_yaml_is_read_back_as_what_was_written(value: Any, printed: Printed) -> None:
    shown = printed(with_member(json.dumps([value])), "--output", "yaml", *NEW)
    # YAML 1.1, as PyYAML reads it, takes more words for something else than 1.2.
    assert yaml.load(shown, Loader=Loader12) == [value]  # noqa: S506 # a safe one


class Loader12(yaml.SafeLoader):
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for kind, pattern, first in (
    ("int", r"-?\d+\Z", "-0123456789"),
    ("bool", r"(true|false)\Z", "tf"),
    ("null", r"null\Z", "n"),
):
    Loader12.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), list(first))


@settings(max_examples=12)
@example(texts=["a\x85b", "\u2028", "\u2029 c"])
@given(
    texts=st.lists(
        st.text() | st.sampled_from(["NO", "006", "~", "2026-01-31", "😀 é", "1_0"]), min_size=1
    )
)
def test_yaml_is_the_same_with_and_without_libyaml(texts: list[str], printed: Printed) -> None:
    record = with_member(json.dumps(texts))
    fast = printed(record, "--output", "yaml", *NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeDumper", raising=False)
        slow = printed(record, "--output", "yaml", *NEW)
    assert yaml.safe_load(fast) == yaml.safe_load(slow)
    # What is escaped is longer than it looks, and the two break lines at other places then.
    if all(char.isprintable() and char <= "\uffff" for text in texts for char in text):
        assert fast == slow


@pytest.mark.parametrize("value", ["true", "3", "1.5", '"text é"'])
def test_a_bare_scalar_is_json_in_yaml_too(value: str, printed: Printed) -> None:
    assert printed(with_member(value), "--output", "yaml", *NEW) == f"{value}\n"


def test_jsonl_is_a_record_a_line_the_same_as_in_json(listed: Run) -> None:
    whole = json.loads(listed("--output", "json").out)["OpportunitySummaries"]
    lines = listed("--output", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == whole
    assert len(lines) == 250


def test_jsonl_gives_the_entries_of_what_a_query_makes_of_each_page(listed: Run) -> None:
    done = listed("--output", "jsonl", "--query", "OpportunitySummaries[].Id")
    assert len([json.loads(line) for line in done.out.splitlines()]) == 250
    counts = listed("--output", "jsonl", "--query", "length(OpportunitySummaries)").out
    assert counts.split() == ["100", "100", "50"]
    assert listed("--output", "jsonl", "--query", "Nothing").out == ""


def test_csv_has_the_same_columns_whatever_the_records_are(run: Run) -> None:
    done = from_wire(
        [ODD, {"Id": "O2", "Catalog": "AWS", "Customer": "nobody"}], run, "--output=csv"
    )
    rows = list(csv.DictReader(io.StringIO(done.out, newline="")))
    assert list(rows[0])[:4] == ["Catalog", "Id", "Arn", "PartnerOpportunityIdentifier"]
    assert list(rows[0])[-1] == "AdditionalMembers"
    row = next(row for row in rows if row["Id"] == "O1")
    assert row["LifeCycle.Stage"] == "Something new"
    assert row["Customer.Account.CompanyName"] == "=cmd()|' /C calc'!A0"
    assert (
        json.loads(row["Project.ExpectedCustomerSpend"]) == ODD["Project"]["ExpectedCustomerSpend"]
    )
    assert json.loads(row["AdditionalMembers"]) == {
        "Zebra": {"Stripes": 3},
        "LifeCycle.Mood": "good",
    }
    other = next(row for row in rows if row["Id"] == "O2")
    assert json.loads(other["AdditionalMembers"]) == {"Customer": "nobody"}


@pytest.mark.parametrize("argv", [["--identifier", "O99999999"], ["--max-items", "0"]])
def test_csv_of_nothing_is_its_header(argv: list[str], listed: Run) -> None:
    assert listed("--output", "csv", *argv).out.count("\n") == 1


def test_csv_takes_the_columns_of_a_query(listed: Run) -> None:
    query = "OpportunitySummaries[].{id: Id, models: Project.DeliveryModels}"
    done = listed("--output", "csv", "--query", query, "--max-items", "2")
    assert done.out.splitlines()[0] == "id,models"
    assert listed("--output", "csv", "--query", "[OpportunitySummaries[].Id]").out.count("\n") == 3
    scalars = listed("--output", "csv", "--query", "OpportunitySummaries[].Id").out
    assert scalars.count("\n") == 250


def test_csv_refuses_entries_that_do_not_fit_its_columns(run: Run) -> None:
    records = [{"Id": "O1", "Catalog": "AWS", "LifeCycle": {"A": 1}}]
    records.append({"Id": "O2", "Catalog": "AWS", "LifeCycle": {"B": 1}})
    words = ["--output", "csv", "--query", "OpportunitySummaries[].LifeCycle", "--sort", BY_ID]
    done = from_wire(records, run, *words)
    assert done.code == 255
    assert "an entry has B" in done.err


def test_a_query_that_cannot_be_applied_shows_no_record(listed: Run) -> None:
    done = listed("--query", "sum(OpportunitySummaries[].Customer.Account.CompanyName)")
    assert done.code == 255
    assert "cannot be applied: JMESPathTypeError" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("query", "name", "meant"),
    [
        ("Opportunities[].Id", "Opportunities", " Perhaps you mean OpportunitySummaries."),
        ("Token", "Token", " Perhaps you mean NextToken."),
        ("{a: Nothing, b: OpportunitySummaries[0].Id}", "Nothing", ""),
    ],
)
@pytest.mark.parametrize("form", ["json", "jsonl", "text"])
def test_a_query_for_what_no_response_has_says_so(
    form: str, query: str, name: str, meant: str, listed: Run
) -> None:
    done = listed("--output", form, "--query", query, "--max-items", "3")
    assert done.code == 0
    said = "in the response, which has OpportunitySummaries and NextToken."
    assert f"--query: there is no {name} {said}{meant}\n" in done.err
    if (form, query[0]) == ("json", "O"):
        assert done.out == "null\n"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("OpportunitySummaries[].ID", "no ID in OpportunitySummaries."),
        ("OpportunitySummaries[].ID", "Perhaps you mean Id."),
        ("OpportunitySummaries[*].[Id, lifeCycle.Stage]", "Perhaps you mean LifeCycle."),
        ("OpportunitySummaries[].{a: LifeCycle.Stag}", "no Stag in LifeCycle. "),
        ("OpportunitySummaries[?LifeCycle.stage=='x'].Id", "Perhaps you mean Stage."),
        ("OpportunitySummaries[:3] | [0].LifeCycles", "Perhaps you mean LifeCycle."),
        ("reverse(OpportunitySummaries)[].Arm", "Perhaps you mean Arn."),
        ("map(&iD, OpportunitySummaries)", "Perhaps you mean Id."),
        ("length(OpportunitySummaries[?!Projects])", "Perhaps you mean Project."),
        ("NextToken || OpportunitySummaries[0].arn", "Perhaps you mean Arn."),
        ("OpportunitySummaries[].Project.ExpectedCustomerSpend[].Amout", "you mean Amount."),
    ],
)
def test_a_query_for_an_unknown_member_of_a_record_says_so(
    query: str, said: str, listed: Run
) -> None:
    done = listed("--query", query, "--max-items", "3")
    assert done.code == 0
    assert done.err.startswith("--query: this release knows no ")
    assert said in done.err.splitlines()[0]


def test_a_remark_on_a_query_leaves_the_response_as_it_is(listed: Run) -> None:
    done = listed("--query", "OpportunitySummaries[].ID", "--max-items", "3")
    assert (done.code, done.out, done.err.count("\n")) == (0, "[]\n", 1)


@pytest.mark.parametrize(
    "query",
    [
        "OpportunitySummaries[?LifeCycle.Stage=='Qualified'].{id: Id, to: Customer.Account}",
        "OpportunitySummaries[].{own: Id}[].own",
        "sort_by(OpportunitySummaries, &Id)[].Id | [0]",
        "map(&LifeCycle.Stage, OpportunitySummaries)",
        "max_by(OpportunitySummaries, &Id).Customer.*.CompanyName",
        "OpportunitySummaries[:2][].[Project.ExpectedCustomerSpend[].Amount, @.Arn]",
        "OpportunitySummaries[].Project.ExpectedCustomerSpend[].Amount",
        "NextToken || OpportunitySummaries[0].Missing",
        "OpportunitySummaries[].{id: Id, to: Nowhere}",
        "*[].Id",
        "@",
    ],
)
def test_a_query_for_what_a_response_has_is_not_remarked_on(query: str, listed: Run) -> None:
    assert listed("--query", query).err == ""


def test_the_form_comes_from_the_environment_or_the_profile(
    listed: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "config").write_text("[profile x]\noutput = jsonl\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert listed("--max-items", "1", "--profile", "x").out.count("\n") == 1
    monkeypatch.setenv("AWS_DEFAULT_OUTPUT", "text")
    assert listed("--max-items", "1", "--profile", "x").out.startswith("OPPORTUNITYSUMMARIES")
    monkeypatch.setenv("AWS_DEFAULT_OUTPUT", "xml")
    assert "Unknown output type: xml" in listed("--max-items", "1").err


TABLE = ("--output", "table", "--color", "off", "--query")


@pytest.mark.parametrize("value", [None, [], {}, ""])
def test_a_table_of_nothing_is_nothing(value: object, listed: Run) -> None:
    assert listed(*TABLE, f"`{json.dumps(value)}`").out == ""


@pytest.mark.parametrize("value", [3, "a", [1, [2, 3]], [{"a": 1}, 2], {"a": [[1], [2]]}, [[]]])
def test_a_table_shows_any_result_of_a_query(value: object, listed: Run) -> None:
    assert "ListOpportunities" in listed(*TABLE, f"`{json.dumps(value)}`").out


def test_a_table_has_a_line_for_each_entry_where_they_fit(listed: Run) -> None:
    value = {"List": [{"a": {"b": 1}}, {"a": {"b": 2}, "c": None}]}
    lines = listed(*TABLE, f"`{json.dumps(value)}`").out.splitlines()
    assert sum("│" in line for line in lines) == 2
    assert any("a.b" in line and "c" in line for line in lines)


@settings(max_examples=12)
@given(value=st.dictionaries(st.text("ab", min_size=1), JSON, min_size=1))
def test_every_number_of_a_structure_is_in_a_table(value: Any, printed: Printed) -> None:
    shown = re.sub(r"[│\s]", "", printed(with_member(json.dumps(value)), *TABLE, NEW[1]))
    for number in numbers(value):
        assert str(number) in shown


def numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for member in value.values() for number in numbers(member)]
    if isinstance(value, list):
        return [number for member in value for number in numbers(member)]
    return [value] if type(value) is int else []


@pytest.mark.parametrize(
    ("module", "argv"),
    [
        ("yaml", ["--output", "yaml"]),
        ("yaml", ["--cli-input-yaml", "Catalog: AWS"]),
        ("rich.console", ["--output", "table"]),
    ],
)
def test_without_the_extra_it_says_what_to_install(
    module: str, argv: list[str], listed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    done = listed(*argv)
    assert done.code == 253
    assert "pip install 'partnercentral_list[cli]'" in done.err


DIGITS = "9" * 5000
NUMBERS = with_member(f"[1.10,1e999,{DIGITS},7]")


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("json", f'"New": [\n                1.10,\n                1E+999,\n{" " * 16}{DIGITS},'),
        ("jsonl", f'"New":[1.10,1E+999,{DIGITS},7]'),
        ("csv", f"[1.10,1E+999,{DIGITS},7]"),
        ("yaml", f"- 1.10\n  - 1E+999\n  - {DIGITS}\n"),
        ("yaml-stream", f"- 1.10\n    - 1E+999\n    - {DIGITS}\n"),
        ("text", f"NEW\t1.10\nNEW\t1E+999\nNEW\t{DIGITS}\n"),
        ("table", "1.10, 1E+999,"),
    ],
)
def test_a_number_is_printed_with_its_own_digits(form: str, shown: str, printed: Printed) -> None:
    assert shown in printed(NUMBERS, "--output", form)


def test_a_scan_prints_a_number_with_its_own_digits(
    listed: Run, emulator: PartnerCentralEmulator
) -> None:
    record = '{"Id":"O1","Catalog":"AWS","CreatedDate":"2026-01-01T00:00:00Z","New":1.10}'
    emulator.fail(Fault.body(f'{{"OpportunitySummaries":[{record}]}}'.encode()), times=None)
    assert listed("--scan", "--output", "jsonl").out.endswith('"New":1.10}\n')


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("OpportunitySummaries[0].New[0]", "1.10"),
        ("sum(OpportunitySummaries[].New[0])", "1.1"),
        ("OpportunitySummaries[?New[0] == `1.1`].Id | [0]", '"O1"'),
        ("to_number(OpportunitySummaries[0].New[0])", "1.10"),
    ],
)
def test_a_query_computes_with_such_a_number(query: str, found: str, printed: Printed) -> None:
    assert printed(NUMBERS, "--query", query) == f"{found}\n"


def test_a_sum_that_is_no_number_of_json_is_refused(
    listed: Run, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.body(f'{{"OpportunitySummaries":[{NUMBERS}]}}'.encode()))
    done = listed("--query", "sum(OpportunitySummaries[0].New)")
    assert (done.code, done.out) == (255, "")
    assert "too large" in done.err


@pytest.mark.parametrize("form", ["yaml", "yaml-stream", "json", "jsonl", "csv", "text", "table"])
def test_half_a_character_ends_no_form(form: str, run: Run) -> None:
    record = json.loads((FOLDER / "opportunities.jsonl").read_text("utf-8").splitlines()[0])
    record["Half \ud83d"], record["LifeCycle"]["NextSteps"] = "name", "half \ud83d, é 😀"
    with serving([record]) as server:
        options = ("--catalog", "AWS", "--endpoint-url", server.url, "--no-sign-request")
        done = run("opportunities", *options, "--output", form)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"half \\u?d83d, é", done.out, re.IGNORECASE)
    if form == "yaml":
        (loaded,) = yaml.load(done.out, Loader=Loader12)["OpportunitySummaries"]  # noqa: S506 # a safe one
        assert loaded["LifeCycle"]["NextSteps"] == "half \ud83d, é 😀"
        assert loaded["Half \ud83d"] == "name"
