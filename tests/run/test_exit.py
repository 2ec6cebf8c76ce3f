"""run() at the end of the interpreter, and in a process that was forked."""

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
import asyncio, threading
from partnercentral_list import run

join = threading.Thread.join
# So that the test does not wait for what does not end.
threading.Thread.join = lambda thread, timeout=None: join(thread, 0)

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

ENDS = """
import asyncio, atexit
from partnercentral_list import run

kept = []
# What is registered first is called last.
atexit.register(lambda: print("loop closed" if kept[0].is_closed() else "loop open"))

async def items():
    try:
        yield 1
    finally:
        print("generator closed")

async def endless():
    try:
        await asyncio.Event().wait()
    finally:
        print("task cancelled")

async def leave():
    generator = items()
    await anext(generator)
    kept.extend([asyncio.get_running_loop(), generator, asyncio.create_task(endless())])
    await asyncio.sleep(0)
    await asyncio.to_thread(print, "thread used")

async def cell():
    run(leave())

asyncio.run(cell())
"""

NO_THREAD = """
import asyncio, threading
from partnercentral_list import run

def refuse(thread):
    raise RuntimeError("can't start new thread")

async def thread_name():
    return threading.current_thread().name

async def cell():
    return run(thread_name())

start, threading.Thread.start = threading.Thread.start, refuse
try:
    asyncio.run(cell())
except RuntimeError as error:
    print(error)
threading.Thread.start = start
print(asyncio.run(cell()))
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


def test_the_end_cancels_tasks_and_closes_generators_and_the_loop() -> None:
    printed = execute(ENDS, "-Werror", "")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout.splitlines() == [
        "thread used",
        "task cancelled",
        "generator closed",
        "loop closed",
    ]


def test_a_thread_that_cannot_start_is_an_error_and_the_next_call_retries() -> None:
    printed = execute(NO_THREAD, "-Werror", "")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout.splitlines() == ["can't start new thread", "partnercentral_list.run"]


def test_a_coroutine_that_never_ends_is_reported_and_holds_nothing() -> None:
    done = execute(STUBBORN, "-Werror", "")
    assert (done.returncode, done.stdout.split()) == (0, ["ended"])
    assert "A task that run() left behind did not end when it was cancelled." in done.stderr


@pytest.mark.usefixtures("credentials")
def test_a_forked_process_gets_a_worker_and_leaves_the_parents_alone(
    emulator: PartnerCentralEmulator,
) -> None:
    # Python 3.12 and newer warn of any fork beside a thread.
    printed = output(FORK, "-Wdefault", "-Wignore::DeprecationWarning", emulator.url)
    assert printed == ["250", "250", "250", "0", "250"]
