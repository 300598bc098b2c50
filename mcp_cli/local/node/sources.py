"""ConfigMaps, Secrets, tokens and claims that a pod needs, read fresh from the API when they are needed.

A snapshot is taken for each start; a change that the agent's informers see makes the pod take another. Decides
nothing about what is missing. Called by the pod worker.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError, NotFound
from mcp_operator.runtime.resources import CONFIGMAPS, PVCS, PVS, SECRETS, SERVICEACCOUNTS

from mcp_cli.local.node.environment import ConfigError
from mcp_cli.local.node.payload import Reference, references, token_requests

RESOURCES = {"ConfigMap": CONFIGMAPS, "Secret": SECRETS}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the API held of a pod's sources a moment ago."""

    objects: Mapping[Reference, dict[str, Any] | None]
    tokens: Mapping[tuple[str | None, int], str]
    claims: Mapping[str, str]

    def lookup(self, kind: str, name: str) -> dict[str, Any] | None:
        return self.objects.get((kind, name))

    def token(self, audience: str | None, seconds: int) -> str:
        return self.tokens[(audience, seconds)]


async def take_snapshot(client: KubeClient, pod: Mapping[str, Any]) -> Snapshot:
    """Read everything that the pod refers to; ConfigError where the API itself does not answer."""
    namespace = pod["metadata"]["namespace"]
    try:
        objects = {
            (kind, name): await _get(client, RESOURCES[kind], name, namespace) for kind, name in sorted(references(pod))
        }
        account = pod["spec"].get("serviceAccountName") or "default"
        tokens = {wanted: await _token(client, pod, account, *wanted) for wanted in token_requests(pod)}
        return Snapshot(objects, tokens, await _claims(client, pod))
    except ApiError as error:
        raise ConfigError(f"reading from the API server failed: {error}") from error


async def _get(client: KubeClient, resource: Any, name: str, namespace: str) -> dict[str, Any] | None:
    if not name:
        return None
    try:
        return await client.get(resource, name, namespace)
    except NotFound:
        return None


async def _token(client: KubeClient, pod: Mapping[str, Any], account: str, audience: str | None, seconds: int) -> str:
    metadata = pod["metadata"]
    spec: dict[str, Any] = {"expirationSeconds": seconds}
    if audience:
        spec["audiences"] = [audience]
    spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    answer = await client.request("POST", SERVICEACCOUNTS.path(metadata["namespace"], account, "token"), body=body)
    return json.loads(answer)["status"]["token"]


async def _claims(client: KubeClient, pod: Mapping[str, Any]) -> dict[str, str]:
    """Claim name -> the folder of its volume, for volumes that have a path on this machine."""
    found = {}
    for volume in pod["spec"].get("volumes") or []:
        if "persistentVolumeClaim" not in volume:
            continue
        name = volume["persistentVolumeClaim"]["claimName"]
        claim = await _get(client, PVCS, name, pod["metadata"]["namespace"])
        bound = (claim or {}).get("spec", {}).get("volumeName")
        target = await _get(client, PVS, bound, "") if bound else None
        spec = (target or {}).get("spec", {})
        path = (spec.get("hostPath") or spec.get("local") or {}).get("path")
        if path:
            found[name] = path
    return found
