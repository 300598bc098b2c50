"""The judge for the tests beside it, and the table of what passed at the end."""

from __future__ import annotations

import pytest

from tests.conformance.suite import Judge, Unavailable, prepare

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def judge() -> Judge:
    try:
        return prepare()
    except Unavailable as reason:
        pytest.skip(f"no conformance suite here: {reason}")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the table."""
    return request.config.stash.setdefault(FIGURES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(FIGURES, [])
    if lines:
        terminalreporter.section("conformance: scenarios passed of required")
        for line in lines:
            terminalreporter.write_line(line)
