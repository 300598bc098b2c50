"""The environment of a measured program: a home of its own, no cluster of the user, bytecode. Used by the benches."""

from __future__ import annotations

import os

# Variables that would lead a program out of its home.
_OUTSIDE = ("KUBECONFIG", "MCP_LOCAL_DIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")


def isolated(folder: str) -> dict[str, str]:
    """With bytecode below `folder`: an installed program has it, a checkout where none may be written has not."""
    left_out = {*_OUTSIDE, "PYTHONDONTWRITEBYTECODE"}
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    return environment | {"HOME": folder, "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
