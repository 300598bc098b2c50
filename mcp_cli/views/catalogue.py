"""The catalogue's lists as documents for programs. Pure.

Role: rows of the index -> `items`. Texts come from strangers: control characters never reach a terminal. Light: it is
on the path of every search. Called by `commands/registry/` and the other views of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def harmless(text: str) -> str:
    """The text without control characters and without those that turn the direction of writing."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_line(text: str) -> str:
    """The same for what stands for one line in lists, such as a name."""
    return text if text.isprintable() else harmless(text.replace("\n", "\r").replace("\t", "\r"))


def rows(cards: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The document of a list: `items`, as in every list that this program prints."""
    return {"items": [_harmless_card(card) for card in cards]}


def _harmless_card(card: dict[str, Any]) -> dict[str, Any]:
    return {key: _harmless_field(key, value) for key, value in card.items()}


def _harmless_field(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [harmless(word) for word in value]
    return harmless(value) if key == "description" else one_line(value)
