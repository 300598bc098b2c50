"""Work in a thread that nobody waits for at the end of the process.

Role: for work that may hang where no cancellation reaches it, such as a reading from a slow network. The threads of
`asyncio.to_thread` are waited for when the loop ends, however long they take. Called by controllers.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """The result of `work`; cancelling the future leaves the thread alone."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    # Whoever has stopped waiting wants no word of how it ended either.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    context = contextvars.copy_context()

    def run() -> None:
        setter: Callable[[Any], None]
        try:
            outcome, setter = context.run(work), future.set_result
        except BaseException as error:
            outcome, setter = error, future.set_exception  # type: ignore[assignment]
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_tell, future, setter, outcome)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def _tell(future: asyncio.Future[Any], setter: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        setter(outcome)
