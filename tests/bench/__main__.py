"""`make bench`: every benchmark, each beside its reference in the same run.

python -m tests.bench [startup] [cluster] [bridge] [catalogue]
"""

from __future__ import annotations

import sys
from importlib import import_module

SUBJECTS = ("startup", "cluster", "bridge", "catalogue")


def main(chosen: list[str]) -> int:
    unknown = [name for name in chosen if name not in SUBJECTS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    for name in chosen or SUBJECTS:
        print(f"\n== {name}", flush=True)
        import_module(f"tests.bench.{name}").main([])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
