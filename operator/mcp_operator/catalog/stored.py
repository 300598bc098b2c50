"""The form in which an MCPRegistry's entries lie in ConfigMaps: an index, and shards that are named by their content.

Role: entry <-> line, lines <-> gzip, index <-> ConfigMap. The index names the shards, so writing it is the one moment
in which a new set takes the place of the old one; a shard that has not changed keeps its name and is not written again.
Pure. Called by the registry controller, which writes them, and by everything that reads entries from a cluster.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.api import names
from mcp_operator.catalog.model import ServerEntry

LAYOUT = 1
INDEX_KEY = "index.json"
STATE_KEY = "state.json.gz"
ENTRIES_KEY = "entries.jsonl.gz"
TYPE_INDEX, TYPE_ENTRIES = "index", "entries"
SELECTOR = f"{names.LABEL_PART_OF}={names.PART_OF_REGISTRY}"
# base64 makes a third more of it; a ConfigMap may hold 1 MiB.
MAX_SHARD = 480 * 1024
_HASH_BITS = 32
_LONGEST_LABEL = 63
_LONGEST_BASE = 200

Object = dict[str, Any]
Pin = tuple[str, str]
"""The name and the version of an entry that a server asks for, where the latest is another one."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What became of a pin: the shard that holds that version alone, or why there is none."""

    pin: Pin
    shard: str = ""
    known: tuple[str, ...] = ()
    """Versions that the source has instead, newest first."""
    problem: str = ""

    def to_json(self) -> Object:
        document = {"pin": list(self.pin), "shard": self.shard, "known": list(self.known), "problem": self.problem}
        return {key: value for key, value in document.items() if value}

    @classmethod
    def from_json(cls, document: Object) -> Pinned:
        name, version = document["pin"]
        known = tuple(document.get("known") or ())
        return cls((name, version), document.get("shard", ""), known, document.get("problem", ""))


@dataclass(frozen=True, slots=True)
class Index:
    """Which shards hold the entries, in the order of the hashes of their names; `state` is what the reader left."""

    shards: tuple[str, ...]
    count: int
    revision: str
    origin: str = ""
    """Digest of what decides which entries there are: another one means that nothing known counts any more."""
    state: dict[str, Any] = field(default_factory=dict)
    pins: tuple[Pinned, ...] = ()
    """Versions beside the latest, for servers that wait for one."""

    @property
    def config_maps(self) -> tuple[str, ...]:
        """Every ConfigMap that it names."""
        return (*self.shards, *(one.shard for one in self.pins if one.shard))

    def pinned(self, pin: Pin) -> Pinned | None:
        """What became of a pin; None where nobody asked for it at the last reading."""
        return next((one for one in self.pins if one.pin == pin), None)

    def shard_of(self, name: str) -> str | None:
        """The ConfigMap that holds the entry of that name, if any does."""
        return self.shards[hash_of(name) * len(self.shards) >> _HASH_BITS] if self.shards else None


def hash_of(name: str) -> int:
    """Where among the shards a name belongs, from 0 to 2**32."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def index_name(registry: str) -> str:
    return f"{_base(registry)}-index"


def shard_name(registry: str, data: bytes) -> str:
    return f"{_base(registry)}-{hashlib.sha256(data).hexdigest()[:16]}"


def label_of(registry: str) -> str:
    """The registry's name as the value of a label."""
    return registry if len(registry) <= _LONGEST_LABEL else f"{registry[:50].rstrip('-.')}-{_short(registry)}"


def line_of(entry: ServerEntry) -> bytes:
    """One line of a shard."""
    name = json.dumps(entry.name)
    return f"[{name},{json.dumps(entry.to_json(), separators=(',', ':'))},{json.dumps(entry.raw)}]\n".encode()


def entry_of(line: bytes) -> ServerEntry:
    _, document, raw = json.loads(line)
    return ServerEntry.from_json(document, raw)


def pack(lines: Iterable[bytes]) -> bytes:
    """The same lines always give the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as file:
        for line in lines:
            file.write(line)
    return buffer.getvalue()


def lines(data: bytes) -> Iterator[bytes]:
    """The lines of a shard, one at a time."""
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        yield from file


def find(data: bytes, name: str) -> ServerEntry | None:
    """The entry of that name in a shard; only its own line is parsed."""
    beginning = f"[{json.dumps(name)},".encode()
    return next((entry_of(line) for line in lines(data) if line.startswith(beginning)), None)


def index_documents(index: Index) -> tuple[dict[str, str], bytes]:
    """`data` of the index's ConfigMap, and the compressed state."""
    document = {
        "layout": LAYOUT,
        "revision": index.revision,
        "origin": index.origin,
        "count": index.count,
        "shards": list(index.shards),
        **({"pins": [one.to_json() for one in index.pins]} if index.pins else {}),
    }
    state = gzip.compress(json.dumps(index.state, sort_keys=True).encode(), 6, mtime=0)
    return {INDEX_KEY: json.dumps(document, separators=(",", ":"))}, state


def index_of(config_map: Object) -> Index | None:
    """The index that a ConfigMap holds; None where it holds none that this version can read. Without the state."""
    try:
        document = json.loads((config_map.get("data") or {})[INDEX_KEY])
        if document["layout"] != LAYOUT:
            return None
        pins = tuple(Pinned.from_json(one) for one in document.get("pins") or ())
        origin = document.get("origin", "")
        return Index(tuple(document["shards"]), document["count"], document["revision"], origin, pins=pins)
    except (KeyError, ValueError, TypeError):
        return None


def state_of(data: bytes) -> dict[str, Any]:
    """What `index_documents` made of the state; nothing where it cannot be read, so that reading begins anew."""
    try:
        state = json.loads(gzip.decompress(data))
    except (OSError, EOFError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _base(registry: str) -> str:
    plain = f"mcpregistry-{registry}"
    return plain if len(plain) <= _LONGEST_BASE else f"{plain[:180].rstrip('-.')}-{_short(registry)}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
