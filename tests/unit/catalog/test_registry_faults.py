"""A registry's bad days: what the user sees for each fault, and that the old entries go on answering."""

from __future__ import annotations

import pytest
from mcp_operator.catalog.fetch.breaker import OPEN_SECONDS

from tests.support.registry_faults import API, CASES, LISTING, Case, endure, scene
from tests.support.registry_server import Fault


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_user_sees_what_is_wrong_and_the_good_entries_answer(case: Case) -> None:
    outcome = endure(case)
    assert case.failure in outcome.found.failure
    assert bool(case.failure) == bool(outcome.found.failure)
    assert case.hint in outcome.found.hint
    assert not outcome.found.failure or outcome.found.hint
    assert all(any(words in line for line in outcome.said) for words in case.said), outcome.said
    assert all(any(words in error for error in outcome.found.errors) for words in case.errors), outcome.found.errors
    assert bool(case.errors) == bool(outcome.found.errors)
    assert outcome.slept == pytest.approx(case.slept)
    assert len(outcome.names) == outcome.found.entries == case.entries
    assert "very-secret-token" not in outcome.seen + repr(outcome)


def test_token_goes_to_the_registry_only() -> None:
    with scene() as on:
        other = on.server.url.replace("127.0.0.1", "localhost")
        on.server.fault(API, Fault(302, {"Location": f"{other}{API}?limit=100"}))
        assert not on.refresh().failure
        first, second = (asked.headers for asked in on.server.asked)
        assert first["authorization"] == "Bearer very-secret-token"
        assert second["host"].startswith("localhost")
        assert "authorization" not in second


def test_nothing_new_costs_one_request_and_no_quota() -> None:
    with scene("github") as on:
        assert on.refresh().added == 1
        on.forget()
        again = on.refresh()
        assert (again.entries, again.added, again.failure) == (3, 0, "")
        assert [asked.path for asked in on.server.asked] == [LISTING]
        assert on.server.asked[0].headers["if-none-match"]


def test_only_the_changed_document_is_read() -> None:
    with scene("github") as on:
        on.refresh()
        on.forget()
        on.server.servers["two"] += "# edited\n"
        del on.server.servers["one"]
        found = on.refresh()
        assert (found.changed, found.removed, found.entries) == (1, 1, 2)
        assert [asked.path for asked in on.server.asked] == [LISTING, f"{LISTING}/two/server.yaml"]


def test_document_that_failed_once_is_read_the_next_time() -> None:
    with scene("github") as on:
        on.server.always(f"{LISTING}/three", Fault(500))
        assert on.refresh().left_out == 1
        on.server.mend()
        assert on.refresh().entries == 3


def test_dead_host_is_left_alone_for_a_while() -> None:
    with scene() as on:
        on.server.always(API, Fault(503))
        for _ in range(3):
            on.refresh()
        on.forget()
        assert "several times in a row" in on.refresh().failure
        assert not on.server.asked
        on.server.mend()
        on.clock.pass_by(OPEN_SECONDS)
        assert on.refresh().entries == 3


def test_failure_is_remembered_until_a_refresh_works() -> None:
    with scene() as on:
        on.server.always(API, Fault(404))
        on.refresh()
        (warning,) = on.catalogue.warnings()
        assert "404" in warning
        assert "old" in warning
        on.server.mend()
        on.refresh()
        assert on.catalogue.warnings() == []


def test_faults_on_a_later_page_leave_the_old_entries() -> None:
    with scene() as on:
        on.server.fault(API, Fault(), *[Fault(503)] * 6)
        on.server.entries += [on.server.entries[2]] * 150
        assert "503" in on.refresh().failure
        assert len(list(on.catalogue.select({"source": "reg"}))) == 2
