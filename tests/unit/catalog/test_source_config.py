"""The file of sources: what it keeps, what it refuses, and that a token never gets into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp_operator.catalog.errors import CatalogError
from mcp_operator.catalog.sources import BUILTIN, DOCKER_REPO, OFFICIAL_URL, Source, check, load, save, token_of

pytestmark = pytest.mark.fast


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "config" / "registries.yaml"
    listed = [
        Source("a", "official", url="https://example.test", latest_only=True),
        Source("b", "docker", repo="o/r", branch="main", path="servers", token_env="T", priority=200),
    ]
    save(path, [BUILTIN, *listed])
    assert load(path) == [listed[1], BUILTIN, listed[0]]
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == ["registries.yaml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: [{name: a, type: official, colour: red}]", "unknown field 'colour'"),
        ("sources: [{name: a, type: official, priority: high}]", "priority of a is 'high', no int"),
        ("sources: [{name: a, type: official, url: 7}]", "url of a is 7, no str"),
        ("sources: [{name: a, type: ftp}]", "no type 'ftp'"),
        ("sources: [{name: A/B, type: official}]", "is no name for a source"),
        ("sources: [{name: a, type: http, url: 'file:///etc/passwd'}]", "is no address"),
        ("sources: [{name: a, type: http, url: 'https://me:secret@example.test/x'}]", "must not hold a name"),
        ("sources: [{name: a, type: docker, repo: ../../x/y}]", "is no repository"),
        ("sources: [{name: a, type: http}]", "needs an address"),
        ("sources: [{name: a, type: directory}]", "needs a place"),
        ("sources: [7]", "is no source"),
        ("sources: {}", "no list 'sources'"),
        ("sources: [", "line 1: is no YAML"),
        ("sources: [{name: a, type: official}, {name: a, type: docker}]", "two sources of the name a"),
    ],
)
def test_a_broken_file_is_refused_with_its_reason(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "registries.yaml"
    path.write_text(text)
    with pytest.raises(CatalogError) as caught:
        load(path)
    assert words in str(caught.value)
    assert path.read_text() == text


def test_a_type_alone_is_enough_for_the_two_great_registries() -> None:
    assert check(Source("official", "official")).url == OFFICIAL_URL
    assert check(Source("docker", "docker")).repo == DOCKER_REPO


def test_token_comes_from_the_variable_or_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_TOKEN", " abc \n")
    assert token_of(Source("a", "docker", token_env="TEAM_TOKEN")) == "abc"
    (tmp_path / "token").write_text("def\n")
    assert token_of(Source("a", "docker", token_file=str(tmp_path / "token"))) == "def"
    assert token_of(Source("a", "docker")) == ""


def test_a_token_that_is_not_there_or_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CatalogError, match="NOT_THERE, the token of a, is not set"):
        token_of(Source("a", "docker", token_env="NOT_THERE"))
    with pytest.raises(CatalogError, match="cannot read the token of a"):
        token_of(Source("a", "docker", token_file=str(tmp_path / "missing")))
    monkeypatch.setenv("ODD", "two\nlines")
    with pytest.raises(CatalogError, match="ODD holds no token") as caught:
        token_of(Source("a", "docker", token_env="ODD"))
    assert "two" not in str(caught.value)
