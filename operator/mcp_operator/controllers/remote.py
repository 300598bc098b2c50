"""A server that somebody else runs: what to ask, over which headers. The probe of its address.

Role: the Target of a remote server, and the HTTP client and headers that reach it. The values of headers stay in here:
no message, event or log holds one. Called by the reconciler and by the asker.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from mcp_operator.api.resolve import ResolvedServer, parse_duration
from mcp_operator.controllers.probe import Header, Silence, Target
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import SECRETS, key_of

if TYPE_CHECKING:
    import httpx

Object = dict[str, Any]

# Nobody tells when a remote server goes away or comes back.
AGAIN_SECONDS = 60.0


def target_of(server: Object, resolved: ResolvedServer, checksum: str | None) -> Target:
    """`checksum` is that of the Secrets that the headers name."""
    validation = resolved.spec.get("validation") or {}
    listed = (resolved.spec.get("runtime") or {}).get("headers") or []
    identity = json.dumps([resolved.url, listed, checksum], sort_keys=True)
    return Target(
        key=key_of(server),
        template=f"{server['metadata']['uid']}/{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
        pod="",
        address="",
        port=0,
        path=resolved.path,
        bridged=False,
        timeout=parse_duration(validation.get("timeout", "10s")),
        required_tools=tuple(validation.get("requiredTools") or ()),
        required_capabilities=tuple(validation.get("requiredCapabilities") or ()),
        url=resolved.url,
        headers=tuple(_header(item) for item in listed),
        every=AGAIN_SECONDS,
    )


async def headers_of(client: KubeClient, target: Target) -> dict[str, str]:
    """Names and values; raises Silence where a Secret lacks one."""
    found: dict[str, str] = {}
    for header in target.headers:
        if not header.secret:
            found[header.name] = header.value
            continue
        value = await _secret_value(client, target.key[0], header)
        if value is not None:
            found[header.name] = value
    return found


def http_client() -> httpx.AsyncClient:
    """A server of the world outside: the environment's proxies and the system's certificates count."""
    import httpx

    return httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0), timeout=None, follow_redirects=False)


def _header(item: Object) -> Header:
    reference = (item.get("valueFrom") or {}).get("secretKeyRef") or {}
    return Header(
        item["name"],
        item.get("value", ""),
        reference.get("name", ""),
        reference.get("key", ""),
        bool(reference.get("optional")),
    )


async def _secret_value(client: KubeClient, namespace: str, header: Header) -> str | None:
    try:
        data = (await client.get(SECRETS, header.secret, namespace)).get("data") or {}
    except NotFound:
        data = {}
    try:
        value = base64.b64decode(data[header.key]).decode("latin-1").strip() if header.key in data else None
    except ValueError:
        value = None
    if value is None and not header.optional:
        words = f"waiting for the key {header.key} of the Secret {header.secret}, which the header {header.name} needs"
        raise Silence("SecretMissing", words)
    if value is not None and any(character in value for character in "\r\n\0"):
        words = f"the key {header.key} of the Secret {header.secret} holds a line break, which no header can"
        raise Silence("SecretUnusable", words)
    return value
