"""`mcp-bridge install`: a server's package on disk, so that the server starts without an installer beside it.

Role: the command line of the install step; leaves `DIR/server` and `DIR/bin/*`. Called by: `main.py`; run as the init
container of a pod, in a cluster and on the embedded one alike.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from mcp_operator.bridge import packages, store
from mcp_operator.bridge.packages import Installed, InstallError

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
        installed = store.obtain(Path(shared).absolute(), spec, installer(values.runtime), values.upgrade)
    else:
        root = into / "package"
        if root.exists():
            shutil.rmtree(root)
        installed = installer(values.runtime)(spec, root)
        installed.write()
    program = installed.main_program(values.executable)
    link(into, installed, program)
    print(f"mcp-bridge install: {installed.name} {installed.version}, program {program}", file=sys.stderr)


def installer(runtime: str) -> store.Installer:
    if runtime == "python":
        from mcp_operator.bridge import python_package

        return python_package.install
    from mcp_operator.bridge import node_package

    return node_package.install


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
    server = into / "server"
    server.unlink(missing_ok=True)
    server.symlink_to(installed.root / installed.programs[program])


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
