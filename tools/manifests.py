"""Writes the CRDs to `operator/config/crd/` (`make manifests`); `--check` says which files are not current (exit 1)."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from mcp_operator.api.crds import crds

FOLDER = Path(__file__).parent.parent / "operator" / "config" / "crd"


def render() -> dict[str, str]:
    """File name -> text."""
    return {f"{crd['spec']['names']['plural']}.yaml": yaml.safe_dump(crd, sort_keys=False, width=120) for crd in crds()}


def main(arguments: list[str]) -> int:
    stale = [
        name for name, text in render().items() if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text
    ]
    if "--check" in arguments:
        for name in stale:
            print(f"{FOLDER / name} is not current; run: make manifests", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in render().items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
