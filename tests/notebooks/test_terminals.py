"""await and run() in IPython's terminal and in `python -m asyncio`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pexpect
import pytest

IPYTHON = ["IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor"]
ASYNCIO = ["asyncio"]


class Terminal:
    """An interpreter that somebody types into."""

    def __init__(self, module: list[str]) -> None:
        self._prompt = r"In \[\d+\]: $" if module is IPYTHON else ">>> $"
        self.process = pexpect.spawn(
            sys.executable, ["-m", *module], encoding="utf-8", timeout=60, echo=False
        )
        self.process.expect(self._prompt)

    def type(self, line: str) -> str:
        """Type a line and return what is printed."""
        self.process.sendline(line)
        self.process.expect(self._prompt)
        return str(self.process.before)

    def interrupt(self, line: str, when: str) -> str:
        """Type a line and press Ctrl-C when that is printed."""
        self.process.sendline(line)
        self.process.expect(when)
        self.process.sendintr()
        self.process.expect(self._prompt)
        return str(self.process.before)

    def leave(self) -> tuple[str, int | None]:
        self.process.sendline("exit()")
        self.process.expect(pexpect.EOF)
        self.process.close()
        return str(self.process.before), self.process.exitstatus


@pytest.fixture(params=[IPYTHON, ASYNCIO], ids=["IPython", "asyncio"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    # Plain text, from Python 3.13's terminal too.
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PYTHON_BASIC_REPL", "1")
    terminal = Terminal(request.param)
    yield terminal
    terminal.process.close(force=True)


WAITING = """
async def wait():
    try:
        print("be" + "gan")
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append("cancelled")
"""


def test_await_and_run_share_a_client_and_an_interrupt_cancels(terminal: Terminal) -> None:
    def response(expression: str) -> str:
        return terminal.type(f"print({expression})").strip()

    terminal.type("import asyncio; from partnercentral_list import PartnerCentralClient, run")
    terminal.type("client = PartnerCentralClient('AWS'); ended = []")
    terminal.type(f"exec({WAITING!r})")
    for _ in range(2):
        assert response("len(run(client.iter_opportunities().collect()))") == "250"
        assert response("len(await client.iter_opportunities().collect())") == "250"
    assert "KeyboardInterrupt" in terminal.interrupt("run(wait())", "began")
    assert response("ended") == "['cancelled']"
    assert response("len(run(client.iter_opportunities().collect()))") == "250"
    terminal.type("await client.aclose()")
    said, status = terminal.leave()
    assert (said.strip(), status) == ("", 0)
