"""Which cluster, which namespace; and one clear error for every kubeconfig that cannot be used."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.running import mcp

pytestmark = pytest.mark.fast


def kubeconfig(path: Path, server: str = "https://127.0.0.1:1", **contexts: str) -> Path:
    """A kubeconfig with a context for each keyword, its value the namespace; the first is the current one."""
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": n, "context": {"cluster": "c", "user": "u", "namespace": ns}} for n, ns in contexts.items()
        ],
        "current-context": next(iter(contexts), ""),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def dead_port() -> Iterator[int]:
    """Taken by a socket that does not listen, so that nobody else gets it meanwhile."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield int(probe.getsockname()[1])


def test_a_flag_that_names_no_file(tmp_path: Path) -> None:
    done = mcp("get", "servers", "--kubeconfig", str(tmp_path / "none"))
    assert done.code == 1
    assert done.stderr.splitlines() == [
        f"error: the kubeconfig {tmp_path}/none does not exist",
        "       Check the path given with --kubeconfig.",
    ]


def test_a_variable_that_names_no_file_is_no_reason_to_go_elsewhere(isolated_home: Path, tmp_path: Path) -> None:
    kubeconfig(isolated_home / ".kube/config", a="x")
    done = mcp("get", "servers", env={"KUBECONFIG": str(tmp_path / "gone")})
    assert done.code == 1
    assert "KUBECONFIG names" in done.stderr


def test_a_file_that_is_not_yaml(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("a: [1,\nb: }")
    done = mcp("get", "servers", env={"KUBECONFIG": str(broken)})
    assert done.code == 1
    assert f"the kubeconfig {broken} is not YAML (line 2)" in done.stderr


def test_a_context_that_is_not_there_lists_those_that_are(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path / "config", one="a", two="b")
    done = mcp("get", "servers", "--context", "three", env={"KUBECONFIG": str(config)})
    assert done.code == 1
    assert 'has no context "three"' in done.stderr
    assert "It has: one, two." in done.stderr


def test_no_current_context(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path / "config", one="a")
    document = yaml.safe_load(config.read_text())
    del document["current-context"]
    config.write_text(yaml.safe_dump(document))
    done = mcp("get", "servers", "--kubeconfig", str(config))
    assert done.code == 1
    assert "no current context" in done.stderr
    assert "--context" in done.stderr


def test_a_cluster_that_does_not_answer_is_an_error_and_starts_nothing(isolated_home: Path, dead_port: int) -> None:
    kubeconfig(isolated_home / ".kube/config", server=f"https://127.0.0.1:{dead_port}", one="a")
    done = mcp("get", "servers")
    assert (done.code, done.stdout) == (1, "")
    assert f"https://127.0.0.1:{dead_port} refuses the connection" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert not (isolated_home / ".local/state/mcp").exists()


def test_the_versions_of_a_cluster_that_does_not_answer_are_still_those_of_the_client(
    dead_port: int, tmp_path: Path
) -> None:
    config = kubeconfig(tmp_path / "config", server=f"https://127.0.0.1:{dead_port}", one="a")
    done = mcp("version", "-o", "json", "--kubeconfig", str(config))
    assert (done.code, list(done.json)) == (1, ["client"])
    assert "refuses the connection" in done.stderr


def test_a_name_that_is_not_known(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path / "config", server="https://no-such-host.invalid:6443", one="a")
    done = mcp("get", "servers", "--kubeconfig", str(config), env={"HTTPS_PROXY": None, "https_proxy": None})
    assert done.code == 1
    assert "is not known" in done.stderr


def test_a_server_that_is_no_api_server(tmp_path: Path) -> None:
    import http.server
    import threading

    class Silent(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Its words would stand among those of the command."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = kubeconfig(tmp_path / "config", server=f"http://127.0.0.1:{server.server_port}", one="a")
        done = mcp("get", "servers", "--kubeconfig", str(config))
        server.shutdown()
    assert done.code == 1
    assert len(done.stderr.splitlines()) == 2
    assert "not answer like a Kubernetes API server" in done.stderr


def test_the_first_file_of_several_that_says_something_wins(tmp_path: Path) -> None:
    one = kubeconfig(tmp_path / "one", first="team-a")
    two = kubeconfig(tmp_path / "two", second="team-b")
    done = mcp(
        "deploy", "time", "--dry-run", "-o", "jsonpath={.metadata.namespace}", env={"KUBECONFIG": f"{one}:{two}"}
    )
    assert done.stdout == "team-a"
    done = mcp(
        *("deploy", "time", "--dry-run", "--context", "second", "-o", "jsonpath={.metadata.namespace}"),
        env={"KUBECONFIG": f"{one}:{two}"},
    )
    assert done.stdout == "team-b"


def test_flags_win_over_flags_before_the_command_over_the_environment(tmp_path: Path) -> None:
    show = ("deploy", "time", "--dry-run", "-o", "jsonpath={.metadata.namespace}")
    environment = {"MCP_NAMESPACE": "env"}
    assert mcp(*show, env=environment).stdout == "env"
    assert mcp("-n", "before", *show, env=environment).stdout == "before"
    assert mcp("-n", "before", *show, "-n", "after", env=environment).stdout == "after"


def test_an_output_of_the_environment_that_a_command_lacks_is_left_aside() -> None:
    assert mcp("deploy", "time", "--dry-run", env={"MCP_OUTPUT": "wide"}).stdout == (
        "mcpserver.mcp.allbeone.io/time created (dry run)\n"
    )
    assert mcp("deploy", "time", "--dry-run", "-o", "wide").code == 2
    mistaken = mcp("deploy", "time", "--dry-run", env={"MCP_OUTPUT": "jsno"})
    assert (mistaken.code, mistaken.stderr.splitlines()[0]) == (2, 'error: unknown output format "jsno"')


@pytest.mark.parametrize("form", ["xml", "jsonpath={.a", "jsonpath"])
def test_a_form_that_cannot_be_used_is_refused_before_anything_is_asked(
    form: str, dead_port: int, tmp_path: Path
) -> None:
    config = kubeconfig(tmp_path / "config", server=f"https://127.0.0.1:{dead_port}", one="a")
    for arguments in (["get", "servers"], ["delete", "time"], ["deploy", "time"]):
        assert mcp(*arguments, "-o", form, "--kubeconfig", str(config)).code == 2


def test_format_is_another_name_of_output() -> None:
    assert mcp("deploy", "time", "--dry-run", "--format", "name").stdout == "mcpserver.mcp.allbeone.io/time\n"
