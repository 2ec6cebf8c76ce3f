"""Virtual time: an event loop whose clock moves to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


class Selector(selectors.SelectSelector):
    """Moves the clock to the next timer instead of waiting for it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everything waits for what never comes")
        self._clock.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        super().__init__(Selector(clock))
        self._virtual = clock

    def time(self) -> float:
        return self._virtual.now

    def run_in_executor(  # type: ignore[override] # the base has it typed loosely
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call the function here and now: virtual time would outrun a thread."""
        future: asyncio.Future[Any] = self.create_future()
        # With the collector on, opening a client moves every object to its oldest generation: the
        # garbage of thousands of clients would stay.
        gc.disable()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        finally:
            gc.enable()
        return future


def run(main: Coroutine[Any, Any, T], clock: Clock | None = None) -> T:
    """Run a coroutine like `asyncio.run`, on virtual time; no task may be left over."""

    async def checked() -> T:
        try:
            return await main
        finally:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock or Clock())) as runner:
        return runner.run(checked())
