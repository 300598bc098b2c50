"""The API server as an ASGI application: who asks, for what, and which handler answers. Called by the daemon.

`create_app(store, config)` makes the server's parts and brings a new cluster's first objects into the store.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from mcp_cli.local.apimachinery import errors
from mcp_cli.local.apiserver import refusals, routes
from mcp_cli.local.apiserver.addresses import ServiceAddresses
from mcp_cli.local.apiserver.bootstrap import bootstrap
from mcp_cli.local.apiserver.context import Server
from mcp_cli.local.apiserver.crds import CustomResources
from mcp_cli.local.apiserver.documents import Documents
from mcp_cli.local.apiserver.handlers.about import HEALTH_PATHS, about
from mcp_cli.local.apiserver.handlers.respond import plain, refusal
from mcp_cli.local.apiserver.objects import Objects
from mcp_cli.local.apiserver.registry import Registry
from mcp_cli.local.apiserver.request import parse_path
from mcp_cli.local.storage import StorageError, StorageFull

if TYPE_CHECKING:
    from mcp_cli.local.apiserver.config import ServerConfig
    from mcp_cli.local.storage import Store

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
log = logging.getLogger(__name__)


class ApiServer:
    """The ASGI application."""

    def __init__(self, server: Server, custom: CustomResources) -> None:
        self.server = server
        self._custom = custom
        self._resumed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if not self._resumed:
            self._resumed = True
            self._custom.resume_cleaning()
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
            await response(scope, receive, send)
        except ClientDisconnect:
            log.debug("the client of %s went away", scope["path"])
        except refusals.BrokenOff as error:
            # The head of the answer is out: that its connection ends too early is all that can still be said.
            log.info("%s", error)

    async def _answer(self, request: Request) -> Response:
        """Every failure becomes a Status object."""
        try:
            return await self._route(request)
        except errors.StatusError as error:
            return refusal(error)
        except refusals.PlainNotFound:
            return PlainTextResponse("404 page not found\n", 404)
        except StorageFull as error:
            log.error("%s", error)
            return _failure(507, "InsufficientStorage", str(error))
        except StorageError as error:
            log.error("%s", error)
            return _failure(500, "InternalError", f"Internal error occurred: {error}")
        except ClientDisconnect:
            raise
        except Exception as error:
            log.exception("%s %s failed", request.method, request.url.path)
            return _failure(500, "InternalError", f"Internal error occurred: {type(error).__name__}: {error}")

    async def _route(self, request: Request) -> Response:
        path = request.scope.get("raw_path", b"").split(b"?")[0].decode("latin-1") or request.url.path
        if not path.startswith(HEALTH_PATHS) and path != "/version":
            self._authenticate(request)
        target = parse_path(path)
        if target is None:
            answered = about(self.server, request, path.rstrip("/") or "/")
            if answered is None and path.startswith("/api/"):
                raise errors.page_not_found()
            if answered is None:
                raise refusals.PlainNotFound
            return answered
        return await routes.dispatch(self.server, request, target)

    def _authenticate(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip(), self.server.config.token):
            raise errors.unauthorized()


def _failure(code: int, reason: str, message: str) -> Response:
    return plain(errors.status(code, reason, message), code)


def create_app(store: Store, config: ServerConfig) -> ApiServer:
    """The API server over a store."""
    registry = Registry()
    addresses = ServiceAddresses(config.service_block)
    server = Server(config, store, registry, Objects(store), addresses, Documents(registry))
    services = registry.find("", "v1", "services")
    assert services is not None
    for service in server.objects.all(services):
        metadata = service["metadata"]
        addresses.hold(f"{metadata['namespace']}/{metadata['name']}", service)
    store.listen(lambda change: addresses.observe(change) if change.resource == "/services" else None)
    custom = CustomResources(server)
    custom.start()
    bootstrap(server)
    return ApiServer(server, custom)
