"""Tables: what `kubectl get` shows, in the columns and words of the API server.

Role: pure, but for the clock where no time is given. Rows of built-in kinds come from the `table_*` modules.
Called by the API server when a client asks for `as=Table`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mcp_cli import durations
from mcp_cli.local.apimachinery import jsonpath
from mcp_cli.local.apimachinery.fieldsets import compact
from mcp_cli.local.apimachinery.models import Model
from mcp_cli.local.apimachinery.tablekinds import KINDS, Printer

NAME_ONLY = "Created At"
AGE_COLUMN = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def table(
    model: Model,
    objects: list[dict[str, Any]],
    *,
    list_metadata: dict[str, Any],
    include_object: str = "Metadata",
    now: datetime | None = None,
    columns: bool = True,
    api_version: str = "meta.k8s.io/v1",
) -> dict[str, Any]:
    moment = now or datetime.now(UTC)
    definitions, rows = _custom(model, objects, moment) if not model.builtin else _builtin(model, objects, moment)
    for row, obj in zip(rows, objects, strict=True):
        row["object"] = _included(obj, include_object, api_version)
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": list_metadata,
        "columnDefinitions": definitions if columns else None,
        "rows": rows,
    }


def _included(obj: dict[str, Any], include: str, api_version: str) -> dict[str, Any] | None:
    if include == "None":
        return None
    if include == "Object":
        return obj
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj["metadata"]}


def definition(name: str, kind: str = "string", form: str = "", priority: int = 0, about: str = "") -> dict[str, Any]:
    return {"name": name, "type": kind, "format": form, "description": about, "priority": priority}


def _builtin(
    model: Model, objects: list[dict[str, Any]], now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    printer = KINDS.get((model.group, model.kind))
    if printer is None:
        shown = [definition("Name", form="name"), definition(NAME_ONLY, "date")]
        cells = [[obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")] for obj in objects]
        return shown, [{"cells": row} for row in cells]
    rows: list[dict[str, Any]] = []
    for obj in objects:
        row: dict[str, Any] = {"cells": printer.cells(obj, now)}
        conditions = printer.conditions(obj) if printer.conditions else None
        if conditions:
            row["conditions"] = conditions
        rows.append(row)
    return _definitions(printer), rows


def _definitions(printer: Printer) -> list[dict[str, Any]]:
    """`Name` is named `name`; `Ready:integer` has a type, `IP!` is for wide output only."""
    out = []
    for text in printer.columns.split("|"):
        name, _, kind = text.strip().rstrip("!").partition(":")
        form = "name" if name == "Name" else ""
        out.append(definition(name, kind or "string", form, 1 if text.strip().endswith("!") else 0))
    return out


def _custom(
    model: Model, objects: list[dict[str, Any]], now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    columns = model.columns or [AGE_COLUMN]
    definitions = [definition("Name", form="name")]
    definitions.extend(
        definition(
            column["name"],
            column.get("type", "string"),
            column.get("format", ""),
            column.get("priority", 0),
            column.get("description", ""),
        )
        for column in columns
    )
    rows = [{"cells": [obj["metadata"]["name"], *(_cell(column, obj, now) for column in columns)]} for obj in objects]
    return definitions, rows


def _cell(column: dict[str, Any], obj: dict[str, Any], now: datetime) -> Any:
    """A value of another type than the column's is as good as none."""
    try:
        found = jsonpath.find(column["jsonPath"], obj)
    except ValueError:
        return None
    if not found or found[0] is None:
        return None
    value = found[0]
    match column.get("type"):
        case "integer":
            return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "number":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            return _since(value, now)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else compact(value)


def _since(value: Any, now: datetime) -> str | None:
    try:
        return durations.age(value, now)
    except (TypeError, ValueError):
        return "<invalid>" if isinstance(value, str) else None
