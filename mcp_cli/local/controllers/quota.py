"""`status.used` of ResourceQuotas: what their namespaces hold.

Role: counts through the API, when a quota changes and every few seconds as long as there is one: what a deletion gives
back is not seen otherwise. Not its job: refusing, which is the API server's. Called by `manager`.
"""

from __future__ import annotations

from mcp_operator.runtime.controller import Result
from mcp_operator.runtime.errors import NotFound
from mcp_operator.runtime.resources import RESOURCEQUOTAS, Key, Resource

from mcp_cli.local.apimachinery import quota
from mcp_cli.local.controllers.context import Context, enqueue_itself
from mcp_cli.local.controllers.objects import Object, is_deleting, status

COUNT_SECONDS = 2.0
Kinds = dict[tuple[str, str], Resource]


class QuotaController:
    """`kinds` is what the API server serves, read anew each time."""

    def __init__(self, context: Context, kinds: Kinds) -> None:
        self._client = context.client
        self._kinds = kinds
        self._quotas = context.informer(RESOURCEQUOTAS)
        enqueue_itself(self._quotas, context.controller("resource-quota", self.reconcile, workers=1))

    async def reconcile(self, key: Key) -> Result | None:
        known = self._quotas.get(*key)
        if known is None or is_deleting(known):
            return None
        hard = known["spec"].get("hard") or {}
        used = await self._used(known, key[0])
        fresh = {"hard": hard, "used": {name: quota.written(name, used.get(name, quota.ZERO)) for name in hard}}
        if fresh != status(known):
            await self._client.replace(RESOURCEQUOTAS, {**known, "status": fresh}, subresource="status")
        return Result(requeue_after=COUNT_SECONDS)

    async def _used(self, known: Object, namespace: str) -> quota.Amounts:
        total: quota.Amounts = {}
        for group, plural in sorted({quota.resource_of(name) for name in known["spec"].get("hard") or {}}):
            resource = next((r for r in self._kinds.values() if (r.group, r.plural) == (group, plural)), None)
            for obj in await self._listed(resource, namespace):
                if plural != "pods" or quota.applies(known, obj):
                    total = quota.added(total, quota.usage(group, plural, obj))
        return total

    async def _listed(self, resource: Resource | None, namespace: str) -> list[Object]:
        if resource is None or not resource.namespaced:
            return []
        try:
            items: list[Object] = (await self._client.list(resource, namespace))["items"]
        except NotFound:
            return []
        return items
