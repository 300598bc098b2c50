"""Work on several items at once, its results in the items' order: for many small requests of which each takes a while.

Role: a bounded number of threads, a bounded number of results ahead of who takes them. The threads are daemons, so that
an interrupted process ends at once and waits for no answer. Called by readers of sources.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Job(Generic[Item, Result]):
    """One item on its way; `result` is there once `done` is set and nothing was raised."""

    __slots__ = ("done", "error", "item", "result")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: list[Result] = []
        self.error: BaseException | None = None
        self.done = threading.Event()


def in_order(work: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Generator[Result, None, None]:
    """`work(item)` of each item; what one raises is raised in its place, and nothing more is begun then."""
    todo: SimpleQueue[_Job[Item, Result] | None] = SimpleQueue()
    stopped = threading.Event()
    count = min(workers, len(items))
    for _ in range(count):
        threading.Thread(target=_work, args=(work, todo, stopped), daemon=True).start()
    ahead: deque[_Job[Item, Result]] = deque()
    try:
        for item in items:
            job: _Job[Item, Result] = _Job(item)
            ahead.append(job)
            todo.put(job)
            if len(ahead) > 2 * workers:
                yield _result(ahead.popleft())
        while ahead:
            yield _result(ahead.popleft())
    finally:
        stopped.set()
        for _ in range(count):
            todo.put(None)


def _work(
    work: Callable[[Item], Result], todo: SimpleQueue[_Job[Item, Result] | None], stopped: threading.Event
) -> None:
    while (job := todo.get()) is not None and not stopped.is_set():
        try:
            job.result.append(work(job.item))
        except BaseException as error:  # it is raised where the result is taken
            job.error = error
        job.done.set()


def _result(job: _Job[Item, Result]) -> Result:
    job.done.wait()
    if job.error is not None:
        raise job.error
    return job.result[0]
