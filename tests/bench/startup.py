"""Start-up of the command line, as multiples of `python -c "import click"` in the same run. Called by `make bench`.

The runs of all programs alternate, so that a busy machine slows them alike; the medians are compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.home import isolated

ROUNDS = 21
LIMIT = 1.5
BIN = Path(sys.executable).parent
REFERENCE = [sys.executable, "-c", "import click"]
PROGRAMS = {
    "mcp --help": [str(BIN / "mcp"), "--help"],
    "mcp deploy --help": [str(BIN / "mcp"), "deploy", "--help"],
    "mcp version --client": [str(BIN / "mcp"), "version", "--client"],
    "kubectl-mcp tools --help": [str(BIN / "kubectl-mcp"), "tools", "--help"],
}


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """The median seconds of the reference ("") and of each program."""
    commands = {"": REFERENCE, **PROGRAMS}
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        environment = isolated(folder)
        for number in range(rounds + 1):
            for name, command in commands.items():
                begun = time.perf_counter()
                subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
                if number:  # the first round fills the page cache and writes bytecode
                    times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in times.items()}


def main(_arguments: list[str] | None = None) -> int:
    medians = measure()
    reference = medians.pop("")
    print(f"start-up, as multiples of `python -c 'import click'` ({reference * 1000:.0f} ms), at most {LIMIT}")
    for name, seconds in medians.items():
        print(f"  {name:<26} {seconds / reference:5.2f}   {seconds * 1000:4.0f} ms")
    return 0 if all(seconds / reference <= LIMIT for seconds in medians.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
