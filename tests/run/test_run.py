"""run(): asyncio.run where no loop is running, and beside the loop where one is."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import signal
import threading
import traceback
import weakref
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from partnercentral_list import run

WORKER = "partnercentral_list.run"
color = contextvars.ContextVar("color", default="none")


async def thread_name() -> str:
    await asyncio.sleep(0)
    return threading.current_thread().name


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def fail() -> None:
    await asyncio.sleep(0)
    raise KeyError("on purpose")


def here(call: Callable[[], Any]) -> Any:
    """Without a running loop."""
    return call()


def beside(call: Callable[[], Any]) -> Any:
    """In a running loop, as a cell of a notebook is."""

    async def cell() -> Any:
        return call()

    return asyncio.run(cell())


either = pytest.mark.parametrize("place", [here, beside])


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Have SIGINT raise KeyboardInterrupt, which a shell's background processes ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def interrupting() -> Callable[[], Coroutine[Any, Any, None]]:
    """Makes coroutines that interrupt the main thread and wait to be cancelled."""

    async def interrupt() -> None:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        await asyncio.Event().wait()

    return interrupt


def test_a_script_runs_it_in_its_own_thread_and_a_notebook_beside() -> None:
    assert here(lambda: run(thread_name())) == threading.current_thread().name
    assert beside(lambda: run(thread_name())) == WORKER


@either
@pytest.mark.parametrize(
    ("wrong", "name"),
    [(thread_name, "function"), (None, "NoneType"), (asyncio.Event(), "Event")],
)
def test_what_is_no_coroutine_is_refused(place: Callable[..., Any], wrong: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"takes a coroutine, not {name}.*run\(main\(\)\)"):
        place(lambda: run(wrong))


@either
def test_an_error_is_raised_where_run_was_called_and_shows_where_it_began(
    place: Callable[..., Any],
) -> None:
    with pytest.raises(KeyError, match="on purpose") as caught:
        place(lambda: run(fail()))
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "fail"
    assert caught.value.__context__ is None


@either
@pytest.mark.parametrize("leaving", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_ends_a_program_ends_the_caller_and_not_the_worker(
    place: Callable[..., Any], leaving: BaseException
) -> None:
    async def leave() -> None:
        raise leaving

    with pytest.raises(type(leaving)):
        place(lambda: run(leave()))
    assert beside(lambda: run(thread_name())) == WORKER


def test_the_loop_outlives_calls_and_cannot_be_stopped_by_what_it_runs() -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        asyncio.get_running_loop().stop()
        return asyncio.get_running_loop()

    first, second = beside(lambda: run(loop())), beside(lambda: run(loop()))
    assert first is second
    assert first.is_running()


def test_a_task_that_is_left_continues_in_the_next_call() -> None:
    async def leave() -> asyncio.Task[str]:
        return asyncio.create_task(thread_name())

    async def fetch(left: asyncio.Task[str]) -> str:
        return await left

    left = beside(lambda: run(leave()))
    assert beside(lambda: run(fetch(left))) == WORKER


@either
def test_the_callers_context_variables_are_seen_and_not_changed(place: Callable[..., Any]) -> None:
    async def look() -> str:
        seen = color.get()
        color.set("green")
        return seen

    def call() -> list[str]:
        color.set("red")
        return [run(look()), run(look()), color.get()]

    assert contextvars.copy_context().run(place, call) == ["red", "red", "red"]


@either
def test_debug_reaches_the_loop(place: Callable[..., Any]) -> None:
    async def is_debug() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert place(lambda: run(is_debug(), debug=True)) is True
    assert place(lambda: run(is_debug(), debug=False)) is False


def test_code_that_run_runs_beside_cannot_call_run() -> None:
    async def again() -> None:
        run(thread_name())

    with pytest.raises(RuntimeError, match="would wait for itself: write await there"):
        beside(lambda: run(again()))


def test_code_inside_run_may_call_run_where_that_cannot_deadlock() -> None:
    async def call_in_a_thread() -> list[str]:
        by_itself = await asyncio.to_thread(lambda: run(thread_name()))
        beside_another = await asyncio.to_thread(lambda: beside(lambda: run(thread_name())))
        return [by_itself, beside_another]

    async def call_in_the_loop() -> str:
        return run(thread_name())

    by_itself, beside_another = beside(lambda: run(call_in_a_thread()))
    assert by_itself.startswith("asyncio_")
    assert beside_another == WORKER
    assert here(lambda: run(call_in_the_loop())) == WORKER


def test_threads_call_run_at_the_same_time() -> None:
    arrived: list[asyncio.Event] = []
    responses: list[int] = []

    async def meet(number: int) -> int:
        arrived.append(asyncio.Event())
        if len(arrived) == 2:
            for event in arrived:
                event.set()
        await arrived[-1 if len(arrived) == 2 else 0].wait()
        return number

    def call(number: int) -> None:
        responses.append(beside(lambda: run(meet(number))))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(responses) == [0, 1]


def run_in_a_plain_loop(call: Callable[[], Any]) -> None:
    async def cell() -> None:
        call()

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(cell())
    finally:
        loop.close()


@pytest.mark.parametrize("place", [here, beside, run_in_a_plain_loop])
def test_an_interrupt_cancels_waits_and_is_raised(
    place: Callable[..., Any], interrupting: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    cleaned_up: list[bool] = []

    async def main() -> None:
        try:
            await interrupting()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            cleaned_up.append(True)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        place(lambda: run(main()))
    assert cleaned_up == [True]
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interrupt_is_raised_whatever_cancellation_returns(
    interrupting: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    async def response() -> str:
        try:
            await interrupting()
        except asyncio.CancelledError:
            return "never mind"
        return ""

    async def fail_too() -> None:
        try:
            await interrupting()
        finally:
            raise KeyError("on its way out")

    with pytest.raises(KeyboardInterrupt):
        beside(lambda: run(response()))
    with pytest.raises(KeyboardInterrupt) as caught:
        beside(lambda: run(fail_too()))
    assert isinstance(caught.value.__context__, KeyError)


def test_a_second_interrupt_does_not_wait_for_an_endless_coroutine(
    interrupting: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    ended, leave = threading.Event(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await interrupting()
        except asyncio.CancelledError:
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGINT)
            await leave.wait()
            ended.set()

    async def let_it_end() -> None:
        leave.set()

    with pytest.raises(KeyboardInterrupt):
        beside(lambda: run(stubborn()))
    assert not ended.is_set()
    beside(lambda: run(let_it_end()))
    ended.wait()


def test_an_interrupt_before_the_coroutine_begins_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = beside(lambda: run(running_loop()))
    original = loop.call_soon_threadsafe
    calls: list[object] = []

    def interrupted(callback: Callable[..., object], *arguments: Any, **options: Any) -> Any:
        calls.append(callback)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return original(callback, *arguments, **options)

    monkeypatch.setattr(loop, "call_soon_threadsafe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        beside(lambda: run(thread_name()))
    assert len(calls) == 2


def test_a_handler_of_interrupts_that_a_program_installed_is_left_alone() -> None:
    async def handler() -> object:
        return signal.getsignal(signal.SIGINT)

    def own(*_: object) -> None:
        """A program's own."""

    before = signal.signal(signal.SIGINT, own)
    try:
        assert beside(lambda: run(handler())) is own
    finally:
        signal.signal(signal.SIGINT, before)


class BigError(Exception):
    """Stands for an error that holds much."""


def test_no_error_is_kept_once_it_was_handled() -> None:
    async def fail() -> None:
        raise BigError

    async def cell() -> weakref.ref[BigError] | None:
        try:
            run(fail())
        except BigError as error:
            return weakref.ref(error)
        return None

    gc.collect()
    gc.disable()
    try:
        reference = asyncio.run(cell())
        # Afterwards the worker has certainly done with the call before.
        beside(lambda: run(thread_name()))
        assert reference is not None
        assert reference() is None
    finally:
        gc.enable()
