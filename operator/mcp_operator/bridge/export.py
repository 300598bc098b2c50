"""`mcp-bridge export`: a copy of the bridge that runs in any image of the same architecture.

Role: an image that speaks stdio knows nothing of the bridge, and may have neither Python nor a C library that fits
(Alpine, distroless). This copies the interpreter, its libraries, the loader that starts it and the bridge into one
folder. Run as the init container of such a pod, whose server's container then starts
`DIR/ld.so --library-path DIR/lib DIR/python -I -m mcp_operator.bridge.main`. Linux with glibc only.
Called by: `main.py`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

import mcp_operator

# Parts of the standard library that a server of requests never imports, and its larger folders.
_LEFT_OUT = ("test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo", "pydoc_data", "site-packages")
_LEFT_OUT_TOO = ("dist-packages", "__pycache__", "config-*", "unittest", "distutils")
# Extensions whose libraries would come along for nothing.
_LEFT_OUT_EXTENSIONS = ("_tkinter*", "_curses*", "_sqlite3*", "_gdbm*", "_dbm*", "readline*", "nis*", "_ctypes_test*")
_PARTS = ("bridge", "protocol")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="mcp-bridge export",
        description="Copy the bridge with its interpreter into a folder, for images that have none.",
        epilog="example: mcp-bridge export --into /mcp/bridge",
        allow_abbrev=False,
    )
    parser.add_argument("--into", required=True, metavar="DIR", help="the folder that gets the copy")
    into = Path(parser.parse_args(argv).into).absolute()
    try:
        export(into)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"mcp-bridge export: cannot copy to {into}: {error}", file=sys.stderr)
        return 1
    print(f"mcp-bridge export: {into}", file=sys.stderr)
    return 0


def export(into: Path) -> None:
    """Fill `into`; what an earlier, broken-off copy left there is overwritten."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = into / "lib" / version
    library.parent.mkdir(parents=True, exist_ok=True)
    left_out = shutil.ignore_patterns(*_LEFT_OUT, *_LEFT_OUT_TOO, *_LEFT_OUT_EXTENSIONS)
    source = sysconfig.get_path("stdlib")
    shutil.copytree(source, library, ignore=left_out, ignore_dangling_symlinks=True, dirs_exist_ok=True)
    _copy_package(library / "mcp_operator")
    interpreter = Path(sys.executable).resolve()
    shutil.copy(interpreter, into / "python")
    extensions = list((library / "lib-dynload").glob("*.so"))
    loader = ""
    for name, path in sorted(_linked([interpreter, *extensions])):
        if name.startswith("ld-"):
            loader = path
        shutil.copy(path, into / "lib" / name)
    if not loader:
        raise OSError("this Python has no dynamic loader: only Linux with glibc can export the bridge")
    shutil.copy(loader, into / "ld.so")
    (into / "ld.so").chmod(0o755)


def _copy_package(target: Path) -> None:
    source = Path(mcp_operator.__file__).parent
    target.mkdir(exist_ok=True)
    for file in source.glob("*.py"):
        shutil.copy(file, target)
    for part in _PARTS:
        shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)


def _linked(binaries: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """`(soname, path)` of every shared library that the binaries need, the loader among them."""
    done = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, check=False)
    seen = set()
    for line in done.stdout.splitlines():
        match = re.match(r"\s*(?:(\S+) => )?(/\S+) \(0x", line)
        if match and match[2] not in seen:
            seen.add(match[2])
            yield match[1] or Path(match[2]).name, match[2]
