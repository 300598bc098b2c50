"""The endpoints controllers: Endpoints and EndpointSlices of every Service that has a selector.

Role: reads caches, writes what differs. The contents are decided in `endpoints_plan`. Called by `manager`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import AlreadyExists, ApiError, NotFound
from mcp_operator.runtime.resources import ENDPOINTS, ENDPOINTSLICES, PODS, SERVICES, Key, key_of

from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.endpoints_plan import Backend, backends, slices, subsets
from mcp_cli.local.controllers.expectations import Expectations
from mcp_cli.local.controllers.objects import Object, is_deleting, labels, name, namespace, now, owner_reference

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SLICE_CONTROLLER = "endpointslice-controller.k8s.io"
HEADLESS = "service.kubernetes.io/headless"
ENDPOINTS_MANAGED_BY = "endpoints.kubernetes.io/managed-by"
ENDPOINTS_CONTROLLER = "endpoint-controller"
CHANGED_AT = "endpoints.kubernetes.io/last-change-trigger-time"


class EndpointsController:
    """Both objects in one reconcile: they say the same in two ways."""

    def __init__(self, context: Context) -> None:
        self._client = context.client
        self._services = context.informer(SERVICES, "namespace")
        self._pods = context.informer(PODS, "namespace")
        self._endpoints = context.informer(ENDPOINTS)
        self._slices = context.informer(ENDPOINTSLICES, "namespace")
        self._expectations = Expectations()
        self._controller = context.controller("endpoints-controller", self.reconcile, workers=2)
        enqueue_itself(self._services, self._controller)
        enqueue_itself(self._endpoints, self._controller)
        self._slices.add_handler(self._slice_changed)
        self._pods.add_handler(self._pod_changed)

    def _slice_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        for each in filter(None, (old, new)):
            owner = labels(each).get(SERVICE_NAME)
            if not owner or labels(each).get(MANAGED_BY) != SLICE_CONTROLLER:
                continue
            if type_ == "ADDED":
                self._expectations.created((namespace(each), owner))
            self._controller.enqueue((namespace(each), owner))

    def _pod_changed(self, type_: str, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and _face(old) == _face(new):
            return
        for pod in filter(None, (old, new)):
            for service in self._services.by_index("namespace", namespace(pod)):
                if _selects(service, pod):
                    self._controller.enqueue(key_of(service))

    async def reconcile(self, key: Key) -> Result | None:
        service = self._services.get(*key)
        if service is None:
            self._expectations.forget(key)
            await self._delete_endpoints(key)
            return None
        if not service["spec"].get("selector") or is_deleting(service):
            return None
        if service["spec"].get("type") == "ExternalName":
            return None
        pods = [pod for pod in self._pods.by_index("namespace", key[0]) if _selects(service, pod)]
        families = service["spec"].get("ipFamilies") or ["IPv4"]
        found = {family: backends(service, pods, family) for family in families}
        await self._write_endpoints(service, found[families[0]])
        if self._expectations.satisfied(key):
            await self._write_slices(service, found)
        return None

    async def _delete_endpoints(self, key: Key) -> None:
        """Slices have an owner reference and go with it; Endpoints have none."""
        present = self._endpoints.get(*key)
        if present is None or labels(present).get(ENDPOINTS_MANAGED_BY) != ENDPOINTS_CONTROLLER:
            return
        try:
            await self._client.delete(ENDPOINTS, key[1], key[0], uid=present["metadata"]["uid"])
        except NotFound:
            return

    async def _write_endpoints(self, service: Object, found: Sequence[Backend]) -> None:
        wanted_labels = {**labels(service), ENDPOINTS_MANAGED_BY: ENDPOINTS_CONTROLLER, **_headless_label(service)}
        wanted = subsets(service, found)
        present = self._endpoints.get(namespace(service), name(service))
        if present is not None and (present.get("subsets") or []) == wanted and labels(present) == wanted_labels:
            return
        metadata: Object = {
            "name": name(service),
            "namespace": namespace(service),
            "labels": wanted_labels,
            "annotations": {CHANGED_AT: now()},
        }
        body: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": wanted}
        if present is not None:
            body["metadata"] = {**metadata, "resourceVersion": present["metadata"]["resourceVersion"]}
            await self._client.replace(ENDPOINTS, body)
            return
        try:
            await self._client.create(ENDPOINTS, body)
        except AlreadyExists:
            return  # The cache is behind, and the object's own event brings this Service back.

    async def _write_slices(self, service: Object, found: dict[str, list[Backend]]) -> None:
        present = [
            each
            for each in self._slices.by_index("namespace", namespace(service))
            if labels(each).get(SERVICE_NAME) == name(service) and labels(each).get(MANAGED_BY) == SLICE_CONTROLLER
        ]
        wanted = [
            _slice_body(service, family, ports, endpoints)
            for family, list_ in found.items()
            for ports, endpoints in slices(list_)
        ]
        left = [each for each in present if not is_deleting(each)]
        for body in wanted:
            same = next((each for each in left if _says(each, body)), None)
            if same is not None:
                left.remove(same)
                continue
            reusable = next((each for each in left if each["addressType"] == body["addressType"]), None)
            if reusable is not None:
                left.remove(reusable)
            await self._write_slice(reusable, body)
        for each in left:
            await self._client.delete(ENDPOINTSLICES, name(each), namespace(each))

    async def _write_slice(self, present: Object | None, body: Object) -> None:
        if present is None:
            key = (namespace(body), labels(body)[SERVICE_NAME])
            self._expectations.expect_creations(key, 1)
            try:
                await self._client.create(ENDPOINTSLICES, body)
            except ApiError:
                self._expectations.created(key)
                raise
            return
        kept = {"name": name(present), "resourceVersion": present["metadata"]["resourceVersion"]}
        metadata = {key: value for key, value in body["metadata"].items() if key != "generateName"}
        await self._client.replace(ENDPOINTSLICES, {**body, "metadata": {**metadata, **kept}})


def _selects(service: Object, pod: Object) -> bool:
    selector = service["spec"].get("selector")
    return bool(selector) and selector.items() <= labels(pod).items()


def _headless_label(service: Object) -> dict[str, str]:
    return {HEADLESS: ""} if service["spec"].get("clusterIP") == "None" else {}


def _slice_body(service: Object, family: str, ports: list[Object], endpoints: list[Object]) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{name(service)}-",
            "namespace": namespace(service),
            "labels": {
                **labels(service),
                SERVICE_NAME: name(service),
                MANAGED_BY: SLICE_CONTROLLER,
                **_headless_label(service),
            },
            "annotations": {CHANGED_AT: now()},
            "ownerReferences": [owner_reference(service, SERVICES)],
        },
        "addressType": family,
        "endpoints": endpoints,
        "ports": ports,
    }


def _says(present: Object, wanted: Object) -> bool:
    return (
        present["addressType"] == wanted["addressType"]
        and (present.get("endpoints") or []) == wanted["endpoints"]
        and (present.get("ports") or []) == wanted["ports"]
        and labels(present) == wanted["metadata"]["labels"]
    )


def _face(pod: Object) -> tuple[object, ...]:
    """What of a pod an endpoint shows."""
    state = pod.get("status") or {}
    ready = [each.get("status") for each in state.get("conditions") or () if each["type"] == "Ready"]
    return (
        labels(pod),
        state.get("podIP"),
        state.get("podIPs"),
        state.get("phase") in ("Succeeded", "Failed"),
        ready,
        is_deleting(pod),
        pod["spec"].get("nodeName"),
    )
