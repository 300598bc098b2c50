"""What a search finds, in which order, and what it guesses where it finds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.catalog.catalogue import Catalogue
from mcp_operator.catalog.index import Index
from mcp_operator.catalog.model import Package, ServerEntry
from mcp_operator.catalog.spelling import shapes
from mcp_operator.catalog.staging import Staging, version_key

pytestmark = pytest.mark.fast

ENTRIES = {
    "io.github.grafana/mcp-grafana": ("Dashboards", "An MCP server for dashboards"),
    "grafana": ("Grafana", "Configure the connection"),
    "com.example/monitoring": ("Monitoring", "Works with grafana and others"),
    "io.github.someone/plots": ("Grafana plots", "Draws"),
    "postgres": ("PostgreSQL", "Queries a database"),
    "io.github.github/github-mcp-server": ("GitHub", "Repositories, issues, pull requests"),
    "sequentialthinking": ("Sequential Thinking", "Thinks"),
}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    folder = tmp_path_factory.mktemp("catalogue")
    index = Index(folder / "catalogue.db")
    fill(index, [entry(name, *texts) for name, texts in ENTRIES.items()])
    opened = Catalogue(folder / "registries.yaml", index)
    yield opened
    opened.close()


def entry(name: str, title: str = "", description: str = "", **more: str) -> ServerEntry:
    return ServerEntry(name, "s", title, description, packages=(Package("npm", "p"),), digest=name, raw="{}", **more)  # type: ignore[arg-type]


def fill(index: Index, entries: list[ServerEntry]) -> None:
    staged = Staging(index, "s", anew=False)
    for one in entries:
        staged.add(one)
    assert staged.commit("", "{}", whole=True)


def names(catalogue: Catalogue, text: str) -> list[str]:
    return [card["name"] for card in catalogue.search(text)]


def test_name_before_title_before_description(catalogue: Catalogue) -> None:
    expected = ["grafana", "io.github.grafana/mcp-grafana", "io.github.someone/plots", "com.example/monitoring"]
    assert names(catalogue, "grafana") == expected
    assert set(names(catalogue, "graf")) == set(expected)


def test_what_half_of_all_names_begin_with_is_no_match(catalogue: Catalogue) -> None:
    assert names(catalogue, "github") == ["io.github.github/github-mcp-server"]


def test_a_whole_name_finds_itself_first(catalogue: Catalogue) -> None:
    for name in ENTRIES:
        assert names(catalogue, name)[0] == name
        assert names(catalogue, name.upper())[0] == name


def test_words_written_apart(catalogue: Catalogue) -> None:
    assert names(catalogue, "sequential thinking") == ["sequentialthinking"]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("grafanna", "grafana"),
        ("garfana", "grafana"),
        ("postgrs", "postgres"),
        ("postgers", "postgres"),
        ("mcp grafanna", "io.github.grafana/mcp-grafana"),
        ("io.github.github/githb-mcp-server", "io.github.github/github-mcp-server"),
        ("sequentialthinkng", "sequentialthinking"),
        ("dashbords", "io.github.grafana/mcp-grafana"),
    ],
)
def test_typo_is_guessed(catalogue: Catalogue, typo: str, meant: str) -> None:
    assert meant in catalogue.similar(typo)


def test_nonsense_is_not_guessed(catalogue: Catalogue) -> None:
    assert catalogue.similar("qqqqqqqqq") == []
    assert catalogue.similar("") == []


def test_a_number_is_no_misspelt_word() -> None:
    assert shapes("2026") == set()
    assert shapes("v2026") & shapes("v206")


@given(st.text("abcdefgh", min_size=4, max_size=20), st.data())
def test_one_wrong_letter_leaves_a_common_shape(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abcdefgh"))
    swapped = word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]
    before, after = word[:at], word[at + 1 :]
    for wrong in (before + after, before + letter + after, before + letter + word[at:], swapped):
        assert len(wrong) > 24 or shapes(word) & shapes(wrong)


@pytest.mark.parametrize(
    "rising",
    [
        ["1.2.3-alpha", "1.2.3-beta", "1.2.3", "1.2.4", "1.10.0", "2.0"],
        ["v1", "v2", "v10"],
        ["0.9", "1.0.0-rc1", "1.0.0"],
    ],
)
def test_versions_in_their_order(rising: list[str]) -> None:
    assert sorted(rising, key=version_key) == rising


@given(st.lists(st.text(max_size=30)))
def test_any_versions_have_an_order(versions: list[str]) -> None:
    assert len(sorted(versions, key=version_key)) == len(versions)
