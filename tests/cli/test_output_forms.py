"""The printers: one document in every form, as its golden file; texts that YAML readers must not mistake."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcp_cli.errors import WrongUsage
from mcp_cli.kinds import SERVERS
from mcp_cli.output import printer_for
from mcp_cli.output.jsonpath import parse, render
from mcp_cli.output.structured import clean, to_yaml
from mcp_cli.output.table import Column, Table, width_of
from mcp_cli.session import LISTS
from mcp_cli.views.lists import list_table
from tests.cli.running import golden

pytestmark = pytest.mark.fast


def server(name: str, **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "mcp.allbeone.io/v1",
        "kind": "MCPServer",
        "metadata": {
            "name": name,
            "namespace": "tools",
            "resourceVersion": "42",
            "uid": "u-1",
            "managedFields": [{"manager": "mcp-cli"}],
            "annotations": {"mcp.allbeone.io/deployed-by": "ada"},
        },
        "spec": {"runtime": {"type": "python", "package": f"mcp-server-{name}"}, "replicas": 2},
        "status": {"image": f"pypi:mcp-server-{name}", "tag": "1.2", "replicas": 2, **status},
    }


ITEMS = [
    server(
        "time",
        phase="Running",
        readyReplicas=2,
        serviceEndpoint="time.tools.svc.cluster.local:8080",
        mcp={"toolCount": 2},
    ),
    server("fetch", phase="Failed", reason="PackageNotFound", conditions=[{"type": "Ready", "status": "False"}]),
]
LIST = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": ITEMS}
FORMS = (
    *("", "wide", "json", "yaml", "name", "jsonpath={.items[*].metadata.name}"),
    "custom-columns=NAME:.metadata.name,BY:.metadata.annotations.mcp\\.allbeone\\.io/deployed-by,NO:.spec.no",
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.partition("=")[0] or "table")
def test_a_list_in_every_form(form: str, capsys: pytest.CaptureFixture[str], update_golden: bool) -> None:
    printer_for(form, LISTS).show(LIST, lambda: list_table(SERVERS, ITEMS, scope="tools"))
    golden(f"list-{form.partition('=')[0] or 'table'}.txt", capsys.readouterr().out, update=update_golden)


def test_all_namespaces_have_a_column() -> None:
    assert list_table(SERVERS, ITEMS, scope="").render().splitlines()[1].split()[0] == "tools"


def test_json_and_yaml_hold_the_same() -> None:
    assert yaml.safe_load(to_yaml(clean(LIST))) == json.loads(json.dumps(clean(LIST)))
    assert "managedFields" not in to_yaml(clean(LIST))


@pytest.mark.parametrize(
    "text",
    [
        "1e3",
        "0x1F",
        "0o14",
        "yes",
        "no",
        "on",
        "y",
        "N",
        "null",
        "~",
        "1_000",
        ".5",
        "12:30",
        "2026-11-21",
        "",
        " a",
        "a: b",
        "#",
    ],
)
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    dumped = to_yaml({"value": text})
    assert yaml.safe_load(dumped) == {"value": text}
    assert dumped.strip().removeprefix("value: ")[0] in "'\"", dumped


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_document_survives_yaml(document: Any) -> None:
    assert yaml.safe_load(to_yaml(document)) == document


@pytest.mark.parametrize("form", ["json", "yaml", "jsonpath={.a}"])
def test_documents_hold_no_character_that_a_terminal_obeys(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They are escapes of the form itself, so that nothing is lost; what is readable stays so elsewhere."""
    hostile = {"a": {"text": "\x1b[2J \x7f \x9b31m \u202e 日本"}}
    printer_for(form, LISTS).show(hostile)
    shown = capsys.readouterr().out
    assert shown.replace("\n", "").isprintable()
    assert yaml.safe_load(shown) == (hostile["a"] if form.startswith("jsonpath") else hostile)
    printer_for(form, LISTS).show({"a": {"text": "日本 😀"}})
    assert "日本" in capsys.readouterr().out


def test_half_a_character_is_shown_as_its_escape() -> None:
    """A server's JSON can hold it, and Python's; no encoding can."""
    assert to_yaml({"text": "\ud83d"}) == 'text: "\\uD83D"\n'


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
@pytest.mark.parametrize("form", ["json", "yaml", "jsonpath={.a}"])
def test_documents_are_whole_whatever_stdout_takes(encoding: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` lets nothing fail on a character; the escape it writes then is none of JSON or YAML."""
    written = io.BytesIO()
    document = {"a": {"text": "\N{GRINNING FACE} \u4e2d\u00e9\nsecond"}}
    with io.TextIOWrapper(written, encoding=encoding, errors="backslashreplace") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        printer_for(form, LISTS).show(document)
        stdout.flush()
        text = written.getvalue().decode(encoding)
    read = yaml.safe_load if form == "yaml" else json.loads
    assert read(text) == (document["a"] if form.startswith("jsonpath") else document)


def test_texts_of_several_lines_stay_readable() -> None:
    assert to_yaml({"text": "one\ntwo\n"}) == "text: |\n  one\n  two\n"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{.metadata.name}", "time"),
        (".metadata.name", "time"),
        ("{.metadata.annotations.mcp\\.allbeone\\.io/deployed-by}", "ada"),
        ("{.metadata.annotations['mcp.allbeone.io/deployed-by']}", "ada"),
        ("{.spec.replicas}", "2"),
        ("{.spec.runtime}", '{"type":"python","package":"mcp-server-time"}'),
        ("{.spec.nothing}", ""),
        ("name={.metadata.name}{'\\n'}", "name=time\n"),
        ('{.metadata.name}{"\\t"}{.spec.replicas}', "time\t2"),
        ("{$.metadata.name}", "time"),
        ("{..name}", "time"),
        ("{.metadata.managedFields[0].manager}", "mcp-cli"),
    ],
)
def test_jsonpath_of_an_object(template: str, expected: str) -> None:
    assert render(parse(template), ITEMS[0]) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{.items[*].metadata.name}", "time fetch"),
        ("{range .items[*]}{.metadata.name}={.status.phase};{end}", "time=Running;fetch=Failed;"),
        ('{.items[?(@.status.phase=="Failed")].metadata.name}', "fetch"),
        ("{.items[-1:].metadata.name}", "fetch"),
        ("{.items[0:1].metadata.name}", "time"),
        ('{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}|{end}', "|False|"),
    ],
)
def test_jsonpath_of_a_list(template: str, expected: str) -> None:
    assert render(parse(template), LIST) == expected


@pytest.mark.parametrize("template", ["{.a", "{range .items[*]}{.a}", "{end}", "{.a[}", "a}"])
def test_a_broken_jsonpath_is_wrong_usage(template: str) -> None:
    with pytest.raises(WrongUsage):
        render(parse(template), LIST)


@pytest.mark.parametrize(
    "form", ["xml", "jsonpath", "jsonpath=", "custom-columns", "custom-columns=NAME", "custom-columns=:.a"]
)
def test_a_form_that_is_none_is_wrong_usage(form: str) -> None:
    with pytest.raises(WrongUsage):
        printer_for(form, LISTS)


def test_columns_are_aligned_by_what_a_terminal_shows() -> None:
    columns = [Column("A", lambda row: row["a"]), Column("B", lambda row: row["b"])]
    rows = [{"a": "東京", "b": 1}, {"a": "e\u0301", "b": 2}, {"a": "abc", "b": None}]
    lines = Table.of(columns, rows).render().splitlines()
    assert [width_of(line[: line.index(mark)]) for line, mark in zip(lines, ("B", "1", "2", "<"), strict=True)] == [
        7,
        7,
        7,
        7,
    ]


def test_colour_only_where_it_is_wanted() -> None:
    table = list_table(SERVERS, ITEMS, scope="tools")
    assert "\x1b[" not in table.render(colour=False)
    assert "\x1b[32mRunning\x1b[0m" in table.render(colour=True)


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"tools": [{"name": "add"}, {"name": "count"}]}, "add\ncount\n"),
        ({"resources": [{"name": "a", "uri": "demo://a"}]}, "demo://a\n"),
        ({"resourceTemplates": [{"name": "a", "uriTemplate": "demo://{x}"}]}, "demo://{x}\n"),
        ({"prompts": []}, ""),
    ],
)
def test_the_lists_of_a_server_have_a_line_each(
    answer: dict[str, Any], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    printer_for("name", LISTS).show(answer)
    assert capsys.readouterr().out == names
    printer_for("custom-columns=N:.name", LISTS).show(answer)
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(names.splitlines())
