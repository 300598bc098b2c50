"""The MCPServer controller: reads, renders, applies, prunes, observes, and writes the status.

Role: the order of these steps for one server, level-triggered. Each step is a module beside this one; nothing here
knows how it is done. Called by the controller's workers with a namespace and a name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mcp_operator.api import names
from mcp_operator.api.conditions import AVAILABLE, READY, find, is_true
from mcp_operator.api.resolve import ResolvedServer, parse_duration, resolve
from mcp_operator.api.validation import validate
from mcp_operator.controllers import announce, finalize, remote, status
from mcp_operator.controllers.apply import Applier, Outcome
from mcp_operator.controllers.complete import Completer, Completion
from mcp_operator.controllers.diagnosis import diagnose, pod_ready
from mcp_operator.controllers.probe import Prober, Target, View
from mcp_operator.controllers.problem import Problem
from mcp_operator.controllers.registry_schedule import timestamp
from mcp_operator.controllers.status import Facts
from mcp_operator.controllers.status_write import StatusWriter
from mcp_operator.controllers.world import MCPSERVERS, World
from mcp_operator.render.context import RUNNER_IMAGE, RenderContext
from mcp_operator.render.references import checksum
from mcp_operator.render.server import render_server
from mcp_operator.runtime.controller import DONE, Result
from mcp_operator.runtime.errors import ApiError, Conflict, Invalid, NotFound, Unavailable
from mcp_operator.runtime.events import EventRecorder
from mcp_operator.runtime.resources import DEPLOYMENTS, Key, key_of

Object = dict[str, Any]

NOT_READY_SECONDS = 30.0
SUSPENDED = Problem(status.SUSPENDED, "reconciling is suspended; everything stays as it is")
_REVISION = "deployment.kubernetes.io/revision"
_TEMPLATE_HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator was started with."""

    runner_image: str = RUNNER_IMAGE
    cluster_domain: str = "cluster.local"


class ServerReconciler:
    def __init__(
        self,
        world: World,
        prober: Prober,
        events: EventRecorder,
        completer: Completer,
        options: Options | None = None,
    ) -> None:
        self._world = world
        self._prober = prober
        self._events = events
        self._completer = completer
        self._options = options or Options()
        self._applier = Applier(world)
        self._statuses = StatusWriter(world.client, MCPSERVERS, world.observe)

    async def reconcile(self, key: Key) -> Result:
        server = self._world.server(key)
        if server is None:
            self._prober.forget(key)
            self._applier.forget(key)
            self._completer.forget(key)
            return DONE
        if server["metadata"].get("deletionTimestamp"):
            return await self._finish(server)
        completion = await self._completer.complete(server)
        if completion.problem is not None:
            return await self._report(self._facts(completion, None, completion.problem))
        errors = validate(completion.server)
        if errors:
            words = "; ".join(str(error) for error in errors)
            return await self._report(self._facts(completion, None, Problem(errors[0].reason, words, fatal=True)))
        resolved = resolve(completion.server)
        if resolved.spec.get("suspend"):
            return await self._report(self._suspended(completion, resolved))
        try:
            kept = await finalize.ensure_finalizer(self._world, server)
        except NotFound:
            # Deleted since it came into the cache, which will tell.
            return DONE
        return await self._maintain(replace(completion, server={**kept, "spec": resolved.spec}), resolved)

    # --- the steps -----------------------------------------------------------------------------------------------

    async def _maintain(self, completion: Completion, resolved: ResolvedServer) -> Result:
        server = completion.server
        try:
            outcome = await self._converge(completion)
        except (Conflict, Unavailable):
            raise
        except ApiError as error:
            if error.namespace_ends:
                raise
            # What the API server finds invalid it will not take another time either.
            problem = Problem(error.reason or "ApplyFailed", error.message, fatal=isinstance(error, Invalid))
            await self._report(self._facts(completion, resolved, problem))
            raise
        announce.written(self._events, server, outcome)
        facts = self._facts(completion, resolved, outcome.problem)
        if outcome.problem is None:
            facts = await self._probe(facts, resolved)
        return await self._report(facts)

    async def _converge(self, completion: Completion) -> Outcome:
        server = completion.server
        context = RenderContext(
            runner_image=self._options.runner_image,
            cluster_domain=self._options.cluster_domain,
            sessions=(_known(server, resolve(server)) or {}).get("sessions"),
            checksum=checksum(await self._world.referenced(server)),
        )
        rendered = render_server(server, context)
        return await self._applier.converge(server, [completion.kept, *rendered] if completion.kept else rendered)

    async def _finish(self, server: Object) -> Result:
        """Deletion: the children first, then the server itself."""
        if names.FINALIZER not in (server["metadata"].get("finalizers") or ()):
            return DONE
        self._prober.forget(key_of(server))
        left = await finalize.delete_children(self._world, server)
        if left:
            deployment = self._world.child(DEPLOYMENTS, key_of(server))
            return await self._report(Facts(server, deployment=deployment, leaving=tuple(left)))
        others = finalize.of_others(server)
        if others:
            # The operator's last word: it is not asked for the rest.
            await self._report(Facts(server, leaving=tuple(f"the finalizer {one}" for one in others)))
            server = self._world.server(key_of(server)) or server
        await finalize.drop_finalizer(self._world, server)
        return DONE

    def _suspended(self, completion: Completion, resolved: ResolvedServer) -> Facts:
        """Nobody is asked anew: what served before serves again when its pods do."""
        facts = self._facts(completion, resolved, SUSPENDED)
        before = find((completion.server.get("status") or {}).get("conditions"), AVAILABLE) or {}
        spoke = before.get("status") == "True" or before.get("reason") == status.UNAVAILABLE
        return replace(facts, speaks=spoke)

    # --- looking -------------------------------------------------------------------------------------------------

    def _facts(self, completion: Completion, resolved: ResolvedServer | None, applied: Problem | None) -> Facts:
        server = completion.server
        deployment = self._world.child(DEPLOYMENTS, key_of(server))
        problem = status.steady(server, diagnose(deployment, self._current_pods(server, deployment)[1]))
        mcp = _known(server, resolved) if resolved else None
        return Facts(server, resolved, deployment, applied, problem, mcp=mcp, completion=completion)

    async def _probe(self, facts: Facts, resolved: ResolvedServer) -> Facts:
        """The facts, with what the running server says of itself."""
        if resolved.remote:
            view = await self._view_remote(facts, resolved)
            facts = replace(facts, again=remote.AGAIN_SECONDS)
        else:
            view = await self._view(facts, resolved)
        return replace(facts, speaks=view.speaks, probe=view.problem, mcp=view.mcp or facts.mcp)

    async def _view(self, facts: Facts, resolved: ResolvedServer) -> View:
        validation = resolved.spec.get("validation") or {}
        if not validation.get("enabled", True):
            return View(True)
        template, pods = self._current_pods(facts.server, facts.deployment)
        ready = _first_ready(pods)
        if ready is not None and template:
            return await self._look(facts, _target(facts.server, resolved, validation, template, ready))
        # While pods are replaced, those of the earlier template serve, as they were seen to do, or say so now.
        served = is_true((facts.server.get("status") or {}).get("conditions"), AVAILABLE)
        earlier = _first_ready(self._world.pods(key_of(facts.server)))
        if served or earlier is None:
            return View(served)
        template = (earlier["metadata"].get("labels") or {}).get(_TEMPLATE_HASH, "")
        view = await self._look(facts, _target(facts.server, resolved, validation, template, earlier))
        return View(view.speaks, view.mcp)

    async def _view_remote(self, facts: Facts, resolved: ResolvedServer) -> View:
        if resolved.replicas == 0:
            return View(False)
        if not (resolved.spec.get("validation") or {}).get("enabled", True):
            return View(True)
        secrets = checksum(await self._world.referenced(facts.server))
        return await self._look(facts, remote.target_of(facts.server, resolved, secrets))

    async def _look(self, facts: Facts, target: Target) -> View:
        settled = facts.mcp and is_true((facts.server.get("status") or {}).get("conditions"), READY)
        if settled and _describes(facts.server) and not self._prober.knows(target.key):
            self._prober.seed(target, facts.mcp or {})
        return await self._prober.look(target)

    def _current_pods(self, server: Object, deployment: Object | None) -> tuple[str, list[Object]]:
        """The pods of the Deployment's newest template, and that template's name."""
        if deployment is None or not status.observed(deployment):
            return "", []
        key = key_of(server)
        revision = (deployment["metadata"].get("annotations") or {}).get(_REVISION)
        for replicaset in self._world.replicasets(key):
            if revision and (replicaset["metadata"].get("annotations") or {}).get(_REVISION) == revision:
                template = (replicaset["metadata"].get("labels") or {}).get(_TEMPLATE_HASH, "")
                pods = self._world.pods(key)
                mine = [pod for pod in pods if (pod["metadata"].get("labels") or {}).get(_TEMPLATE_HASH) == template]
                return template, mine
        return "", []

    # --- telling -------------------------------------------------------------------------------------------------

    async def _report(self, facts: Facts) -> Result:
        """Writes the status where it differs, and says when to look again."""
        server = facts.server
        previous = server.get("status") or {}
        if facts.applied is None and status.holds(facts):
            return Result(NOT_READY_SECONDS)
        computed = status.merge(previous, status.compute(facts, self._options.cluster_domain), timestamp(time.time()))
        if computed is not previous:
            await self._statuses.write(server, computed)
            announce.changed(self._events, server, previous, computed)
            if _sessions(computed) != _sessions(previous):
                # The Service's affinity goes by it, and no watch tells of our own write.
                self._world.enqueue(key_of(server))
        again = [item.again for item in (facts.applied, facts.probe, facts) if item and item.again]
        settled = computed["phase"] == status.STOPPED or is_true(computed["conditions"], READY)
        settled = settled or (facts.applied is not None and facts.applied.again is None)
        return Result(min([*again, *([] if settled else [NOT_READY_SECONDS])], default=None))


def _known(server: Object, resolved: ResolvedServer) -> Object | None:
    """What an earlier look wrote down, while it speaks of the same image or package (of whatever version)."""
    before = server.get("status") or {}
    return before.get("mcp") if before.get("image") == resolved.shown_image else None


def _sessions(status: Object) -> bool | None:
    """Whether the running server gives out session ids; None while that is not known."""
    said: bool | None = (status.get("mcp") or {}).get("sessions")
    return said


def _first_ready(pods: Iterable[Object]) -> Object | None:
    """The same one each time, whatever their order."""
    return min(filter(pod_ready, pods), key=lambda pod: str(pod["metadata"]["name"]), default=None)


def _describes(server: Object) -> bool:
    return (server.get("status") or {}).get("observedGeneration") == server["metadata"].get("generation")


def _target(server: Object, resolved: ResolvedServer, validation: Object, template: str, pod: Object) -> Target:
    return Target(
        key=key_of(server),
        template=f"{server['metadata']['uid']}/{template}",
        pod=pod["metadata"]["name"],
        address=(pod.get("status") or {}).get("podIP", ""),
        port=resolved.port,
        path=resolved.path,
        bridged=resolved.bridged,
        timeout=parse_duration(validation.get("timeout", "10s")),
        required_tools=tuple(validation.get("requiredTools") or ()),
        required_capabilities=tuple(validation.get("requiredCapabilities") or ()),
    )
