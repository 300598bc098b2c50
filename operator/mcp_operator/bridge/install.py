"""`mcp-bridge install`: a server's package on disk, so that the server starts without an installer beside it.

Role: the command line of the install step; leaves `DIR/server` and `DIR/bin/*`. Called by: `main.py`; run as the init
container of a pod, in a cluster and on the embedded one alike.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from mcp_operator.bridge import packages, store
from mcp_operator.bridge.packages import Installed, InstallError, Spec

EPILOG = """examples:
  mcp-bridge install --runtime python --package mcp-server-time --into ./app
  mcp-bridge install --runtime node --package @modelcontextprotocol/server-everything@2026.8.31 --into ./app

With MCP_PACKAGE_STORE set, the package is installed there once and linked from DIR. A package without a version is
resolved once per store; --upgrade, or a version, resolves it again."""


def main(argv: Sequence[str]) -> int:
    values = build_parser().parse_args(argv)
    try:
        install(values)
    except InstallError as error:
        print(f"mcp-bridge install: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        what = error.filename or values.into
        print(f"mcp-bridge install: cannot write {what}: {error.strerror}; is it writable?", file=sys.stderr)
        return 1
    return 0


def install(values: argparse.Namespace) -> None:
    spec = packages.parse_spec(values.runtime, values.package)
    into = Path(values.into).absolute()
    into.mkdir(parents=True, exist_ok=True)
    shared = os.environ.get("MCP_PACKAGE_STORE")
    if shared:
        folder = Path(shared).absolute()
        installed = store.obtain(folder, spec, installer(values.runtime, folder), values.upgrade)
    else:
        root = into / "package"
        if root.exists():
            shutil.rmtree(root)
        installed = installer(values.runtime, into / "store")(spec, root)
        installed.write()
    program = installed.main_program(values.executable)
    link(into, installed, program)
    print(f"mcp-bridge install: {installed.name} {installed.version}, program {program}", file=sys.stderr)


def installer(runtime: str, folder: Path) -> store.Installer:
    """What installs packages of this runtime, imported when it is needed; what they need besides goes to `folder`."""

    def python(spec: Spec, root: Path) -> Installed:
        from mcp_operator.bridge import python_package

        return python_package.install(spec, root)

    def node(spec: Spec, root: Path) -> Installed:
        from mcp_operator.bridge import node_package

        return node_package.install(spec, root, folder)

    return python if runtime == "python" else node


def link(into: Path, installed: Installed, program: str) -> None:
    """`server` and `bin/*`, from the folder to the programs; those of an earlier installation go.

    With them stand the programs of npm packages that this one depends on: `npx` would have them on its PATH.
    """
    folder = into / "bin"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    for name, path in installed.programs.items():
        (folder / name).symlink_to(installed.root / path)
    for helper in (installed.root / "node_modules" / ".bin").glob("*"):
        if helper.name not in installed.programs:
            (folder / helper.name).symlink_to(helper)
    node = installed.node
    # A package may depend on a Node as on any other program: that one is its own.
    if node and not (folder / "node").exists():
        (folder / "node").symlink_to(node)
    server = into / "server"
    server.unlink(missing_ok=True)
    target = installed.root / installed.programs[program]
    if node and node != shutil.which("node"):
        start_with(folder, target, server)
    else:
        server.symlink_to(target)


def start_with(folder: Path, target: Path, server: Path) -> None:
    """A program that starts the server with what is in `folder` first on PATH, where no bridge does it."""
    path, program = shlex.quote(str(folder)), shlex.quote(str(target))
    server.write_text(f'#!/bin/sh\nPATH={path}:"$PATH" exec {program} "$@"\n', encoding="utf-8")
    server.chmod(0o755)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mcp-bridge install",
        description="Install a server's package into a folder, isolated, and link its program as DIR/server.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--runtime", choices=("python", "node"), required=True, help="what the package is written for")
    parser.add_argument("--package", required=True, metavar="NAME[==VERSION]", help="node: NAME or NAME@VERSION")
    parser.add_argument("--into", required=True, metavar="DIR", help="the folder that gets `server` and `bin/`")
    parser.add_argument("--executable", metavar="NAME", help="the program that is the server, where there are several")
    parser.add_argument("--upgrade", action="store_true", help="resolve and install again, even if it is in the store")
    return parser
