"""Write the generated pages: completions/ and man/. `--check` writes nothing and fails where a file is not current.

Called by `make generate`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mcp_cli.generating import files

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("completions", "man")


def stale() -> list[str]:
    """Files that are missing, differ, or are generated no more."""
    wanted = files()
    there = {str(p.relative_to(ROOT)) for folder in FOLDERS for p in (ROOT / folder).glob("*") if p.is_file()}
    differing = [name for name, text in wanted.items() if name not in there or (ROOT / name).read_text() != text]
    return sorted(differing + list(there - wanted.keys()))


def write() -> None:
    wanted = files()
    for name in stale():
        if name not in wanted:
            (ROOT / name).unlink()
            continue
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(wanted[name])
        print(name)


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit("\n".join(["not current, run `make generate`:", *stale()]) if stale() else 0)
    write()
