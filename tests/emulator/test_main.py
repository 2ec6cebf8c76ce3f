"""python -m partnercentral_list.emulator."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from partnercentral_list.emulator import (
    AcceptedCredentials,
    Behavior,
    PartnerCentralEmulator,
    RandomFaults,
    __main__,
)
from tests.emulator.calls import calling
from tests.emulator.keyboard import interrupting, served

MODULE = "partnercentral_list.emulator"


def test_it_prints_its_url_and_commands(capsys: pytest.CaptureFixture[str]) -> None:
    out = served("--catalog", "Sandbox", "--opportunities", "9")
    err = capsys.readouterr().err
    assert re.search(r"^Partner Central is at http://127.0.0.1:\d+ with 9 opportunities", out)
    assert "export AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING=http://127.0.0.1:" in out
    assert "list-opportunities --catalog Sandbox --max-items 3" in out
    assert "export AWS_ACCESS_KEY_ID=testing" in out
    assert "export AWS_SECRET_ACCESS_KEY=testing" in out
    assert "Ctrl-C" in out
    assert err == ""


def test_secrets_that_it_is_given_are_not_printed() -> None:
    out = served("--credentials", "AKIDEXAMPLE:a-secret:a-token")
    assert "export AWS_ACCESS_KEY_ID=AKIDEXAMPLE" in out
    assert "AWS_SECRET_ACCESS_KEY" in out
    assert "a-secret" not in out
    assert "a-token" not in out


@pytest.mark.parametrize("catalog", ["AWS", "Sandbox"])
def test_what_it_prints_is_enough_to_list_three(
    catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    def try_it(out: str) -> None:
        program = re.search(r'python -c "(.*)"$', out, re.M)
        assert program is not None
        for name, value in re.findall(r"export (\S+)=(\S+)", out):
            monkeypatch.setenv(name, value)
        done = subprocess.run(
            [sys.executable, "-c", program[1]], capture_output=True, text=True, check=True
        )
        printed.append(done.stdout)

    served("--catalog", catalog, meanwhile=try_it)
    assert printed[0].count("OpportunitySummary(") == 3


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the arguments that the command created its emulator with."""
    made: dict[str, Any] = {}
    init = PartnerCentralEmulator.__init__

    def spy(self: PartnerCentralEmulator, number: int, **options: Any) -> None:
        made.update(options, opportunities=number)
        init(self, number, **options)

    # private: latency, quota and random faults are seen here without waiting for them.
    monkeypatch.setattr(PartnerCentralEmulator, "__init__", spy)
    return made


def test_its_options_reach_the_emulator(options: dict[str, Any]) -> None:
    arguments = "--opportunities 3 --seed 4 --latency 0.5 --requests-per-second 9"
    arguments += " --fault-rate 0.5 --credentials AKID:secret:token"
    arguments += " -b tokens=keyset --behavior late_requests=3 -b token_at_end=true"
    arguments += ' -b null_order={"CreatedDate":"first"} --allowed-host one.test'
    arguments += " --allowed-host two.test --no-odd-values --real-dates"
    served(*arguments.split(), "--catalog", "Sandbox")
    assert options == {
        "opportunities": 3,
        "odd_values": False,
        "clock": time.time,
        "seed": 4,
        "latency": 0.5,
        "requests_per_second": 9.0,
        "catalog": "Sandbox",
        "port": 0,
        "faults": RandomFaults(0.5, 4),
        "credentials": AcceptedCredentials("AKID", "secret", "token"),
        "allowed_hosts": ["one.test", "two.test"],
        "behavior": Behavior(
            tokens="keyset",
            late_requests=3,
            token_at_end=True,
            null_order={"CreatedDate": "first"},
            expired_token=options["behavior"].expired_token,
        ),
    }


def test_its_records_are_the_same_each_day_and_some_odd_by_default(
    options: dict[str, Any],
) -> None:
    served()
    assert (options["odd_values"], options["clock"]) == (True, None)


def test_pythons_literals_are_accepted_on_the_command_line(options: dict[str, Any]) -> None:
    served("-b", "token_at_end=False", "-b", "rejected_count=True", "-b", "timestamps=None")
    made = options["behavior"]
    assert (made.token_at_end, made.rejected_count, made.timestamps) == (False, True, None)


def test_a_taken_port_is_one_line_and_status_1(
    emulator: PartnerCentralEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["--port", emulator.url.rpartition(":")[2]]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "in use" in err


@pytest.mark.parametrize(
    "argv",
    [
        ["--opportunities", "-1"],
        ["--requests-per-second", "0"],
        ["--port", "70000"],
        ["--fault-rate", "2"],
        ["--behavior", "nothing=1"],
        ["--behavior", "tokens=none"],
        ["--behavior", 'late_requests="x"'],
        ["--behavior", "token_at_end=no"],
        ["--behavior", "null_order=null"],
        ["--credentials", "AKID"],
        ["--credentials", ":secret"],
        ["--allowed-host", "http://one.test"],
    ],
    ids="=".join,
)
def test_a_value_out_of_bounds_is_one_line_and_status_1(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    # If it is not refused, the test should fail, and not serve forever.
    with interrupting():
        assert __main__.main(["--port", "0", *argv]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_silently(number: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-m", MODULE, "--port", "0", "--opportunities", "7"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().partition(" at ")[2].split()[0]
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        with calling(url) as caller:
            assert len(caller.fetch().ids) == 7
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
