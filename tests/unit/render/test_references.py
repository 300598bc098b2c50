"""Which ConfigMaps and Secrets a spec reads, and what their checksum depends on."""

from __future__ import annotations

import pytest
from mcp_operator.render import Reference, checksum, references

pytestmark = pytest.mark.fast

MAP, SECRET = Reference("ConfigMap", "m"), Reference("Secret", "s")


def test_every_way_to_name_one_is_seen() -> None:
    spec = {
        "configSources": [{"name": "a"}],
        "secretRefs": [{"name": "b"}],
        "envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "d"}}],
        "env": [
            {"name": "X", "value": "1"},
            {"name": "Y", "valueFrom": {"configMapKeyRef": {"name": "e", "key": "k"}}},
            {"name": "Z", "valueFrom": {"secretKeyRef": {"name": "f", "key": "k"}}},
        ],
        "volumes": [
            {"name": "g", "configMap": {"name": "g"}},
            {"name": "h", "secret": {"secretName": "h"}},
            {"name": "p", "projected": {"sources": [{"configMap": {"name": "i"}}, {"secret": {"name": "j"}}]}},
            {"name": "e", "emptyDir": {}},
        ],
    }
    assert "".join(reference.name for reference in references(spec) if reference.kind == "ConfigMap") == "acegi"
    assert "".join(reference.name for reference in references(spec) if reference.kind == "Secret") == "bdfhj"


def test_checksum_follows_data_and_not_metadata() -> None:
    before = checksum({MAP: {"data": {"a": "1"}, "metadata": {"resourceVersion": "1"}}})
    assert checksum({MAP: {"data": {"a": "1"}, "metadata": {"resourceVersion": "2"}}}) == before
    assert checksum({MAP: {"data": {"a": "2"}}}) != before


def test_missing_object_differs_from_an_empty_one() -> None:
    assert checksum({SECRET: None}) != checksum({SECRET: {}})


def test_nothing_referenced_gives_no_checksum() -> None:
    assert checksum({}) is None
