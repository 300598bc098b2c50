"""`mcp deploy` of entries that ask for values: flags, files, prompts, and secrets that are never shown."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.running import Result, mcp
from tests.cli.terminal import Terminal
from tests.support.cluster import Cluster

HIDDEN = "hunter2-hunter2"
ENTRY = """
name: watch
image: example.test/watch:1.2
run: {command: ['--url={{watch.url}}']}
config:
  secrets: [{name: watch.api_key, env: WATCH_KEY}]
  parameters: {type: object, properties: {url: {type: string}, mode: {type: string, enum: [a, b]}}, required: [url]}
"""
DEPLOY = ("deploy", "watch", "--command", "/watch")
GIVEN = ("--set", "url=https://x.test", "--secret", "api_key=mine/token")


@pytest.fixture(autouse=True)
def registry(isolated_home: Path, tmp_path: Path) -> None:
    """A source with one entry that wants a parameter and a secret, and one whose name no object can have."""
    for name, document in {
        "watch": ENTRY,
        "io.github.owner/Weather": "name: io.github.owner/Weather\nimage: w:2",
    }.items():
        folder = tmp_path / "registry" / "servers" / name.rpartition("/")[2]
        folder.mkdir(parents=True)
        (folder / "server.yaml").write_text(document)
    added = mcp("registry", "add", "mine", "--dir", str(tmp_path / "registry"))
    assert added.code == 0, added.stderr


def manifest(*flags: str) -> dict[str, Any]:
    done = mcp(*DEPLOY, *flags, "--dry-run", "-o", "yaml")
    assert done.code == 0, done.stderr
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


def test_on_a_pipe_all_that_is_missing_is_one_error() -> None:
    done = mcp(*DEPLOY, "--dry-run", input="y\nx\ny\n")
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr == (
        "error: watch needs url, WATCH_KEY\n"
        "       Give each: --set url=VALUE --secret WATCH_KEY=SECRET/KEY; or all in a file: --values FILE; "
        "or name a Secret that holds variables: --env-from-secret SECRET\n"
    )


def test_flags_and_files_answer_it(tmp_path: Path) -> None:
    wanted = manifest(*GIVEN)["spec"]
    assert wanted["runtime"]["args"] == ["--url=https://x.test"]
    assert wanted["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "mine", "key": "token"}
    file = tmp_path / "values.yaml"
    file.write_text("url: https://x.test\nwatch: {api_key: {secretKeyRef: {name: mine, key: token}}}\n")
    assert manifest("--values", str(file))["spec"] == wanted
    assert manifest("--values", str(file), "--set", "url=other")["spec"]["runtime"]["args"] == ["--url=other"]


@pytest.mark.parametrize("flags", [("--env", f"WATCH_KEY={HIDDEN}"), ("--set", f"api_key={HIDDEN}")])
def test_secret_given_as_it_is_is_not_shown(flags: tuple[str, ...]) -> None:
    done = mcp(*DEPLOY, "--set", "url=x", *flags, "--dry-run", "-o", "yaml")
    assert done.code == 0, done.stderr
    assert HIDDEN not in done.stdout + done.stderr
    assert base64.b64encode(HIDDEN.encode()).decode() not in done.stdout
    assert "Secret watch-values" in done.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--secret", HIDDEN), "names no key of a Secret"),
        (("--secret", f"api_key={HIDDEN}"), "--secret api_key=... names no key of a Secret"),
        ((*GIVEN, "--set", "ulr=x"), "it takes no value 'ulr' (did you mean url?)"),
        ((*GIVEN, "--set", "other=x"), "A variable of your own: --env NAME=VALUE, or --env-from-secret SECRET."),
        ((*GIVEN, "--set", "mode=c", "--env-from-secret", "s"), "it takes no value 'mode'"),
        (("--values", "missing.yaml"), "missing.yaml"),
    ],
)
def test_wrong_answer_says_what_is_wrong(flags: tuple[str, ...], words: str) -> None:
    done = mcp(*DEPLOY, *flags, "--dry-run")
    assert done.code in (1, 2)
    assert words in done.stderr
    assert HIDDEN not in done.stderr


def test_name_of_an_entry_is_made_a_name_of_an_object() -> None:
    done = mcp("deploy", "io.github.owner/Weather", "--command", "w", "--dry-run", "-o", "name")
    assert done.stdout.startswith("mcpserver.mcp.allbeone.io/weather-"), done.stderr
    named = mcp("deploy", "io.github.owner/Weather", "--name", "mine", "--command", "w", "--dry-run", "-o", "name")
    assert named.stdout == "mcpserver.mcp.allbeone.io/mine\n"


def test_version_stands_behind_the_name_or_in_a_flag() -> None:
    for flags in (("time@2026.10.19",), ("time", "--version", "2026.10.19")):
        done = mcp("deploy", *flags, "--dry-run", "-o", "yaml")
        assert "package: mcp-server-time==2026.10.19" in done.stdout, done.stderr
    assert mcp("deploy", "time@1", "--version", "2", "--dry-run").code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pseudo-terminal")
def test_person_at_a_terminal_is_asked_and_the_secret_is_not_shown() -> None:
    with Terminal(*DEPLOY, "--dry-run", "-o", "yaml", env={}) as term:
        term.until("watch needs 2 values. Enter them now?")
        term.type("y\n")
        term.until("url: ")
        term.type("https://typed.test\n")
        term.until("WATCH_KEY: ")
        term.type(f"{HIDDEN}\n")
        assert term.end() == 0, term.shown
    assert "--url=https://typed.test" in term.shown
    assert HIDDEN not in term.shown


def test_secret_is_written_for_the_server_and_goes_with_it(cluster: Cluster, on: Callable[..., Result]) -> None:
    done = on(*DEPLOY, "--set", "url=x", "--env", f"WATCH_KEY={HIDDEN}")
    assert done.code == 0, done.stderr
    assert HIDDEN not in done.stdout + done.stderr
    secret = cluster.kubectl_json("get", "secret", "watch-values")
    assert base64.b64decode(secret["data"]["WATCH_KEY"]).decode() == HIDDEN
    server = cluster.kubectl_json("get", "mcpserver", "watch")
    assert secret["metadata"]["ownerReferences"][0]["uid"] == server["metadata"]["uid"]
    assert HIDDEN not in str(server)
    again = on(*DEPLOY, "--set", "url=x", "--env", f"WATCH_KEY={HIDDEN}")
    assert "mcpserver.mcp.allbeone.io/watch unchanged" in again.stdout
