"""Validation of whole objects on create and on update: metadata, then what the kind demands.

Role: returns causes in the order in which the API server lists them; the caller raises `errors.invalid`.
Not its job: quota, uniqueness across objects. Called by the API server after admission.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp_cli.local.apimachinery import cel, structural, validate_metadata
from mcp_cli.local.apimachinery import fielderrors as wrong
from mcp_cli.local.apimachinery.errors import Cause
from mcp_cli.local.apimachinery.models import Model
from mcp_cli.local.apimachinery.validators import CREATE, UPDATE

# After one of these, rules over the whole object would only repeat what is wrong.
BLOCKING = {
    "FieldValueRequired",
    "FieldValueTypeInvalid",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueNotSupported",
}
NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid;"
    " correct the existing errors to complete validation"
)


def validate_create(model: Model, obj: dict[str, Any]) -> list[Cause]:
    causes = validate_metadata.on_create(model, obj)
    if not model.builtin:
        return causes + _custom(model, obj, None)
    validator = CREATE.get((model.group, model.kind))
    return causes + (list(validator(obj)) if validator else [])


def validate_update(model: Model, new: dict[str, Any], old: dict[str, Any], subresource: str = "") -> list[Cause]:
    causes = validate_metadata.on_update(model, new, old)
    if not model.builtin:
        return causes + _custom(model, new, old)
    if subresource == "status":
        return causes
    return causes + _builtin_update(model, new, old)


def _builtin_update(model: Model, new: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    key = (model.group, model.kind)
    create: Callable[..., Any] | None = CREATE.get(key)
    update = UPDATE.get(key)
    # Of a pod, nothing that create looks at may change.
    causes = list(create(new)) if create is not None and key != ("", "Pod") else []
    return causes + (list(update(new, old)) if update else [])


def _custom(model: Model, obj: dict[str, Any], old: dict[str, Any] | None) -> list[Cause]:
    causes = structural.validate(model.schema, obj)
    if not cel.has_rules(model.schema):
        return causes
    if any(cause.reason in BLOCKING for cause in causes):
        return [*causes, wrong.invalid("<nil>", None, NOT_CHECKED)]
    return causes + cel.evaluate(model.schema, obj, old)
