"""The examples run, and print what they promise."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from partnercentral_list import AccessDeniedException, PartnerCentralClient, ReviewStatus
from partnercentral_list.emulator import PartnerCentralEmulator

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    def run_example(name: str) -> str:
        asyncio.run(load(name).main())
        return capsys.readouterr().out

    return run_example


def test_the_quick_start_prints_at_least_ten_opportunities(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert load("quickstart").main(["--emulator"]) == 0
    printed = capsys.readouterr().out
    assert len(re.findall(r"^O\d+ ", printed, re.M)) >= 10


@pytest.mark.usefixtures("unusable_setting")
def test_the_quick_start_ignores_settings_of_the_machine() -> None:
    assert load("quickstart").main(["--emulator"]) == 0


async def test_the_quick_start_lists_what_its_docstring_says(
    emulator: PartnerCentralEmulator, client: PartnerCentralClient
) -> None:
    list_pipeline = load("quickstart").list_pipeline
    said = " ".join((list_pipeline.__doc__ or "").split())
    assert await list_pipeline(client, 5) == 5
    body = emulator.requests[0].body
    assert body is not None
    stages, statuses = body["LifeCycleStage"], body["LifeCycleReviewStatus"]
    assert f"from {stages[0]} to {stages[-1]}" in said
    assert {status for status in ReviewStatus if status.lower() in said.lower()} == set(statuses)
    assert ("newest first" in said) == (body["Sort"]["SortOrder"] == "DESCENDING")
    assert body["Sort"]["SortBy"] == "CreatedDate"


def test_the_quick_start_lists_another_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    load("quickstart").main(["--emulator", "--catalog", "Sandbox", "--max-items", "3"])
    assert "3 opportunities, and there are more" in capsys.readouterr().out


def test_the_quick_start_without_credentials_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        load("quickstart").main([])
    assert caught.value.code == 1
    said = capsys.readouterr().err
    assert "aws configure" in said
    assert "PartnerCentralClient.demo()" in said


def test_the_quick_start_names_a_wrong_profile(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load("quickstart").main(["--profile", "nowhere"])
    assert "nowhere" in capsys.readouterr().err


def test_filters(run: Callable[[str], str]) -> None:
    printed = run("filters")
    assert "  250  everything" in printed
    assert "    1  by identifier" in printed
    assert "'In review'" in printed


def test_resume(run: Callable[[str], str]) -> None:
    printed = run("resume")
    assert "After 200 opportunities: InternalServerException" in printed
    assert "250 opportunities, 250 of them different" in printed


def test_scan(run: Callable[[str], str]) -> None:
    printed = run("scan")
    assert "1000 opportunities, 1000 of them different" in printed
    assert "missed: 0" in printed


def test_handling_errors(run: Callable[[str], str]) -> None:
    printed = run("handling_errors")
    assert "page_size: 500 is out of range" in printed
    assert "INCOMPATIBLE_BENEFIT_AWS_PARTNER_STATE" in printed
    assert "not found: ('O1', 'O2')" in printed
    assert "29 read, 1 invalid" in printed
    assert "ResourceNotFoundException, to be resumed at " in printed


def test_sync_to_sqlite(run: Callable[[str], str]) -> None:
    printed = run("sync_to_sqlite")
    assert "First run:  250 created, 0 updated, 0 unchanged" in printed
    assert "Second run: 0 created, 1 updated" in printed
    assert re.search(r"no longer listed: O\d+$", printed, re.M)
    assert re.search(r"^ +\d+  Launched, changed last at 2", printed, re.M)


def test_eventbridge_lambda(capsys: pytest.CaptureFixture[str]) -> None:
    load("eventbridge_lambda").main()
    printed = capsys.readouterr().out
    assert "Schedule: 250 created" in printed
    assert "Events:   0 created, 1 updated, 0 unchanged; 1 request" in printed
    assert "Again:    0 created, 0 updated, 1 unchanged; 1 request" in printed


def test_a_lambda_call_that_fails_leaves_the_next_one_whole(
    emulator: PartnerCentralEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {**emulator.environment, "PIPELINE": str(tmp_path / "copy.db")}.items():
        monkeypatch.setenv(name, value)
    function = load("eventbridge_lambda")
    schedule = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    emulator.fail("AccessDeniedException", at=3)
    with pytest.raises(AccessDeniedException):
        function.handler(schedule, None)
    assert re.match(r"\d+ created, 0 updated", function.handler(schedule, None))
    assert re.match(r"0 created, 0 updated", function.handler(schedule, None))
    function.RUNNER.run(function.CLIENT.aclose())
    function.RUNNER.close()


def test_every_example_is_tested() -> None:
    tested = {
        "eventbridge_lambda",
        "filters",
        # In tests/postgres/test_fleet_engines.py, where their engines are installed.
        "fleet_celery",
        "fleet_dask",
        "handling_errors",
        "quickstart",
        "resume",
        "scan",
        "sync_to_sqlite",
    }
    assert {path.stem for path in EXAMPLES.glob("*.py")} == tested
