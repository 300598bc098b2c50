"""Tables: the columns and cells of a real Kubernetes 1.36 for the same objects."""

from __future__ import annotations

import copy
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mcp_cli.local.apimachinery import tables, times
from mcp_cli.local.apimachinery.models import builtin_model
from tests.unit.apimachinery import scenarios, table_cases, transcripts
from tests.unit.apimachinery.real_server import RealServer

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
SHOWN = ("name", "type", "format", "priority")


def columns(table: dict[str, Any]) -> list[list[Any]]:
    return [[column[key] for key in SHOWN] for column in table["columnDefinitions"]]


@pytest.mark.fast
@pytest.mark.parametrize(
    "entry", transcripts.load("tables"), ids=lambda entry: f"{entry['object']['kind']} {entry['cells'][:4]}"
)
def test_table_is_the_one_of_kubernetes(entry: dict[str, Any]) -> None:
    obj = entry["object"]
    model = transcripts.model_of(obj, transcripts.models_of([]))
    table = tables.table(model, [obj], list_metadata={}, now=times.parse(entry["now"]))
    assert columns(table) == entry["columns"]
    assert table["rows"][0]["cells"] == entry["cells"]
    assert table["rows"][0].get("conditions") == entry["conditions"]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("include", "expected"), [("None", None), ("Object", "Pod"), ("Metadata", "PartialObjectMetadata")]
)
def test_rows_carry_what_was_asked_for(include: str, expected: str | None) -> None:
    model = builtin_model("", "v1", "Pod")
    assert model is not None
    pod = {"kind": "Pod", "metadata": {"name": "a"}}
    row = tables.table(model, [pod], list_metadata={}, include_object=include)["rows"][0]
    assert (row["object"] or {}).get("kind") == expected
    assert tables.table(model, [pod], list_metadata={}, columns=False)["columnDefinitions"] is None


def test_tables_are_what_the_real_server_prints(real_server: RealServer) -> None:
    found = [_asked(real_server, number, *case) for number, case in enumerate(table_cases.cases())]
    if os.environ.get("APIMACHINERY_WRITE_GOLDEN") == "1":
        transcripts.save("tables", found)
    known = transcripts.load("tables")
    assert [entry["columns"] for entry in found] == [entry["columns"] for entry in known]
    for entry in found:
        assert printed(entry, entry["now"]) == entry["cells"]


def printed(entry: dict[str, Any], now: str) -> list[Any]:
    model = transcripts.model_of(entry["object"], transcripts.models_of([]))
    table = tables.table(model, [entry["object"]], list_metadata={}, now=times.parse(now))
    cells: list[Any] = table["rows"][0]["cells"]
    return cells


def _asked(
    server: RealServer, number: int, path: str, body: dict[str, Any], status: dict[str, Any] | None
) -> dict[str, Any]:
    """Creates the object, writes its status, asks for its table, and takes it away again."""
    body = copy.deepcopy(body)
    body["metadata"]["name"] = name = f"table{number}"
    code, answer = server.ask("POST", path, body)
    assert code == 201, answer
    if status is not None:
        code, answer = server.ask("PATCH", f"{path}/{name}/status", {"status": status}, scenarios.MERGE)
        assert code == 200, answer
    before, table, after = quickly_asked(server, f"{path}/{name}?includeObject=Object")
    server.ask("DELETE", f"{path}/{name}?gracePeriodSeconds=0")
    row = table["rows"][0]
    row["object"]["metadata"].pop("managedFields", None)
    entry = {"object": row["object"], "now": before, "columns": columns(table), "cells": row["cells"]}
    # The server's own moment lies between the two: ages may turn there.
    if printed(entry, before) != entry["cells"]:
        entry["now"] = after
    return {**entry, "conditions": row.get("conditions")}


def quickly_asked(server: RealServer, path: str) -> tuple[str, dict[str, Any], str]:
    """A table, and the moments before and after it was made: so close that no age turns twice between them."""
    while True:
        before = datetime.now(UTC)
        _, table = server.ask("GET", path, accept=TABLE)
        after = datetime.now(UTC)
        if after - before < timedelta(seconds=1):
            return before.isoformat(), table, after.isoformat()
