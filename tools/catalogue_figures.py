"""What the sample run showed, in figures and words. Pure.

Called by `catalogue_report.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalogue_reference import ByHand

_PASSED_OVER = {
    "its package is not in the package registry that is reached from here": re.compile("does not exist in the package"),
    "it wants a value that its entry does not declare (a key, an address, an argument)": re.compile(
        r"(api.?key|token|credential|password|secret)s?\b.{0,60}\b(required|missing|must be|not (set|provided))"
        r"|(missing|provide a|set the).{0,60}(api.?key|token|credential|password|secret)"
        r"|environment variable is required|Field required|error: (one of|either|the following).{0,80}required",
        re.IGNORECASE,
    ),
    "it wants the internet when it starts, which is not there": re.compile(
        r"Max retries exceeded|network error|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ConnectError|ConnectionError|getaddrinfo"
        r"|Name or service not known|no network",
    ),
}


@dataclass(frozen=True)
class Run:
    """What became of one server: how many tools it listed, or the words of its status; and the same started by hand."""

    entry: str
    package: str
    tools: int | None
    words: str
    seconds: float
    by_hand: ByHand | None = None
    stands_for: str = ""
    """The version that the entry names, where the package registry has it no more and the newest ran."""
    turn: int = 0
    """Its place in the order of the seed."""

    @property
    def gone(self) -> bool:
        """Whether the package registry has the package, but not this version any more."""
        return "has no version" in self.words

    @property
    def missing(self) -> bool:
        """Whether the package registry has no such package."""
        return self.passed_over == next(iter(_PASSED_OVER))

    @property
    def works_by_hand(self) -> bool:
        return self.by_hand is not None and self.by_hand.tools is not None

    @property
    def passed_over(self) -> str:
        """Why it says nothing of us and makes room for the next; empty where it counts."""
        if self.tools is not None or self.works_by_hand:
            return ""
        return next((why for why, words in _PASSED_OVER.items() if words.search(self.words)), "")

    @property
    def able(self) -> bool:
        """Whether it starts for anybody, here or by hand; what could not be tried by hand stands against us."""
        return not self.passed_over and (self.tools is not None or self.by_hand is None or self.works_by_hand)

    @property
    def line(self) -> str:
        """One line for a person."""
        said = f"{self.tools} tools" if self.tools is not None else self.words
        package = f"{self.package}, for {self.stands_for} which is gone" if self.stands_for else self.package
        return f"{self.entry} ({package}) {self.seconds:.0f} s: {said}"

    @property
    def by_hand_line(self) -> str:
        if self.by_hand is None:
            return "by hand: not tried, the time was over"
        return f"by hand: {self.by_hand.tools} tools" if self.works_by_hand else f"by hand: {self.by_hand.words}"


def met(runs: Sequence[Run]) -> bool:
    """Whether four fifths of those that start for anybody answer."""
    able = [run for run in runs if run.able]
    return 0 < 4 * len(able) <= 5 * sum(run.tools is not None for run in able)


def figures(runs: Sequence[Run], size: int) -> Iterator[str]:
    """The report, line by line: of `size` servers that start at all, and of the first `size` whether they do or not."""
    counted = sorted((run for run in runs if not run.passed_over), key=lambda run: run.turn)
    able = [run for run in counted if run.able]
    yield (
        f"run: {_answered(able)} of {len(able)} that start at all answer tools/list "
        f"(target {-(-4 * len(able) // 5)}: {'met' if met(runs) else 'missed'})"
    )
    first = counted[:size]
    yield f"  {_answered(first)} of the first {len(first)} picks answer, those among them that start for nobody"
    for why, count in Counter(run.passed_over for run in runs if run.passed_over).most_common():
        yield f"  {count} passed over: {why}"
    others = [run for run in counted if run.stands_for]
    yield (
        f"  {len(others)} of {len(counted)} ran as the newest version, since theirs is gone from the package registry: "
        f"{_answered(others)} of these answer"
    )
    yield from _silent(counted)


def _answered(runs: Sequence[Run]) -> int:
    return sum(run.tools is not None for run in runs)


def _silent(counted: Sequence[Run]) -> Iterator[str]:
    """Those that do not answer, with their words and what they do by hand."""
    dead = [run for run in counted if not run.able]
    yield f"{len(dead)} do not answer when started by hand (uvx, npx) either: broken or in want of something"
    failed = [run for run in counted if run.tools is None]
    for run in failed:
        yield f"  {run.line}"
        yield f"      {run.by_hand_line}"
    for reason, count in Counter(run.words.partition(":")[0] for run in failed).most_common():
        yield f"  {count:3}  {reason}"
    for run in failed:
        if run.works_by_hand:
            yield f"works by hand and not here, which is ours to mend: {run.entry} ({run.package})"
