"""The value that travels through the pipeline, and how a request becomes one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import managers
from mcp_cli.local.apiserver import refusals

if TYPE_CHECKING:
    from mcp_cli.local.apimachinery.models import Model
    from mcp_cli.local.apiserver.context import Call, Server

CREATE, UPDATE, DELETE = "CREATE", "UPDATE", "DELETE"
_OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_VALIDATION_LEVELS = ("", "Ignore", "Warn", "Strict")


@dataclass(slots=True)
class Write:
    """One write: what is to be stored, what is there, and how the client wants it done."""

    server: Server
    model: Model
    operation: str
    namespace: str
    name: str
    object: dict[str, Any]
    old: dict[str, Any] | None = None
    subresource: str = ""
    manager: str = ""
    dry_run: bool = False
    field_validation: str = "Warn"
    patched: bool = False
    """The object is a patch's result, not what the client sent."""
    applied: bool = False
    """Server-side apply has already said who owns which field."""
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


def write_of(call: Call, operation: str, body: dict[str, Any], *, subresource: str = "") -> Write:
    """A write as a request asks for it."""
    check_write_options(call)
    return Write(
        server=call.server,
        model=call.model,
        operation=operation,
        namespace=call.namespace,
        name=call.name,
        object=body,
        subresource=subresource,
        manager=managers.manager_name(call.user_agent, call.query.text("fieldManager") or None),
        dry_run=call.dry_run,
        field_validation=call.query.text("fieldValidation") or "Warn",
        warnings=call.warnings,
    )


def check_write_options(call: Call) -> None:
    """Refuse options that the server does not know, before anything is done."""
    kind = _OPTIONS.get(call.verb, "DeleteOptions")
    for value in call.query.all("dryRun"):
        if value not in ("", "All"):
            text = f'Unsupported value: ["{value}"]: supported values: "All"'
            raise refusals.bad_option(kind, "FieldValueNotSupported", text, "dryRun")
    level = call.query.text("fieldValidation")
    if level not in _VALIDATION_LEVELS:
        text = f'Unsupported value: "{level}": supported values: "", "Ignore", "Strict", "Warn"'
        raise refusals.bad_option(kind, "FieldValueNotSupported", text, "fieldValidation")
