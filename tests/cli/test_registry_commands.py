"""`mcp registry ...` as a user sees it: the program as a process in an empty home."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

SNAPSHOT = Path(__file__).parents[3] / "shared" / "data" / "docker-mcp-registry"


def mcp(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "mcp_cli.main", *args], capture_output=True, text=True, timeout=60)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in {
        "clock": "name: clock\nimage: example.test/clock\nabout: {description: Tells the hour}",
        "evil": 'name: evil\nimage: example.test/evil\nabout: {description: "red \\e[31m alert"}',
        "bad": "name: [",
    }.items():
        folder = tmp_path / "servers" / name
        folder.mkdir(parents=True)
        (folder / "server.yaml").write_text(text)
    return tmp_path


def test_search_works_on_an_empty_machine() -> None:
    done = mcp("registry", "search", "time")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].split() == ["NAME", "SOURCE", "RUNTIME", "DESCRIPTION"]
    assert done.stdout.splitlines()[1].startswith("time ")
    assert done.stderr == ""


def test_json_pipes_with_nothing_else_on_stdout() -> None:
    document = json.loads(mcp("registry", "search", "zone", "-o", "json").stdout)
    assert [item["name"] for item in document["items"]] == ["time"]
    assert json.loads(mcp("registry", "search", "nothing-like-it", "-o", "json").stdout) == {"items": []}


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("name", "time\n"),
        ("jsonpath={.items[*].runtime}", "python"),
        ("custom-columns=N:.name,R:.runtime", "time   python"),
    ],
)
def test_other_formats(output: str, text: str) -> None:
    assert text.strip() in mcp("registry", "search", "clock", "-o", output).stdout


def test_typo_gets_a_guess() -> None:
    done = mcp("registry", "inspect", "tiem")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean time" in done.stderr
    assert "Did you mean time" in mcp("registry", "search", "tiem").stderr


def test_added_directory_is_searched_and_the_bad_entry_named(checkout: Path) -> None:
    added = mcp("registry", "add", "mine", "--dir", str(checkout))
    assert (added.returncode, added.stdout) == (0, "mine: 2 servers\n")
    assert "left out: bad: is no YAML" in added.stderr
    assert "clock" in mcp("registry", "list", "--source", "mine", "-o", "name").stdout.split()
    assert mcp("registry", "remove", "mine").returncode == 0
    assert "clock" not in mcp("registry", "list", "-o", "name").stdout.split()


def test_control_characters_of_strangers_never_reach_the_terminal(checkout: Path) -> None:
    mcp("registry", "add", "mine", "--dir", str(checkout))
    shown = mcp("registry", "inspect", "evil").stdout + mcp("registry", "search", "alert").stdout
    assert "red" in shown
    assert "\x1b" not in shown


def test_inspect_has_the_keys_of_the_former_system() -> None:
    document = json.loads(mcp("registry", "inspect", "memory", "-o", "json").stdout)
    former = {"name", "version", "description", "repository", "license", "author", "homepage", "keywords", "runtime"}
    assert former | {"config", "environment", "templatedigest"} <= set(document)
    assert document["environment"][0]["name"] == "MEMORY_FILE_PATH"


def test_inspect_says_what_would_run() -> None:
    text = mcp("registry", "inspect", "filesystem").stdout
    assert "npm:@modelcontextprotocol/server-filesystem /tmp" in text
    assert "mcp deploy filesystem" in text


def test_missing_folder_is_one_error_and_adds_nothing(tmp_path: Path) -> None:
    done = mcp("registry", "add", "mine", "--dir", str(tmp_path / "missing"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 2)
    assert "mine" not in mcp("registry", "sources").stdout


@pytest.mark.skipif(not SNAPSHOT.is_dir(), reason=f"needs the registry snapshot {SNAPSHOT}")
def test_real_snapshot_is_listed_searched_and_inspected() -> None:
    count = len(list((SNAPSHOT / "servers").iterdir()))
    assert mcp("registry", "add", "docker", "--dir", str(SNAPSHOT)).stdout == f"docker: {count} servers\n"
    assert len(mcp("registry", "list", "--source", "docker", "-o", "name").stdout.split()) == count
    assert mcp("registry", "search", "grafana").stdout.splitlines()[1].startswith("grafana ")
    assert "GRAFANA_API_KEY: required, secret" in mcp("registry", "inspect", "grafana").stdout
