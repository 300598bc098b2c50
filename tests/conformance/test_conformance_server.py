"""A stdio server behind the bridge passes whatever it passes when it is asked over HTTP directly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import suite
from tests.conformance.suite import Judge

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("revision", suite.REVISIONS)
def test_bridge_passes_every_required_scenario_that_the_server_passes(
    judge: Judge, revision: str, tmp_path: Path, figures: list[str]
) -> None:
    required, _ = judge.required(revision)
    assert required
    outcomes = {}
    for name, command in (("direct", suite.direct), ("bridge", suite.bridged)):
        port = suite.free_port()
        with suite.serving(command(judge, port), port, tmp_path / f"{name}.log") as url:
            outcomes[name] = judge.judge_server(url, revision)
        passed = sum(outcomes[name].get(scenario, False) for scenario in required)
        figures.append(f"server {revision}  {name:7} {passed:3} of {len(required)}")
    lost = [name for name in required if outcomes["direct"].get(name) and not outcomes["bridge"].get(name)]
    assert lost == []
    assert [name for name in required if not outcomes["direct"].get(name)] == []
