"""run(): asyncio.run that also works while an event loop is running, as in a notebook."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import logging
import signal
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger("partnercentral_list")

# How often a waiting thread wakes up: a lock that is waited for does not notice an interrupt on
# Windows, nor one that the system delivered to another thread.
POLL_INTERVAL_SECONDS = 0.1
# How long the interpreter's exit waits for coroutines that are slow to be cancelled.
SHUTDOWN_TIMEOUT_SECONDS = 5.0

# Modules whose SIGINT handlers only notify the event loop, which is blocked while `run` waits.
_MODULES_OF_LOOP_HANDLERS = ("asyncio.runners", "ipykernel.ipkernel")

_blocked: set[asyncio.AbstractEventLoop] = set()


def run(main: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Run a coroutine and return its result, in a script and in a notebook.

    Where no event loop is running in this thread it is `asyncio.run`. Where one is, as in a
    Jupyter notebook, which `asyncio.run` refuses, the coroutine runs in the event loop of a
    thread beside it, while this one waits. That loop lives until the interpreter ends: a client
    keeps its connections from one cell to the next. Prefer ``await`` where it can be written.

    Args:
        main: A coroutine, as a call of an async function returns it. It sees the caller's context
            variables.
        debug: As in `asyncio.run`. The loop of the other thread keeps the setting for later calls.

    Returns:
        What the coroutine returns.

    Raises:
        ValueError: `main` is not a coroutine.
        RuntimeError: The caller is a coroutine that `run` is running in the other thread, which
            would wait for itself.
        KeyboardInterrupt: The user interrupted; the coroutine was cancelled, and has ended. A
            second interrupt does not wait for that end.
        BaseException: What the coroutine raises.
    """
    _check(main)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    if loop is None:
        return asyncio.run(main, debug=debug)
    return _run_beside(loop, main, debug)


def _check(main: object) -> None:
    if not isinstance(main, Coroutine):
        raise ValueError(
            f"run() takes a coroutine, not {type(main).__name__}: what calling an async function "
            "gives, as in run(main())."
        )


def is_blocked(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a call of `run` blocks a loop, because it has not returned yet."""
    return loop in _blocked


def _run_beside(
    loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, T], debug: bool | None
) -> T:
    try:
        worker = _Worker.beside(loop)
    except BaseException:
        main.close()
        raise
    job = _Job(main, debug)
    with _blocking(loop), _interruptible():
        try:
            worker.call_soon(job.start)
            job.wait()
        except BaseException as interrupt:
            worker.call_soon(job.cancel)
            job.wait()
            # What the coroutine raised while it was cancelled is shown before the interrupt.
            interrupt.__context__ = job.failure() or interrupt.__context__
            raise
    try:
        return job.result()
    finally:
        # An exception's traceback holds this frame: the job, which holds it, would make a cycle.
        del job


class _Job(Generic[T]):
    """A coroutine that runs in the worker's loop, and its result."""

    def __init__(self, main: Coroutine[Any, Any, T], debug: bool | None) -> None:
        self._main = main
        self._debug = debug
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[T]
        self._has_begun = self._is_done = False
        # Not a threading.Event: an interrupt inside one leaves it locked, and the worker hangs.
        self._running = threading.Lock()
        self._running.acquire()

    def start(self) -> None:
        """Create the task; called in the worker's loop."""
        loop = asyncio.get_running_loop()
        if self._debug is not None:
            loop.set_debug(self._debug)
        self._task = loop.create_task(self._main, context=self._context)
        self._has_begun = True
        self._task.add_done_callback(self._finish)

    def cancel(self) -> None:
        """Cancel the coroutine, started or not; called in the worker's loop."""
        if self._has_begun:
            self._task.cancel()
        else:
            self._main.close()
            self._finish(None)

    def wait(self) -> None:
        """Wait until the coroutine has ended; called in the thread that called `run`."""
        while not self._is_done:
            self._running.acquire(timeout=POLL_INTERVAL_SECONDS)

    def failure(self) -> BaseException | None:
        """Return the exception of a coroutine that has ended; None if it raised none."""
        if self._has_begun and not self._task.cancelled():
            return self._task.exception()
        return None

    def result(self) -> T:
        """Return what the coroutine returned, or raise what it raised."""
        try:
            return self._task.result()
        finally:
            del self

    def _finish(self, task: asyncio.Task[T] | None) -> None:
        self._is_done = True
        self._running.release()


class _Worker:
    """A thread with an event loop that lives until the interpreter ends."""

    _current: ClassVar[_Worker | None] = None
    _starting: ClassVar = threading.Lock()

    @classmethod
    def beside(cls, loop: asyncio.AbstractEventLoop) -> _Worker:
        """Return the worker of the process, started when it is first needed."""
        with cls._starting:
            if cls._current is None or not cls._current.is_alive:
                cls._current = cls()
            if cls._current.loop is loop:
                raise RuntimeError(
                    "run() was called by code that run() is running, and would wait for itself: "
                    "write await there."
                )
            return cls._current

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._ending = False
        self._thread = threading.Thread(
            target=self._serve, name="partnercentral_list.run", daemon=True
        )
        atexit.register(self.end)
        try:
            self._thread.start()
        except RuntimeError:
            self.loop.close()
            raise

    @property
    def is_alive(self) -> bool:
        """True if the thread is running; in a forked process it is not."""
        return self._thread.is_alive()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Schedule a callback in the loop."""
        self.loop.call_soon_threadsafe(callback)

    def end(self) -> None:
        """Cancel the tasks that are left, and close the async generators and the loop."""
        if self.is_alive:
            self._ending = True
            self.call_soon(self.loop.stop)
            self._thread.join(SHUTDOWN_TIMEOUT_SECONDS)
            if self.is_alive:
                logger.warning("A task that run() left behind did not end when it was cancelled.")

    def _serve(self) -> None:
        while not self._ending:
            # Such an exception of a task is also raised here; whoever awaits the task gets it.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()
        try:
            self.loop.run_until_complete(_cancel_remaining_tasks())
        finally:
            self.loop.close()


async def _cancel_remaining_tasks() -> None:
    # Not asyncio.Runner: it starts a thread to shut down the default executor, which Python 3.12.1
    # refuses this late. The executor's threads have already ended.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left)
    await asyncio.get_running_loop().shutdown_asyncgens()


@contextmanager
def _blocking(loop: asyncio.AbstractEventLoop) -> Generator[None, None, None]:
    _blocked.add(loop)
    try:
        yield
    finally:
        _blocked.discard(loop)


@contextmanager
def _interruptible() -> Generator[None, None, None]:
    handler: Any = signal.getsignal(signal.SIGINT)
    module = getattr(getattr(handler, "func", handler), "__module__", None)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or module not in _MODULES_OF_LOOP_HANDLERS:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
