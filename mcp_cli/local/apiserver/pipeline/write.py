"""The value that travels through the pipeline, and how a request becomes one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apimachinery import managers
from mcp_cli.local.apiserver import codec, options

if TYPE_CHECKING:
    from mcp_cli.local.apimachinery.models import Model
    from mcp_cli.local.apiserver.context import Call, Server

CREATE, UPDATE, DELETE = "CREATE", "UPDATE", "DELETE"


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
    strategic: dict[str, Any] | None = None
    """The strategic merge patch that the object is the result of."""
    applied: bool = False
    """Server-side apply has already said who owns which field."""
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


def write_of(call: Call, operation: str, body: dict[str, Any], *, subresource: str = "") -> Write:
    """A write as a request asks for it."""
    options.check_write(call.verb, call.query, codec.media_type_of(call.request))
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
