"""The catalogue with 50,000 entries: what a search and a refresh cost as processes. Called by `make bench`.

The entries are the real ones of the official registry's snapshot under many names, served by a local server. Searches
are multiples of `python -c "import click, sqlite3"` in the same run: the runs alternate and the medians are compared.
"""

from __future__ import annotations

import copy
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.home import isolated
from tests.support.registry_server import RegistryServer, real_items

ENTRIES = 50_000
ROUNDS = 15
LIMIT, TABLE_LIMIT = 2.0, 2.5
SECONDS, MEGABYTES = 60, 200
BIN = Path(sys.executable).parent
MCP = str(BIN / "mcp")
REFERENCE = [sys.executable, "-c", "import click, sqlite3"]
SEARCHES = {
    "search grafana -o name": ("grafana", "-o", "name"),
    "search grafana -o json": ("grafana", "-o", "json"),
    "search mcp -o name (half of all)": ("mcp", "-o", "name"),
    "search filesistem -o name (no match)": ("filesistem", "-o", "name"),
}

# A small process between: what this one holds would count as memory of a child that it starts.
_MEASURE = """
import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - begun, used.ru_maxrss, used.ru_utime + used.ru_stime)
"""


def generated(count: int = ENTRIES) -> list[dict[str, Any]]:
    """The real items, again and again under new names, each with its own description."""
    items = real_items()
    made = []
    for number in range(count):
        item = copy.deepcopy(items[number % len(items)])
        server = item["server"]
        server["name"] = f"{server['name']}-{number}"
        server["description"] = f"{server.get('description', '')} ({number})"
        item["_meta"]["io.modelcontextprotocol.registry/official"]["isLatest"] = True
        made.append(item)
    return made


def refreshed(environment: dict[str, str], *command: str) -> tuple[float, float, float]:
    """Seconds, megabytes and seconds of a processor of a refresh as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, MCP, "registry", *command],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds, kilobytes, processor = done.stdout.split()[-3:]
    return float(seconds), int(kilobytes) / 1024, float(processor)


def searched(environment: dict[str, str]) -> dict[str, float]:
    """The median seconds of the reference ("") and of each search."""
    commands = {"": REFERENCE} | {name: [MCP, "registry", "search", *words] for name, words in SEARCHES.items()}
    times: dict[str, list[float]] = {name: [] for name in (*commands, "terminal")}
    for number in range(ROUNDS + 1):
        for name, command in commands.items():
            begun = time.perf_counter()
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if number:  # the first round fills the page cache and writes bytecode
                times[name].append(time.perf_counter() - begun)
        seconds = on_terminal([MCP, "registry", "search", "grafana"], environment)
        if number:
            times["terminal"].append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def on_terminal(command: list[str], environment: dict[str, str]) -> float:
    """Seconds of a command whose output is a terminal; what it writes is read and dropped."""
    ours, theirs = pty.openpty()
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        while os.read(ours, 65536):
            pass
    except OSError:  # the other end is closed
        pass
    process.wait()
    os.close(ours)
    return time.perf_counter() - begun


def main(arguments: list[str] | None = None) -> int:
    """Print the figures; fails where one is over its limit. An argument is another number of entries."""
    count = int(arguments[0]) if arguments else ENTRIES
    with tempfile.TemporaryDirectory() as folder, RegistryServer(entries=generated(count)) as server:
        environment = isolated(folder) | {"TERM": "xterm-256color"}
        print(f"{count} entries from a local server, at most {SECONDS} s and {MEGABYTES} MB")
        first = refreshed(environment, "add", "official", "--type", "official", "--url", server.url)
        again = refreshed(environment, "refresh", "--name", "official")
        full = refreshed(environment, "refresh", "--name", "official", "--full")
        good = True
        figures = {"first": first, "nothing new": again, "everything again": full}
        for name, (seconds, megabytes, processor) in figures.items():
            good &= seconds < SECONDS and megabytes < MEGABYTES
            print(f"  {name:<38} {seconds:6.1f} s   {megabytes:4.0f} MB   {processor:5.1f} s of a processor")
        size = Path(folder, ".cache", "mcp", "catalogue.db").stat().st_size
        print(f"  {'index on disk':<38} {size / 1e6:6.1f} MB")
        return 0 if _print_searches(searched(environment)) and good else 1


def _print_searches(medians: dict[str, float]) -> bool:
    reference = medians.pop("")
    print(f"searches, as multiples of `python -c 'import click, sqlite3'` ({reference * 1000:.0f} ms)")
    good = True
    for name, seconds in medians.items():
        limit = TABLE_LIMIT if name == "terminal" else LIMIT
        label = "search grafana, table on a terminal" if name == "terminal" else name
        ratio = seconds / reference
        good &= ratio <= limit
        print(f"  {label:<38} {ratio:5.2f}   {seconds * 1000:4.0f} ms   at most {limit}")
    return good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
