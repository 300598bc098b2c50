"""Tools, resources, prompts, logs and port-forward against a real server on a whole embedded cluster."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.running import lines_until, mcp, started, until

Env = dict[str, str | None]


def test_tools_are_listed_for_people_and_for_programs(asking: Env) -> None:
    listed = mcp("tools", "list", "asking", env=asking)
    assert listed.stdout.splitlines()[:2] == ["NAME    DESCRIPTION", "add     Add numbers."]
    wide = mcp("tools", "list", "asking", "-o", "wide", env=asking)
    assert "a=integer b=integer [more=array]" in wide.stdout
    names = mcp("tools", "list", "asking", "-o", "jsonpath={.tools[*].name}", env=asking)
    assert names.stdout == "add count greet fail"
    assert [tool["name"] for tool in mcp("tools", "list", "asking", "-o", "json", env=asking).json["tools"]] == [
        *("add", "count", "greet", "fail")
    ]


def test_arguments_are_typed_by_the_schema(asking: Env) -> None:
    done = mcp("tools", "call", "asking", "add", *_args("a=1", "b=2", "more=3", "more=4.5"), env=asking)
    assert (done.code, done.stdout, done.stderr) == (0, "10.5\n", "")


def test_arguments_from_a_file_from_stdin_and_from_json(asking: Env, tmp_path: Path) -> None:
    call = ("tools", "call", "asking", "add")
    file = tmp_path / "args.json"
    file.write_text('{"a": 1, "b": 2}')
    assert mcp(*call, "--args-file", str(file), env=asking).stdout == "3\n"
    assert mcp(*call, "--args-file", "-", input='{"a": 2, "b": 2}', env=asking).stdout == "4\n"
    assert mcp(*call, "--args", '{"a": 2, "b": 2}', "--arg", "b=3", env=asking).stdout == "5\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--arg", "a=1"], "add needs b (integer)"),
        (["--arg", "a=one", "--arg", "b=2"], '"one" is no integer, which a takes'),
        (["--arg", "a"], "NAME=VALUE"),
        (["--args", "[1]"], "no JSON object"),
        (["--args", "{"], "is not JSON"),
        (["--args", "{}", "--args-file", "-"], "exclude each other"),
    ],
)
def test_arguments_that_do_not_fit_are_wrong_usage(asking: Env, arguments: list[str], words: str) -> None:
    done = mcp("tools", "call", "asking", "add", *arguments, env=asking)
    assert (done.code, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_missing_argument_is_not_hidden_by_one_that_is_written_wrong(asking: Env) -> None:
    done = mcp("tools", "call", "asking", "add", "--arg", "a=1", "--arg", "bb=2", env=asking)
    assert done.code == 2
    assert done.stderr.splitlines()[1].strip() == 'Give --arg b=VALUE. It knows no "bb".'


def test_progress_goes_to_stderr(asking: Env) -> None:
    done = mcp("tools", "call", "asking", "count", env=asking)
    assert done.stdout == "counted\n"
    assert done.stderr.splitlines() == ["1/3 step 1", "2/3 step 2", "3/3 step 3"]


def test_a_tool_that_fails_ends_with_1_and_json_still_holds_the_result(asking: Env) -> None:
    done = mcp("tools", "call", "asking", "fail", env=asking)
    assert (done.code, done.stdout, done.stderr) == (1, "", "error: fail failed: it broke\n")
    raw = mcp("tools", "call", "asking", "fail", "-o", "json", env=asking)
    assert raw.code == 1
    assert raw.json["isError"] is True


def test_a_question_is_answered_by_input_or_told(asking: Env) -> None:
    done = mcp("tools", "call", "asking", "greet", "--input", "name=Ada", "--input", "age=7", env=asking)
    assert (done.code, done.stdout) == (0, 'accept: {"name": "Ada", "age": 7}\n')
    unanswered = mcp("tools", "call", "asking", "greet", env=asking)
    assert (unanswered.code, unanswered.stdout) == (1, "")
    assert unanswered.stderr.splitlines() == [
        "error: the server asks: Who is there? (it wants name (string))",
        "       Answer with --input name=VALUE, or run it on a terminal.",
    ]


def test_an_unknown_tool_is_guessed(asking: Env) -> None:
    done = mcp("tools", "call", "asking", "ad", env=asking)
    assert done.code == 1
    assert 'Did you mean "add"?' in done.stderr


def test_resources(asking: Env) -> None:
    assert "test://hello" in mcp("resources", "list", "asking", env=asking).stdout
    assert "test://{name}" in mcp("resources", "list", "asking", "--templates", env=asking).stdout
    assert mcp("resources", "read", "asking", "test://hello", env=asking).stdout == "hello\nworld\n"


def test_prompts(asking: Env) -> None:
    assert "what [how]" in mcp("prompts", "list", "asking", env=asking).stdout
    done = mcp("prompts", "get", "asking", "ask", "--arg", "what=time", env=asking)
    assert done.stdout == "user:\nTell me about time\n"


def test_a_prompt_that_cannot_be_asked_for_is_told_before(asking: Env) -> None:
    done = mcp("prompts", "get", "asking", "ask", env=asking)
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr == "error: ask needs what\n       Give --arg what=VALUE.\n"
    done = mcp("prompts", "get", "asking", "aks", env=asking)
    assert done.stderr == 'error: asking has no prompt "aks"\n       Did you mean "ask"?\n'


def test_logs_of_one_pod_and_of_all(asking: Env) -> None:
    one = mcp("logs", "asking", env=asking)
    assert one.code == 0
    assert "asking has 2 pods; this is asking-" in one.stderr
    everyone = mcp("server", "logs", "asking", "--all-pods", "--tail", "1", env=asking)
    pods = {line.split("]")[0] for line in everyone.stdout.splitlines()}
    assert len(pods) == 2
    lines = [json.loads(line) for line in mcp("logs", "asking", "-o", "json", env=asking).stdout.splitlines()]
    assert {tuple(line) for line in lines} == {("pod", "container", "text")}


def test_following_the_logs_of_all_pods_at_once(asking: Env) -> None:
    pods: set[str] = set()

    def both(line: str) -> bool:
        pods.add(line.split("]")[0])
        return len(pods) == 2

    with started("logs", "asking", "--follow", "--all-pods", env=asking) as follower:
        lines_until(follower, both)


def test_a_container_that_is_not_there_lists_those_that_are(asking: Env) -> None:
    done = mcp("logs", "asking", "-c", "nope", env=asking)
    assert done.code == 1
    assert "mcp-server" in done.stderr


def test_port_forward_relays_the_server(asking: Env) -> None:
    with started("port-forward", "asking", "-o", "json", env=asking) as forward:
        url = json.loads("\n".join(lines_until(forward, lambda line: line == "}")))["url"]
        discover = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": _META}}
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "server/discover",
        }
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer = client.post(url, json=discover, headers=headers)
            assert answer.json()["result"]["supportedVersions"] == ["2026-07-28"]
            assert client.get(url.removesuffix("/mcp") + "/healthz").status_code == 200


def test_a_local_port_that_is_taken(asking: Env) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = mcp("port-forward", "asking", str(taken.getsockname()[1]), env=asking)
    assert done.code == 1
    assert "address already in use" in done.stderr


def test_connect_prints_what_reaches_the_server(asking: Env) -> None:
    for client, key in (("claude", "mcpServers"), ("vscode", "servers"), ("cursor", "mcpServers")):
        document = mcp("connect", "asking", "--client", client, env=asking).json
        url = document[key]["asking"]["url"]
        assert url.startswith("http://127.")
        assert url.endswith(":8080/mcp")


def test_describe_shows_pods_and_events(asking: Env) -> None:
    # A probe that the machine was too busy for leaves a pod unready for a moment.
    text = until(lambda: mcp("describe", "asking", env=asking), lambda page: page.stdout.count("1/1") == 2).stdout
    assert "Tools:        4: add, count, greet, fail" in text
    assert "Started container mcp-server" in text


def test_names_are_completed_from_the_cluster(asking: Env, patient_completion: None) -> None:
    assert mcp("__complete", "status", "as", env=asking).stdout == "asking\n:4\n"
    *names, directive = mcp("__complete", "tools", "list", "", env=asking).stdout.splitlines()
    assert "asking" in names
    assert directive == ":4"
    assert "kube-system\n" in mcp("__complete", "get", "-n", "kube", env=asking).stdout


_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


def _args(*pairs: str) -> list[str]:
    return [word for pair in pairs for word in ("--arg", pair)]


def test_what_a_server_would_have_taken_is_where_the_hint_points(asking: Env) -> None:
    for group, verb in (("prompts", "get"), ("resources", "read")):
        done = mcp(group, verb, "asking", "demo://nothing", env=asking)
        assert (done.code, done.stdout) == (1, "")
        assert f"`mcp {group} list asking -o wide` shows what it takes." in done.stderr
