"""The end of an MCPServer: its finalizer, and the wait until everything that it stood for is gone.

Role: adds and takes the finalizer, deletes children. Not its job: status. Called by the reconciler.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.controllers.apply import remove
from mcp_operator.controllers.children import controller_of, owned, resource_of
from mcp_operator.controllers.world import MCPSERVERS, World
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import DEPLOYMENTS, key_of

Object = dict[str, Any]
ORPHAN = "orphan"
# Those of the API server's own collector, which takes them in a moment.
_OF_THE_COLLECTOR = (ORPHAN, "foregroundDeletion")


async def ensure_finalizer(world: World, server: Object) -> Object:
    """The server with our finalizer; the write happens once in its life."""
    if names.FINALIZER in (server["metadata"].get("finalizers") or ()):
        return server
    return await _write_finalizers(world, server, [*(server["metadata"].get("finalizers") or ()), names.FINALIZER])


async def delete_children(world: World, server: Object) -> list[str]:
    """Deletes what is still there; what is left, in words that stay the same while it goes (empty: nothing)."""
    if ORPHAN in (server["metadata"].get("finalizers") or ()):
        return []
    key = key_of(server)
    children = owned(world.children(key), server)
    for child in children:
        await _remove(world, server, child)
    kinds = [child["kind"] for child in children]
    deployment = world.child(DEPLOYMENTS, key)
    if deployment is not None and not owned([deployment], server):
        # Orphaned, or someone else's: what is below it stays with it.
        return kinds
    pods = [pod for pod in world.pods(key) if (controller_of(pod) or {}).get("kind") == "ReplicaSet"]
    kinds += ["ReplicaSet"] if world.replicasets(key) else []
    kinds += ["pods"] if pods else []
    return list(dict.fromkeys(kinds))


async def _remove(world: World, server: Object, child: Object) -> None:
    """Deletes it unless it was orphaned since it came into the cache, which may lag behind that of the servers."""
    if child["metadata"].get("deletionTimestamp"):
        return
    metadata = child["metadata"]
    try:
        live = await world.client.get(resource_of(child), metadata["name"], metadata["namespace"])
    except NotFound:
        return
    if owned([live], server):
        await remove(world, child)


def of_others(server: Object) -> list[str]:
    """The finalizers for which a server stays when ours is gone."""
    mine = (names.FINALIZER, *_OF_THE_COLLECTOR)
    return [one for one in server["metadata"].get("finalizers") or () if one not in mine]


async def drop_finalizer(world: World, server: Object) -> None:
    """Lets the server go."""
    finalizers = server["metadata"].get("finalizers") or []
    if names.FINALIZER in finalizers:
        try:
            await _write_finalizers(world, server, [item for item in finalizers if item != names.FINALIZER])
        except NotFound:
            return


async def _write_finalizers(world: World, server: Object, finalizers: list[str]) -> Object:
    """Fails with a conflict when someone else has changed the server meanwhile: the list is replaced whole."""
    metadata = server["metadata"]
    patch = {"metadata": {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}}
    written = await world.client.patch(MCPSERVERS, metadata["name"], patch, metadata["namespace"])
    world.observe(written)
    return written
