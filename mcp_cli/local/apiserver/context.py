"""What a handler works with: the server's parts, and one call on its way through them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp_cli.local.apiserver.request import Query, Target

if TYPE_CHECKING:
    from starlette.requests import Request

    from mcp_cli.local.apimachinery.models import Model
    from mcp_cli.local.apiserver.addresses import ServiceAddresses
    from mcp_cli.local.apiserver.config import ServerConfig
    from mcp_cli.local.apiserver.documents import Documents
    from mcp_cli.local.apiserver.objects import Objects
    from mcp_cli.local.apiserver.registry import Registry
    from mcp_cli.local.storage import Store


@dataclass(slots=True)
class Server:
    """The parts of the API server, made once."""

    config: ServerConfig
    store: Store
    registry: Registry
    objects: Objects
    addresses: ServiceAddresses
    documents: Documents
    closing: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Call:
    """One request for a resource, with what was found out about it."""

    server: Server
    request: Request
    target: Target
    query: Query
    model: Model
    verb: str
    warnings: list[str] = field(default_factory=list)
    dry_run: bool = False

    @property
    def namespace(self) -> str:
        return self.target.namespace if self.model.namespaced else ""

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def user_agent(self) -> str:
        return self.request.headers.get("user-agent", "")

    def options(self, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """DeleteOptions & co: the body's fields, overridden by those of the query."""
        options = dict(body or {})
        if self.query.text("propagationPolicy"):
            options["propagationPolicy"] = self.query.text("propagationPolicy")
        if self.query.number("gracePeriodSeconds") is not None:
            options["gracePeriodSeconds"] = self.query.number("gracePeriodSeconds")
        if self.query.has("orphanDependents"):
            options["orphanDependents"] = self.query.flag("orphanDependents")
        return options
