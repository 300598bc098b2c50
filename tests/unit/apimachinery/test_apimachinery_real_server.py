"""The transcripts in `golden/` are what a real Kubernetes 1.36 answers (APIMACHINERY_WRITE_GOLDEN=1: write them)."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.unit.apimachinery import scenarios, transcripts
from tests.unit.apimachinery.real_server import RealServer

WRITE = os.environ.get("APIMACHINERY_WRITE_GOLDEN") == "1"


@pytest.mark.parametrize("name", transcripts.CREATIONS)
def test_creations_are_what_the_real_server_answers(real_server: RealServer, name: str) -> None:
    asked: list[dict[str, Any]] = []
    for entry in transcripts.questions(name):
        code, answer = real_server.create(entry)
        asked.append({**entry, "code": code, "answer": answer})
    if WRITE:
        transcripts.save(name, asked)
    assert asked == transcripts.load(name)


def test_sequences_are_what_the_real_server_answers(real_server: RealServer) -> None:
    played = [{"title": scenario.title, "steps": real_server.play(scenario)} for scenario in scenarios.SCENARIOS]
    if WRITE:
        transcripts.save(transcripts.SEQUENCES, played)
    assert played == transcripts.load(transcripts.SEQUENCES)
