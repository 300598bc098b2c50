"""Makes the live children equal to the rendered ones, with the fewest requests: none where they are already.

Role: the only writer of children. Server-side apply, with a digest of the rendered object as an annotation, so that a
field that is no longer rendered counts as a difference too; what others have added is taken out. An object that belongs
to someone else is never touched. Not its job: what to render; status. Called by the reconciler.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.api import names
from mcp_operator.controllers.children import Ownership, owned, ownership, resource_of, spell
from mcp_operator.controllers.contains import contains
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.strangers import additions, removal
from mcp_operator.controllers.world import ADDED, World
from mcp_operator.runtime.errors import Conflict, Invalid, NotFound
from mcp_operator.runtime.resources import DEPLOYMENTS, Key, Resource, key_of

Object = dict[str, Any]

LEAVING_SECONDS = 2.0
# Nobody tells when a stranger's object goes away: it does not bear our labels.
FOREIGN_SECONDS = 30.0
_HANDLERS = {"httpGet", "tcpSocket", "exec", "grpc"}
_SERVER_SET = ("resourceVersion", "generation", "managedFields")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """What was written, or why nothing was."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    problem: Problem | None = None


class Applier:
    def __init__(self, world: World) -> None:
        self._world = world
        self._settled: dict[Key, dict[str, str]] = {}
        """By server and uid: a live object that differs from the rendered one after every apply."""

    async def converge(self, server: Object, rendered: Sequence[Object]) -> Outcome:
        """Applies what differs, the Deployment last, and removes what is no longer rendered."""
        stamped = [stamp(child) for child in rendered]
        lives = await asyncio.gather(*(self._live(child) for child in stamped))
        problem = _obstacle(server, lives) or _other_selector(lives, stamped)
        if problem is not None:
            return Outcome(problem=problem)
        outcome = Outcome()
        settled = self._settled.get(key_of(server), {})
        pairs = zip(lives, stamped, strict=True)
        different = [(live, child) for live, child in pairs if _differs(live, child, settled)]
        # Every write has ended when this has: one that went on behind a failed one would race with the next try.
        writes = (self._apply(server, live, child, outcome) for live, child in different[:-1])
        for failure in await asyncio.gather(*writes, return_exceptions=True):
            if failure is not None:
                raise failure
        for live, child in different[-1:]:
            await self._apply(server, live, child, outcome)
        await self._prune(server, stamped, outcome)
        return outcome

    def forget(self, key: Key) -> None:
        """The server is gone."""
        self._settled.pop(key, None)

    async def _live(self, child: Object) -> Object | None:
        """From the cache; an object that lacks our labels is not there, so its absence is asked of the API server."""
        resource = resource_of(child)
        cached = self._world.child(resource, key_of(child))
        if cached is not None:
            return cached
        try:
            return await self._world.client.get(resource, child["metadata"]["name"], child["metadata"]["namespace"])
        except NotFound:
            return None

    async def _apply(self, server: Object, live: Object | None, child: Object, outcome: Outcome) -> None:
        resource = resource_of(child)
        try:
            result = await self._world.client.apply(resource, child, field_manager=names.FIELD_MANAGER_OPERATOR)
        except Invalid:
            if live is None or resource != DEPLOYMENTS or not await self._put_probes(child):
                raise
            result = await self._world.client.apply(resource, child, field_manager=names.FIELD_MANAGER_OPERATOR)
        result = await self._take_out(resource, {"apiVersion": resource.api_version, "kind": resource.kind, **result})
        if not contains(result, child) or additions(result):
            log.warning("%s keeps a difference after it was applied", spell(child))
            self._settled.setdefault(key_of(server), {})[result["metadata"]["uid"]] = _fingerprint(result, child)
        self._world.observe(result)
        (outcome.created if live is None else outcome.updated).append(spell(child))

    async def _take_out(self, resource: Resource, result: Object) -> Object:
        """What others have added goes; the API server may put some of it back, as a default."""
        patch, metadata = removal(result), result["metadata"]
        if not patch:
            return result
        name, namespace, manager = metadata["name"], metadata["namespace"], names.FIELD_MANAGER_OPERATOR
        try:
            taken = await self._world.client.patch(resource, name, patch, namespace, type="json", field_manager=manager)
            return {"apiVersion": resource.api_version, "kind": resource.kind, **taken}
        except Invalid as error:
            raise Conflict(409, "Conflict", f"{spell(result)} was changed meanwhile") from error

    async def _put_probes(self, child: Object) -> bool:
        """Kubernetes 1.20 leaves the defaults of a probe that is of another kind now, which makes both invalid."""
        metadata = child["metadata"]
        live = await self._world.client.get(DEPLOYMENTS, metadata["name"], metadata["namespace"])
        patch = list(_other_probes(live, child))
        if patch:
            await self._world.client.patch(DEPLOYMENTS, metadata["name"], patch, metadata["namespace"], type="json")
        return bool(patch)

    async def _prune(self, server: Object, rendered: Sequence[Object], outcome: Outcome) -> None:
        wanted = {(child["kind"], child["metadata"]["name"]) for child in rendered}
        for child in owned(self._world.children(key_of(server)), server):
            if (child["kind"], child["metadata"]["name"]) not in wanted and await remove(self._world, child):
                outcome.removed.append(spell(child))


async def remove(world: World, child: Object) -> bool:
    """Deletes exactly this object, what it owns afterwards; False where it is on its way already."""
    metadata = child["metadata"]
    if metadata.get("deletionTimestamp"):
        return False
    try:
        await world.client.delete(
            resource_of(child),
            metadata["name"],
            metadata["namespace"],
            propagation="Background",
            uid=metadata["uid"],
        )
    except NotFound:
        return False
    return True


def _differs(live: Object | None, child: Object, settled: dict[str, str]) -> bool:
    if live is None:
        return True
    different = ADDED in live or not contains(live, child)
    return different and settled.get(live["metadata"]["uid"]) != _fingerprint(live, child)


def stamp(child: Object) -> Object:
    """The child with the digest of its rendered form as an annotation."""
    text = json.dumps(child, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    metadata = child["metadata"]
    annotations = {**(metadata.get("annotations") or {}), names.ANNOTATION_RENDERED: digest}
    return {**child, "metadata": {**metadata, "annotations": annotations}}


def _other_probes(live: Object, child: Object) -> Iterator[Object]:
    """JSON patch operations for each probe that has another handler than before."""
    rendered = {one["name"]: one for one in child["spec"]["template"]["spec"]["containers"]}
    for number, container in enumerate(live["spec"]["template"]["spec"]["containers"]):
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            before, after = container.get(probe), rendered.get(container["name"], {}).get(probe)
            if before and after and not _HANDLERS & before.keys() & after.keys():
                path = f"/spec/template/spec/containers/{number}/{probe}"
                yield {"op": "replace", "path": path, "value": after}


def _obstacle(server: Object, lives: Sequence[Object | None]) -> Problem | None:
    """Why a child's name cannot be used now."""
    for live in lives:
        whose = ownership(live, server) if live is not None else Ownership.OURS
        if live is not None and whose is Ownership.FOREIGN:
            words = (
                f"{spell(live)} is there already and belongs to someone else; rename the server, or delete that object"
            )
            return Problem("NameTaken", words, fatal=True, again=FOREIGN_SECONDS)
        if live is not None and whose is Ownership.LEAVING:
            return Problem(
                "WaitingForDeletion", f"an earlier {spell(live)} is still being deleted", again=LEAVING_SECONDS
            )
    return None


def _other_selector(lives: Sequence[Object | None], rendered: Sequence[Object]) -> Problem | None:
    """What somebody has made in the place of a Deployment may bear our labels: which pods it selects never changes."""
    for live, child in zip(lives, rendered, strict=True):
        if live is None or child["kind"] != DEPLOYMENTS.kind:
            continue
        if live["spec"]["selector"] != child["spec"]["selector"]:
            words = f"{spell(live)} is there already and selects other pods; delete it, and it is made anew"
            return Problem("NameTaken", words, fatal=True, again=FOREIGN_SECONDS)
    return None


def _fingerprint(live: Object, child: Object) -> str:
    """Of all that a person or another controller could have changed since, beside what was rendered."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVER_SET}
    content = {**live, "metadata": metadata, "status": None, ADDED: None}
    return hashlib.sha256(json.dumps([content, child], sort_keys=True).encode()).hexdigest()
