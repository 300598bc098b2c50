"""Transcripts of a real Kubernetes 1.36: what was asked and what it answered, kept in `golden/`.

Role: the golden tests put the same questions to `apimachinery`; the differential ones put them to a real server again
and, with APIMACHINERY_WRITE_GOLDEN=1, writes the answers down anew.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from mcp_cli.local.apimachinery.models import Model, builtin_model, crd_models
from tests.unit.apimachinery import invalid_cases, scenarios, widgets
from tests.unit.apimachinery.answers import normalised
from tests.unit.apimachinery.memory_server import MemoryServer

GOLDEN = Path(__file__).parent / "golden"
# Creations of one object each; the definitions that they need stand in front.
CREATIONS = ("created", "invalid", "definitions", "custom", "rules")
SEQUENCES = "scenarios"
Asked = dict[str, Any]


def load(name: str) -> list[Asked]:
    found: list[Asked] = json.loads((GOLDEN / f"{name}.json").read_text())
    return found


def save(name: str, transcript: list[Asked]) -> None:
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in transcript)
    (GOLDEN / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def title(entry: Asked) -> str:
    body = entry["body"]
    shown = json.dumps(body.get("spec", body.get("metadata")))
    return f"{body['kind']} {shown[:60]}"


def questions(name: str) -> list[Asked]:
    """What is to be asked; the cases written in Python are the source of theirs."""
    if name == "invalid":
        return [{"path": invalid_cases.PATHS[body["kind"]], "body": body} for body in invalid_cases.CASES]
    return [{key: entry[key] for key in ("path", "body", "stored") if key in entry} for entry in load(name)]


def models_of(transcript: list[Asked]) -> dict[tuple[str, str], Model]:
    """The custom kinds that a transcript defines."""
    crds = [entry["body"] for entry in transcript if entry.get("stored")]
    found = [model for crd in [*crds, widgets.WIDGET_CRD] for model in crd_models(copy.deepcopy(crd))]
    return {(model.api_version, model.kind): model for model in found}


def model_of(body: Asked, custom: dict[tuple[str, str], Model]) -> Model:
    group, _, version = body["apiVersion"].rpartition("/")
    model = builtin_model(group, version, body["kind"]) or custom.get((body["apiVersion"], body["kind"]))
    assert model is not None
    return model


def created(body: Asked, custom: dict[tuple[str, str], Model]) -> tuple[int, Any]:
    """What `apimachinery` makes of a creation."""
    code, answer = MemoryServer(model_of(body, custom)).request("POST", body, manager="tester")
    return code, normalised(answer)


def played(scenario: scenarios.Scenario, custom: dict[tuple[str, str], Model]) -> list[Asked]:
    """What `apimachinery` makes of a sequence of writes."""
    server = MemoryServer(model_of(scenarios.obj(scenario.kind), custom))
    out = []
    for step in scenario.steps:
        before = server.version
        code, answer = server.request(
            step.method, step.body, manager=step.manager, kind=step.kind, subresource=step.subresource, force=step.force
        )
        out.append({"code": code, "wrote": server.version != before, "answer": normalised(answer)})
    return out
