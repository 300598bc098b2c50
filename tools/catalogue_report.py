"""What becomes of the real registries: how much parses, how much a cluster accepts, how much runs.

    python tools/catalogue_report.py [--data FOLDER] [--run] [--seed N] [--sample N]

Prints figures and, grouped, the reason of everything that is not counted. Starts an embedded cluster of its own in a
temporary folder and stops it. Called by `make catalogue-report`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from catalogue_cluster import Accepting, running_cluster
from example_values import plan_with_examples
from mcp_operator.catalog import docker, official
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.model import ServerEntry
from mcp_operator.catalog.options import Manifest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DEPLOYABLE = {"npm", "pypi", "oci"}


@dataclass
class Figures:
    """Counts of one source, and why the others are not among them."""

    parsed: int = 0
    malformed: list[str] = field(default_factory=list)
    deployable: int = 0
    accepted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def read(data: Path) -> Iterator[tuple[str, ServerEntry | MalformedEntry]]:
    """Every entry of both snapshots."""
    document = json.loads((data / "official-registry" / "servers.json").read_text())
    for number, item in enumerate(document["servers"]):
        try:
            yield "official", official.parse(item, "official", f"servers[{number}]")
        except MalformedEntry as error:
            yield "official", error
    for entry in docker.read_directory(data / "docker-mcp-registry", "docker"):
        yield "docker", entry


def deployable(entry: ServerEntry) -> bool:
    """Whether the entry has anything that a cluster could run."""
    return bool(entry.remotes) or bool({package.kind for package in entry.packages} & DEPLOYABLE)


async def judge(data: Path, accepting: Accepting) -> dict[str, Figures]:
    """Plan every entry with made-up values, and ask the API server for its verdict."""
    figures: dict[str, Figures] = {}
    for source, entry in read(data):
        found = figures.setdefault(source, Figures())
        if isinstance(entry, MalformedEntry):
            found.malformed.append(str(entry))
            continue
        found.parsed += 1
        found.deployable += deployable(entry)
        try:
            manifest = plan_with_examples(entry)[0].manifest
        except CatalogError as error:
            found.reasons[_general(str(error), entry)] += 1
            continue
        refusal = await accepting.refusal(manifest)
        found.accepted += refusal is None
        if refusal:
            found.reasons[_general(refusal, entry, manifest)] += 1
    return figures


def _general(words: str, entry: ServerEntry, manifest: Manifest | None = None) -> str:
    """The reason without the names in it, so that equal reasons are counted together."""
    if manifest:
        words = words.replace(manifest["metadata"]["name"], "NAME")
    return words.replace(f"{entry.name}: ", "").replace(entry.name, "NAME")


def show(figures: dict[str, Figures]) -> bool:
    """Print; True when the target is met."""
    for source, found in figures.items():
        print(f"{source}: {found.parsed} of {found.parsed + len(found.malformed)} entries parsed")
        for words in found.malformed:
            print(f"  not parsed: {words}")
        share = 100 * found.accepted / max(found.deployable, 1)
        print(f"  {found.accepted} of {found.deployable} with npm, pypi, oci or a remote accepted ({share:.1f} %)")
        for words, count in found.reasons.most_common():
            print(f"  {count:5}  {words}")
    total, accepted = (sum(getattr(one, name) for one in figures.values()) for name in ("deployable", "accepted"))
    print(f"together: {accepted} of {total} accepted ({100 * accepted / max(total, 1):.1f} %, target 95 %)")
    return accepted >= 0.95 * total and not any(found.malformed for found in figures.values())


async def report(options: argparse.Namespace) -> bool:
    with running_cluster(operator=options.run) as cluster:
        async with cluster.accepting() as accepting:
            good = show(await judge(options.data, accepting))
        if options.run:
            from catalogue_figures import figures, met
            from catalogue_run import run_sample

            entries = [entry for source, entry in read(options.data) if source == "official"]
            listed = [entry for entry in entries if isinstance(entry, ServerEntry)]
            runs = await run_sample(listed, cluster, options.seed, options.sample, options.minutes * 60)
            print(*figures(runs, options.sample), sep="\n")
            good &= met(runs)
    return good


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the registries' snapshots")
    parser.add_argument("--run", action="store_true", help="start a sample of servers on the embedded cluster")
    parser.add_argument("--seed", type=int, default=2026, help="of the sample")
    parser.add_argument("--sample", type=int, default=40, help="how many servers that start at all to see")
    parser.add_argument("--minutes", type=float, default=30, help="bound of all starts together")
    options = parser.parse_args(arguments)
    if not (options.data / "official-registry").is_dir():
        print(f"{options.data} holds no registry snapshots; name their folder with --data", file=sys.stderr)
        return 1
    # Ended from outside, it still stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return 0 if asyncio.run(report(options)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
