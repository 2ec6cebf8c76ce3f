"""The options, read: lists, structures, files, timestamps, whole requests, and what is refused."""

from __future__ import annotations

import base64
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

# private: the options take a few keys only, and the grammar has to hold for all.
from partnercentral_list.cli._values import parse_shorthand
from partnercentral_list.emulator import PartnerCentralEmulator
from tests.cli.conftest import Done, Run
from tests.cli.running import replace_client, where


def sent(emulator: PartnerCentralEmulator) -> dict[str, Any]:
    return dict(emulator.requests[-1].body)


KEYS = st.text(string.ascii_letters, min_size=1)


@given(st.dictionaries(KEYS, st.text(), min_size=1))
def test_shorthand_returns_quoted_text_unchanged(members: dict[str, str]) -> None:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    # The AWS CLI's own rule for a backslash before the closing quote has no way to write one.
    members = {key: value.replace("\\", "/") for key, value in members.items()}
    text = ",".join(f"{key}={quoted(value)}" for key, value in members.items())
    assert parse_shorthand(text) == members


@given(st.dictionaries(KEYS, st.text(string.ascii_letters + " -:+.=", min_size=1), min_size=1))
def test_shorthand_returns_text_without_quotes_unchanged(members: dict[str, str]) -> None:
    text = " , ".join(f"{key} = {value}" for key, value in members.items())
    assert parse_shorthand(text) == {key: value.strip(" ") for key, value in members.items()}


@given(st.text())
def test_any_text_is_shorthand_or_a_value_error(text: str) -> None:
    try:
        members = parse_shorthand(text)
    except ValueError:
        return
    assert all(isinstance(value, str) for value in members.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SortBy", "Expected: key=value"),
        ("SortBy=a,", "Expected: key=value"),
        ("SortBy=a,SortBy=b", 'Second instance of key "SortBy"'),
        ("SortBy='a'b", "Expected: ','"),
        ("SortBy=a,b", "Expected: key=value"),
    ],
)
def test_bad_shorthand_is_pointed_at(text: str, said: str, listed: Run) -> None:
    done = listed("--sort", text)
    assert done.code == 252
    assert said in done.err
    assert "^" in done.err


@pytest.mark.parametrize(
    ("option", "text", "example"),
    [
        ("--sort", "TargetCloseDate", "SortBy=TargetCloseDate,SortOrder=ASCENDING"),
        ("--sort", "DESCENDING", "SortBy=LastModifiedDate,SortOrder=DESCENDING"),
        ("--sort", "", "SortBy=LastModifiedDate,SortOrder=ASCENDING"),
        ("--created-date", "2026-03-01", "AfterCreatedDate=2026-03-01"),
        ("--last-modified-date", "soon", "AfterLastModifiedDate=2026-01-31"),
    ],
)
def test_bad_shorthand_is_reported_with_an_example(
    option: str, text: str, example: str, listed: Run
) -> None:
    done = listed(option, text)
    assert done.code == 252
    assert done.err.endswith(f"\nWrite it as {example}.\n")
    assert listed(option, example, "--max-items", "0").code == 0


def test_an_escaped_comma_is_one(tmp_path: Path) -> None:
    assert parse_shorthand(r"a=b\,c,d=e") == {"a": "b,c", "d": "e"}
    (tmp_path / "x").write_text("f,g")
    assert parse_shorthand(f"a@=file://{tmp_path}/x,d=e") == {"a": "f,g", "d": "e"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
        ("2026-01-31 10:00:00.5", "2026-01-31T10:00:00.500000Z"),
        ("1769853600", "2026-01-31T10:00:00Z"),
        ("1769853600.5", "2026-01-31T10:00:00.500000Z"),
    ],
)
@pytest.mark.parametrize("source", ["shorthand", "json", "yaml"])
def test_a_timestamp_is_iso_8601_or_seconds_and_in_utc(
    text: str, expected: str, source: str, listed: Run, emulator: PartnerCentralEmulator
) -> None:
    words = {
        "shorthand": ("--created-date", f"AfterCreatedDate={text}"),
        "json": ("--cli-input-json", json.dumps({"CreatedDate": {"AfterCreatedDate": text}})),
        # There a date is a date, and a number a number.
        "yaml": ("--cli-input-yaml", f"CreatedDate: {{AfterCreatedDate: {text}}}"),
    }
    done = listed(*words[source])
    assert (done.code, done.err) == (0, "")
    assert sent(emulator)["CreatedDate"] == {"AfterCreatedDate": expected}


@pytest.mark.parametrize(
    "value", ["yesterday", "20260131", "1e300", "", "nan", "0999-01-01", "1000-01-01T00:00+01:00"]
)
def test_what_would_have_to_be_guessed_is_no_timestamp(
    value: str, listed: Run, emulator: PartnerCentralEmulator
) -> None:
    done = listed("--created-date", f"AfterCreatedDate={value}")
    assert done.code == 252
    assert "--created-date AfterCreatedDate: " in done.err
    assert not emulator.requests


def test_a_naive_time_goes_out_in_utc(listed: Run, emulator: PartnerCentralEmulator) -> None:
    done = listed("--last-modified-date", "AfterLastModifiedDate=2026-01-31T12:00:00+02:00")
    assert done.code == 0
    assert sent(emulator)["LastModifiedDate"] == {"AfterLastModifiedDate": "2026-01-31T10:00:00Z"}


@pytest.mark.parametrize(
    "words",
    [
        ["--life-cycle-stage", "Qualified", "Committed"],
        ["--life-cycle-stage", '["Qualified", "Committed"]'],
        ["--life-cycle-stage", "Launched", "--life-cycle-stage", "Qualified", "Committed"],
        ["--life-cycle-st", "Qualified", "Committed"],
        ["--life-cycle-stage", "file://stages.json"],
        ["--cli-input-json", '{"LifeCycleStage": ["Qualified", "Committed"]}'],
        ["--cli-input-json", "file://request.json"],
        ["--cli-input-yaml", "LifeCycleStage: [Qualified, Committed]"],
        [
            *("--cli-input-json", '{"LifeCycleStage": ["Launched"]}'),
            *("--life-cycle-stage", "Qualified", "Committed"),
        ],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_a_list_may_be_written_in_many_ways(
    words: list[str],
    listed: Run,
    emulator: PartnerCentralEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stages.json").write_text('["Qualified", "Committed"]')
    (tmp_path / "request.json").write_text('{"LifeCycleStage": ["Qualified", "Committed"]}')
    assert listed(*words).code == 0
    assert sent(emulator)["LifeCycleStage"] == ["Qualified", "Committed"]


def test_yaml_dates_are_dates(listed: Run, emulator: PartnerCentralEmulator) -> None:
    request = "TargetCloseDate: {AfterTargetCloseDate: 2026-01-31}\nCreatedDate: null\n"
    assert listed("--cli-input-yaml", request).code == 0
    assert sent(emulator)["TargetCloseDate"] == {"AfterTargetCloseDate": "2026-01-31"}
    assert "CreatedDate" not in sent(emulator)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--life-cycle-stage", "Qualifed"], "perhaps 'Qualified'"),
        (["--life-cycle-review-status", "In Review"], "perhaps 'In review'"),
        (["--life-cycle-stage", "Closed Won"], "Launched"),
        (["--sort", "SortBy=CreateDate,SortOrder=ASCENDING"], "perhaps 'CreatedDate'"),
        (["--sort", "Direction=up"], 'Unknown parameter in Sort: "Direction"'),
        (["--sort", "[1]"], "Expected: a JSON object"),
        (["--cli-input-json", '{"LifecycleStage": []}'], "Perhaps you mean LifeCycleStage."),
        (["--cli-input-json", "[]"], "expecting a map, received a list"),
        (["--cli-input-yaml", "a: ["], "Invalid YAML received."),
        (["--cli-input-yaml", "a: 1", "--cli-input-json", "{}"], "Only one --cli-input-"),
        (["--life-cycle-stage", '["a'], "Invalid JSON received. Unterminated string"),
        (["--identifier", "fileb://x"], "No option takes bytes"),
        (["--identifier", "file:///no/such"], "No such file"),
        (["--life-cycle-stage"], "an empty list; to list everything, leave it out"),
        (["--identifier", *(f"O{n}" for n in range(21))], "21 entries, where 20 are allowed"),
        (["--created-date", "AfterCreatedDate=soon"], "--created-date AfterCreatedDate: 'soon'"),
        (
            ["--created-date", "AfterCreatedDate=2026-02-01,BeforeCreatedDate=2026-01-01"],
            "is later than",
        ),
        (["--target-close-date", "AfterTargetCloseDate=31.1.2026"], "YYYY-MM-DD"),
        (["--max-itmes", "3"], "Perhaps you mean --max-items."),
        (["--output", "xml"], "invalid choice: 'xml'"),
        (["--max", "3"], "ambiguous option"),
        (["--query", "bad["], "Bad value for --query bad["),
        (["--no-paginate", "--max-items", "3"], "pagination arguments: --max-items"),
        (["--max-results", "3", "--starting-token", "x"], "arguments: --starting-token"),
        (["--cli-input-json", '{"NextToken": "x"}', "--page-size", "3"], "--page-size"),
        (["--cli-auto-prompt"], "nothing prompts here"),
        (["--demo"], "leave out --endpoint-url"),
        (["--starting-token", base64.b64encode(b"{}").decode()], "another operation"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_errors_are_reported_before_anything_is_sent(
    words: list[str], said: str, listed: Run, emulator: PartnerCentralEmulator
) -> None:
    done = listed(*words)
    assert (done.code, done.out) == (252, "")
    assert said in done.err
    assert not emulator.requests


def test_a_file_of_words_is_no_list(listed: Run, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text("O1\nO2\n")
    done = listed("--identifier", f"file://{tmp_path}/ids")
    assert done.code == 252
    assert "must hold a JSON list" in done.err


def test_a_file_that_is_not_utf_8_is_refused(listed: Run, tmp_path: Path) -> None:
    (tmp_path / "ids").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in listed("--identifier", f"file://{tmp_path}/ids").err


def test_a_missing_catalog_is_an_error_with_the_usage(run: Run) -> None:
    done = run("opportunities")
    assert done.code == 252
    assert "usage: partnercentral-list opportunities" in done.err
    assert "required: --catalog" in done.err


def test_no_command_is_bad_input(run: Run) -> None:
    assert run().code == 252
    assert run("opportunity").code == 252


@pytest.mark.parametrize(
    "words",
    [["--cli-binary-format", "base64"], ["--no-cli-auto-prompt"], ["--no-cli-pager"]],
    ids=lambda words: words[0],
)
def test_what_has_nothing_to_do_is_accepted(words: list[str], listed: Run) -> None:
    assert listed(*words, "--max-items", "1").code == 0


def test_the_connections_options_reach_the_client(
    monkeypatch: pytest.MonkeyPatch, run: Run, emulator: PartnerCentralEmulator
) -> None:
    given = replace_client(monkeypatch)
    options = "--no-verify-ssl --cli-read-timeout 0 --cli-connect-timeout 7 --region us-east-1"
    assert run("opportunities", *where(emulator), *options.split()).code == 0
    config = given[0]["config"]
    assert (config.verify, config.sign_requests) == (False, False)
    assert (config.read_timeout, config.connect_timeout) == (0, 7)
    assert (given[0]["region_name"], given[0]["endpoint_url"]) == ("us-east-1", emulator.url)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--endpoint-url", value) for value in ("", "localhost:80", "ftp://host", "http://")),
        *(("--endpoint-url", value) for value in ("http://[", "https:///path")),
        *((f"--cli-{kind}-timeout", "-1") for kind in ("read", "connect")),
        *(("--requests-per-second", value) for value in ("-1", "nan", "inf")),
    ],
)
@pytest.mark.parametrize("command", ["opportunities", "sync"])
def test_a_bad_value_of_a_connection_is_named_as_its_option(
    command: str, option: str, value: str, run: Run, tmp_path: Path
) -> None:
    store = ("--store", str(tmp_path / "copy.db")) if command == "sync" else ()
    done = run(command, "--catalog", "AWS", "--no-sign-request", *store, f"{option}={value}")
    assert (done.code, done.out) == (252, "")
    assert option in done.err
    assert "ClientConfig" not in done.err
    assert "RateLimit" not in done.err
    assert not list(tmp_path.iterdir())


def ids(done: Done) -> list[str]:
    return [record["Id"] for record in json.loads(done.out)["OpportunitySummaries"]]


@pytest.mark.parametrize(("suffix", "skipped"), [("", 0), ("___5", 5), ("___0", 0)])
def test_awss_own_tokens_are_taken_as_the_aws_cli_takes_them(
    suffix: str, skipped: int, listed: Run
) -> None:
    whole = ids(listed())
    token = json.loads(listed("--no-paginate").out)["NextToken"]
    assert ids(listed("--starting-token", token + suffix)) == whole[20 + skipped :]
    assert ids(listed("--starting-token", f"None{suffix or '___0'}")) == whole[skipped:]


@pytest.mark.parametrize("token", ["AAMA-opaque", "AAMA___²", "AAMA___-5", "AAMA___", "a" * 5000])
def test_any_other_token_is_sent_as_it_is(
    token: str, listed: Run, emulator: PartnerCentralEmulator
) -> None:
    # The emulator does not know it.
    assert listed("--starting-token", token).code == 254
    assert sent(emulator)["NextToken"] == token


def test_a_resume_token_is_left_as_it_is(listed: Run) -> None:
    token = base64.b64encode(b'{"NextToken": null, "boto_truncate_amount": 3}').decode()
    assert ids(listed("--starting-token", token)) == ids(listed())[3:]
