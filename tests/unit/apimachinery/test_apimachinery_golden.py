"""What `apimachinery` makes of objects and of sequences of writes, beside what a real Kubernetes 1.36 made of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.apimachinery import scenarios, transcripts

pytestmark = pytest.mark.fast

# What a real server refuses for reasons that the embedded cluster has not, or that are not of the object.
LEFT_OUT = {
    "127.0.0.1": "pods of the embedded cluster live on loopback addresses",
    "no PriorityClass with name": "the API server's admission looks the class up",
    "the string value of PreemptionPolicy": "the API server's admission computes it",
    "disallowed by cluster policy": "the test server does not allow privileged pods",
    "does not support field selection": "the CEL library has no type checker",
    "cel expression must evaluate to a bool": "the CEL library has no type checker",
    "must have the storage version v1": "the real server reads a status that two storage versions leave undecided",
    "`selector` not auto-generated": "the real server merges the given selector into the generated one",
}


def left_out(entry: dict[str, Any]) -> bool:
    return any(text in str(entry["answer"]) or text in str(entry["body"]) for text in LEFT_OUT)


def creations() -> list[Any]:
    found = []
    for name in transcripts.CREATIONS:
        transcript = transcripts.load(name)
        custom = transcripts.models_of(transcript)
        for entry in transcript:
            if not left_out(entry) and not entry.get("stored"):
                found.append(pytest.param(entry, custom, id=f"{name}: {transcripts.title(entry)}"))
    return found


@pytest.mark.parametrize(("entry", "custom"), creations())
def test_creation_is_answered_as_by_kubernetes(entry: dict[str, Any], custom: Any) -> None:
    code, answer = transcripts.created(entry["body"], custom)
    assert answer == entry["answer"]
    assert code == entry["code"]


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda scenario: scenario.title)
def test_sequence_of_writes_is_answered_as_by_kubernetes(scenario: scenarios.Scenario) -> None:
    expected = next(entry for entry in transcripts.load(transcripts.SEQUENCES) if entry["title"] == scenario.title)
    for step, found, wanted in zip(
        scenario.steps, transcripts.played(scenario, transcripts.models_of([])), expected["steps"], strict=True
    ):
        assert found == wanted, f"{step.method} by {step.manager}: {step.body}"
