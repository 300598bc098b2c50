"""Defaults: those of the built-in kinds as the API server sets them, those of CRDs as their schemas say.

Role: in place, idempotent; runs on what is written and on what is read from storage.
Not its job: what needs other objects (priorities, tolerations: `admission`; addresses: the API server).
Called by the API server between decoding and admission.
"""

from __future__ import annotations

import copy
from typing import Any

from mcp_cli.local.apimachinery import defaults_kinds, defaults_pod
from mcp_cli.local.apimachinery.models import Model
from mcp_cli.local.apimachinery.schema import UNSET, Schema


def default(model: Model, obj: dict[str, Any]) -> None:
    if not model.builtin:
        default_custom(model.schema, obj, root=True)
        return
    whole = defaults_kinds.KINDS.get((model.group, model.kind))
    if whole is not None:
        whole(obj)
    _walk(model.schema, obj)


def _walk(schema: Schema, value: Any) -> None:
    if isinstance(value, list):
        if schema.items is not None and schema.items.type in ("object", "array"):
            for item in value:
                _walk(schema.items, item)
    elif isinstance(value, dict):
        setter = defaults_pod.TYPES.get(schema.name) or defaults_kinds.TYPES.get(schema.name)
        if setter is not None:
            setter(value)
        for key, member in value.items():
            if isinstance(member, dict | list):
                child = schema.child(key)
                if child is not None:
                    _walk(child, member)


def default_custom(schema: Schema, value: Any, *, root: bool = False) -> None:
    """Structural defaults: a missing or a forbidden null member gets its default; a null without one goes."""
    if isinstance(value, list):
        if schema.items is not None:
            _default_items(schema.items, value)
    elif isinstance(value, dict):
        _default_members(schema, value, root)


def _default_items(items: Schema, value: list[Any]) -> None:
    for index, item in enumerate(value):
        if item is None and not items.nullable and items.default is not UNSET:
            value[index] = copy.deepcopy(items.default)
        default_custom(items, value[index])


def _default_members(schema: Schema, value: dict[str, Any], root: bool) -> None:
    meta = ("apiVersion", "kind", "metadata") if root or schema.embedded else ()
    for key, child in schema.properties.items():
        if key in meta:
            continue
        if child.default is not UNSET and (key not in value or (value[key] is None and not child.nullable)):
            value[key] = copy.deepcopy(child.default)
    for key in list(value):
        known = None if key in meta else schema.child(key)
        if known is None:
            continue
        if value[key] is None and not known.nullable:
            if known.default is UNSET:
                del value[key]
                continue
            value[key] = copy.deepcopy(known.default)
        default_custom(known, value[key])
