"""Requests that the API server refuses or answers in another shape, in the words of Kubernetes 1.36."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.api.conftest import Api
from tests.local.api.objects import APPLY, JSON_PATCH, MERGE, STRATEGIC, TABLE, config_map, deployment, service

META = "application/json;v=v1;g=meta.k8s.io;as=PartialObjectMetadata"
UNNAMED = {"apiVersion": "v1", "kind": "ConfigMap"}
UNDETERMINED = "the name of the object (a based on URL) was undeterminable: name must be provided"
INVALID = 'OPTIONS.meta.k8s.io "" is invalid: '
NOT_A_NUMBER = 'strconv.ParseInt: parsing "x": invalid syntax'
NO_INITIAL = "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents"

# method, path, body, options of the request; code, and what the message holds
REFUSED: list[tuple[str, str, Any, dict[str, Any], int, str]] = [
    ("POST", "configmaps", config_map("b"), {"fieldManager": "x" * 129}, 422, "Too long: may not be more than 128"),
    ("POST", "configmaps", config_map("b"), {"fieldManager": "a\nb"}, 422, "invalid character U+000A (at position 1)"),
    ("PATCH", "configmaps/a", {}, {"type": MERGE, "force": "true"}, 422, "may not be specified for non-apply patch"),
    ("GET", "configmaps", None, {"limit": "x"}, 400, NOT_A_NUMBER),
    ("DELETE", "configmaps/a", None, {"gracePeriodSeconds": "x"}, 400, NOT_A_NUMBER),
    ("DELETE", "configmaps/a", {"dryRun": ["x"]}, {}, 422, 'dryRun: Unsupported value: ["x"]: supported values: "All"'),
    ("DELETE", "configmaps/a", {"kind": "Foo", "apiVersion": "v1"}, {}, 400, 'no kind "Foo" is registered for'),
    ("GET", "configmaps", None, {"sendInitialEvents": "true"}, 422, "sendInitialEvents is forbidden for list"),
    ("GET", "configmaps", None, {"watch": "1", "resourceVersionMatch": "NotOlderThan"}, 422, NO_INITIAL),
    ("GET", "configmaps", None, {"watch": "1", "resourceVersion": "x"}, 500, "resourceVersion: Invalid value"),
    ("GET", "configmaps/a", None, {"resourceVersion": "999999999"}, 504, "Too large resource version"),
    ("GET", "configmaps/a", None, {"accept": TABLE, "includeObject": "All"}, 400, "includeObject: Invalid value"),
    ("GET", "configmaps", None, {"accept": META}, 406, "the requested object is a list (*core.ConfigMapList)"),
    ("GET", "configmaps/a", None, {"accept": "application/json;as=Foo;v=v1;g=meta.k8s.io"}, 406, "only the following"),
    ("DELETE", "/api/v1/endpoints", None, {"labelSelector": "none"}, 405, "does not allow this method"),
    ("PUT", "configmaps/a", UNNAMED, {}, 400, UNDETERMINED),
    ("PATCH", "configmaps/a", {"metadata": None}, {"type": MERGE}, 400, UNDETERMINED),
    ("PATCH", "configmaps/a", {"metadata": {"uid": "x"}}, {"type": MERGE}, 422, "metadata.uid: Invalid value"),
    ("PATCH", "configmaps/a", {"kind": "Service"}, {"type": MERGE}, 422, "converting (v1.Service) to (core.ConfigMap)"),
    ("PATCH", "configmaps/a", [], {"type": STRATEGIC}, 400, "json: cannot unmarshal array into Go value of type map"),
    ("PATCH", "configmaps/a", {"data": "x"}, {"type": STRATEGIC}, 422, '"map[data:x]": cannot restore map from string'),
    ("PATCH", "configmaps/a", UNNAMED | {"kind": "Secret"}, {"type": APPLY, "fieldManager": "m"}, 400, "Kind=Secret"),
    ("PATCH", "configmaps/new", UNNAMED, {"type": APPLY, "fieldManager": "m"}, 400, "name must be provided"),
    ("PATCH", "configmaps/a", config_map("a") | {"z": 1}, {"type": APPLY, "fieldManager": "m"}, 500, "; /v1, Kind="),
    ("POST", "configmaps", b"{", {}, 400, "json parse error: unexpected end of JSON input ({)"),
    ("POST", "configmaps", b'{"a" 1}', {}, 400, "invalid character '1' after object key ({\"a\" 1})"),
    ("POST", "configmaps", b'{"a":[1 2]}', {}, 400, "invalid character '2' after array element"),
    ("POST", "configmaps", b"[]", {}, 400, "json: cannot unmarshal array into Go value of type struct { APIVersion"),
]  # fmt: skip


async def test_what_cannot_be_is_refused_in_kubernetes_words(api: Api) -> None:
    if api.cluster.minor < 36:
        pytest.skip("the words are those of 1.36")
    await api.create("configmaps", config_map("a", x="1"))
    for method, path, body, request, code, words in REFUSED:
        answer = await api.send(method, path, body, **request)
        assert (answer.status_code, words in answer.json()["message"]) == (code, True), (method, path, answer.text)
    assert (await api.get("configmaps/a"))["data"] == {"x": "1"}


async def test_a_name_of_something_on_its_way_out_is_taken(api: Api) -> None:
    body = config_map("a")
    body["metadata"]["finalizers"] = ["example.test/hold"]
    await api.create("configmaps", body)
    await api.delete("configmaps/a")
    refusal = await api.refused("POST", "configmaps", config_map("a"))
    assert refusal.message == 'object is being deleted: configmaps "a" already exists'
    await api.patch("configmaps/a", {"metadata": {"finalizers": None}})


async def test_an_owner_is_named_once_and_is_no_event(api: Api) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "u"}
    body = config_map("a")
    body["metadata"] |= {"ownerReferences": [owner, dict(owner)], "finalizers": ["example.test/hold"]}
    answer = await api.send("POST", "configmaps", body)
    assert answer.json()["metadata"]["ownerReferences"] == [owner]
    assert "contains duplicate entries" in answer.headers["Warning"]
    body["metadata"]["ownerReferences"] = [{**owner, "kind": "Event"}]
    refusal = await api.refused("PUT", "configmaps/a", body)
    assert "/v1, Kind=Event is disallowed from being an owner" in refusal.message
    await api.patch("configmaps/a", {"metadata": {"finalizers": None}})


async def test_a_namespace_keeps_the_label_of_its_name(api: Api) -> None:
    if api.cluster.minor < 22:
        pytest.skip("the label came with 1.21")
    path, label = f"/api/v1/namespaces/{api.cluster.namespace}", "kubernetes.io/metadata.name"
    for value in ("other", None):
        changed = await api.patch(path, {"metadata": {"labels": {label: value}}})
        assert changed["metadata"]["labels"][label] == api.cluster.namespace


async def test_kubectl_takes_over_what_it_applied_as_a_client(api: Api) -> None:
    """Server-side apply by kubectl meets no conflict with its own client-side apply, but with others' writes."""
    if api.cluster.minor < 25:
        pytest.skip("kubectl's own fields are taken over from 1.22 on")
    body = deployment("d", 2)
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(body)}
    await api.create("deployments", body, group="apps/v1", fieldManager="kubectl-client-side-apply")
    wanted: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    wanted["spec"] = {"replicas": 3}
    options: dict[str, Any] = {"group": "apps/v1", "type": APPLY}
    refusal = await api.refused("PATCH", "deployments/d", wanted, fieldManager="other", **options)
    assert 'conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas' in refusal.message
    applied = await api.patch("deployments/d", wanted, fieldManager="kubectl", **options)
    assert applied["spec"]["replicas"] == 3
    wanted["spec"]["replicas"] = 4
    await api.patch("deployments/d", [{"op": "replace", "path": "/spec/replicas", "value": 5}], group="apps/v1",
                    type=JSON_PATCH, fieldManager="somebody")  # fmt: skip
    assert (await api.refused("PATCH", "deployments/d", wanted, fieldManager="kubectl", **options)).code == 409


async def test_the_scale_is_replaced_by_a_scale_of_its_name(api: Api) -> None:
    await api.create("deployments", deployment("d"), group="apps/v1")
    for body, words in (({"spec": {"replicas": 2}}, "name must be provided"), (service("d"), "unknown conversion")):
        refusal = await api.refused("PUT", "deployments/d/scale", body, group="apps/v1")
        assert (refusal.code, words in refusal.message) == (400, True)
    assert (await api.get("deployments/d", group="apps/v1"))["spec"]["replicas"] == 1
