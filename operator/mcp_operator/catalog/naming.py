"""The name of an object for an entry: `io.github.owner/server` -> `server` or something close to it. Pure.

A name is a DNS label that starts with a letter, of at most 63 characters, since it also names the Service. It depends
on the entry's name alone, and two entries never share one: where folding or shortening loses something, eight digits of
a hash of the whole name follow.
"""

from __future__ import annotations

import hashlib
import re

MAX_NAME = 63
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_HASH_LENGTH = 8


def object_name(entry_name: str) -> str:
    """A valid name of an MCPServer for this entry."""
    if len(entry_name) <= MAX_NAME and _LABEL.fullmatch(entry_name) and not _looks_derived(entry_name):
        return entry_name
    last = entry_name.rpartition("/")[2]
    folded = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")
    if not folded or not folded[0].isalpha():
        folded = f"mcp-{folded}".rstrip("-")
    digest = hashlib.sha256(entry_name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{folded[: MAX_NAME - _HASH_LENGTH - 1].rstrip('-')}-{digest}"


def _looks_derived(name: str) -> bool:
    """Whether another entry's derived name could be this one: such a name gets its own hash too."""
    return re.search(rf"-[0-9a-f]{{{_HASH_LENGTH}}}$", name) is not None
