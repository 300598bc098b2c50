"""What a refresh of the catalogue shows while it runs: what is read, what it waits for, and how long still.

Role: never silent in a long wait. A terminal gets one line that moves every second; a log gets a line for each wait and
then, ever more rarely, that it goes on. Not its job: results (`refreshed`). Called by `mcp registry add` and `refresh`.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mcp_operator.catalog.fetch.http import Fetcher
from mcp_operator.catalog.fetch.retry import clock_time
from mcp_operator.catalog.fetch.waits import Surroundings, Wait
from mcp_operator.catalog.refreshing import Watch

from mcp_cli.errors import TimedOut
from mcp_cli.live import LiveLine
from mcp_cli.output.style import redraws
from mcp_cli.views.catalogue import harmless

if TYPE_CHECKING:
    from mcp_operator.catalog.sources import Source

    from mcp_cli.session import Session

BAR = 24
TICK_SECONDS = 1.0
QUIET_SECONDS = 5.0
# A log is told that a wait goes on after this time, and after twice as long each time again.
PATIENCE, LONGEST_PATIENCE = 15.0, 300.0
SLOW_SECONDS = 3.0
MOMENT_SECONDS = 120.0
UNTOUCHED = "what was not read to the end is as it was"


class Doing:
    """What goes on at a moment, in words. Pure: times are given; a key tells one request from another."""

    def __init__(self) -> None:
        self.words = ""
        self._waits: dict[int, tuple[Wait, float]] = {}
        self._asked: dict[int, tuple[str, float, int]] = {}

    def wait(self, key: int, wait: Wait, now: float) -> None:
        self._waits[key] = (wait, now + wait.seconds)

    def go_on(self, key: int) -> None:
        self._waits.pop(key, None)

    def hear(self, key: int, where: str, size: int | None, now: float) -> None:
        """A request begins (0 bytes), some of its answer has come, or all of it (None)."""
        if size is None:
            self._asked.pop(key, None)
        else:
            self._asked[key] = (where, now, size)

    def now(self, now: float) -> str:
        """The longest wait there is, else the answer that nothing was heard of for longest, else what is read."""
        if self._waits:
            wait, until = max(self._waits.values(), key=lambda one: one[1])
            return f"asking again in {countdown(until - now)}{wait.counted}: {wait.words}"
        if self._asked:
            where, since, size = min(self._asked.values(), key=lambda one: one[1])
            if now - since >= SLOW_SECONDS:
                so_far = f" ({size // 1024} KiB so far)" if size else ""
                return f"waiting {int(now - since)} s for {urlsplit(where).netloc}{so_far}: {self.words}"
        return self.words


class Watched(Watch):
    """`with Watched(session) as watch:` shows on stderr what a refresh does."""

    def __init__(self, session: Session) -> None:
        super().__init__(Fetcher(Surroundings(wait=self._wait, heard=self._heard)))
        self._session = session
        self._line = LiveLine()
        self._terminal = redraws(sys.stderr)
        self._doing = Doing()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._said, self._patience = time.monotonic(), PATIENCE

    def __enter__(self) -> Watched:
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join(TICK_SECONDS)
        self._line.__exit__(kind, error, trace)
        self.fetcher.close()
        if kind is KeyboardInterrupt:
            self._session.say(f"interrupted; {UNTOUCHED}")
        if isinstance(error, TimedOut):
            error.hint = f"Raise --timeout, or leave it out; {UNTOUCHED}."

    def progress(self, source: Source) -> Callable[[int, int | None], None]:
        """A bar on a terminal; elsewhere a line every few seconds, and none for what is read at once."""
        pause = 0.0 if self._terminal else QUIET_SECONDS
        last = time.monotonic()

        def show(done: int, total: int | None) -> None:
            nonlocal last
            words = progress_words(source.name, done, total, bar=self._terminal)
            with self._lock:
                self._doing.words = words
                if time.monotonic() - last >= pause:
                    last = time.monotonic()
                    self._say(words)

        verb = "asking" if source.remote else "reading"
        self._now(f"{source.name}: {verb} {harmless(source.place)}".rstrip())
        return show

    def writing(self, source: Source, count: int) -> None:
        self._now(f"{source.name}: writing {count} entries to the index")

    def _now(self, words: str) -> None:
        """What a terminal shows at once, and a log where it takes long."""
        with self._lock:
            self._doing.words = words
            if self._terminal:
                self._line.show(words)

    def _wait(self, wait: Wait) -> None:
        key = threading.get_ident()
        with self._lock:
            self._doing.wait(key, wait, time.monotonic())
            if self._terminal:
                self._line.show(harmless(self._doing.now(time.monotonic())))
            else:
                moment = f", at {clock_time(time.time() + wait.seconds)}" if wait.seconds >= MOMENT_SECONDS else ""
                self._say(harmless(f"{wait}{moment}"))
        try:
            time.sleep(wait.seconds)
        finally:
            with self._lock:
                self._doing.go_on(key)

    def _heard(self, where: str, size: int | None) -> None:
        with self._lock:
            self._doing.hear(threading.get_ident(), where, size, time.monotonic())

    def _say(self, words: str) -> None:
        self._said, self._patience = time.monotonic(), PATIENCE
        self._line.show(words)

    def _tick(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            with self._lock:
                now = time.monotonic()
                words = harmless(self._doing.now(now))
                if self._terminal:
                    self._line.show(words)
                elif now - self._said >= self._patience:
                    self._said, self._patience = now, min(LONGEST_PATIENCE, 2 * self._patience)
                    self._line.show(words)


def countdown(seconds: float) -> str:
    """`7 s`, `14:59`, `1:02:03`."""
    left = max(0, round(seconds))
    if left < 60:
        return f"{left} s"
    hours, minutes = left // 3600, left % 3600 // 60
    return f"{hours}:{minutes:02}:{left % 60:02}" if hours else f"{minutes}:{left % 60:02}"


def progress_words(name: str, done: int, total: int | None, *, bar: bool) -> str:
    """`docker [######      ] 70 of 282`."""
    count = f"{done} entries" if total is None else f"{done} of {total}"
    if not bar or not total:
        return f"{name}: {count}"
    filled = BAR * min(done, total) // total
    return f"{name} [{'#' * filled}{' ' * (BAR - filled)}] {count}"
