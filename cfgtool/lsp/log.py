"""Trouble goes to standard error, one line each: an editor shows that, and a traceback helps nobody there."""

from __future__ import annotations

import logging
import sys
import traceback
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LOG = logging.getLogger("cfgtool.lsp")
_LONGEST = 400


class OneLine(logging.Formatter):
    """The message, and of an exception its type, text and place."""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line of bounded length."""
        text = record.getMessage()
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}..."
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {_words(record.exc_info[1])}"
        return "cfgtool lsp: " + " ".join(text.split())


def _words(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {str(error)[:_LONGEST]}{place}"


def log_to_stderr() -> None:
    """Send warnings and errors of the server there. What its library meets, it reports to the server too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("pygls").setLevel(logging.CRITICAL)


def guarded(handler: Callable[..., Any], *bound: Any) -> Callable[[Any], Any]:
    """`handler` with its first arguments bound; a failure in it is logged and its answer is None."""

    @wraps(handler)
    def run(params: Any) -> Any:
        try:
            return handler(*bound, params)
        except Exception:
            LOG.exception("%s failed", handler.__name__)
            return None

    # The library would look through to the handler's own parameters.
    del run.__wrapped__
    return run


def guarded_async(handler: Callable[..., Awaitable[Any]], *bound: Any) -> Callable[[Any], Awaitable[Any]]:
    """As `guarded`, for a coroutine function."""

    async def run(params: Any) -> Any:
        try:
            return await handler(*bound, params)
        except Exception:
            LOG.exception("%s failed", handler.__name__)
            return None

    return run
