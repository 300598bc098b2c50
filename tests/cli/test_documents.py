"""YAML and JSON as people write them: read as kubectl reads them, and nothing changed or lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_cli.documents import MOST_VALUES, Unreadable, documents_of
from tests.cli.running import mcp

pytestmark = pytest.mark.fast

BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("1.2.3", "1.2.3"),
        ("09", 9.0),
        ("017", 15),
        ("0x1F", 31),
        ("+5", 5),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("yes", True),
        ("~", None),
        ('"\\U0001F600"', "😀"),
        ("{2: a, true: b, ~: c, 1.5: d}", {"2": "a", "true": "b", "null": "c", "1.5": "d"}),
        ("{a: &x {b: 1, c: 2}, d: {<<: *x, b: 3}}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
    ],
)
def test_values_are_what_kubectl_takes_them_for(written: str, value: object) -> None:
    assert documents_of(f"v: {written}") == [{"v": value}]


def test_json_is_read_as_json() -> None:
    assert documents_of('{"a": "\\ud83d\\ude00"}\n{"a": 2}') == [{"a": "😀"}, {"a": 2}]
    assert documents_of("{a: b}\n---\n[c]\n---\n") == [{"a": "b"}, ["c"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", "is not YAML, line"),
        ("a: 1\nb: 2\na: 3", 'says "a" twice in one place, line 1'),
        ('{"a": 1, "a": 2}', 'says "a" twice in one place'),
        ("a: &a {b: *a}", "holds itself"),
        (BOMB, f"more than {MOST_VALUES} values"),
        (MERGES, f"more than {MOST_VALUES} values"),
        ("a: " + "[" * 50_000 + "]" * 50_000, "nested too deeply"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "nested too deeply"),
        ("a: .nan", "no number in JSON"),
        ('{"a": Infinity}', "no number in JSON"),
        ("a: !!binary aGVsbG8=", "YAML's type bytes"),
        ("a: !!set {b, c}", "YAML's type set"),
        ("a: !!python/object:os.system x", "is not YAML"),
        ("? [a, b]\n: c", "is not YAML"),
        ('{"a": "\\ud83d"}', "half of a character: \\ud83d"),
    ],
)
def test_what_cannot_be_sent_as_it_is_written(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        documents_of(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": "\xff"}', "is not text in UTF-8"),
        (b'{"a": "\\ud83d"}', "half of a character"),
        (b'{"a": NaN}', "no number in JSON"),
        (b'{"a": 1, "a": 2}', 'says "a" twice in one place'),
        (b'{"a":' * 50_000, "nested too deeply"),
        (b"a: 1", "is not JSON"),
        (b"[]", "is no JSON object"),
    ],
)
def test_arguments_of_a_tool_are_refused_before_a_server_is_asked(tmp_path: Path, data: bytes, words: str) -> None:
    file = tmp_path / "arguments.json"
    file.write_bytes(data)
    done = mcp("tools", "call", "time", "convert", "--args-file", str(file))
    assert (done.code, words in done.stderr.splitlines()[0]) == (2, True), done.stderr


def test_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text("a: 1\na: 2\n")
    done = mcp("deploy", "-f", str(file), "--dry-run")
    assert (done.code, done.stderr.splitlines()[0]) == (1, f'error: {file} says "a" twice in one place, line 1')
    done = mcp("deploy", "time", "--values", str(file), "--dry-run")
    assert (done.code, done.stderr.splitlines()[0]) == (
        2,
        f'error: --values {file} says "a" twice in one place, line 1',
    )
    file.write_bytes(b"\xff\xfe")
    assert "is not text" in mcp("deploy", "-f", str(file), "--dry-run").stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("metadata: {name: 5}", "is no Kubernetes object: metadata.name: must be text, not a number"),
        ("metadata: {name: a, labels: {a: yes}}", "metadata.labels.a: must be text, not true or false"),
        ("metadata: {name: a}\nspec: {env: {A: b}}", 'MCPServer "a" is not valid: spec.env: must be a list'),
    ],
)
def test_a_manifest_of_another_shape(text: str, words: str) -> None:
    manifest = f"apiVersion: mcp.allbeone.io/v1\nkind: MCPServer\n{text}\n"
    done = mcp("deploy", "-f", "-", "--dry-run", input=manifest)
    assert done.code == 1
    assert words in done.stderr
