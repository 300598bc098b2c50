"""Our client passes every required client scenario that is not about OAuth, played by either of its two drivers."""

from __future__ import annotations

import pytest

from tests.conformance import suite
from tests.conformance.suite import Judge

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("driver", ["sync", "async"])
@pytest.mark.parametrize("revision", suite.REVISIONS)
def test_client_passes_every_required_scenario_without_oauth(
    judge: Judge, revision: str, driver: str, figures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_DRIVER", driver)
    _, required = judge.required(revision)
    wanted = [name for name in required if not name.startswith("auth/")]
    assert wanted
    outcomes = {name: judge.judge_client(name, revision) for name in wanted}
    passed = sum(won for won, _ in outcomes.values())
    figures.append(f"client {revision}  {driver:7} {passed:3} of {len(wanted)}  (OAuth: {len(required) - len(wanted)})")
    assert {name: said[-2000:] for name, (won, said) in outcomes.items() if not won} == {}
