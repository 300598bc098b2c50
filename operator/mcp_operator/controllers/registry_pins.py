"""Versions that servers pin and that are not the latest of their entry: what a reading looks for beside the latest.

Role: takes them as they come by in a list that has several versions, and asks the official API for each of the others.
Not its job: which versions are pinned (`complete`), and where they are stored (`registry_sync`). Called by the reading,
in its thread.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.fetch import official_api
from mcp_operator.catalog.fetch.errors import Refused
from mcp_operator.catalog.fetch.reading import Reading
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.staging import version_key
from mcp_operator.catalog.stored import Index, Pin

# For one registry: the index says of each what became of it, and has to stay well under 1 MiB.
MAX_PINS = 500
# In one reading; each may be a request, and a ConfigMap.
MAX_ASKED = 100
KNOWN_SHOWN = 20
# The types of source that may have more than one version of an entry.
VERSIONED = ("official", "http", "configMap")
_LONGEST_PROBLEM = 300


def to_ask(known: Index | None, pins: frozenset[Pin]) -> frozenset[Pin]:
    """The pins that the next reading looks for: those that no reading has looked for come first.

    Of the others some get their turn by chance, so that what is published later is found, however many are in vain.
    """
    before = {one.pin: one for one in known.pins} if known is not None else {}
    new = sorted(pins - before.keys())[:MAX_ASKED]
    in_vain = sorted(pin for pin in pins if pin in before and not before[pin].shard)
    return frozenset([*new, *random.sample(in_vain, min(len(in_vain), MAX_ASKED - len(new)))])


@dataclass(slots=True)
class Pins:
    """`found` holds the versions that were there; `problems` says of others why they cannot be used.

    `urgent` are those of `wanted` for which a server's own error (5xx) ends the reading, to be tried again soon.
    """

    wanted: frozenset[Pin] = frozenset()
    urgent: frozenset[Pin] = frozenset()
    found: dict[Pin, ServerEntry] = field(default_factory=dict)
    problems: dict[Pin, str] = field(default_factory=dict)
    _versions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _listed: set[str] = field(default_factory=set)

    def see(self, entry: ServerEntry) -> None:
        """An entry that the reading gave, of whatever version."""
        if any(name == entry.name for name, _ in self.wanted):
            self._versions[entry.name].add(entry.version)
            if (entry.name, entry.version) in self.wanted:
                self.found[(entry.name, entry.version)] = entry

    def ask(self, reading: Reading, begin: Callable[[], None]) -> None:
        """Asks the official API for what did not come by; `begin` is called before each pin. Raises FetchError.

        What is refused is the trouble of that one pin: the list was read, and the other pins are still asked for.
        """
        for pin in sorted(self.wanted - self.found.keys()):
            begin()
            try:
                self._ask(reading, pin)
            except Refused as error:
                if error.status >= 500 and pin in self.urgent:
                    raise
                self.problems[pin] = str(error)[:_LONGEST_PROBLEM]

    def _ask(self, reading: Reading, pin: Pin) -> None:
        found = official_api.read_version(reading, *pin)
        if isinstance(found, ServerEntry) and found.status != "deleted":
            self.found[pin] = found
        elif isinstance(found, MalformedEntry):
            self.problems[pin] = str(found)[:_LONGEST_PROBLEM]
        elif pin[0] not in self._listed:
            self._listed.add(pin[0])
            self._versions[pin[0]].update(official_api.versions_of(reading, pin[0]))

    def known(self, name: str) -> tuple[str, ...]:
        """Versions of that entry that the source was seen to have, newest first."""
        return tuple(sorted(self._versions.get(name, ()), key=version_key, reverse=True)[:KNOWN_SHOWN])
