"""The status of an object of ours on its way to the API server: merged with what stands there, written whole, or not.

Role: the one place that knows when a status is other than before, and how it is written. Not its job: what it says.
Called by the controllers.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

from mcp_operator.api import conditions, names
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import Resource

Object = dict[str, Any]

_HALF = re.compile("[\ud800-\udfff]")
_EMPTY: tuple[Any, ...] = ("", None, [], {})


def merge(previous: Object, computed: Object, now: str, *, touched: str = "") -> Object:
    """The status to write: `previous` itself when nothing but times would change.

    `touched` names the field that tells when anything else in it last changed. No field is ever empty: some builds of
    Kubernetes 1.20 refuse an empty string as null.
    """
    computed = _whole(computed)
    generation = computed["observedGeneration"]
    merged = conditions.merge(previous.get("conditions") or [], computed["conditions"], generation=generation, now=now)
    status = {key: value for key, value in computed.items() if value not in _EMPTY} | {"conditions": merged}
    before = {key: value for key, value in previous.items() if value not in _EMPTY and key != touched}
    if status == before:
        return previous
    return {**status, touched: now} if touched else status


def _whole(value: Any) -> Any:
    """Without halves of characters: a stranger's JSON can hold them, and an API server stores others in their place."""
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


class StatusWriter:
    """For one kind. `observe` takes the answer into the cache, so that the next look does not see the state before."""

    def __init__(self, client: KubeClient, resource: Resource, observe: Callable[[Object], None]) -> None:
        self._client = client
        self._resource = resource
        self._observe = observe

    async def write(self, obj: Object, status: Object) -> None:
        """The whole status at once, as a JSON patch: it needs no version, for nobody else writes here.

        It is for this very object: one of the same name that was made since is not touched.
        """
        metadata = obj["metadata"]
        body = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            {"op": "add", "path": "/status", "value": status},
        ]
        with contextlib.suppress(NotFound):
            written = await self._client.patch(
                self._resource,
                metadata["name"],
                body,
                metadata["namespace"],
                type="json",
                subresource="status",
                field_manager=names.FIELD_MANAGER_OPERATOR,
            )
            self._observe(written)
