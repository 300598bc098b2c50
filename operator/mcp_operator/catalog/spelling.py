"""Words that are nearly the same: a word is found by what is left of it when a letter is left out. Pure.

Two words that differ by a letter too many, too few, wrong or swapped with its neighbour share a shape. The index keeps
the shapes of every word of names, titles and tags, so a guess costs a few look-ups however many names there are.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

SHORTEST, LONGEST = 3, 24


def shapes(word: str) -> set[int]:
    """The word and the word without each of its letters, as numbers; none for what cannot be guessed.

    That is a word too short or too long, and a number: every other number looks like it.
    """
    if not SHORTEST <= len(word) <= LONGEST or word.isdecimal():
        return set()
    cut = (word[:at] + word[at + 1 :] for at in range(len(word)))
    return {zlib.crc32(text.encode("utf-8", "replace")) for text in (word, *cut)}


def nearest(word: str, candidates: Iterable[str], count: int) -> list[str]:
    """The candidates that look most like `word`, best first."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=word)
    scored = []
    for candidate in candidates:
        matcher.set_seq1(candidate)
        scored.append((-matcher.ratio(), candidate))
    return [candidate for score, candidate in sorted(scored)[:count] if score <= -0.6]
