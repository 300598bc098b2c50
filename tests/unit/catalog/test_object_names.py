"""Names of objects: valid whatever the entry is called, stable, and never shared by two entries."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.catalog.naming import object_name

from tests.unit.catalog.snapshots import all_entries, needs_snapshots

pytestmark = pytest.mark.fast

LIKE_NAMES = st.from_regex(r"[a-zA-Z0-9./_-]{1,90}", fullmatch=True)


def test_name_that_fits_is_kept() -> None:
    assert object_name("time") == "time"


@pytest.mark.parametrize("name", ["io.github.owner/server", "SQLite", "9lives", "a" * 80, "---", "", "日本語"])
def test_name_that_loses_something_says_so_with_a_hash(name: str) -> None:
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?-[0-9a-f]{8}", object_name(name))


def test_name_is_the_same_tomorrow() -> None:
    assert object_name("io.github.owner/server") == "server-45977fb0"


@given(st.text() | LIKE_NAMES)
def test_name_is_a_label_that_starts_with_a_letter(name: str) -> None:
    found = object_name(name)
    assert len(found) <= 63
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", found)


@given(LIKE_NAMES, LIKE_NAMES)
def test_two_entries_never_share_one(one: str, other: str) -> None:
    assert (object_name(one) == object_name(other)) == (one == other)


@given(LIKE_NAMES)
def test_entry_called_like_the_object_of_another_gets_its_own(name: str) -> None:
    derived = object_name(name)
    assert derived == name or object_name(derived) != derived


@needs_snapshots
def test_names_of_the_real_registries_are_apart() -> None:
    names = {entry.name for entry in all_entries()}
    assert len({object_name(name) for name in names}) == len(names)
