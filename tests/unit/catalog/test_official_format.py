"""Entries of the official registry's API: every version of its schema, odd documents, and all of a real snapshot."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.catalog.errors import MalformedEntry
from mcp_operator.catalog.model import Package, ServerEntry
from mcp_operator.catalog.official import OFFICIAL_META, parse

from tests.unit.catalog.snapshots import needs_snapshots, official_items

pytestmark = pytest.mark.fast

ITEM: dict[str, Any] = {
    "server": {
        "name": "io.github.somebody/weather",
        "title": "Weather",
        "description": "Tells the weather",
        "version": "1.2.0",
        "repository": {"url": "https://example.test/weather", "source": "github"},
        "websiteUrl": "https://weather.example.test",
        "packages": [
            {
                "registryType": "npm",
                "identifier": "@somebody/weather",
                "version": "1.2.0",
                "runtimeHint": "npx",
                "transport": {"type": "stdio"},
                "packageArguments": [
                    {"type": "named", "name": "--units", "default": "metric", "choices": ["metric", "imperial"]},
                    {"type": "positional", "valueHint": "city", "isRequired": True, "isRepeated": True},
                ],
                "environmentVariables": [{"name": "WEATHER_KEY", "isRequired": True, "isSecret": True}],
            }
        ],
        "remotes": [
            {
                "type": "streamable-http",
                "url": "https://weather.example.test/mcp",
                "headers": [{"name": "Authorization", "value": "Bearer {key}", "isRequired": True}],
            }
        ],
    },
    "_meta": {
        OFFICIAL_META: {
            "status": "deprecated",
            "publishedAt": "2025-11-01T10:00:00Z",
            "updatedAt": "2025-11-02T10:00:00Z",
            "isLatest": False,
        }
    },
}

OLD: dict[str, Any] = {
    "name": "io.github.somebody/old",
    "version_detail": {"version": "0.1.0"},
    "packages": [
        {
            "registry_type": "oci",
            "registry_base_url": "https://ghcr.io",
            "identifier": "somebody/old",
            "version": "0.1.0",
            "environment_variables": [{"name": "KEY", "is_required": True, "is_secret": True}],
            "package_arguments": [{"type": "positional", "value_hint": "folder", "is_required": True}],
        }
    ],
    "remotes": [{"transport_type": "sse", "url": "https://old.example.test/sse"}],
}


def package(**changes: Any) -> Package:
    """The package that a document makes."""
    document = {"registryType": "pypi", "identifier": "pkg", "transport": {"type": "stdio"}, **changes}
    return parse({"server": {"name": "a/b", "packages": [document]}}, "s", "o").packages[0]


def test_reads_what_a_person_and_a_cluster_need() -> None:
    entry = parse(ITEM, "official", "item")
    assert (entry.name, entry.version, entry.author) == ("io.github.somebody/weather", "1.2.0", "somebody")
    assert (entry.status, entry.latest, entry.published_at[:10]) == ("deprecated", False, "2025-11-01")
    assert (entry.runtime, entry.transport) == ("node", "stdio")
    units, city = entry.packages[0].arguments
    assert (units.name, units.default, units.choices) == ("--units", "metric", ("metric", "imperial"))
    assert (city.name, city.hint, city.required, city.repeated) == ("", "city", True, True)
    assert entry.packages[0].args == ("--units metric", "<city>")
    assert [(one.name, one.required, one.secret) for one in entry.env] == [("WEATHER_KEY", True, True)]
    assert len(entry.digest) == 64
    assert json.loads(entry.raw) == ITEM


def test_header_with_a_credential_is_a_secret_though_nobody_says_so() -> None:
    header = parse(ITEM, "official", "item").remotes[0].headers[0]
    assert (header.secret, [(part.name, part.secret) for part in header.variables]) == (True, [("key", True)])


def test_names_of_the_oldest_schema_mean_the_same() -> None:
    entry = parse(OLD, "official", "old")
    assert (entry.version, entry.packages[0].identifier) == ("0.1.0", "ghcr.io/somebody/old")
    assert entry.packages[0].env[0].secret
    assert entry.packages[0].arguments[0].hint == "folder"
    assert entry.remotes[0].transport == "sse"


@pytest.mark.parametrize(
    ("identifier", "version", "image"),
    [
        ("ghcr.io/a/b:1.2", None, ("ghcr.io/a/b", "1.2")),
        ("ghcr.io/a/b", "1.2", ("ghcr.io/a/b", "1.2")),
        ("a/b@sha256:00", "1.2", ("a/b", "sha256:00")),
        ("docker.io/a/b:sha256:00", None, ("docker.io/a/b", "sha256:00")),
    ],
)
def test_image_is_told_from_its_tag(identifier: str, version: str | None, image: tuple[str, str]) -> None:
    found = package(registryType="oci", identifier=identifier, version=version)
    assert (found.identifier, found.version) == image


def test_named_argument_without_dashes_gets_them() -> None:
    found = package(packageArguments=[{"type": "named", "name": "port"}, {"type": "", "name": "-x"}, {"value": "run"}])
    assert [(one.name, one.value) for one in found.arguments] == [("--port", None), ("-x", None), ("", "run")]


def test_parts_of_a_template_that_nobody_declares_are_what_their_holder_is() -> None:
    found = package(
        environmentVariables=[
            {"name": "A", "value": "{x}-{y}", "isRequired": True, "variables": {"x": {"default": "1"}}},
        ]
    )
    assert [(one.name, one.required, one.default) for one in found.env[0].variables] == [
        ("x", False, "1"),
        ("y", True, None),
    ]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ({"server": {"description": "x"}}, "has no name"),
        ({"server": {"name": ["x"]}}, "has no name"),
        ({"server": {"name": "a/b", "packages": "x"}}, "packages is no list"),
        ({"server": {"name": "a/b", "packages": [1]}}, "packages is no list of objects"),
        ({"server": {"name": "a/b", "packages": [{"registryType": "floppy"}]}}, "unknown registry 'floppy'"),
        ({"server": {"name": "a/b", "packages": [{"registryType": "npm"}]}}, "has no identifier"),
        ({"server": {"name": "a/b", "remotes": [{"type": "sse"}]}}, "a remote has no url"),
    ],
)
def test_unusable_document_says_why(document: Any, words: str) -> None:
    with pytest.raises(MalformedEntry, match=words) as caught:
        parse(document, "official", "item 7")
    assert "item 7" in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse(text, "official", "any")
    except MalformedEntry as error:
        assert str(error).startswith("any")


@given(st.data())
def test_no_odd_type_anywhere_breaks_the_parser(data: st.DataObject) -> None:
    document = json.loads(json.dumps(ITEM))
    holder: Any = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(holder[key], dict | list) or not holder[key] or data.draw(st.booleans()):
            break
        holder = holder[key]
    holder[key] = data.draw(JSON)
    try:
        entry = parse(document, "official", "any")
    except MalformedEntry as error:
        assert str(error).startswith("any")
        return
    stored = json.dumps(entry.to_json()).encode()
    assert ServerEntry.from_json(json.loads(stored), entry.raw) == entry


def test_variables_inside_variables_end_somewhere() -> None:
    innermost: dict[str, Any] = {"value": "{a}"}
    for _ in range(300):
        innermost = {"value": "{a}", "variables": {"a": innermost}}
    remote = {"type": "sse", "url": "https://{a}.example.test", "variables": {"a": innermost}}
    entry = parse({"name": "a/b", "remotes": [remote]}, "official", "any")
    assert ServerEntry.from_json(json.loads(json.dumps(entry.to_json())), entry.raw) == entry
    assert entry.remotes[0].variables[0].name == "a"


def test_document_too_deep_to_be_written_again_is_refused() -> None:
    document: Any = {"name": "a/b"}
    for _ in range(20_000):
        document = {"name": "a/b", "x": document}
    with pytest.raises(MalformedEntry, match="nested too deeply"):
        parse(document, "official", "any")


def test_half_a_surrogate_pair_can_be_stored() -> None:
    entry = parse('{"server": {"name": "a/b", "description": "\\ud800"}}', "official", "any")
    assert (entry.raw + json.dumps(entry.to_json(), ensure_ascii=False)).encode()


@needs_snapshots
def test_every_entry_of_the_real_registry_parses_and_survives_the_index() -> None:
    items = official_items()
    entries = [parse(item, "official", f"item {number}") for number, item in enumerate(items)]
    assert len(entries) == 1832
    assert {entry.runtime for entry in entries} == {"python", "node", "docker", "remote", "mcpb", "nuget", ""}
    for entry in entries:
        assert ServerEntry.from_json(json.loads(json.dumps(entry.to_json())), entry.raw) == entry
