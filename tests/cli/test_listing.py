"""A listing on the command line: paging, tokens, failures, interruptions, progress, memory."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from partnercentral_list import (
    PageReceived,
    RateLimited,
    RequestQueued,
    RetryScheduled,
    ScanFinished,
)

# private: what the progress line shows depends on time, which the command takes from the machine.
from partnercentral_list.cli._progress import ProgressLine
from partnercentral_list.emulator import Fault, PartnerCentralEmulator, __main__
from tests.cli.conftest import Run
from tests.cli.endless import PEAK, serving_endlessly
from tests.cli.running import HangingRequest, argv_of, where, without_retries
from tests.emulator.keyboard import interrupting


def ids(text: str) -> list[str]:
    return [record["Id"] for record in json.loads(text)["OpportunitySummaries"]]


def test_a_cut_listing_resumes_from_its_token(listed: Run) -> None:
    whole = ids(listed().out)
    first = listed("--max-items", "33")
    rest = listed("--starting-token", json.loads(first.out)["NextToken"])
    assert ids(first.out) + ids(rest.out) == whole
    assert "NextToken" not in json.loads(rest.out)


@pytest.mark.parametrize("words", [["--no-paginate"], ["--max-results", "20"]])
def test_awss_own_token_resumes_in_both_ways(words: list[str], listed: Run) -> None:
    whole = ids(listed().out)
    one_page = listed(*words)
    token = json.loads(one_page.out)["NextToken"]
    assert ids(one_page.out) == whole[:20]
    assert ids(listed("--next-token", token).out) == whole[20:40]
    assert ids(listed("--starting-token", token).out) == whole[20:]


def test_jsonl_names_the_resume_token_on_stderr(listed: Run) -> None:
    done = listed("--output", "jsonl", "--max-items", "3")
    token = re.fullmatch(r"There are more\. Resume with: --starting-token (\S+)\n", done.err)
    assert token
    assert ids(listed("--starting-token", token[1]).out) == ids(listed().out)[3:]


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ([], [100, 100, 100]),
        (["--output", "jsonl"], [100, 100, 100]),
        (["--output", "text", "--max-items", "30"], [None, None]),
        (["--max-items", "30"], [None, None]),
        (["--page-size", "90"], [90, 90, 90]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_pages_are_as_large_as_can_be_where_they_do_not_show(
    words: list[str], sizes: list[int | None], listed: Run, emulator: PartnerCentralEmulator
) -> None:
    assert listed(*words).code == 0
    assert [request.body.get("MaxResults") for request in emulator.requests] == sizes


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.error("AccessDeniedException"), 254),
        (Fault.body(b"<html>"), 255),
        (Fault.reset("during"), 255),
    ],
    ids=["denied", "html", "reset"],
)
def test_a_failure_has_the_aws_clis_exit_code_and_no_output(
    fault: Fault,
    code: int,
    listed: Run,
    emulator: PartnerCentralEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_retries(monkeypatch)
    emulator.fail(fault, times=None, at=2)
    done = listed()
    assert (done.code, done.out) == (code, "")
    assert "100 opportunities were read, and none was written" in done.err


def test_a_failure_in_the_middle_of_lines_names_the_resume_token(
    listed: Run, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail("AccessDeniedException", at=2)
    done = listed("--output", "jsonl")
    assert done.code == 254
    assert done.out.count("\n") == 100
    assert "100 opportunities were written." in done.err
    token = done.err.split("--starting-token ")[1].strip()
    rest = listed("--output", "jsonl", "--starting-token", token)
    assert rest.out.count("\n") == 150


def test_an_expired_token_is_refused_by_aws_and_not_offered_again(
    listed: Run, emulator: PartnerCentralEmulator
) -> None:
    emulator.fail(Fault.expired_token(), at=2)
    done = listed("--output", "jsonl")
    assert done.code == 254
    assert "--starting-token" not in done.err


def test_a_region_without_partner_central_is_a_bad_configuration(run: Run) -> None:
    done = run("opportunities", "--catalog", "AWS", "--region", "eu-west-1", "--no-sign-request")
    assert done.code == 253


def test_no_credentials_is_a_bad_configuration(run: Run, emulator: PartnerCentralEmulator) -> None:
    done = run("opportunities", "--catalog", "AWS", "--endpoint-url", emulator.url)
    assert done.code == 253
    assert not emulator.requests


def test_debug_logs_requests_and_shows_no_record(emulator: PartnerCentralEmulator) -> None:
    name = emulator.opportunities[0]["Customer"]["Account"]["CompanyName"]
    words = ["--debug", "--query", "length(OpportunitySummaries)"]
    done = subprocess.run(
        argv_of(emulator, *words), capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == "250\n"
    assert done.stderr.count("page of") == 3
    assert name not in done.stderr


def interrupted(emulator: PartnerCentralEmulator, at: int, *words: str) -> tuple[int, str, str]:
    with (
        HangingRequest(emulator, at) as reached,
        # A pipe that nobody reads would fill up.
        tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        subprocess.Popen(
            argv_of(emulator, *words),
            stdout=output,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process,
    ):
        assert reached.wait(30)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        output.seek(0)
        return process.returncode, output.read(), err


@pytest.mark.parametrize("words", [["--output", form] for form in ("jsonl", "json", "text")])
def test_an_interruption_leaves_what_was_read_and_a_resume_token(
    words: list[str], emulator: PartnerCentralEmulator, run: Run
) -> None:
    # By then the first page was taken, and written before anything else was waited for.
    code, out, err = interrupted(emulator, 2, "--page-size", "100", *words)
    assert code == 130
    assert "Interrupted after 100 opportunities." in err
    assert "Traceback" not in err
    token = err.split("--starting-token ")[1].strip()
    if "json" in words:
        assert json.loads(out)["NextToken"] == token
    rest = run("opportunities", *where(emulator), "--starting-token", token)
    assert len(ids(rest.out)) == 150
    assert not set(ids(rest.out)) & set(re.findall(r"\bO\d{6,}\b", out))
    assert len(set(re.findall(r"\bO\d{6,}\b", out)) | set(ids(rest.out))) == 250


def test_an_interruption_before_the_first_page_writes_nothing(
    emulator: PartnerCentralEmulator,
) -> None:
    assert interrupted(emulator, 1) == (130, "", "Interrupted: nothing was written.\n")


def test_a_full_disk_is_a_message_of_one_line(emulator: PartnerCentralEmulator) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            argv_of(emulator, "--output", "jsonl"),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 255
    said = "partnercentral-list: [ERROR]: The response cannot be written: No space left on device."
    assert done.stderr == f"{said}\n"


def test_a_mistake_of_ours_is_one_line_without_what_it_was_about(
    listed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.StringIO):
        def write(self, text: str, /) -> int:
            raise LookupError("Acme Ltd")

    monkeypatch.setattr(sys, "stdout", Broken())
    done = listed()
    assert (done.code, done.out) == (255, "")
    assert "Unexpected LookupError" in done.err
    assert "Acme" not in done.err
    assert "Traceback" in listed("--debug").err


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "text", "yaml", "yaml-stream", "table"])
def test_a_broken_pipe_is_quiet(form: str, emulator: PartnerCentralEmulator) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            argv_of(emulator, "--output", form), stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def peak_kilobytes(url: str, opportunities: int, form: str) -> int:
    where = ["--catalog", "AWS", "--endpoint-url", url, "--no-sign-request", "--output", form]
    count = ["--page-size", "100", "--max-items", str(opportunities), "--requests-per-second", "0"]
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            [sys.executable, "-c", PEAK, "opportunities", *where, *count],
            stdout=output,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process,
    ):
        _, err = process.communicate(timeout=120)
        output.seek(0)
        assert sum(1 for _ in output) == opportunities + (form == "csv")
        return int(err.split()[-1])


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_lines_are_written_in_constant_memory(form: str) -> None:
    with serving_endlessly() as url:
        short, long = peak_kilobytes(url, 500, form), peak_kilobytes(url, 3_500, form)
    # Kept as objects, the 3,000 records in between would weigh more than 7 MB.
    assert long - short < 3_000


class ShownProgress:
    """Progress on a terminal of 120 columns, and the time that it is."""

    def __init__(self, **settings: Any) -> None:
        self.now = 0.0
        self.stream = io.StringIO()
        self.progress = ProgressLine(self.stream, enabled=True, clock=lambda: self.now, **settings)

    def page(self, records: int) -> None:
        self.progress(PageReceived("i", 1, "r", 200, 0.1, records, 0, is_last=False))
        self.progress.add(records)


def test_progress_shows_what_came_and_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = ShownProgress()
    shown.page(100)
    assert shown.stream.getvalue() == ""
    shown.now = 2.0
    shown.progress(RateLimited("i", 1, 0.5, 9.5))
    assert shown.stream.getvalue().endswith("100 opportunities, 1 page, 50/s, 0.5 s waited")
    shown.page(100)
    assert "200 opportunities, 2 pages, 100/s, 0.5 s waited" in shown.progress.line()
    shown.progress(RetryScheduled("i", 1, 1.5, "ThrottlingException"))
    assert shown.stream.getvalue().endswith(
        "2.0 s waited, again in 1.5 s after ThrottlingException"
    )
    shown.progress.clear()
    assert shown.stream.getvalue().endswith("\r\x1b[K")


def test_progress_shows_a_wait_for_the_quota_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shown = ShownProgress()
    shown.page(100)
    shown.progress(RequestQueued("j", 1, 0.02, 1))
    assert shown.stream.getvalue() == ""
    shown.progress(RequestQueued("j", 1, 4.25, 3))
    assert shown.stream.getvalue().endswith("1 page, 100,000/s, waiting 4.2 s for the quota")
    shown.now = 4.0
    shown.progress(RateLimited("j", 1, 4.0, 9.5))
    assert shown.stream.getvalue().endswith("1 page, 25/s, 4.0 s waited")


def test_the_end_of_a_scan_says_what_it_may_lack() -> None:
    for lacks in (True, False):
        shown = ShownProgress()
        shown.now = 1.0
        shown.page(100)
        shown.progress(ScanFinished(100, 0, 1, may_lack_undated=lacks))
        shown.progress.finish()
        _, last, rest = shown.stream.getvalue().rpartition("(100/s)\n")
        assert last
        assert rest.startswith("Opportunities without a creation date may be missing") == lacks
        assert bool(rest) == lacks


def test_progress_has_a_total_where_one_is_known(listed: Run) -> None:
    shown = ShownProgress(limit=3_000)
    shown.now = 1.0
    shown.page(100)
    line = "100 of at most 3,000 opportunities, 1 page, 100/s"
    assert shown.stream.getvalue() == f"\r\x1b[K{line}"


def test_progress_ends_with_what_it_took() -> None:
    shown = ShownProgress()
    shown.now = 1.0
    shown.page(100)
    shown.now = 2.0
    shown.page(20)
    shown.progress.finish()
    assert shown.stream.getvalue().endswith("\r\x1b[K120 opportunities, 2 pages in 2.0 s (60/s)\n")


def test_a_run_too_short_for_progress_ends_without_a_word() -> None:
    shown = ShownProgress()
    shown.page(100)
    shown.progress.finish()
    assert shown.stream.getvalue() == ""


def test_progress_that_nobody_sees_is_not_written() -> None:
    stream = io.StringIO()
    progress = ProgressLine(stream, enabled=False, clock=lambda: 0.0)
    progress(RetryScheduled("i", 1, 1.5, "ThrottlingException"))
    progress.clear()
    progress.finish()
    assert stream.getvalue() == ""
    assert "retry" not in progress.line()


def test_help_and_the_version_are_instant(run: Run) -> None:
    program = (
        "import sys\n"
        "from partnercentral_list.cli import main\n"
        "assert main(['opportunities', '--help']) == 0\n"
        "heavy = {'pydantic', 'aiobotocore', 'botocore', 'rich', 'asyncio', 'jmespath', 'yaml'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert "--life-cycle-stage" in done.stdout
    assert "examples:" in done.stdout
    assert re.fullmatch(r"partnercentral-list/[\d.]+\n", run("--version").out)


def test_demo_needs_neither_an_account_nor_a_catalog(run: Run) -> None:
    done = run("opportunities", "--demo", "--query", "length(OpportunitySummaries)")
    assert (done.code, done.out) == (0, "250\n")
    other = run("opportunities", "--demo", "--catalog", "Sandbox", "--max-items", "1")
    assert json.loads(other.out)["OpportunitySummaries"][0]["Catalog"] == "Sandbox"


@pytest.mark.usefixtures("unusable_setting")
@pytest.mark.parametrize(
    "words",
    [
        ["opportunities", "--demo"],
        ["opportunities", "--demo", "--generate-cli-skeleton", "output"],
        ["pipeline", "--demo"],
        ["sync", "--demo", "--store", "copy.db"],
    ],
    ids=" ".join,
)
def test_demo_ignores_settings_of_the_machine(
    words: list[str], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert (done.code, bool(done.out)) == (0, True), done.err


def test_demo_has_the_pipeline_of_the_clients_demo(run: Run) -> None:
    now = datetime.now(UTC)
    records = json.loads(run("opportunities", "--demo").out)["OpportunitySummaries"]
    changed = max(datetime.fromisoformat(record["LastModifiedDate"]) for record in records)
    assert now - timedelta(days=7) < changed <= now + timedelta(days=1)
    marks = [record.get("PartnerOpportunityIdentifier") or "" for record in records]
    assert not [mark for mark in marks if mark.startswith("odd-")]


@pytest.mark.parametrize("words", [[], ["--max-results", "3"]])
def test_an_output_skeleton_has_a_checked_request(words: list[str], listed: Run) -> None:
    assert listed("--generate-cli-skeleton", "output", *words).code == 0
    stage = ["--life-cycle-stage", "Qualifed"]
    assert listed("--generate-cli-skeleton", "output", *stage, *words).code == 252


def test_the_emulator_command_serves_what_the_options_say(run: Run) -> None:
    words = ["--catalog", "Sandbox", "--requests-per-second", "5"]
    words += ["--behavior", "tokens=keyset", "--fault-rate", "0.5", "--credentials", "AKID:secret"]
    with interrupting() as terminal:
        assert run("emulator", "--port", "0", *words).code == 0
    assert "list-opportunities --catalog Sandbox" in terminal.getvalue()


def test_the_emulator_command_takes_what_its_module_takes(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["--help"])
    alone = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert {"--behavior", "--fault-rate", "--credentials"} <= alone
    assert alone <= set(re.findall(r"--[a-z-]+", run("emulator", "--help").out))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--port", value) for value in ("-1", "65536", "http")),
        *(("--opportunities", value) for value in ("-1", "many")),
        *(("--latency", value) for value in ("-1", "nan", "inf")),
        *(("--requests-per-second", value) for value in ("0", "nan")),
        ("--fault-rate", "2"),
        ("--behavior", "nothing=1"),
        ("--behavior", "tokens=none"),
        ("--credentials", "AKID"),
        ("--catalog", "Sandbx"),
    ],
)
def test_the_emulator_refuses_a_bad_value_by_its_option(option: str, value: str, run: Run) -> None:
    with interrupting():
        done = run("emulator", "--port", "0", f"{option}={value}")
    assert (done.code, done.out) == (252, "")
    assert option in done.err


def test_a_port_in_use_is_an_error_that_names_the_way_out(
    run: Run, emulator: PartnerCentralEmulator
) -> None:
    port = emulator.url.rpartition(":")[2]
    done = run("emulator", "--port", port)
    assert (done.code, done.out) == (253, "")
    assert done.err == (
        f"partnercentral-list: [ERROR]: 127.0.0.1:{port} cannot be served: Address already in use. "
        "--port 0 takes one that is free.\n"
    )
