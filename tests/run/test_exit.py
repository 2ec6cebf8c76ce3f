"""What run() leaves when the interpreter ends, and in a process that was forked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from partnercentral_list.emulator import PartnerCentralEmulator

LEFT_OPEN = """
import asyncio, sys
from partnercentral_list import PartnerCentralClient, run

client = PartnerCentralClient("AWS", endpoint_url=sys.argv[1], rate_limit=None)
left = []

async def leave():
    left.append(asyncio.create_task(asyncio.Event().wait()))
    return await client.iter_opportunities().collect()

async def first_cell():
    print(len(run(leave())))
    left.append(client.iter_opportunities(page_size=10).__aiter__())
    run(left[-1].__anext__())

async def second_cell():
    print(len(run(client.iter_opportunities().collect())))

loop = asyncio.new_event_loop()
loop.run_until_complete(first_cell())
loop.run_until_complete(second_cell())
loop.close()
"""

STUBBORN = """
import asyncio
from partnercentral_list import _run, run

_run.GRACE = 0

async def stubborn():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def leave():
    left.append(asyncio.create_task(stubborn()))
    await asyncio.sleep(0)

async def cell():
    run(leave())

left = []
loop = asyncio.new_event_loop()
loop.run_until_complete(cell())
loop.close()
print("ended")
"""

FORK = """
import asyncio, gc, os, sys
from partnercentral_list import PartnerCentralClient, run

client = PartnerCentralClient("AWS", endpoint_url=sys.argv[1], rate_limit=None)

async def cell():
    return len(run(client.iter_opportunities().collect()))

async def parent():
    print(await cell(), flush=True)
    child = os.fork()
    if child == 0:
        print(len(run(client.iter_opportunities().collect())), flush=True)
        print(asyncio.run(cell()), flush=True)
        asyncio.run(client.aclose())
        gc.collect()
        os._exit(0)
    print(os.waitpid(child, 0)[1], await cell(), flush=True)
    await client.aclose()

asyncio.run(parent())
"""


def execute(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments[:-1], "-c", program, arguments[-1]],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def output(program: str, *arguments: str) -> list[str]:
    done = execute(program, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.usefixtures("credentials")
def test_the_end_of_the_interpreter_closes_what_is_left_without_a_word(
    emulator: PartnerCentralEmulator,
) -> None:
    assert output(LEFT_OPEN, "-Werror", emulator.url) == ["250", "250"]


def test_a_coroutine_that_never_ends_is_reported_and_holds_nothing() -> None:
    done = execute(STUBBORN, "-Werror", "")
    assert (done.returncode, done.stdout.split()) == (0, ["ended"])
    assert "What run() left behind did not end when it was cancelled." in done.stderr


@pytest.mark.usefixtures("credentials")
def test_a_forked_process_gets_a_worker_and_leaves_the_parents_alone(
    emulator: PartnerCentralEmulator,
) -> None:
    # Python 3.12 and newer warn of any fork beside a thread.
    printed = output(FORK, "-Wdefault", "-Wignore::DeprecationWarning", emulator.url)
    assert printed == ["250", "250", "250", "0", "250"]
