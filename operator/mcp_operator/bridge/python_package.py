"""A Python package in an environment of its own, by `uv`.

Role: environment, packages, bytecode (without it a server answers after 1.0 s instead of 0.55), programs.
Called by: `install.py`.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from mcp_operator.bridge.packages import Installed, InstallError, Spec, normal


def install(spec: Spec, root: Path) -> Installed:
    """Install into `root`, for our interpreter; a package that needs another gets one that uv finds or fetches.

    Where the publisher's day bounds the dependencies (UV_EXCLUDE_NEWER) and an index does not tell days, without it.
    """
    uv, environment = find_uv(), uv_environment()
    ours = "" if environment.get("UV_PYTHON") else sys.executable
    try:
        populate(uv, environment, spec, root, ours)
    except OtherPython as wanted:
        shutil.rmtree(root, ignore_errors=True)
        with_other_python(uv, environment, spec, root, wanted)
    except InstallError:
        if not environment.pop("UV_EXCLUDE_NEWER", None):
            raise
        shutil.rmtree(root, ignore_errors=True)
        populate(uv, environment, spec, root, ours)
    version, names = describe(spec, root)
    programs = {name: f"bin/{name}" for name in names if (root / "bin" / name).exists()}
    return Installed(root, spec.name.partition("[")[0], version, programs)


class OtherPython(InstallError):
    """The package needs another Python than ours: `versions` says which, as a package does (`>=3.13`)."""

    def __init__(self, words: str, versions: str) -> None:
        super().__init__(words)
        self.versions = versions


def with_other_python(uv: str, environment: dict[str, str], spec: Spec, root: Path, wanted: OtherPython) -> None:
    try:
        populate(uv, environment, spec, root, wanted.versions)
    except InstallError as error:
        if "python-build-standalone" not in str(error):
            raise
        raise InstallError(f"{wanted}, and no other could be found or fetched; install one") from error


def populate(uv: str, environment: dict[str, str], spec: Spec, root: Path, python: str) -> None:
    """An environment for this interpreter (a path or versions; empty: uv's choice), and the package in it."""
    chosen = ["--python", python] if python else []
    run([uv, "venv", "--quiet", "--no-project", *chosen, str(root)], environment, spec)
    requirement = spec.name + (f"=={spec.version}" if spec.version else "")
    target = ["--python", str(root / "bin" / "python"), *index_flags()]
    run([uv, "pip", "install", "--quiet", "--compile-bytecode", *target, requirement], environment, spec)


def index_flags() -> list[str]:
    """uv has a variable for everything but this."""
    return ["--no-index"] if os.environ.get("UV_NO_INDEX", "0") not in ("", "0", "false") else []


def find_uv() -> str:
    try:
        import uv

        return os.fsdecode(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise InstallError("uv is not there, which installs Python servers; `pip install uv` brings it")
    return found


def uv_environment() -> dict[str, str]:
    """Ours, but without a cache where its folder cannot be written (a read-only image, a home that is nobody's)."""
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONHOME")}
    if not environment.get("UV_NO_CACHE") and not writable(uv_cache(environment)):
        environment.pop("UV_CACHE_DIR", None)
        environment["UV_NO_CACHE"] = "1"
    return environment


def uv_cache(environment: dict[str, str]) -> Path:
    if environment.get("UV_CACHE_DIR"):
        return Path(environment["UV_CACHE_DIR"])
    if environment.get("XDG_CACHE_HOME"):
        return Path(environment["XDG_CACHE_HOME"]) / "uv"
    return Path(environment.get("HOME") or "/") / ".cache" / "uv"


def writable(path: Path) -> bool:
    """Whether this folder can be written, or made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path.is_dir() and os.access(path, os.W_OK | os.X_OK)


def run(command: list[str], environment: dict[str, str], spec: Spec) -> None:
    result = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise failure(spec, result.stderr)


def failure(spec: Spec, stderr: str) -> InstallError:
    text = " ".join(stderr.split())
    other = re.search(r"current Python version \(([\d.]+)\) does not satisfy Python\s*([<>=!~]\S*)", text)
    if other:
        return OtherPython(f"{spec.text} needs Python {other[2]}; here is {other[1]}", other[2])
    if "No interpreter found for Python" in text:
        return InstallError(f"{spec.text} needs a Python that is not here, and uv may not fetch one; install it")
    return InstallError(explain(spec, stderr))


def explain(spec: Spec, stderr: str) -> str:
    """uv's complaint in one line, with what to do."""
    text = " ".join(line.strip().removeprefix("cause: ") for line in stderr.splitlines() if line.strip())
    if "was not found in the package registry" in text and f" {normal(spec.name)} was not found" in text:
        return f"the package {spec.name} does not exist in the package index; check its name"
    if "there is no version of" in text and spec.version:
        return f"the package {spec.name} has no version {spec.version}; leave the version out for the newest"
    yanked = re.findall(rf"\b{re.escape(normal(spec.name))}\S* was yanked(?: \(reason: ([^)]*)\))?", text)
    if yanked:
        why = f" ({yanked[-1]})" if yanked[-1] else ""
        return f"the publisher withdrew every version of {spec.name} that would do{why}; a version must be named"
    if "network was disabled" in text or "not found in the cache" in text:
        return f"the package {spec.name} is not in the cache, and uv was told to stay offline (UV_OFFLINE)"
    if "was not found in the provided package locations" in text:
        return f"the package {spec.name} is not among the packages that the image carries (UV_FIND_LINKS)"
    if "error sending request" in text or "tcp connect error" in text or "dns error" in text or "client error" in text:
        return f"no network: {spec.text} could not be fetched ({text[:200]})"
    return f"{spec.text} could not be installed: {text[:600] or 'uv said nothing'}"


def describe(spec: Spec, root: Path) -> tuple[str, list[str]]:
    """The version that was installed, and the names of its programs."""
    for info in root.glob("lib/python*/site-packages/*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        if normal(name) == normal(spec.name):
            parser = configparser.RawConfigParser(delimiters=("=",))
            parser.optionxform = str  # type: ignore[assignment,method-assign]
            parser.read(info / "entry_points.txt", encoding="utf-8")
            names = parser.options("console_scripts") if parser.has_section("console_scripts") else []
            return version, names or old_scripts(info) or main_module(spec, root, info)
    raise InstallError(f"{spec.text} was installed, but is not there under its name")


def old_scripts(info: Path) -> list[str]:
    """Programs that a package ships as files, which no entry point names."""
    lines = (info / "RECORD").read_text(encoding="utf-8").splitlines()
    paths = [line.partition(",")[0] for line in lines]
    return [Path(path).name for path in paths if "/bin/" in path and path.startswith("..")]


def main_module(spec: Spec, root: Path, info: Path) -> list[str]:
    """A program for a package that has none and is started as `python -m MODULE`."""
    lines = (info / "RECORD").read_text(encoding="utf-8").splitlines()
    modules = [line.partition("/__main__.py,")[0] for line in lines if "/__main__.py," in line]
    own = [module for module in modules if re.fullmatch(r"\w+", module)]
    if len(own) != 1:
        return []
    name = normal(spec.name)
    program = root / "bin" / name
    # The environment is moved once it is whole, so that the script finds its interpreter from where it stands.
    program.write_text(f'#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -m {own[0]} "$@"\n')
    program.chmod(0o755)
    return [name]
