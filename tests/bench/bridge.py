"""What a bridge costs beside the same server on a bare pipe: ours, mcp-proxy and supergateway, in the same run.

Role: start to first answer, 300 calls in sequence, 16 keep-alive connections for 10 s, memory of the bridge process;
medians of the runs, as ratios to the pipe. Run as `python -m tests.bench.bridge [--runs N] [--seconds S]`; called by
`make bench` through `main`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bridge_load import Figures, measure_http, measure_pipe
from tests.bench.bridge_rivals import Rival, find_rivals

CALLS = 300
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one way to reach the server."""

    name: str
    start: float
    call: float
    rate: float
    memory: float | None


def median_row(name: str, figures: list[Figures]) -> Row:
    memory = [item.memory for item in figures if item.memory is not None]
    return Row(
        name,
        statistics.median(item.start for item in figures),
        statistics.median(item.call for item in figures),
        statistics.median(item.rate for item in figures),
        statistics.median(memory) if memory else None,
    )


def measure(rivals: list[Rival], runs: int, seconds: float) -> list[Row]:
    """Round after round, each way once, so that a slow minute of the machine hits all of them."""
    server = rivals[0].server
    ways: dict[str, Callable[[], Figures]] = {"bare pipe": lambda: measure_pipe(server, CALLS, CONNECTIONS, seconds)}
    for rival in rivals:
        ways[rival.name] = lambda rival=rival: measure_http(rival, CALLS, CONNECTIONS, seconds)
    results: dict[str, list[Figures]] = {name: [] for name in ways}
    for number in range(runs):
        for name, run in ways.items():
            print(f"  run {number + 1} of {runs}: {name}", file=sys.stderr)
            results[name].append(run())
    return [median_row(name, figures) for name, figures in results.items()]


def table(rows: list[Row]) -> list[str]:
    pipe = rows[0]
    lines = [f"{'':14}{'first answer':>14}{'a call':>20}{'calls a second':>22}{'PSS':>10}"]
    for row in rows:
        memory = f"{row.memory:.1f} MB" if row.memory is not None else "-"
        call = f"{row.call * 1000:.2f} ms  x{row.call / pipe.call:.2f}"
        rate = f"{row.rate:.0f}  x{row.rate / pipe.rate:.2f}"
        lines.append(f"{row.name:14}{f'{row.start:.2f} s':>14}{call:>20}{rate:>22}{memory:>10}")
    return lines


def verdict(rows: list[Row]) -> list[str]:
    """Our budgets, and whether they hold."""
    pipe, ours = rows[0], rows[1]
    budgets = [
        ("start", f"{ours.start - pipe.start:+.2f} s", ours.start - pipe.start <= 0.3, "at most 0.3 s more"),
        ("call", f"x{ours.call / pipe.call:.2f}", ours.call / pipe.call <= 1.6, "at most 1.6 times the pipe's median"),
        ("rate", f"x{ours.rate / pipe.rate:.2f}", ours.rate / pipe.rate >= 0.8, "at least 0.8 of the pipe's"),
    ]
    if ours.memory is not None:
        budgets.append(("memory", f"{ours.memory:.1f} MB", ours.memory <= 25, "at most 25 MB"))
    return [f"  {'ok  ' if held else 'OVER'} {name}: {value} ({budget})" for name, value, held, budget in budgets]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only-ours", action="store_true", help="leave the other bridges out")
    values = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mcp-bench-") as scratch:
        rivals, missing = find_rivals(Path(scratch), only_ours=values.only_ours)
        rows = measure(rivals, values.runs, values.seconds)
    # The pipe needs one core, a bridge and its client a second one: on a busy machine the rate tells of its neighbours.
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"mcp-server-time get_current_time, medians of {values.runs} runs ({load})")
    print("\n".join(table(rows) + verdict(rows) + [f"  left out: {reason}" for reason in missing]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
