"""ConfigMaps and Secrets are watched where and while something names them, and what cannot be read is told."""

from __future__ import annotations

import asyncio

import pytest
from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import Forbidden
from mcp_operator.runtime.resources import CONFIGMAPS, DEPLOYMENTS, SECRETS, Resource

from tests.controller.harness import Operated, until
from tests.controller.registries import Registries

CHECKSUM = "mcp.allbeone.io/config-checksum"


def watched(op: Operated, resource: Resource) -> bool:
    """Whether the operator watches all objects of that kind in the namespace."""
    assert op.operator is not None
    return (resource, op.namespace) in op.operator.inputs._informers


async def checksum(op: Operated, name: str) -> str:
    template = (await op.deployment(name))["spec"]["template"]
    return str((template["metadata"].get("annotations") or {}).get(CHECKSUM, ""))


async def say(op: Operated, value: str) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": op.namespace}}
    await op.kube.apply(SECRETS, {**body, "stringData": {"token": value}}, field_manager="test")


async def test_a_watch_ends_with_the_last_that_needs_it_and_comes_back(op: Operated) -> None:
    await say(op, "first")
    for name in ("one", "two"):
        await op.create(name, secretRefs=[{"name": "login"}])
        await op.deployment(name)
    assert (watched(op, SECRETS), watched(op, CONFIGMAPS)) == (True, False)
    await op.change("one", secretRefs=None)

    async def let_go() -> bool:
        return not await checksum(op, "one")

    await until(let_go, "one names the Secret no more")
    await op.calm()
    assert watched(op, SECRETS)
    await op.change("two", secretRefs=None)

    async def ended() -> bool:
        return not watched(op, SECRETS)

    await until(ended, "nobody watches Secrets")
    await say(op, "second")
    await op.change("one", secretRefs=[{"name": "login"}])
    await until(lambda: seen(op), "the Secret counts again")
    before = await checksum(op, "one")
    await say(op, "third")

    async def rolled() -> bool:
        return await checksum(op, "one") != before

    await until(rolled, "a change of the Secret rolls the pods")


async def seen(op: Operated) -> bool:
    return bool(await checksum(op, "one"))


async def test_registries_and_servers_share_a_watch_and_either_keeps_it(op: Operated) -> None:
    await say(op, "first")
    registries = Registries(op)
    auth = {"secretRef": {"name": "login"}}
    await registries.create("default", source={"type": "http"}, url="http://127.0.0.1:1/x", auth=auth)
    await registries.phase("default", "Failed")
    await op.create("one", secretRefs=[{"name": "login"}])
    await op.deployment("one")
    await op.change("one", secretRefs=None)
    await until(lambda: plain(op), "the server names nothing")
    await op.calm()
    assert watched(op, SECRETS), "the registry is read with it"
    await registries.delete("default")

    async def ended() -> bool:
        return not watched(op, SECRETS)

    await until(ended, "nobody watches Secrets")


async def plain(op: Operated) -> bool:
    return not await checksum(op, "one")


async def test_a_secret_that_may_not_be_read_is_told_and_read_when_it_may(
    op: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the operator's role leaves Secrets out."""
    allowed = asyncio.Event()
    listing = KubeClient.list

    async def guarded(self: KubeClient, r: Resource, *arguments: object, **options: object) -> object:
        if r == SECRETS and self is op._client and not allowed.is_set():
            raise Forbidden(403, "Forbidden", 'secrets is forbidden: User "operator" cannot list resource "secrets"')
        return await listing(self, r, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(KubeClient, "list", guarded)
    monkeypatch.setattr("mcp_operator.controllers.inputs.PATIENCE", 1.0)
    await say(op, "first")
    await op.create("demo", secretRefs=[{"name": "login"}])
    status = await op.phase("demo", "Pending", "ReferenceUnreadable")
    assert "cannot read Secret login" in status["message"] and "cannot list resource" in status["message"]
    registries = Registries(op)
    auth = {"secretRef": {"name": "login"}}
    await registries.create("default", source={"type": "http"}, url="http://127.0.0.1:1/x", auth=auth)
    await registries.condition("default", "Synced", "False", "ReferenceUnreadable")
    allowed.set()

    async def made() -> bool:
        return await op.get(DEPLOYMENTS, "demo") is not None

    await until(made, "the server goes on")
    await registries.condition("default", "Synced", "False", "Unreachable")
