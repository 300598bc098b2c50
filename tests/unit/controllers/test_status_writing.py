"""When a status is other than before: the one rule for every kind."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_operator.api.conditions import condition
from mcp_operator.controllers.status_write import merge

pytestmark = pytest.mark.fast

NOW, LATER = "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"


def computed(status: str = "True", **more: Any) -> dict[str, Any]:
    listed = [condition("Ready", "True" if status == "True" else "False", "Word", "words")]
    return {"observedGeneration": 3, "phase": "Ready", "conditions": listed, **more}


def test_what_says_the_same_is_the_same_object_and_needs_no_write() -> None:
    first = merge({}, computed(replicas=0), NOW, touched="lastUpdateTime")
    assert merge(first, computed(replicas=0), LATER, touched="lastUpdateTime") is first
    assert merge(first, computed(replicas=0, message="", errors=[]), LATER, touched="lastUpdateTime") is first


def test_a_change_moves_the_time_of_the_change_and_of_the_condition_that_turned() -> None:
    first = merge({}, computed(), NOW, touched="lastUpdateTime")
    second = merge(first, computed(message="other"), LATER, touched="lastUpdateTime")
    assert (second["lastUpdateTime"], second["conditions"][0]["lastTransitionTime"]) == (LATER, NOW)
    third = merge(second, computed("False"), LATER, touched="lastUpdateTime")
    assert third["conditions"][0]["lastTransitionTime"] == LATER
    assert "message" not in third


def test_nothing_empty_is_written_and_zero_is_not_empty() -> None:
    status = merge({}, computed(replicas=0, message="", errors=[], mcp={}, registry=None), NOW)
    assert set(status) == {"observedGeneration", "phase", "conditions", "replicas"}


def test_half_a_character_of_a_stranger_is_written_as_it_will_be_stored() -> None:
    """Otherwise the status would be other than the stored one for ever, and written again and again."""
    said = {"serverInfo": {"name": "a\ud83d"}, "tools": ["b\ude00", "😀"]}
    status = merge({}, computed(mcp=said, message="\ud83d"), NOW)
    assert status["mcp"] == {"serverInfo": {"name": "a\ufffd"}, "tools": ["b\ufffd", "😀"]}
    assert merge(status, computed(mcp=said, message="\ud83d"), LATER) is status
