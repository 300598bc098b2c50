"""`server.yaml` of the Docker registry's layout: what is read, what is refused, and all of a real snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.catalog.docker import parse, read_directory
from mcp_operator.catalog.errors import CatalogError, MalformedEntry
from mcp_operator.catalog.model import ServerEntry

pytestmark = pytest.mark.fast

SNAPSHOT = Path(__file__).parents[4] / "shared" / "data" / "docker-mcp-registry"

DOCUMENT = """
name: watch
image: example.test/watch:1.2
meta: {category: monitoring, tags: [metrics, alerts]}
about: {title: Watch, description: Looks at metrics}
source: {project: 'https://example.test/watch'}
run:
  command: [--stdio]
  volumes: ['{{watch.paths|volume|into}}']
config:
  secrets:
    - {name: watch.key, env: WATCH_KEY, example: abc}
    - {name: watch.extra, env: WATCH_EXTRA, required: false}
  env:
    - {name: WATCH_URL, value: '{{watch.url}}'}
    - {name: WATCH_MODE, value: fast}
  parameters: {type: object, properties: {url: {type: string}}, required: [url]}
"""


def test_reads_what_deploying_needs() -> None:
    entry = parse(DOCUMENT, "docker", "watch")
    assert (entry.name, entry.title, entry.version, entry.runtime) == ("watch", "Watch", "1.2", "docker")
    assert entry.packages[0].identifier == "example.test/watch"
    assert entry.packages[0].args == ("--stdio",)
    assert {(item.name, item.required, item.secret, item.value) for item in entry.env} == {
        ("WATCH_KEY", True, True, None),
        ("WATCH_EXTRA", False, True, None),
        ("WATCH_URL", True, False, "{{watch.url}}"),
        ("WATCH_MODE", False, False, "fast"),
    }
    assert entry.categories == ("monitoring",)
    assert len(entry.digest) == 64


def test_remote_server_keeps_its_address() -> None:
    entry = parse("name: r\nremote: {transport_type: sse, url: 'https://example.test/sse'}", "docker", "r")
    assert (entry.runtime, entry.transport, entry.remotes[0].url) == ("remote", "sse", "https://example.test/sse")


def test_entry_survives_the_index_format() -> None:
    entry = parse(DOCUMENT, "docker", "watch")
    assert ServerEntry.from_json(entry.to_json(), entry.raw) == entry


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", "is no YAML"),
        ("- a list", "is no mapping"),
        ("image: a", "has no name"),
        ("name: a\nabout: text", "about is no mapping"),
        ("name: a\nimage: [x]", "image is no text"),
        ("a: &x [1]\nname: *x", "aliases"),
        ("name: !!python/object:os.system x", "is no YAML"),
        ("\x00", "is no YAML"),
        ("name: a\nabout: " + "[" * 50_000 + "]" * 50_000, "nested too deeply"),
        ("- " * 50_000, "nested too deeply"),
        ("name: a\n---\nname: b", "single document"),
        ("name: a\nabout: {title: 0x" + "f" * 5000 + "}", "too many digits"),
        ("name: a\nabout: {title: " + ":".join(["59"] * 300) + ".5}", "too many digits"),
        ("name: a\nabout: {title: !!timestamp soon}", "not what its tag says"),
        ("name: a\nabout: {title: !!bool perhaps}", "not what its tag says"),
        ("name: a\nabout: {title: !!int ''}", "not what its tag says"),
    ],
)
def test_bad_document_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(MalformedEntry, match=words) as caught:
        parse(text, "docker", "servers/bad")
    assert "servers/bad" in str(caught.value)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse(text, "docker", "any")
    except MalformedEntry as error:
        assert str(error).startswith("any")


def test_one_bad_entry_never_hides_the_others(tmp_path: Path) -> None:
    for name, text in {"good": "name: good\nimage: a", "bad": "name: [", "huge": "name: huge\n#" + "x" * 2**20}.items():
        folder = tmp_path / "servers" / name
        folder.mkdir(parents=True)
        (folder / "server.yaml").write_text(text)
    found = list(read_directory(tmp_path, "mine"))
    assert [item.name for item in found if isinstance(item, ServerEntry)] == ["good"]
    assert [type(item) for item in found].count(MalformedEntry) == 2


def test_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no folder 'servers'"):
        list(read_directory(tmp_path, "mine"))


@pytest.mark.skipif(not SNAPSHOT.is_dir(), reason=f"needs the registry snapshot {SNAPSHOT}")
def test_every_entry_of_the_real_registry_parses() -> None:
    found = list(read_directory(SNAPSHOT, "docker"))
    assert [str(item) for item in found if isinstance(item, MalformedEntry)] == []
    entries = [item for item in found if isinstance(item, ServerEntry)]
    assert len(entries) == len(list((SNAPSHOT / "servers").iterdir()))
    assert {entry.runtime for entry in entries if "type: poci" not in entry.raw} == {"docker", "remote"}
