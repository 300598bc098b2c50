"""Packages that real registries name and that are not made as one would wish: no program, several, another Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from mcp_operator.bridge import node_package, python_package
from mcp_operator.bridge.child import environment_for
from mcp_operator.bridge.install import link
from mcp_operator.bridge.packages import Installed, InstallError, parse_spec

pytestmark = pytest.mark.fast


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def said(path: Path, *arguments: str, **environment: str) -> str:
    return subprocess.run(
        [path, *arguments], capture_output=True, text=True, check=True, env=environment or None
    ).stdout


def test_module_is_run_where_a_python_package_has_no_program(tmp_path: Path) -> None:
    info = tmp_path / "env" / "lib" / "python3.11" / "site-packages" / "odd_server-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text("odd_server/__init__.py,,\nodd_server/__main__.py,,\nodd_server/deep/__main__.py,,\n")
    script(tmp_path / "env" / "bin" / "python", 'echo "$@"')
    spec = parse_spec("python", "odd-server")
    assert python_package.describe(spec, tmp_path / "env") == ("1.0", ["odd-server"])
    (tmp_path / "env").rename(tmp_path / "moved")
    (tmp_path / "server").symlink_to(tmp_path / "moved" / "bin" / "odd-server")
    assert said(tmp_path / "server", "--flag", "a b") == "-m odd_server --flag a b\n"


def test_main_file_is_run_where_an_npm_package_has_no_program(tmp_path: Path) -> None:
    folder = tmp_path / "node_modules" / "@odd" / "server"
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / "index.js").write_text("")
    (folder / "package.json").write_text('{"version": "1.0", "main": "dist/index.js"}')
    installed = node_package.describe(parse_spec("node", "@odd/server"), tmp_path)
    script(tmp_path / "fake" / "node", 'echo "$@"')
    path = f"{tmp_path / 'fake'}:{os.environ['PATH']}"
    words = said(tmp_path / installed.programs["server"], "--flag", PATH=path)
    assert words == f"{folder / 'dist' / 'index.js'} --flag\n"


@pytest.mark.parametrize(
    ("programs", "server"),
    [
        (("odd-tool", "odd-mcp"), "odd-mcp"),
        (("mcp", "hello-mcp-http"), "mcp"),
        (("odd", "odd-mcp"), "odd"),
        (("pdf4vllm", "pdf4vllm-test"), "pdf4vllm"),
        (("one-mcp", "two-mcp"), None),
    ],
)
def test_of_several_programs_the_server_is_chosen_where_only_one_can_be_meant(
    programs: tuple[str, ...], server: str | None
) -> None:
    installed = Installed(Path("/x"), "odd", "1.0", {name: f"bin/{name}" for name in programs})
    if server:
        assert installed.main_program(None) == server
    else:
        with pytest.raises(InstallError, match="choose one with --executable"):
            installed.main_program(None)


@pytest.mark.parametrize("package", ["odd==1.0", "all versions of odd", "other==2"])
def test_package_for_another_python_says_which(package: str) -> None:
    stderr = f"""
      x No solution found when resolving dependencies:
      Because the current Python version (3.11.7) does not satisfy Python>=3.13,<4.0
      and {package} depends on Python>=3.13,<4.0, we can conclude that it cannot be used."""
    failure = python_package.failure(parse_spec("python", "odd==1.0"), stderr)
    assert isinstance(failure, python_package.OtherPython)
    assert failure.versions == ">=3.13,<4.0"
    assert str(failure) == "odd==1.0 needs Python >=3.13,<4.0; here is 3.11.7"


def test_programs_of_dependencies_are_on_the_path_of_the_server(tmp_path: Path) -> None:
    root = tmp_path / "package"
    script(root / "server.sh", "helper")
    script(root / "node_modules" / ".bin" / "helper", "echo helped")
    into = tmp_path / "app"
    into.mkdir()
    link(into, Installed(root, "odd", "1.0", {"odd": "server.sh"}), "odd")
    assert sorted(path.name for path in (into / "bin").iterdir()) == ["helper", "odd"]
    assert said(into / "server", **environment_for(str(into / "server"))) == "helped\n"
    assert environment_for("/bin/server") == dict(os.environ)
