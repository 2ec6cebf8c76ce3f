"""Messages of the command: they name options, variables and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from partnercentral_list.emulator import Fault, PartnerCentralEmulator
from tests.cli.conftest import Run
from tests.cli.running import where, without_retries

PROFILES = """
[profile no-bundle]
ca_bundle = /no/such.pem
[profile partial]
aws_access_key_id = AKIDEXAMPLE
[profile no-source]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = absent
[profile no-program]
credential_process = /no/such/program
[profile endpoint]
endpoint_url = nonsense
[profile service]
services = ours
[services ours]
partnercentral_selling =
  endpoint_url = ftp://host
[profile form]
output = jsn
"""


@pytest.fixture(autouse=True)
def profiles(no_aws_settings: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(PROFILES)
    (tmp_path / "broken").write_text("[[[\n=\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


COMMANDS = {"opportunities": [], "pipeline": [], "sync": ["--store", "copy.db"]}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("environment", "words", "said"),
    [
        ("", [], "No AWS credentials were found. Set AWS_ACCESS_KEY_ID"),
        ("", [], "name a profile with --profile or AWS_PROFILE"),
        ("AWS_ACCESS_KEY_ID=x", [], "missing: AWS_SECRET_ACCESS_KEY."),
        ("", ["--profile", "partial"], "missing: aws_secret_access_key."),
        ("", ["--profile", "no-source"], 'The source_profile "absent" referenced'),
        ("", ["--ca-bundle", "/nope"], "'/nope' (--ca-bundle) cannot be used: No such file"),
        ("AWS_CA_BUNDLE=/nope", [], "'/nope' (AWS_CA_BUNDLE) cannot be used: No such file"),
        (
            *("AWS_CA_BUNDLE=/nope", ["--ca-bundle", "config"]),
            "'config' (--ca-bundle) cannot be used: it holds no certificates in PEM format.",
        ),
        (
            *("", ["--profile", "no-bundle"]),
            "'/no/such.pem' (ca_bundle of the profile no-bundle) cannot be used: No such file",
        ),
        ("", ["--profile", "partal"], "'partal' (--profile) in "),
        ("", ["--profile", "partal"], "Perhaps you mean partial."),
        ("AWS_PROFILE=other", [], "'other' (AWS_PROFILE) in "),
        ("AWS_PROFILE=other", [], "There are: no-bundle, partial, "),
        ("AWS_DEFAULT_PROFILE=other", [], "'other' (AWS_DEFAULT_PROFILE) in "),
        ("AWS_CONFIG_FILE=none", ["--profile", "nope"], "No profile is defined there.\n"),
        ("AWS_CONFIG_FILE=broken", [], "Unable to parse config file: "),
        ("AWS_CONFIG_FILE=broken", [], "AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name"),
        *(
            (f"{name}=nonsense", ["--region", "eu-west-1"], f'Bad value for {name} "nonsense"')
            for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING")
        ),
        ("", ["--profile", "endpoint"], "Bad value for endpoint_url of the profile endpoint"),
        ("", ["--profile", "service"], "Bad value for endpoint_url of the profile service"),
        ("", ["--region", "eu-west-1"], "Leave --region out (AWS_REGION is not looked at), or"),
        ("", ["--region", "xx"], "in us-east-1 only, not in xx."),
        ("", ["--region", "US-EAST-1"], "--region 'US-EAST-1' is not a region"),
        ("", ["--region", ""], "--region '' is not a region"),
        ("", ["--region", "a b"], "--region 'a b' is not a region"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_named_as_it_is_set(
    command: str,
    environment: str,
    words: list[str],
    said: str,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment:
        monkeypatch.setenv(*environment.split("=", 1))
    done = run(command, "--catalog", "AWS", *COMMANDS[command], *words)
    assert (done.code, done.out) == (253, "")
    assert said in done.err


def test_what_is_set_and_not_used_is_not_checked(
    run: Run, emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nope")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    words = ["--no-verify-ssl", "--region", "eu-west-1", "--max-items", "1"]
    assert run("opportunities", *where(emulator), *words).code == 0
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert run("opportunities", "--demo", "--no-verify-ssl", "--max-items", "1").code == 0


@pytest.mark.parametrize("region", ["US-EAST-1", "", "a b"])
def test_a_region_that_is_none_is_refused_with_demo_too(region: str, run: Run) -> None:
    done = run("opportunities", "--demo", "--region", region)
    assert (done.code, done.out) == (253, "")
    assert f"--region {region!r} is not a region" in done.err


def test_a_form_that_there_is_not_is_named_with_its_source(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run("opportunities", "--catalog", "AWS", "--profile", "form").err
    assert "Unknown output type: jsn (output of the profile)." in said
    assert said.endswith("Perhaps you mean json.\n")


@pytest.mark.parametrize("store", ["", ":memory:"])
def test_a_replica_needs_a_file(store: str, run: Run) -> None:
    done = run("sync", "--demo", "--store", store)
    assert done.code == 252
    assert "give a path" in done.err


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ('{"Sort": 5}', "--sort: a number where a map belongs"),
        ('{"CreatedDate": "x"}', "--created-date: a text where a map belongs"),
        ('{"MaxResults": "x"}', "--max-results: a text where a whole number belongs"),
        ('{"MaxResults": true}', "--max-results: true or false where a whole number belongs"),
        ('{"NextToken": 5}', "--next-token: a number where a text belongs"),
        ('{"Identifier": "O1"}', "--identifier: a text where a list belongs"),
        ('{"LifeCycleStage": [1]}', "--life-cycle-stage: a number where a text belongs"),
        ('{"LifeCycleStage": [null]}', "--life-cycle-stage: null where a text belongs"),
        ('{"Catalog": {}}', "--catalog: a map where a text belongs"),
        ('{"Sort": {"SortBy": []}}', "--sort SortBy: a list where a text belongs"),
        (
            '{"CreatedDate": {"AfterCreatedDate": true}}',
            "--created-date AfterCreatedDate: true or false where a timestamp belongs",
        ),
        (
            '{"TargetCloseDate": {"AfterTargetCloseDate": 5}}',
            "--target-close-date AfterTargetCloseDate: a number, which is no day; write YYYY-MM-DD",
        ),
    ],
)
def test_a_value_of_another_kind_is_named_as_json_names_it(
    request_: str, said: str, run: Run
) -> None:
    catalog = () if "Catalog" in request_ else ("--catalog", "AWS")
    done = run("opportunities", *catalog, "--no-sign-request", "--cli-input-json", request_)
    assert (done.code, done.out) == (252, "")
    assert f"Nothing was sent.\n  {said}\n" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--target-close-date AfterTargetCloseDate=2026-02-30", "'2026-02-30' is not a day"),
        ("--target-close-date AfterTargetCloseDate=0999-01-01", "outside of the years 1000"),
        ("--created-date AfterCreatedDate=0999-01-01", "outside of the years 1000 to 9999"),
        (
            "--created-date AfterCreatedDate=2026-02-01,BeforeCreatedDate=2026-01-01",
            "AfterCreatedDate (2026-02-01T00:00:00+00:00) is later than BeforeCreatedDate (2026-",
        ),
        (
            "--target-close-date "
            "BeforeTargetCloseDate=2026-01-01,AfterTargetCloseDate=2026-02-01",
            "AfterTargetCloseDate (2026-02-01) is later than BeforeTargetCloseDate (2026-01-01)",
        ),
        ("--starting-token e30=", "--starting-token: a resume token of another operation. Valid"),
        ("--starting-token=", "--starting-token: an empty text. Valid"),
        ("--max-items three", "argument --max-items: 'three' is not a whole number"),
        ("--requests-per-second x", "argument --requests-per-second: 'x' is not a number"),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_by_its_option(
    words: str, said: str, listed: Run, emulator: PartnerCentralEmulator
) -> None:
    done = listed(*words.split())
    assert (done.code, done.out) == (252, "")
    assert said in done.err
    assert not emulator.requests


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("oportunities --catalog AWS", "Perhaps you mean opportunities."),
        ("list-opportunities --catalog AWS", "Perhaps you mean opportunities."),
        ("snyc", "Perhaps you mean sync."),
        ("opportunities --catalog AWS --lifecycle-stage x", "Perhaps you mean --life-cycle-stage."),
        ("opportunities --catalog AWS --stage x", "Perhaps you mean --life-cycle-stage."),
        ("opportunities --catalog AWS --stages x", "Perhaps you mean --life-cycle-stage."),
        ("opportunities --catalog AWS --status x", "mean --life-cycle-review-status."),
        ("opportunities --catalog AWS --company x", "mean --customer-company-name."),
        (
            "opportunities --catalog AWS --date x",
            "mean --last-modified-date or --created-date or --target-close-date.",
        ),
        ("opportunities --catalog AWS --filter x", "Filters are options of their own: --"),
        ("opportunities --catalog AWS --filters=x", ", --life-cycle-stage, --life-cycle-review-"),
        ("opportunities --catalog AWS --Max-Items=3", "Perhaps you mean --max-items."),
        ("opportunities --catalog AWS --output jsnl", "Perhaps you mean jsonl."),
        ("opportunities --catalog AWS --output JSON", "Perhaps you mean json."),
        ("opportunities --catalog AWS --color of", "Perhaps you mean off."),
        ("opportunities --generate-cli-skeleton inptu", "Perhaps you mean input."),
        ("opportunities --catalog AWS --cli-input-json {\"Sorts\":1}", "Perhaps you mean Sort."),
        ("opportunities --catalog AWS --cli-binary-format base46", "Perhaps you mean base64."),
        ("sync --catalog AWS --stroe x", "Unknown options: --stroe, x. Perhaps you mean --store."),
        ("emulator --prot 1", "Perhaps you mean --port."),
        ("emulator --catalog Sandbx", "Perhaps you mean Sandbox."),
        ("completion bsh", "Perhaps you mean bash."),
        ("--verison", "Perhaps you mean --version."),
        ("--profile x opportunities", "Unknown option: --profile. Options come behind the command"),
    ],
)  # fmt: skip
def test_the_option_that_was_probably_meant_is_suggested(words: str, said: str, run: Run) -> None:
    done = run(*words.split())
    assert (done.code, done.out) == (252, "")
    assert said in done.err


@pytest.mark.parametrize("command", ["opportunities", "sync"])
def test_a_filter_option_is_not_taken_for_a_profile(command: str, run: Run) -> None:
    done = run(command, "--catalog", "AWS", "--filter", "x")
    assert done.code == 252
    assert "Perhaps" not in done.err


@pytest.mark.parametrize(
    "words",
    ["elephant", "opportunities --catalog AWS --elephant", "opportunities --output elephant"],
)
def test_nothing_is_suggested_where_nothing_is_close(words: str, run: Run) -> None:
    done = run(*words.split())
    assert done.code == 252
    assert "elephant" in done.err
    assert "Perhaps" not in done.err


@pytest.mark.parametrize("words", [["--vers"], ["-h"], ["opportunities", "--help"]])
def test_a_short_form_and_help_are_no_mistakes(words: list[str], run: Run) -> None:
    assert run(*words).code == 0


def test_missing_options_are_reported_if_none_is_misspelled(run: Run) -> None:
    done = run("sync", "--catalog", "AWS")
    assert done.code == 252
    assert "the following arguments are required: --store" in done.err


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault.error(name) for name in ("AccessDeniedException", "ThrottlingException")),
        *(Fault.error(name) for name in ("ExpiredTokenException", "ValidationException")),
        *(Fault.body(b"<html>"), Fault.reset("during"), Fault.expired_token()),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_failed_request_is_reported_without_pythons_names(
    command: str,
    fault: Fault,
    run: Run,
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The fixture `run` looks at what is said.
    without_retries(monkeypatch)
    emulator.fail(fault, at=2, times=None)
    done = run(command, *where(emulator), *COMMANDS[command])
    assert done.code in (75, 254, 255)
    assert done.err.startswith("partnercentral-list: [ERROR]: ")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://user:hunter2@host", "user name or password"),
        ("https://host/x?token=hunter2", "query or fragment"),
        ("https://host/x#hunter2", "query or fragment"),
    ],
)
@pytest.mark.parametrize("place", ["option", "variable"])
def test_a_password_or_query_in_an_endpoint_is_not_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, place: str, url: str, parts: str
) -> None:
    words = list[str]()
    if place == "variable":
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    else:
        words = ["--endpoint-url", url]
    done = run("opportunities", "--catalog", "AWS", *words)
    assert f"must not contain a {parts}" in done.err
    assert "hunter2" not in done.err + done.out
