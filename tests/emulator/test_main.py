"""python -m partnercentral_list.emulator."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator, __main__
from tests.emulator.calls import calling

MODULE = "partnercentral_list.emulator"


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Stands in for the person at the keyboard."""

    def wait() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "_wait", wait)
    return wait


@pytest.mark.usefixtures("interrupt")
def test_it_prints_its_url_and_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["--port", "0", "--catalog", "Sandbox"]) == 0
    out, err = capsys.readouterr()
    assert "http://127.0.0.1:" in out
    assert "AWS_ENDPOINT_URL_PARTNERCENTRAL_SELLING=http://127.0.0.1:" in out
    assert "list-opportunities --catalog Sandbox" in out
    assert err == ""


def test_it_ends_in_order_when_the_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(__main__, "_wait", lambda: None)
    assert __main__.main(["--port", "0"]) == 0


def test_its_options_reach_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[tuple[object, ...], dict[str, object]]] = []

    class Spy(PartnerCentralEmulator):
        def __init__(self, *args: object, **options: object) -> None:
            made.append((args, options))
            super().__init__(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(__main__, "PartnerCentralEmulator", Spy)
    monkeypatch.setattr(__main__, "_wait", lambda: None)
    arguments = "--port 0 --opportunities 3 --seed 4 --latency 0.5 --requests-per-second 9"
    __main__.main([*arguments.split(), "--catalog", "Sandbox"])
    expected = {"seed": 4, "latency": 0.5, "requests_per_second": 9.0, "catalog": "Sandbox"}
    assert made == [((3,), expected | {"port": 0})]


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
    [["--opportunities", "-1"], ["--requests-per-second", "0"], ["--port", "70000"]],
    ids=lambda argv: argv[0],
)
def test_a_value_out_of_bounds_is_one_line_and_status_1(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(argv) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_ctrl_c_ends_the_process_without_a_word() -> None:
    command = [sys.executable, "-W", "error", "-m", MODULE, "--port", "0", "--opportunities", "7"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().partition(" at ")[2].split()[0]
        process.stdout.readline()
        with calling(url) as caller:
            assert len(caller.fetch().ids) == 7
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
