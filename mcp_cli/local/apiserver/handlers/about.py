"""Requests about the server itself: health, version, discovery, OpenAPI, the list of paths."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse, Response

from mcp_cli.local.apimachinery import discovery
from mcp_cli.local.apiserver import refusals
from mcp_cli.local.apiserver.config import GIT_VERSION
from mcp_cli.local.apiserver.handlers.respond import plain

if TYPE_CHECKING:
    from starlette.requests import Request

    from mcp_cli.local.apiserver.context import Server

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
SWAGGER_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
HEALTH_PATHS = ("/healthz", "/livez", "/readyz")


def about(server: Server, request: Request, path: str) -> Response | None:
    """The answer to a request that names no resource; None where the path is none of these."""
    answer = _answer(server, request, path)
    if answer is not None and request.method not in ("GET", "HEAD"):
        raise refusals.method_not_allowed()
    return answer


def _answer(server: Server, request: Request, path: str) -> Response | None:
    if path.startswith(HEALTH_PATHS):
        return _health(server, request, path)
    if path == "/version":
        return plain(version())
    if path == "/":
        return plain({"paths": _paths(server)})
    if path in ("/api", "/apis"):
        return _root(server, request, path)
    if path.startswith("/openapi/"):
        return _openapi(server, request, path)
    return _group(server, request, path)


def version() -> dict[str, Any]:
    major, minor, _ = GIT_VERSION.lstrip("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": GIT_VERSION,
        "gitCommit": "embedded",
        "gitTreeState": "clean",
        "buildDate": "2026-11-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "none",
        "platform": f"{platform.system().lower()}/{_MACHINES.get(platform.machine(), platform.machine())}",
    }


def _health(server: Server, request: Request, path: str) -> Response:
    if server.closing.is_set() and path.startswith("/readyz"):
        return PlainTextResponse("[-]shutdown failed: the server is stopping\nreadyz check failed\n", 500)
    if "verbose" in request.query_params:
        return PlainTextResponse(f"[+]ping ok\n[+]storage ok\n{path.lstrip('/').split('/')[0]} check passed\n")
    return PlainTextResponse("ok")


def _document(request: Request, document: tuple[bytes, str], media_type: str = "application/json") -> Response:
    data, etag = document
    headers = {"ETag": f'"{etag}"', "Vary": "Accept", "Cache-Control": "public"}
    if request.headers.get("if-none-match", "").strip('"') == etag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def _root(server: Server, request: Request, path: str) -> Response:
    accept = request.headers.get("accept", "")
    for clause in accept.split(","):
        wanted = {part.strip() for part in clause.split(";")}
        if {"as=APIGroupDiscoveryList", "v=v2"} <= wanted:
            return _document(request, server.documents.aggregated(path == "/api"), AGGREGATED)
        if wanted & {"application/json", "*/*", "application/*"} and "as=APIGroupDiscoveryList" not in wanted:
            break
    if path == "/apis":
        return _document(request, server.documents.groups())
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": f"127.0.0.1:{server.config.port}"}
    return plain({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]})


def _group(server: Server, request: Request, path: str) -> Response | None:
    """`/api/v1`, `/apis/GROUP` and `/apis/GROUP/VERSION`."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) == 2 and server.registry.has_version("", parts[1]):
        return _document(request, server.documents.resources("", parts[1]))
    if parts[0] != "apis" or len(parts) not in (2, 3):
        return None
    if len(parts) == 3 and server.registry.has_version(parts[1], parts[2]):
        return _document(request, server.documents.resources(parts[1], parts[2]))
    found = discovery.group(server.registry.models(), parts[1]) if len(parts) == 2 else None
    return None if found is None else plain(found)


def _openapi(server: Server, request: Request, path: str) -> Response | None:
    documents = server.documents
    if path == "/openapi/v2":
        protobuf = "protobuf" in request.headers.get("accept", "")
        media_type = SWAGGER_PROTOBUF if protobuf else "application/json"
        return _document(request, documents.swagger(protobuf), media_type)
    if path == "/openapi/v3":
        return _document(request, documents.openapi_index())
    parts = path.removeprefix("/openapi/v3/").split("/")
    group, version_ = ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("", "")
    if parts[0] == "apis" and len(parts) == 3:
        group, version_ = parts[1], parts[2]
    if not version_ or not server.registry.has_version(group, version_):
        return None
    return _document(request, documents.openapi(group, version_))


def _paths(server: Server) -> list[str]:
    paths = {"/api", "/apis", "/openapi/v2", "/openapi/v3", "/version", *HEALTH_PATHS}
    for model in server.registry.models():
        root = "/apis/" + model.group if model.group else "/api"
        paths |= {root, f"{root}/{model.version}"}
    return sorted(paths)
