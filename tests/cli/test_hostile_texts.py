"""What servers, pods and other users write is shown to a person without being obeyed by the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml

from mcp_cli.errors import CliError, boundary
from mcp_cli.kinds import SERVERS
from mcp_cli.kube import Cluster as Kube
from mcp_cli.output.harmless import SHOWN, harmless
from mcp_cli.output.table import Column, Table
from mcp_cli.target import from_files
from mcp_cli.views.content import result_text
from tests.cli.running import Result
from tests.cli.terminal import Terminal
from tests.support.cluster import Cluster

TITLE = "\x1b]0;owned\x07"
CLEAR = "\x1b[2J"
HOSTILE = f"fine{TITLE}{CLEAR}\x9b31m\u202etxt.exe"


@pytest.mark.fast
def test_what_is_replaced_and_what_is_not() -> None:
    assert harmless("plain text\n\tof lines\r\n") == "plain text\n\tof lines\n"
    assert harmless("Grüße 👩‍🔬 日本") == "Grüße 👩‍🔬 日本"
    assert harmless(HOSTILE) == f"fine{SHOWN}]0;owned{SHOWN}{SHOWN}[2J{SHOWN}31m{SHOWN}txt.exe"
    assert harmless("\x1b[32mgreen\x1b[0m") == f"{SHOWN}[32mgreen{SHOWN}[0m"
    assert harmless(f"\x1b[32mgreen\x1b[0m{CLEAR}", coloured=True) == f"\x1b[32mgreen\x1b[0m{SHOWN}[2J"
    assert harmless("over\rwritten") == f"over{SHOWN}written"


@pytest.mark.fast
def test_a_table_of_hostile_values() -> None:
    shown = Table.of((Column("A", lambda item: item["a"]),), [{"a": HOSTILE}]).render(colour=True)
    assert "\x1b" not in shown
    assert "owned" in shown


@pytest.mark.fast
def test_a_structured_result_is_json_like_every_other() -> None:
    shown = result_text({"structuredContent": {"a": HOSTILE + " 日本"}})
    assert shown.replace("\n", "").isprintable() and "日本" in shown
    assert json.loads(shown) == {"a": HOSTILE + " 日本"}


@pytest.mark.fast
def test_an_error_with_hostile_words(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise CliError(HOSTILE, HOSTILE)

    assert boundary(fail) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_pages_on_a_terminal(on: Callable[..., Result], cluster: Cluster) -> None:
    server = {
        "apiVersion": "mcp.allbeone.io/v1",
        "kind": "MCPServer",
        "metadata": {"name": "bad", "annotations": {"note": HOSTILE}},
        "spec": {"runtime": {"type": "python", "package": "x"}},
    }
    assert on("deploy", "-f", "-", input=yaml.safe_dump(server)).code == 0
    status = {"phase": "Failed", "reason": "Crashed", "message": HOSTILE, "observedGeneration": 1}
    kube = Kube(from_files([str(cluster.kubeconfig)], None))
    kube.merge(SERVERS, "bad", {"status": status}, cluster.namespace, subresource="status")
    env: dict[str, str | None] = {"KUBECONFIG": str(cluster.kubeconfig), "MCP_NAMESPACE": cluster.namespace}
    commands: list[tuple[str, ...]] = [("status", "bad"), ("describe", "bad")]
    commands += [
        ("get", "-o", form)
        for form in ("wide", "yaml", "jsonpath={.items[*].status.message}", "custom-columns=A:{.status.message}")
    ]
    for command in commands:
        with Terminal(*command, env=env) as term:
            assert term.end() == 0
        assert "fine" in term.shown or "bad" in term.shown
        assert not [one for one in (TITLE, CLEAR, "\x9b", "\u202e") if one in term.shown]
    over = on("scale", "bad", "--replicas", "2", "--wait", "--wait-timeout", "1s")
    assert (over.code, "\x1b" in over.stderr) == (124, False)
