"""What the tests of the API's behaviour share: raw requests, so that status codes, headers and bodies are seen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.cluster import Cluster

MERGE = "application/merge-patch+json"


@dataclass
class Refusal:
    """What the server answered instead of doing it."""

    code: int
    reason: str
    message: str
    status: dict[str, Any]


@dataclass
class Api:
    """One control plane, asked directly; paths without a leading slash are in the test's namespace."""

    http: httpx.AsyncClient
    cluster: Cluster

    def path(self, path: str, group: str = "") -> str:
        if path.startswith("/"):
            return path
        root = f"/apis/{group}" if group else "/api/v1"
        return f"{root}/namespaces/{self.cluster.namespace}/{path}"

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        group: str = "",
        type: str = "application/json",
        accept: str = "application/json",
        **query: Any,
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Content-Type": type, "Accept": accept}
        return await self.http.request(
            method, self.path(path, group), content=content, headers=headers, params=query or None
        )

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The parsed body of a request that must succeed."""
        response = await self.send(method, path, body, **options)
        assert response.is_success, response.text
        return response.json()

    async def get(self, path: str, **options: Any) -> Any:
        return await self.call("GET", path, **options)

    async def create(self, path: str, body: dict[str, Any], **options: Any) -> Any:
        return await self.call("POST", path, body, **options)

    async def replace(self, path: str, body: dict[str, Any], **options: Any) -> Any:
        return await self.call("PUT", path, body, **options)

    async def patch(self, path: str, body: Any, *, type: str = MERGE, **options: Any) -> Any:
        return await self.call("PATCH", path, body, type=type, **options)

    async def delete(self, path: str, body: Any = None, **options: Any) -> Any:
        return await self.call("DELETE", path, body, **options)

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> Refusal:
        """The refusal of a request that must be refused."""
        response = await self.send(method, path, body, **options)
        assert response.is_error, f"{method} {path} was not refused: {response.text}"
        status = response.json()
        return Refusal(response.status_code, status.get("reason", ""), status["message"], status)

    async def watch(self, path: str, count: int, *, group: str = "", **query: Any) -> list[dict[str, Any]]:
        """The first events of a watch that are no bookmarks."""
        events: list[dict[str, Any]] = []
        url, params = self.path(path, group), {"watch": "1", "timeoutSeconds": "60", **query}
        async with self.http.stream("GET", url, params=params) as response:
            async for line in response.aiter_lines():
                event = json.loads(line)
                if event["type"] != "BOOKMARK":
                    events.append(event)
                if len(events) == count:
                    break
        return events


@pytest.fixture
async def api(cluster: Cluster) -> AsyncIterator[Api]:
    """Requests to the control plane of the test."""
    async with cluster.client() as kube:
        verify = kube.tls_context() or False
        headers = await kube.auth_headers()
        async with httpx.AsyncClient(
            base_url=kube.base_url, verify=verify, headers=headers, timeout=90, trust_env=False
        ) as http:
            yield Api(http, cluster)
