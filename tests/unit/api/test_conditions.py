"""Conditions keep their transition time while their status stays."""

from __future__ import annotations

import pytest
from mcp_operator.api.conditions import condition, find, is_true, merge

pytestmark = pytest.mark.fast

FIRST, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def test_merging_the_same_conditions_twice_changes_nothing() -> None:
    once = merge([], [condition("Ready", "False", "Starting")], generation=1, now=FIRST)
    assert merge(once, [condition("Ready", "False", "Starting")], generation=1, now=LATER) == once


def test_time_moves_with_the_status_and_not_with_the_reason() -> None:
    before = merge([], [condition("Ready", "False", "Starting")], generation=1, now=FIRST)
    reason = merge(before, [condition("Ready", "False", "CrashLoop", "it crashes")], generation=2, now=LATER)
    assert (reason[0]["lastTransitionTime"], reason[0]["observedGeneration"]) == (FIRST, 2)
    status = merge(before, [condition("Ready", "True", "Ready")], generation=1, now=LATER)
    assert status[0]["lastTransitionTime"] == LATER
    assert is_true(status, "Ready")


def test_what_does_not_apply_any_more_is_absent() -> None:
    before = merge([], [condition("Ready", "True", "Ready"), condition("Old", "True", "Old")], generation=1, now=FIRST)
    after = merge(before, [condition("Ready", "True", "Ready")], generation=1, now=LATER)
    assert find(after, "Old") is None
