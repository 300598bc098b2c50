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


def met(runs: Sequence[Run]) -> tuple[bool, bool]:
    """Whether four fifths answer: of all that count, and of those that answer at all, by hand or here.

    One that was not tried by hand stands against us.
    """
    counted = [run for run in runs if not run.passed_over]
    answered = sum(run.tools is not None for run in counted)
    able = sum(run.tools is not None or run.by_hand is None or run.works_by_hand for run in counted)
    return 5 * answered >= 4 * len(counted), 0 < 4 * able <= 5 * answered


def figures(runs: Sequence[Run]) -> Iterator[str]:
    """The report, line by line; the plain figure first."""
    counted = [run for run in runs if not run.passed_over]
    failed = [run for run in counted if run.tools is None]
    answered = len(counted) - len(failed)
    yield f"run: {answered} of {len(counted)} answer tools/list (target {-(-4 * len(counted) // 5)} of {len(counted)})"
    for why, count in Counter(run.passed_over for run in runs if run.passed_over).most_common():
        yield f"  {count} passed over: {why}"
    others = [run for run in counted if run.stands_for]
    yield (
        f"  {len(others)} of the {len(counted)} ran as the newest version, since theirs is gone from the package "
        f"registry: {sum(run.tools is not None for run in others)} of these answer"
    )
    neither = [run for run in failed if run.by_hand is not None and not run.works_by_hand]
    ours = [run for run in failed if run.works_by_hand]
    yield (
        f"of the {len(failed)} others, {len(neither)} do not answer when started by hand (uvx, npx) either: "
        "broken as published or in want of something"
    )
    for run in failed:
        yield f"  {run.line}"
        yield f"      {run.by_hand_line}"
    for reason, count in Counter(run.words.partition(":")[0] for run in failed).most_common():
        yield f"  {count:3}  {reason}"
    for run in ours:
        yield f"works by hand and not here, which is ours to mend: {run.entry} ({run.package})"
    yield from _verdict(runs, answered, len(counted), len(failed) - len(neither))


def _verdict(runs: Sequence[Run], answered: int, counted: int, silent_here: int) -> Iterator[str]:
    of_all, of_able = met(runs)
    able = answered + silent_here
    if of_all:
        yield f"target met: {answered} of {counted} are at least four fifths"
    elif of_able:
        yield (
            f"target met only beside the reference: {answered} of the {able} that answer at all, by hand or here, are "
            f"at least four fifths; of all {counted} they are not"
        )
    else:
        yield f"target missed: {answered} of {counted}, and of the {able} that answer at all, are below four fifths"
