"""When a registry is asked again, and how long that takes."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_operator.catalog.fetch.retry import JITTER, Policies, said_wait, trouble_of, wait_before

pytestmark = pytest.mark.fast

NOW = 1_800_000_000.0
CHANCES = st.floats(0, 1)


@pytest.mark.parametrize(
    ("trouble", "attempts", "first", "longest"), [("network", 5, 2, 120), ("limit", 3, 900, 3600), ("other", 5, 1, 300)]
)
def test_the_three_policies(trouble: str, attempts: int, first: float, longest: float) -> None:
    policy = Policies().of(trouble)  # type: ignore[arg-type]
    assert (policy.attempts, policy.first, policy.longest) == (attempts, first, longest)


@given(st.sampled_from(["network", "limit", "other"]), st.integers(1, 3), CHANCES)
def test_waits_grow_with_jitter_and_stay_in_their_bounds(trouble: str, attempt: int, chance: float) -> None:
    policy = Policies().of(trouble)  # type: ignore[arg-type]
    wait = policy.wait(attempt, lambda: chance)
    plain = min(policy.longest, policy.first * 2 ** (attempt - 1))
    assert plain * (1 - JITTER / 2) <= wait <= min(policy.longest, plain * (1 + JITTER / 2) + 1e-9)


@given(st.floats(0, 3600), CHANCES)
def test_what_the_server_says_is_never_cut_short(said: float, chance: float) -> None:
    wait = wait_before("limit", Policies().limit, 1, said, lambda: chance)
    assert wait is not None
    assert said < wait <= said + 31


def test_a_server_that_asks_for_too_much_is_not_waited_for() -> None:
    assert wait_before("limit", Policies().limit, 1, 3601, lambda: 0) is None


def test_attempts_end() -> None:
    assert wait_before("network", Policies().network, 5, None, lambda: 0.5) is not None
    assert wait_before("network", Policies().network, 6, None, lambda: 0.5) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": formatdate(NOW + 60, usegmt=True)}, 60),
        ({"retry-after": formatdate(NOW - 60, usegmt=True)}, 0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}, 90),
        ({"x-ratelimit-remaining": "12", "x-ratelimit-reset": str(int(NOW) + 90)}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
def test_what_a_server_says(headers: dict[str, str], seconds: float | None) -> None:
    assert said_wait(headers, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]), st.text()))
def test_odd_headers_are_no_accident(headers: dict[str, str]) -> None:
    said = said_wait(headers, NOW)
    assert said is None or said >= 0


@pytest.mark.parametrize(
    ("status", "headers", "body", "trouble"),
    [
        (429, {}, "", "limit"),
        (403, {"x-ratelimit-remaining": "0"}, "", "limit"),
        (403, {"retry-after": "30"}, "", "limit"),
        (403, {}, "You have exceeded a secondary rate limit", "limit"),
        (403, {"x-ratelimit-remaining": "4999"}, "no access", None),
        (401, {}, "", None),
        (404, {}, "", None),
        (500, {}, "", "other"),
        (503, {}, "", "other"),
        (408, {}, "", "other"),
    ],
)
def test_what_a_status_means(status: int, headers: dict[str, str], body: str, trouble: str | None) -> None:
    assert trouble_of(status, headers, body) == trouble
