"""Which cluster is meant, and one line of words when none can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.config import ConfigError, is_loopback

TWO = """
apiVersion: v1
kind: Config
clusters:
- {name: one, cluster: {server: "https://127.0.0.1:1", insecure-skip-tls-verify: true}}
- {name: two, cluster: {server: "https://192.0.2.1:2"}}
contexts:
- {name: one, context: {cluster: one, user: me}}
- {name: two, context: {cluster: two, user: me}}
users: [{name: me, user: {token: secret}}]
current-context: one
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(TWO)
    return path


async def test_the_current_context_or_the_named_one_and_its_credentials(kubeconfig: Path) -> None:
    current = await KubeClient.connect(str(kubeconfig))
    named = await KubeClient.connect(str(kubeconfig), "two")
    assert (current.base_url, named.base_url) == ("https://127.0.0.1:1", "https://192.0.2.1:2")
    assert await current.auth_headers() == {"Authorization": "Bearer secret"}
    assert current.tls_context() is not None
    await current.close()
    await named.close()


async def test_the_environment_names_the_file(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    client = await KubeClient.connect()
    assert client.base_url == "https://127.0.0.1:1"
    await client.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a: [", "while parsing a flow node"),
        ("{}", "Expected key current-context"),
        (TWO.replace("current-context: one", "current-context: three"), "three"),
    ],
    ids=["empty", "no YAML", "something else", "no such context"],
)
async def test_a_file_that_is_no_use_is_told_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        await KubeClient.connect(str(path))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert "name one with --kubeconfig" in str(error.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("https://127.0.0.1:6443", True),
        ("https://localhost:6443", True),
        ("https://[::1]:6443", True),
        ("https://10.0.0.1:6443", False),
        ("https://api.example.test", False),
    ],
)
def test_which_servers_no_proxy_of_the_environment_can_reach(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback
