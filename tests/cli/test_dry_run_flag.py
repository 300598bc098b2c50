"""`--dry-run` alone means client and never takes the word after it; nothing of it reaches a cluster."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.errors import WrongUsage
from mcp_cli.groups import bare_dry_run
from mcp_cli.serverspec import key_values, merge_patch, parse_port
from tests.cli.running import golden, mcp

pytestmark = pytest.mark.fast

CREATED = "mcpserver.mcp.allbeone.io/time created (dry run)\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dry-run", "time"],
        ["time", "--dry-run"],
        ["--dry-run=client", "time"],
        ["--dry-run", "--replicas", "2", "time"],
    ],
)
def test_a_bare_dry_run_means_client_and_swallows_no_name(arguments: list[str], isolated_home: Path) -> None:
    done = mcp("deploy", *arguments)
    assert (done.code, done.stdout, done.stderr) == (0, CREATED, "")
    assert not (isolated_home / ".local/state/mcp").exists()


def test_a_dry_run_that_is_none_of_the_three() -> None:
    assert mcp("deploy", "time", "--dry-run=maybe").code == 2


def test_what_stands_after_two_dashes_is_left_alone() -> None:
    assert bare_dry_run(["--dry-run", "--", "--dry-run"]) == ["--dry-run=client", "--", "--dry-run"]


def test_waiting_for_a_dry_run_is_wrong_usage() -> None:
    done = mcp("deploy", "time", "--dry-run", "--wait")
    assert done.code == 2
    assert "exclude each other" in done.stderr


def test_the_manifest_of_a_catalogue_entry(update_golden: bool) -> None:
    done = mcp("deploy", "filesystem", "--dry-run", "-o", "yaml")
    assert (done.code, done.stderr) == (0, "")
    golden("deploy-filesystem.yaml", done.stdout, update=update_golden)


def test_every_flag_reaches_the_manifest(update_golden: bool) -> None:
    done = mcp(
        *("deploy", "web", "--image", "ghcr.io/example/web:1.2", "--runtime", "docker", "--transport", "http"),
        *(
            "--http-path",
            "/api",
            "--port",
            "9000",
            "--ports",
            "mcp:80:9000:TCP:http",
            "--ports",
            "9090",
            "--replicas",
            "3",
        ),
        *("--env", "A=1", "--env", "B=x=y", "--env-from-secret", "keys", "--command", "/bin/web", "--arg", "--verbose"),
        *("-n", "tools", "--dry-run", "-o", "yaml"),
    )
    assert (done.code, done.stderr) == (0, "")
    golden("deploy-every-flag.yaml", done.stdout, update=update_golden)


def test_what_is_printed_can_be_deployed_again(tmp_path: Path) -> None:
    printed = mcp("deploy", "time", "--replicas", "2", "--dry-run", "-o", "yaml").stdout
    again = mcp("deploy", "-f", "-", "--dry-run", "-o", "yaml", input=printed)
    assert again.stdout == printed


def test_a_catalogue_entry_under_another_name() -> None:
    document = yaml.safe_load(
        mcp("deploy", "time", "--name", "clock", "--version", "1.2.3", "--dry-run", "-o", "yaml").stdout
    )
    assert document["metadata"]["name"] == "clock"
    assert document["spec"]["registry"]["name"] == "time"
    assert document["spec"]["runtime"]["package"] == "mcp-server-time==1.2.3"


ENTRY = """
name: search
image: mcp/search
type: server
meta: {category: search}
about: {title: Search, description: Searches.}
config:
  secrets: [{name: search.api_key, env: SEARCH_API_KEY, example: abc}]
run: {command: [search-mcp]}
"""


@pytest.fixture
def search(tmp_path: Path) -> None:
    """A catalogue entry that needs a secret."""
    entry = tmp_path / "registry" / "servers" / "search" / "server.yaml"
    entry.parent.mkdir(parents=True)
    entry.write_text(ENTRY)
    added = mcp("registry", "add", "own", "--dir", str(tmp_path / "registry"))
    assert added.code == 0, added.stderr


def test_an_entry_says_what_it_needs(search: None) -> None:
    done = mcp("deploy", "search", "--dry-run")
    assert done.code == 1
    assert "search needs SEARCH_API_KEY" in done.stderr
    assert "--secret SEARCH_API_KEY=SECRET/KEY" in done.stderr


def test_a_secret_comes_from_a_key_of_a_secret(search: None) -> None:
    words = ("deploy", "search", "--command", "search-mcp", "--dry-run", "-o", "yaml")
    done = mcp(*words, "--secret", "SEARCH_API_KEY=keys/token")
    reference = {"name": "SEARCH_API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}
    assert yaml.safe_load(done.stdout)["spec"]["env"] == [reference]
    assert mcp(*words, "--secret", "SEARCH_API_KEY=token").code == 2


def test_a_plain_secret_value_is_never_printed(search: None, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("SEARCH_API_KEY: abc123\n")
    for words in (["--set", "SEARCH_API_KEY=abc123"], ["--values", str(values)]):
        done = mcp("deploy", "search", "--command", "search-mcp", "--dry-run", "-o", "yaml", *words)
        assert done.code == 0, done.stderr
        assert "abc123" not in done.stdout + done.stderr
        assert "which is not printed" in done.stderr
        (variable,) = yaml.safe_load(done.stdout)["spec"]["env"]
        assert variable["valueFrom"]["secretKeyRef"]["name"].startswith("search")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to deploy"),
        (["-f", "x.yaml", "time"], "exclude each other"),
        (["-f", "x.yaml", "--replicas", "2"], "exclude each other"),
        (["x", "--image", "a", "--package", "b"], "exclude each other"),
        (["x", "--package", "b"], "--runtime"),
        (["time", "--env", "A"], "NAME=VALUE"),
        (["time", "--ports", "a:b"], "cannot be read"),
    ],
)
def test_flags_that_do_not_go_together(arguments: list[str], words: str) -> None:
    done = mcp("deploy", *arguments, "--dry-run")
    assert (done.code, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_an_entry_that_is_not_there_is_guessed() -> None:
    done = mcp("deploy", "tiem", "--dry-run")
    assert done.code == 1
    assert "time" in done.stderr


def test_a_manifest_that_breaks_a_rule_is_refused_before_anything_is_sent() -> None:
    done = mcp("deploy", "Web_1", "--image", "a/b:1", "--dry-run")
    assert done.code == 1
    assert "metadata.name" in done.stderr


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("8080", {"name": "port-8080", "port": 8080}),
        ("web:8080", {"name": "web", "port": 8080}),
        ("80:8080", {"name": "port-80", "port": 80, "targetPort": 8080}),
        ("web:80:8080", {"name": "web", "port": 80, "targetPort": 8080}),
        ("web:80:8080:udp", {"name": "web", "port": 80, "targetPort": 8080, "protocol": "UDP"}),
        ("web:80:80:TCP:h2c", {"name": "web", "port": 80, "protocol": "TCP", "appProtocol": "h2c"}),
    ],
)
def test_the_grammar_of_ports(text: str, port: dict[str, object]) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize(
    "text", ["", "web", "0", "65536", "80:0", "web:80:TCP", "80:81:TCP", "a:1:2:SCTP", "A:80", "a:1:2:TCP:x:y"]
)
def test_ports_that_cannot_be_read(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse_port(text)


@given(st.text())
def test_any_other_text_is_a_port_or_wrong_usage(text: str) -> None:
    with contextlib.suppress(WrongUsage):
        assert 1 <= parse_port(text)["port"] <= 65535


_OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), st.integers() | st.lists(st.integers())),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner | st.integers()),
)


@given(_OBJECTS, _OBJECTS)
def test_a_merge_patch_makes_one_object_of_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert _merged(old, merge_patch(old, new)) == new
    assert merge_patch(old, old) == {}


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key), value)
    return made


@given(st.text(min_size=1).filter(lambda key: "=" not in key), st.text())
def test_a_pair_is_split_at_its_first_equals_sign(key: str, value: str) -> None:
    assert key_values((f"{key}={value}",), "--env") == {key: value}
