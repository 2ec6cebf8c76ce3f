"""The forms of an answer: what is printed of a record, jsonl, csv, and what a query may do."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partnercentral_list.cli._errors import CommandError
from partnercentral_list.cli._formats import REST, csv_columns
from partnercentral_list.cli._output import as_printed, compile_query, create_writer
from partnercentral_list.cli._serialization import compact_json, dump_yaml, write_indented_json
from partnercentral_list.cli._shapes import OPPORTUNITY
from partnercentral_list.cli._table import flattened, write_table
from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.cli.conftest import Done, Run
from tests.cli.recorded_server import serving
from tests.cli.test_recorded import FOLDER

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
        where = ("--catalog", "AWS", "--endpoint-url", emulator.url, "--no-sign-request")
        return run("opportunities", *where, *argv)


def test_what_aws_sent_is_printed_as_it_was_sent(run: Run) -> None:
    (record,) = json.loads(from_wire([ODD], run).out)["OpportunitySummaries"]
    assert record["LifeCycle"] == {"Stage": "Something new", "Mood": "good"}
    assert record["Project"] == ODD["Project"]
    assert record["Zebra"] == {"Stripes": 3}
    assert list(record)[-1] == "Zebra"
    assert record["LastModifiedDate"] == "2024-05-06T07:08:09+00:00"
    assert record["CreatedDate"] == "2024-05-06T07:08:09.123456+00:00"


def test_a_record_that_is_no_opportunity_is_printed_and_counted_like_any(run: Run) -> None:
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
        where = ("--catalog", "AWS", "--endpoint-url", emulator.url, "--no-sign-request")
        words = (*where, "--sort", BY_ID, "--max-items", "2", *size)
        seen: list[str] = []
        token: tuple[str, ...] = ()
        for _ in range(3):
            answer = json.loads(run("opportunities", *words, *token).out)
            seen += [record["Id"] for record in answer["OpportunitySummaries"]]
            token = ("--starting-token", answer.get("NextToken", ""))
    assert seen == ids
    assert token == ("--starting-token", "")


BY_ID = "SortBy=Identifier,SortOrder=ASCENDING"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (1715000000, "2024-05-06T12:53:20+00:00"),
        ("2024-05-06T07:08:09+02:00", "2024-05-06T07:08:09+02:00"),
        ("2024-05-06T07:08:09", "2024-05-06T07:08:09"),
        ("soon", "soon"),
        (True, True),
        (1e300, 1e300),
    ],
)
def test_a_timestamp_is_written_as_by_the_aws_cli(sent: object, shown: object) -> None:
    assert as_printed({"CreatedDate": sent}) == {"CreatedDate": shown}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.one_of(JSON, st.dictionaries(st.sampled_from(list(OPPORTUNITY)), JSON)))
def test_nothing_but_nulls_is_lost_of_any_record(record: Any) -> None:
    before = json.dumps(record)
    shown = as_printed(record)
    assert json.dumps(record) == before
    if isinstance(record, dict):
        assert {name for name, value in record.items() if value is not None} == set(shown)


@settings(max_examples=40)
@given(JSON)
def test_yaml_is_read_back_as_what_was_written(value: Any) -> None:
    stream = io.StringIO()
    dump_yaml([value], stream)
    # YAML 1.1, as PyYAML reads it, takes more words for something else than 1.2.
    assert yaml.load(stream.getvalue(), Loader=Loader12) == [value]  # noqa: S506 # a safe one


class Loader12(yaml.SafeLoader):
    yaml_implicit_resolvers = {}  # noqa: RUF012


for kind, first in (("int", "-0123456789"), ("bool", "tf"), ("null", "n")):
    pattern = {"int": r"-?\d+\Z", "bool": r"(true|false)\Z", "null": r"null\Z"}[kind]
    Loader12.add_implicit_resolver(
        f"tag:yaml.org,2002:{kind}", __import__("re").compile(pattern), list(first)
    )


@settings(max_examples=40)
@example(["a\x85b", "\u2028", "\u2029 c"])
@given(st.lists(st.text() | st.sampled_from(["NO", "006", "~", "2026-01-31", "😀 é", "1_0"])))
def test_yaml_is_the_same_with_and_without_libyaml(texts: list[str]) -> None:
    fast, slow = io.StringIO(), io.StringIO()
    dump_yaml(texts or [""], fast)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeDumper", raising=False)
        dump_yaml(texts or [""], slow)
    assert yaml.safe_load(fast.getvalue()) == yaml.safe_load(slow.getvalue())
    # What is escaped is longer than it looks, and the two break lines at other places then.
    if all(char.isprintable() and char <= "\uffff" for text in texts for char in text):
        assert fast.getvalue() == slow.getvalue()


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "text é"])
def test_a_bare_scalar_is_json_in_yaml_too(value: object) -> None:
    stream = io.StringIO()
    dump_yaml(value, stream)
    assert json.loads(stream.getvalue()) == value


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
    assert list(rows[0]) == [*csv_columns(OPPORTUNITY), REST]
    row = next(row for row in rows if row["Id"] == "O1")
    assert row["LifeCycle.Stage"] == "Something new"
    assert row["Customer.Account.CompanyName"] == "=cmd()|' /C calc'!A0"
    assert (
        json.loads(row["Project.ExpectedCustomerSpend"]) == ODD["Project"]["ExpectedCustomerSpend"]
    )
    assert json.loads(row[REST]) == {"Zebra": {"Stripes": 3}, "LifeCycle.Mood": "good"}
    other = next(row for row in rows if row["Id"] == "O2")
    assert json.loads(other[REST]) == {"Customer": "nobody"}


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


def test_a_query_that_cannot_be_applied_does_not_show_what_it_was_applied_to(listed: Run) -> None:
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
    "query",
    [
        "OpportunitySummaries[?LifeCycle.Stage=='Qualified'].{id: Id, to: Nowhere}",
        "sort_by(OpportunitySummaries, &Id)[].Id | [0]",
        "NextToken || OpportunitySummaries[0].Missing",
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


def test_a_table_writes_out_what_would_move_the_cursor() -> None:
    stream = io.StringIO()
    write_table([["\x1b[2Jred", "two\nlines"]], stream, "off")
    assert "\x1b" not in stream.getvalue()
    assert "\\u001b[2Jred" in stream.getvalue()


@pytest.mark.parametrize("value", [None, [], {}, ""])
def test_a_table_of_nothing_is_nothing(value: object) -> None:
    stream = io.StringIO()
    write_table(value, stream, "off")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("value", [3, "a", [1, [2, 3]], [{"a": 1}, 2], {"a": [[1], [2]]}, [[]]])
def test_a_table_takes_whatever_a_query_gives(value: object) -> None:
    stream = io.StringIO()
    write_table(value, stream, "off")
    assert "ListOpportunities" in stream.getvalue()


def test_a_table_has_a_line_for_each_entry_where_they_fit() -> None:
    stream = io.StringIO()
    write_table({"List": [{"a": {"b": 1}}, {"a": {"b": 2}, "c": None}]}, stream, "off")
    lines = stream.getvalue().splitlines()
    assert sum("│" in line for line in lines) == 2
    assert any("a.b" in line and "c" in line for line in lines)


@settings(max_examples=40)
@given(st.dictionaries(st.text("ab"), JSON))
def test_every_scalar_of_a_structure_is_in_a_table(value: dict[str, Any]) -> None:
    shown = "".join(flattened(value).values())
    for scalar in scalars(value):
        if isinstance(scalar, int):
            assert str(scalar) in shown


def scalars(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [scalar for member in value.values() for scalar in scalars(member)]
    if isinstance(value, list):
        return [scalar for member in value for scalar in scalars(member)]
    return [value]


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


NUMBERS = {
    "Id": "O1",
    "Catalog": "AWS",
    "Odd": [Decimal("1.10"), Decimal("1e999"), Decimal("9" * 5000), 7],
}


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("json", '"Odd": [\n                1.10,\n                1E+999,\n                999'),
        ("jsonl", '"Odd":[1.10,1E+999,999'),
        ("csv", "[1.10,1E+999,999"),
        ("yaml", "- 1.10\n  - 1E+999\n  - 999"),
        ("yaml-stream", "- 1.10\n    - 1E+999\n    - 999"),
        ("text", "ODD\t1.10\nODD\t1E+999\nODD\t999"),
        ("table", "1.10, 1E+999,"),
    ],
)
def test_a_number_is_printed_with_its_own_digits(
    form: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = create_writer(form, None, "off")
    writer.write_page([as_printed(NUMBERS)], None)
    writer.finish(None)
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize("words", [(), ("--scan",)], ids=["listing", "scan"])
def test_a_number_of_the_service_is_printed_as_it_was_sent(
    words: tuple[str, ...], listed: Run, emulator: PartnerCentralEmulator
) -> None:
    record = b'{"Id":"O1","Catalog":"AWS","CreatedDate":"2026-01-01T00:00:00Z","New":%s}'
    numbers = b'[1.10,1E+999,{"a":0.1000},%s]' % (b"9" * 5000)
    emulator.fail(Fault.body(b'{"OpportunitySummaries":[%s]}' % (record % numbers)), times=None)
    done = listed("--output", "jsonl", *words)
    assert (done.code, done.err) == (0, "")
    assert f'"New":{numbers.decode()}}}\n' in done.out


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("OpportunitySummaries[].Odd[0]", ["1.10"]),
        ("sum(OpportunitySummaries[].Odd[0])", "1.1"),
        ("OpportunitySummaries[?Odd[0] == `1.1`].Id", ["O1"]),
        ("to_number(OpportunitySummaries[0].Odd[0])", "1.10"),
    ],
)
def test_a_query_computes_with_such_a_number(query: str, found: object) -> None:
    search = compile_query(query)
    assert search is not None
    value = search({"OpportunitySummaries": [as_printed(NUMBERS)]})
    assert (list(map(str, value)) if isinstance(value, list) else str(value)) == found


def test_a_sum_that_is_no_number_of_json_is_refused() -> None:
    search = compile_query("sum(OpportunitySummaries[0].Odd)")
    assert search is not None
    with pytest.raises(CommandError, match="too large"):
        compact_json(search({"OpportunitySummaries": [as_printed(NUMBERS)]}))


@settings(max_examples=40)
@given(st.recursive(JSON | st.floats(allow_nan=False, allow_infinity=False), st.lists))
def test_json_is_written_as_by_the_standard_library(value: Any) -> None:
    stream = io.StringIO()
    write_indented_json(value, stream.write)
    assert stream.getvalue() == json.dumps(value, indent=4, ensure_ascii=False)
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert compact_json(value) == compact


@pytest.mark.parametrize("form", ["yaml", "yaml-stream", "json", "jsonl", "csv", "text", "table"])
def test_half_a_character_ends_no_form(form: str, run: Run) -> None:
    record = json.loads((FOLDER / "opportunities.jsonl").read_text("utf-8").splitlines()[0])
    record["Half \ud83d"], record["LifeCycle"]["NextSteps"] = "name", "half \ud83d, é 😀"
    with serving([record]) as server:
        where = ("--catalog", "AWS", "--endpoint-url", server.url, "--no-sign-request")
        done = run("opportunities", *where, "--output", form)
    assert (done.code, done.err) == (0, "")
    assert re.search(r"half \\u?d83d, é", done.out, re.IGNORECASE)
    if form == "yaml":
        (loaded,) = yaml.load(done.out, Loader=Loader12)["OpportunitySummaries"]  # noqa: S506
        assert loaded["LifeCycle"]["NextSteps"] == "half \ud83d, é 😀"
        assert loaded["Half \ud83d"] == "name"
