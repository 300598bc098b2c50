"""The templates of the Docker layout: what each filter does, and errors that show the template."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.catalog.templates import TemplateError, expand, templates

from tests.unit.catalog.snapshots import all_entries, needs_snapshots

pytestmark = pytest.mark.fast

VALUES: dict[str, Any] = {
    "a.path": "/src",
    "a.paths": ["/one", "/two:/mnt/two"],
    "a.none": None,
    "a.yes": True,
    "a.port": 8080,
    "a.deep.name": "x",
    "a.object": {"k": 1},
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain", ["plain"]),
        ("--port={{a.port}}", ["--port=8080"]),
        ("{{a.yes}}", ["true"]),
        ("{{ a.deep.name }}", ["x"]),
        ("{{a.path}}:/target", ["/src:/target"]),
        ("{{a.path}}:{{a.path}}", ["/src:/src"]),
        ("{{a.path|volume}}", ["/src:/src"]),
        ("{{a.paths|volume|into}}", ["/one:/one", "/two:/mnt/two"]),
        ("{{a.paths|volume-target|into}}", ["/one", "/mnt/two"]),
        ("{{a.none|or:[]|volume|into}}", []),
        ('{{a.none|or:"stdio"}}', ["stdio"]),
        ("{{a.none}}", None),
        ("--x={{a.none}}", None),
    ],
)
def test_expands(text: str, words: list[str] | None) -> None:
    assert expand(text, VALUES.get) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{a.path|upper}}", r"\{\{a.path\|upper\}\} has the unknown filter 'upper'"),
        ("{{}}", "names no value"),
        ("{{a b}}", "names no value"),
        ("{{a.x|or:oops}}", "is no JSON value"),
        ("{{a.x|or:" + "[" * 100_000 + "}}", "is no JSON value"),
        ("--x={{a.paths}}", "stands for a list where one word belongs"),
        ("{{a.object}}", "stands for an object"),
    ],
)
def test_unusable_template_is_shown(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        expand(text, VALUES.get)


def test_braces_that_nobody_closes_are_read_in_one_go() -> None:
    assert templates("{{" * 500_000) == []


@given(st.text(alphabet="{}|:.ab[] \n"))
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = expand(text, VALUES.get)
    except TemplateError as error:
        assert "{{" in str(error)
    else:
        assert found is None or all(isinstance(word, str) for word in found)


@needs_snapshots
def test_every_template_of_the_real_registry_can_be_read() -> None:
    for entry in all_entries():
        if entry.layout == "docker":
            for package in entry.packages:
                texts = [*entry.volumes, entry.user, *(one.value or "" for one in (*package.arguments, *package.env))]
                assert all(template.name for text in texts for template in templates(text))
