"""Namespaces: what every one of them holds from the start, and how one is emptied and removed.

Role: the `default` service account, the `kube-root-ca.crt` ConfigMap, and the finalizer `kubernetes`, which goes when
nothing is left of any kind. Called by `manager`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import AlreadyExists, ApiError, NotFound
from mcp_operator.runtime.resources import CONFIGMAPS, NAMESPACES, PODS, SERVICEACCOUNTS, Key, Resource

from mcp_cli.local.controllers.context import Context, enqueue_itself, on_change
from mcp_cli.local.controllers.garbage import GarbageCollector
from mcp_cli.local.controllers.objects import Object, is_deleting, name, namespace, now

FINALIZER = "kubernetes"
ROOT_CA = "kube-root-ca.crt"
ROOT_CA_WORDS = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
AT_ONCE = 8
REMAINING_SECONDS = 2.0


class NamespaceContents:
    """Puts back the service account and the CA of a namespace wherever they are missing."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._ca = root_certificates(context.client)
        self._namespaces = context.informer(NAMESPACES)
        self._accounts = context.manager.informer(SERVICEACCOUNTS, field_selector="metadata.name=default")
        self._config_maps = context.manager.informer(CONFIGMAPS, field_selector=f"metadata.name={ROOT_CA}")
        controller = context.controller("namespace-contents", self.reconcile)
        enqueue_itself(self._namespaces, controller)
        for informer in (self._accounts, self._config_maps):
            on_change(informer, lambda obj: controller.enqueue(("", namespace(obj))))

    async def reconcile(self, key: Key) -> Result | None:
        home = self._namespaces.get(*key)
        if home is None or is_deleting(home):
            return None
        if self._accounts.get(key[1], "default") is None:
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
            await self._create(SERVICEACCOUNTS, account, key[1])
        present = self._config_maps.get(key[1], ROOT_CA)
        if present is None:
            await self._create(CONFIGMAPS, self._bundle(), key[1])
        elif self._ca and present.get("data") != {"ca.crt": self._ca}:
            await self._client.patch(CONFIGMAPS, ROOT_CA, {"data": {"ca.crt": self._ca}}, key[1])
        return None

    def _bundle(self) -> Object:
        described = {"kubernetes.io/description": ROOT_CA_WORDS}
        metadata = {"name": ROOT_CA, "annotations": described}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": self._ca}}

    async def _create(self, resource: Resource, body: Object, home: str) -> None:
        try:
            await self._client.create(resource, body, home)
        except AlreadyExists:
            return  # The cache is behind.


def root_certificates(client: KubeClient) -> str:
    """The certificates that this client itself trusts the API server by."""
    context = client.tls_context()
    certificates: Iterable[bytes] = context.get_ca_certs(binary_form=True) if context else ()
    return "".join(ssl.DER_cert_to_PEM_cert(each) for each in certificates)


class NamespaceDeletion:
    """Empties a namespace that is being deleted: pods first, then the rest; then lets it go."""

    def __init__(self, context: Context, garbage: GarbageCollector) -> None:
        self._client = context.client
        self._garbage = garbage
        self._namespaces = context.informer(NAMESPACES)
        self._controller = context.controller("namespace-deletion", self.reconcile)
        on_change(self._namespaces, lambda home: self._content_gone(name(home)))
        garbage.on_gone = self._content_gone

    def _content_gone(self, home: str) -> None:
        found = self._namespaces.get("", home)
        if found is not None and is_deleting(found):
            self._controller.enqueue(("", home))

    async def reconcile(self, key: Key) -> Result | None:
        home = self._namespaces.get(*key)
        if home is None or not is_deleting(home) or FINALIZER not in (home["spec"].get("finalizers") or ()):
            return None
        remaining, failures = await self._empty(key[1])
        if not remaining and not failures:
            await self._finalize(home)
            return None
        await self._write_status(home, remaining, failures)
        return Result(requeue_after=REMAINING_SECONDS)

    async def _empty(self, home: str) -> tuple[dict[Resource, list[Object]], list[str]]:
        """What is left of each kind after everything was asked to go, and what could not be asked."""
        kinds = [each for each in self._garbage.kinds.values() if each.namespaced]
        slots = asyncio.Semaphore(AT_ONCE)
        failures: list[str] = []

        async def empty(resource: Resource) -> tuple[Resource, list[Object]]:
            async with slots:
                try:
                    return resource, await self._empty_kind(resource, home)
                except ApiError as error:
                    failures.append(f"{resource.plural}: {error}")
                    return resource, []

        first = [await empty(PODS)]
        rest = await asyncio.gather(*(empty(each) for each in kinds if each != PODS))
        return {resource: left for resource, left in [*first, *rest] if left}, failures

    async def _empty_kind(self, resource: Resource, home: str) -> list[Object]:
        try:
            left = (await self._client.list(resource, home)).get("items") or []
            fresh = [each for each in left if not is_deleting(each)]
            if not fresh:
                return left
            options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
            await self._client.request("DELETE", resource.path(home), body=options)
            return (await self._client.list(resource, home)).get("items") or []
        except NotFound:
            return []  # The kind itself is gone (its CRD was deleted).

    async def _finalize(self, home: Object) -> None:
        kept = [each for each in home["spec"].get("finalizers") or () if each != FINALIZER]
        body = {**home, "spec": {**home["spec"], "finalizers": kept}}
        try:
            path = NAMESPACES.path(None, name(home), "finalize")
            await self._client.request("PUT", path, body=body)
        except NotFound:
            return

    async def _write_status(self, home: Object, remaining: dict[Resource, list[Object]], failures: list[str]) -> None:
        fresh = {**(home.get("status") or {}), "phase": "Terminating"}
        old = {each["type"]: each for each in fresh.get("conditions") or ()}
        fresh["conditions"] = [_keep_time(old.get(each["type"]), each) for each in conditions(remaining, failures)]
        if fresh != home.get("status"):
            await self._client.replace(NAMESPACES, {**home, "status": fresh}, subresource="status")


def conditions(remaining: dict[Resource, list[Object]], failures: list[str]) -> list[Object]:
    """What `kubectl describe namespace` says of one that does not go."""
    finalizers: dict[str, int] = {}
    for each in (obj for left in remaining.values() for obj in left):
        for finalizer in each["metadata"].get("finalizers") or ():
            finalizers[finalizer] = finalizers.get(finalizer, 0) + 1
    content = ", ".join(
        f"{kind.plural}.{kind.group} has {len(left)} resource instances" for kind, left in sorted_kinds(remaining)
    )
    waiting = ", ".join(f"{each} in {count} resource instances" for each, count in sorted(finalizers.items()))
    return [
        _condition(
            "NamespaceDeletionDiscoveryFailure", "", "ResourcesDiscovered", "All resources successfully discovered"
        ),
        _condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            "",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        _condition(
            "NamespaceDeletionContentFailure",
            "Failed to delete all resource types: " + "; ".join(failures) if failures else "",
            "ContentDeletionFailed" if failures else "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        _condition(
            "NamespaceContentRemaining",
            f"Some resources are remaining: {content}" if content else "",
            "SomeResourcesRemain" if content else "ContentRemoved",
            "All content successfully removed",
        ),
        _condition(
            "NamespaceFinalizersRemaining",
            f"Some content in the namespace has finalizers remaining: {waiting}" if waiting else "",
            "SomeFinalizersRemain" if waiting else "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ]


def sorted_kinds(remaining: dict[Resource, list[Object]]) -> list[tuple[Resource, list[Object]]]:
    return sorted(remaining.items(), key=lambda entry: (entry[0].plural, entry[0].group))


def _condition(type_: str, trouble: str, reason: str, fine: str) -> Object:
    value = {"type": type_, "status": "True" if trouble else "False", "reason": reason, "message": trouble or fine}
    return {**value, "lastTransitionTime": now()}


def _keep_time(old: Object | None, fresh: Object) -> Object:
    if old is None or old["status"] != fresh["status"]:
        return fresh
    return {**fresh, "lastTransitionTime": old["lastTransitionTime"]}
