"""Notifications of events: a log record for each, and a call of the program's callback."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from partnercentral_list.errors import ConfigurationError

E = TypeVar("E")

logger = logging.getLogger("partnercentral_list")


class Notifier(Generic[E]):
    """Logs events and hands them to a callback.

    Args:
        on_event: Called in the task in which the event happens, so it must not block. An
            exception that it raises is logged and goes no further.
        levels: The level at which a class of events is logged; DEBUG for all others.

    Raises:
        ConfigurationError: `on_event` is not callable, or it is async: nothing would await it.
    """

    def __init__(self, on_event: Callable[[E], object] | None, levels: Mapping[type, int]) -> None:
        if on_event is not None and not callable(on_event):
            raise ConfigurationError("on_event must be a callable that takes an event.")
        if on_event is not None and _is_async(on_event):
            raise ConfigurationError(
                "on_event must not be async: nothing awaits it. Put events on a queue instead."
            )
        self._on_event = on_event
        self._levels = levels

    def notify(self, event: E) -> None:
        """Log an event, and call the callback with it."""
        level = self._levels.get(type(event), logging.DEBUG)
        if logger.isEnabledFor(level):
            logger.log(level, "%s", event)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:
                logger.exception("on_event failed with a %s", type(event).__name__)


def _is_async(function: Any) -> bool:
    # An instance of a class with an async __call__ is called like a function, too.
    return any(map(inspect.iscoroutinefunction, (function, function.__call__)))
