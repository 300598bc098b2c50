"""Sequences of writes to one object: patches of every kind, server-side apply by several managers, status, scale.

Role: data for the golden test and its differential twin. A step is (method, manager, body) and options.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from tests.unit.apimachinery.invalid_cases import PATHS, api_version
from tests.unit.apimachinery.widgets import WIDGETS

JSON, MERGE = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"


class Step(NamedTuple):
    method: str
    manager: str
    body: Any
    kind: str = ""
    subresource: str = ""
    force: bool = False


class Scenario(NamedTuple):
    title: str
    kind: str
    steps: list[Step]


def path_of(kind: str) -> str:
    return WIDGETS if kind == "Widget" else PATHS[kind]


def obj(kind: str, name: str = "it", **fields: Any) -> dict[str, Any]:
    version = "example.test/v1" if kind == "Widget" else api_version(kind)
    metadata = {"name": name, **fields.pop("metadata", {})}
    return copy.deepcopy({"apiVersion": version, "kind": kind, "metadata": metadata, **fields})


def create(manager: str, body: dict[str, Any]) -> Step:
    return Step("POST", manager, body)


def put(manager: str, body: dict[str, Any], subresource: str = "") -> Step:
    return Step("PUT", manager, body, "", subresource)


def patch(manager: str, body: Any, kind: str = MERGE, subresource: str = "") -> Step:
    return Step("PATCH", manager, body, kind, subresource)


def apply(manager: str, body: dict[str, Any], *, force: bool = False, subresource: str = "") -> Step:
    return Step("PATCH", manager, body, APPLY, subresource, force)


C: dict[str, Any] = {"name": "c", "image": "x"}


def deploy(
    containers: list[dict[str, Any]] | None = None, metadata: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers or [C]}}
    return obj(
        "Deployment",
        metadata=metadata or {},
        spec={"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec},
    )


def in_pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def config(**fields: Any) -> dict[str, Any]:
    return obj("ConfigMap", **fields)


def widget(**spec: Any) -> dict[str, Any]:
    return obj("Widget", spec=spec)


PATCHES = [
    Scenario(
        "json patch",
        "ConfigMap",
        [
            create("m", config(data={"a": "1"}, metadata={"annotations": {"b/c": "2"}})),
            patch("p", [{"op": "add", "path": "/data/x", "value": "y"}], JSON),
            patch("p", [{"op": "test", "path": "/data/x", "value": "y"}, {"op": "remove", "path": "/data/x"}], JSON),
            patch("p", [{"op": "test", "path": "/data/a", "value": "no"}], JSON),
            patch("p", [{"op": "replace", "path": "/metadata/annotations/b~1c", "value": "3"}], JSON),
            patch("p", [{"op": "move", "from": "/data/a", "path": "/data/z"}], JSON),
            patch("p", [{"op": "copy", "from": "/data/z", "path": "/data/y"}], JSON),
            patch("p", [{"op": "remove", "path": "/data/none"}], JSON),
            patch("p", [{"op": "replace", "path": "/data/none", "value": "1"}], JSON),
            patch("p", [{"op": "add", "path": "/metadata/labels", "value": {"l": "v"}}], JSON),
            patch("p", [{"op": "what", "path": "/data"}], JSON),
            patch("p", {"op": "add"}, JSON),
        ],
    ),
    Scenario(
        "merge patch",
        "ConfigMap",
        [
            create("m", config(data={"a": "1", "b": "2"}, metadata={"labels": {"x": "y"}})),
            patch("p", {"data": {"a": None, "c": "3"}}),
            patch("p", {"metadata": {"labels": None, "annotations": {"n": "v"}}}),
            patch("p", {"data": None}),
            patch("p", {"metadata": {"labels": {"bad label": "x"}}}),
            patch("p", {"metadata": {"name": "it"}, "data": {"k": "v"}}),
            patch("p", {"data": {"k": "v"}}),
        ],
    ),
    Scenario(
        "strategic patch of lists",
        "Deployment",
        [
            create("m", deploy([C, {"name": "d", "image": "y", "env": [{"name": "A", "value": "1"}], "args": ["1"]}])),
            patch("p", in_pod(containers=[{"name": "d", "image": "z"}]), STRATEGIC),
            patch("p", in_pod(containers=[{"name": "d", "env": [{"name": "B", "value": "2"}]}]), STRATEGIC),
            patch("p", in_pod(containers=[{"name": "d", "env": [{"name": "A", "$patch": "delete"}]}]), STRATEGIC),
            patch("p", in_pod(containers=[{"name": "d", "args": ["2"]}]), STRATEGIC),
            patch("p", in_pod(containers=[{"name": "e", "image": "w"}]), STRATEGIC),
            patch(
                "p", in_pod(**{"$setElementOrder/containers": [{"name": "e"}, {"name": "c"}, {"name": "d"}]}), STRATEGIC
            ),
            patch("p", in_pod(containers=[{"name": "e", "$patch": "delete"}]), STRATEGIC),
            patch("p", in_pod(containers=[{"$patch": "replace"}, {"name": "n", "image": "q"}]), STRATEGIC),
            patch("p", in_pod(volumes=[{"name": "v", "configMap": {"name": "x"}}]), STRATEGIC),
            patch(
                "p",
                in_pod(volumes=[{"name": "v", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]),
                STRATEGIC,
            ),
            patch("p", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}, STRATEGIC),
            patch("p", {"metadata": {"finalizers": ["a.b/c", "a.b/d"]}}, STRATEGIC),
            patch("p", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a.b/c"]}}, STRATEGIC),
            patch("p", {"metadata": {"finalizers": None}}, STRATEGIC),
            patch("p", in_pod(containers=[{"image": "q"}]), STRATEGIC),
            patch("p", {"spec": {"selector": {"matchLabels": {"x": "y"}}}}, STRATEGIC),
        ],
    ),
]
APPLIES = [
    Scenario(
        "two appliers",
        "Deployment",
        [
            apply("one", deploy(replicas=2)),
            apply("one", deploy(replicas=2)),
            apply("two", obj("Deployment", spec={"replicas": 3})),
            apply("two", obj("Deployment", spec={"replicas": 2})),
            apply("two", obj("Deployment", spec={"replicas": 3})),
            apply("two", obj("Deployment", spec={"replicas": 3}), force=True),
            apply("one", deploy()),
            apply("two", obj("Deployment", metadata={"labels": {"l": "v"}})),
            apply("one", deploy([{**C, "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]}])),
            apply(
                "two",
                obj(
                    "Deployment",
                    spec={"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "B", "value": "2"}]}]}}},
                ),
            ),
            apply("one", deploy()),
            apply("two", obj("Deployment")),
            apply("one", deploy([{**C, "resources": {"limits": {"cpu": "1"}}}], metadata={"annotations": {"a": "b"}})),
            apply("one", deploy([{"name": "other", "image": "y"}])),
        ],
    ),
    Scenario(
        "apply and update",
        "Deployment",
        [
            create("kubectl-create", deploy(replicas=1)),
            apply("op", deploy(replicas=2)),
            apply("op", deploy(replicas=2), force=True),
            patch("scaler", {"spec": {"replicas": 5}}),
            apply("op", deploy(replicas=2)),
            apply("op", deploy()),
            patch(
                "status",
                {"status": {"replicas": 5, "conditions": [{"type": "Available", "status": "True"}]}},
                MERGE,
                "status",
            ),
            apply("other", obj("Deployment", status={"replicas": 1}), subresource="status"),
            apply("other", obj("Deployment", status={"readyReplicas": 1}), subresource="status"),
            put("editor", {**deploy(replicas=7), "status": {"replicas": 9}}),
            patch("editor", {"metadata": {"managedFields": []}}),
            apply("op", deploy(replicas=7)),
        ],
    ),
    Scenario(
        "apply refused",
        "Deployment",
        [
            apply("op", deploy(foo=1)),
            apply("op", deploy(replicas="x")),
            apply("op", {**deploy(), "metadata": {"name": "it", "managedFields": [{}]}}),
            apply("op", deploy([{"image": "x"}])),
            apply("op", deploy([C, C])),
            apply("op", deploy([{"name": "A", "image": "x"}])),
        ],
    ),
    Scenario(
        "a custom resource",
        "Widget",
        [
            apply(
                "one", widget(tags=["a", "b"], plain=["x"], ports=[{"port": 80}], whole={"a": "1"}, nested={"b": "1"})
            ),
            apply(
                "two",
                widget(tags=["c"], ports=[{"port": 80, "protocol": "UDP"}], labels={"k": "v"}, free={"x": {"y": 1}}),
            ),
            apply("two", widget(plain=["y"])),
            apply("two", widget(whole={"b": "2"})),
            apply("two", widget(tags=["c", "d"], free={"x": {"z": 1}, "l": [1]})),
            apply("one", widget(tags=["b"], ports=[{"port": 81}])),
            apply("one", widget(unknown=1)),
            patch("p", {"spec": {"size": 5, "labels": {"k": None, "m": "n"}}}),
            patch("p", {"spec": {"size": None}}),
            patch("p", {"spec": {"size": -1}}),
            patch("p", {"spec": {"nothing": True}}),
            patch("p", {"status": {"phase": "Up"}}),
            patch(
                "p",
                {"status": {"phase": "Up"}, "spec": {"size": 9}, "metadata": {"labels": {"q": "r"}}},
                MERGE,
                "status",
            ),
            apply("three", obj("Widget", status={"phase": "Up"}), subresource="status"),
            apply("three", obj("Widget", status={"phase": "Down"}), subresource="status"),
            apply("three", obj("Widget", status={"phase": "Down"}), subresource="status", force=True),
            patch("p", {"spec": {"tags": ["z", "z"]}}),
        ],
    ),
    Scenario(
        "a config map",
        "ConfigMap",
        [
            create("m", config(data={"a": "1"})),
            apply("op", config(data={"b": "2"})),
            apply("op", config(data={"a": "1", "b": "3"})),
            apply("op", config(data={"b": "3"})),
            apply(
                "op",
                config(
                    metadata={
                        "labels": {"x": "y"},
                        "annotations": {"n": "m"},
                        "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}],
                    }
                ),
            ),
            apply("op", config(metadata={"finalizers": ["a.b/c"]})),
            apply("op", config()),
        ],
    ),
]
UPDATES = [
    Scenario(
        "immutable fields",
        "ConfigMap",
        [
            create("m", config(data={"a": "1"}, immutable=True)),
            patch("p", {"data": {"a": "2"}}),
            patch("p", {"immutable": False}),
            patch("p", {"metadata": {"labels": {"x": "y"}}}),
        ],
    ),
    Scenario(
        "a secret",
        "Secret",
        [
            create("m", obj("Secret", stringData={"a": "1"})),
            patch("p", {"stringData": {"b": "2"}}),
            patch("p", {"type": "other"}),
            put("p", obj("Secret", data={"c": "ZA=="})),
        ],
    ),
    Scenario(
        "a job",
        "Job",
        [
            create("m", obj("Job", spec={"template": {"spec": {"restartPolicy": "Never", "containers": [C]}}})),
            patch("p", {"spec": {"parallelism": 3}}),
            patch("p", {"spec": {"completions": 3}}),
            patch("s", {"status": {"active": 1}}, MERGE, "status"),
        ],
    ),
    Scenario(
        "a pod",
        "Pod",
        [
            create("m", obj("Pod", spec={"containers": [C]})),
            patch("p", {"spec": {"containers": [{"name": "c", "image": "y"}]}}, STRATEGIC),
            patch("p", {"spec": {"terminationGracePeriodSeconds": 5}}),
            patch("p", {"spec": {"containers": [{"name": "d", "image": "y"}]}}, STRATEGIC),
            patch(
                "kubelet",
                {"status": {"phase": "Running", "podIP": "10.1.2.3", "podIPs": [{"ip": "10.1.2.3"}]}},
                STRATEGIC,
                "status",
            ),
            patch("kubelet", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, STRATEGIC, "status"),
            patch("kubelet", {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, STRATEGIC, "status"),
            patch("p", {"metadata": {"labels": {"a": "b"}}}, STRATEGIC),
        ],
    ),
    Scenario(
        "replacing",
        "Deployment",
        [
            create("m", deploy()),
            put("m", deploy(replicas=4)),
            put("m", {**deploy(replicas=4), "metadata": {"name": "it", "labels": {"x": "y"}}}),
            put("n", deploy([{**C, "image": "z"}])),
            put("n", deploy([{**C, "image": "z"}])),
            put("s", {**deploy(replicas=9), "status": {"replicas": 2}}, "status"),
        ],
    ),
]
SCENARIOS = [*PATCHES, *APPLIES, *UPDATES]
