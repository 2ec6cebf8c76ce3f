"""Telling of what happens: in the log, and to the program's callback if it has one."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from partnercentral_list.errors import ConfigurationError

E = TypeVar("E")

logger = logging.getLogger("partnercentral_list")


class Teller(Generic[E]):
    """Tells of events.

    Args:
        on_event: Called in the task in which it happens, so it must not block. What it raises is
            logged, and ends nothing.
        levels: The level at which a kind of event is logged; the others are for debugging.

    Raises:
        ConfigurationError: `on_event` is not callable, or async, so that nobody would wait for it.
    """

    def __init__(self, on_event: Callable[[E], object] | None, levels: Mapping[type, int]) -> None:
        if on_event is not None and not callable(on_event):
            raise ConfigurationError("on_event must be a callable that takes an event.")
        if on_event is not None and _is_async(on_event):
            raise ConfigurationError(
                "on_event must not be async: nothing waits for it. Put events on a queue instead."
            )
        self._on_event = on_event
        self._levels = levels

    def tell(self, event: E) -> None:
        """Tell of an event."""
        level = self._levels.get(type(event), logging.DEBUG)
        if logger.isEnabledFor(level):
            logger.log(level, "%s", event)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:
                logger.exception("on_event failed with a %s", type(event).__name__)


def _is_async(function: Any) -> bool:
    # An object may be called like a function too.
    return any(map(inspect.iscoroutinefunction, (function, function.__call__)))
