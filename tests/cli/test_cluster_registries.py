"""MCPRegistries and servers that run elsewhere, as a user of the command line meets them: a whole embedded cluster."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from mcp_cli.clusterregistries import remembered
from mcp_cli.session import Session
from tests.cli.running import mcp, until
from tests.cli.test_logins import write

Env = dict[str, str | None]

REGISTRY = """
apiVersion: mcp.allbeone.io/v1
kind: MCPRegistry
metadata: {name: team}
spec: {source: {type: builtin}, filters: {include: [time, git]}}
"""


@pytest.fixture
def team(own_cluster: Env) -> Env:
    assert mcp("deploy", "-f", "-", input=REGISTRY, env=own_cluster).code == 0
    listed = ("get", "registries", "team", "-o", "jsonpath={.status.phase}")
    until(lambda: mcp(*listed, env=own_cluster), lambda result: result.stdout == "Ready")
    return own_cluster


def test_registries_are_listed_and_described(team: Env) -> None:
    lines = mcp("get", "registries", env=team).stdout.splitlines()
    assert lines[0].split() == ["NAME", "READY", "PHASE", "SERVERS", "LAST", "SYNC", "AGE"]
    assert lines[1].split()[:4] == ["team", "True", "Ready", "2"]
    described = mcp("describe", "registry", "team", env=team).stdout
    assert "lastSyncTime" in described
    assert "Synced" in described


def test_a_refresh_of_the_cluster_makes_the_operator_read(team: Env) -> None:
    seen = ("get", "registries", "team", "-o", "jsonpath={.status.syncTrigger}")
    before = mcp(*seen, env=team).stdout
    done = mcp("registry", "refresh", "--cluster", "--name", "team", env=team)
    assert (done.code, done.stdout) == (0, "mcpregistry.mcp.allbeone.io/team is read again\n")
    until(lambda: mcp(*seen, env=team), lambda result: result.stdout not in ("", before))
    missing = mcp("registry", "refresh", "--cluster", "--name", "teem", env=team)
    assert missing.code == 1
    assert 'Did you mean "team"?' in missing.stderr


def test_the_entries_of_a_registry_are_a_source_of_the_catalogue(team: Env) -> None:
    added = mcp("registry", "add", "team", "--type", "cluster", env=team)
    assert added.code == 0, added.stderr
    found = mcp("registry", "list", "--source", "team", "-o", "json", env=team).json["items"]
    assert sorted(item["name"] for item in found) == ["git", "time"]
    assert mcp("registry", "refresh", "--name", "team", env=team).code == 0
    gone = mcp("registry", "add", "other", "--type", "cluster", "--path", "default/nothing", env=team)
    assert gone.code == 1
    assert "there is no MCPRegistry nothing in namespace default" in gone.stderr


def test_a_source_stays_with_the_cluster_that_it_was_added_from(team: Env, tmp_path: Path) -> None:
    """Of two contexts the current one leads nowhere; later another kubeconfig is in use, and then the first is gone."""
    config = yaml.safe_load(Path(mcp("local", "kubeconfig", env=team).stdout.strip()).read_text())
    dead = {"name": "dead", "cluster": {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True}}
    real = {"name": "real", "context": config["contexts"][0]["context"] | {"namespace": "elsewhere"}}
    config["clusters"].append(dead)
    config["contexts"] = [real, {"name": "dead", "context": {"cluster": "dead", "user": "mcp-local"}}]
    config["current-context"] = "dead"
    both, other = tmp_path / "both.yaml", tmp_path / "other.yaml"
    both.write_text(yaml.safe_dump(config))
    other.write_text(yaml.safe_dump(config | {"contexts": config["contexts"][1:]}))
    add = ("registry", "add", "far", "--type", "cluster", "--path", "default/team", "--context", "real")
    added = mcp(*add, env=team | {"KUBECONFIG": str(both)})
    assert added.code == 0, added.stderr
    elsewhere = team | {"KUBECONFIG": str(other)}
    assert "default/team (real)" in mcp("registry", "sources", env=elsewhere).stdout
    done = mcp("registry", "refresh", "--name", "far", env=elsewhere)
    assert (done.code, done.stdout, done.stderr) == (0, "far: 2 servers\n", "")
    both.write_text(other.read_text())
    assert 'has no context "real"' in mcp("registry", "refresh", "--name", "far", env=elsewhere).stderr
    both.unlink()
    gone = mcp("registry", "refresh", "--name", "far", env=elsewhere)
    assert gone.code == 1
    assert f"the kubeconfig {both} does not exist any more" in gone.stderr
    assert "its 2 servers of" in gone.stderr
    assert len(mcp("registry", "list", "--source", "far", "-o", "name", env=elsewhere).stdout.split()) == 2
    mcp("registry", "remove", "far", env=elsewhere)


def test_a_source_in_the_embedded_cluster_that_is_stopped_says_how_it_is_started(tmp_path: Path) -> None:
    """A refresh starts no cluster: it leaves the entries that are there."""
    state = tmp_path / "state"
    state.mkdir()
    cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True}}
    context = {"name": "mcp-local", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "t"}}
    config = {"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "mcp-local"}
    (state / "kubeconfig").write_text(yaml.safe_dump(config))
    source = {"name": "s", "type": "cluster", "path": "default/team", "context": "mcp-local"}
    place = Path(os.environ["XDG_CONFIG_HOME"], "mcp")
    place.mkdir(parents=True)
    listed = {"sources": [source | {"kubeconfig": str(state / "kubeconfig")}]}
    (place / "registries.yaml").write_text(yaml.safe_dump(listed))
    done = mcp("registry", "refresh", "--name", "s", env={"MCP_LOCAL_DIR": str(state)})
    assert done.code == 1
    assert "refuses the connection" in done.stderr
    assert "it is the embedded cluster: mcp local start" in done.stderr
    assert [path.name for path in state.iterdir()] == ["kubeconfig"]


def test_the_tools_of_a_server_that_runs_elsewhere_can_be_called(asking: Env) -> None:
    url = next(iter(mcp("connect", "asking", env=asking).json["mcpServers"].values()))["url"]
    server = {
        "apiVersion": "mcp.allbeone.io/v1",
        "kind": "MCPServer",
        "metadata": {"name": "far"},
        "spec": {"runtime": {"type": "remote", "url": url, "headers": [{"name": "X-Team", "value": "search"}]}},
    }
    assert mcp("deploy", "-f", "-", "--wait", input=json.dumps(server), env=asking).code == 0
    assert mcp("tools", "call", "far", "add", "--arg", "a=1", "--arg", "b=2", env=asking).stdout == "3\n"
    assert mcp("connect", "far", env=asking).json["mcpServers"]["far"]["url"] == url
    refused = mcp("port-forward", "far", env=asking)
    assert refused.code == 1
    assert url in refused.stderr
    assert mcp("delete", "far", "--wait", env=asking).code == 0


@pytest.mark.fast
def test_a_link_to_a_kubeconfig_is_remembered_as_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that switch clusters change where it leads; relative names in it count from its own folder."""
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere" / "one", {"insecure-skip-tls-verify": True}, {"token": "t"})
    (tmp_path / "config").symlink_to(tmp_path / "elsewhere" / "one")
    monkeypatch.chdir(tmp_path)
    session = Session(kubeconfig="config")
    assert remembered(session) == {"kubeconfig": str(tmp_path / "config"), "context": "x"}
