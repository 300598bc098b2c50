"""`mcp registry ...` as a user sees it: the program as a process in an empty home."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mcp_operator.catalog.catalogue import ONLY_BUILTIN

pytestmark = pytest.mark.fast

SNAPSHOT = Path(__file__).parents[3] / "shared" / "data" / "docker-mcp-registry"


def mcp(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "mcp_cli.main", *args], capture_output=True, text=True, timeout=120)


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


def test_inspect_ends_with_a_deployment_of_the_very_entry(tmp_path: Path) -> None:
    folder = tmp_path / "servers" / "time"
    folder.mkdir(parents=True)
    secret = "{secrets: [{name: time.token, env: TOKEN, required: true}]}"
    folder.joinpath("server.yaml").write_text(f"name: time\nimage: example.test/time\nconfig: {secret}")
    assert mcp("registry", "add", "other", "--dir", str(tmp_path)).returncode == 0
    preferred = mcp("registry", "inspect", "time").stdout
    assert "Also in:     other (--source other)\n" in preferred
    assert preferred.endswith("Deploy it: mcp deploy time\n")
    other = mcp("registry", "inspect", "time", "--source", "other").stdout
    assert other.endswith("Deploy it: mcp deploy time --registry other --command WORD --secret TOKEN=SECRET/KEY\n")


def test_source_before_the_name_is_a_flag_here() -> None:
    done = mcp("registry", "inspect", "builtin/time")
    assert (done.returncode, done.stdout) == (1, "")
    assert "it is time with --source builtin, to deploy it --registry builtin" in done.stderr


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


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (("ls", "-o", "name"), ("list", "-o", "name")),
        (("show", "time", "-o", "json"), ("inspect", "time", "-o", "json")),
        (("update", "-o", "name"), ("refresh", "-o", "name")),
    ],
)
def test_words_of_other_programs_mean_the_same(words: tuple[str, ...], same: tuple[str, ...]) -> None:
    done = mcp("registry", *words)
    assert (done.returncode, done.stdout) == (0, mcp("registry", *same).stdout)


def test_command_of_another_place_is_pointed_at() -> None:
    done = mcp("search", "time")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == 'error: there is no command "search". Did you mean `mcp registry search`?'
    assert "`mcp registry inspect`" in mcp("inspect", "time").stderr
    assert "`mcp deploy`" in mcp("registry", "deploy", "time").stderr
    assert "Did you mean list?" in mcp("registry", "lst").stderr


@pytest.mark.parametrize("command", [("list",), ("search", "time"), ("versions", "time"), ("sources",)])
def test_tables_come_without_headers_where_a_script_wants_it(command: tuple[str, ...]) -> None:
    plain, bare = mcp("registry", *command), mcp("registry", *command, "--no-headers")
    assert bare.returncode == 0
    assert rows(bare.stdout) == rows(plain.stdout)[1:]


def rows(table: str) -> list[list[str]]:
    """The cells, with an age of some seconds as one of any: a source is older when it is listed again."""
    return [re.sub(r"\d+ seconds?", "some seconds", line).split() for line in table.splitlines()]


@pytest.mark.parametrize(
    ("flag", "value", "known"),
    [("--runtime", "ruby", "'remote'"), ("--transport", "pigeon", "'sse'"), ("--sort", "size", "'published'")],
)
def test_filter_that_no_entry_can_have_is_refused(flag: str, value: str, known: str) -> None:
    done = mcp("registry", "list", flag, value)
    assert (done.returncode, done.stdout) == (2, "")
    assert known in done.stderr


def test_filter_that_fits_nothing_is_an_empty_answer() -> None:
    done = mcp("registry", "list", "--runtime", "remote", "--transport", "http")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"No server matches.\nnote: {ONLY_BUILTIN}\n")
    for output, shown in (("json", {"items": []}), ("yaml", None), ("name", None)):
        done = mcp("registry", "list", "--category", "none-such", "-o", output)
        assert (done.returncode, done.stderr) == (0, f"note: {ONLY_BUILTIN}\n")
        assert json.loads(done.stdout) == shown if shown else done.stdout in ("", "items: []\n")


def test_reader_that_goes_away_is_no_error_to_speak_of() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mcp_cli.main", "registry", "list", "-o", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


def completed(*words: str) -> list[str]:
    """What bash is offered for the last word."""
    line = ["mcp", *words]
    env = os.environ | {"_MCP_COMPLETE": "bash_complete", "COMP_WORDS": "\n".join(line), "COMP_CWORD": str(len(words))}
    done = subprocess.run([sys.executable, "-m", "mcp_cli.main"], env=env, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return [item.partition(",")[2] for item in done.stdout.splitlines()]


def test_completion_knows_the_catalogue_and_offers_nothing_that_a_shell_could_run(tmp_path: Path) -> None:
    names = ["good/clock-1", "good/clock-2", "good/$(touch x)", "good/`x`", "good/a b", "good/\x1b[2J", "good/a\nb"]
    documents = [
        {
            "name": name,
            "image": "x/y",
            "meta": {"category": "time keeping" if name[-1] == "b" else "time", "tags": [name]},
        }
        for name in names
    ]
    (tmp_path / "list.json").write_text(json.dumps({"servers": documents}))
    assert mcp("registry", "add", "files", "--path", str(tmp_path / "list.json")).returncode == 0
    listed = json.loads(mcp("registry", "list", "--source", "files", "-o", "json").stdout)["items"]
    assert len(listed) == len(names)
    assert len(mcp("registry", "list", "--source", "files", "-o", "name").stdout.splitlines()) == len(names)
    assert completed("registry", "inspect", "good/") == ["good/clock-1", "good/clock-2"]
    assert completed("deploy", "GOOD/clock-2") == ["good/clock-2"]
    assert completed("registry", "list", "--source", "") == ["builtin", "files"]
    assert completed("registry", "refresh", "--name", "fi") == ["files"]
    assert completed("registry", "rm", "fi") == ["files"]
    assert "time" in completed("registry", "list", "--category", "ti")
    assert "time keeping" not in completed("registry", "list", "--category", "ti")
    assert completed("registry", "list", "--tag", "good/") == ["good/clock-1", "good/clock-2"]
    assert completed("registry", "list", "--runtime", "r") == ["remote"]


def test_newcomer_is_told_where_more_servers_are() -> None:
    for words in (("search", "grafana"), ("inspect", "grafana"), ("list", "--tag", "grafana"), ("sources",)):
        assert ONLY_BUILTIN in mcp("registry", *words).stderr
    for words in (("search", "time"), ("list",), ("inspect", "time")):
        assert mcp("registry", *words).stderr == ""


def test_removed_source_is_named_to_a_script(checkout: Path) -> None:
    mcp("registry", "add", "mine", "--dir", str(checkout))
    assert mcp("registry", "remove", "mine", "-o", "name").stdout == "mine\n"


@pytest.mark.parametrize(
    ("entry", "end"),
    [
        ("image: example.test/a", "Deploy it: mcp deploy a --command WORD\n"),
        ("remote: {url: 'https://example.test', transport_type: sse}", "Deploy it: mcp deploy a\n"),
        ("remote: {url: 'ftp://example.test', transport_type: sse}", "no http or https URL.\n"),
    ],
)
def test_inspect_recommends_nothing_that_cannot_be(tmp_path: Path, entry: str, end: str) -> None:
    folder = tmp_path / "servers" / "a"
    folder.mkdir(parents=True)
    folder.joinpath("server.yaml").write_text(f"name: a\n{entry}\n")
    assert mcp("registry", "add", "mine", "--dir", str(tmp_path)).returncode == 0
    shown = mcp("registry", "inspect", "a").stdout
    assert shown.endswith(end)
    assert ("Deploy it" in shown) == end.startswith("Deploy it")
