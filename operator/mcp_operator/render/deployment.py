"""The Deployment of an MCPServer."""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.api.resolve import ResolvedServer
from mcp_operator.render import command, environment, probes, security
from mcp_operator.render.context import RenderContext
from mcp_operator.render.metadata import Manifest, child, labels, selector

_PASSED_TO_POD = (
    "nodeSelector",
    "tolerations",
    "affinity",
    "topologySpreadConstraints",
    "priorityClassName",
    "imagePullSecrets",
    "terminationGracePeriodSeconds",
)


def deployment(manifest: Manifest, server: ResolvedServer, context: RenderContext) -> Manifest:
    """`manifest` is the MCPServer, `server` what it resolves to."""
    spec = {
        "replicas": server.replicas,
        "selector": {"matchLabels": selector(server.name)},
        "strategy": _strategy(server.spec),
        "template": _template(manifest, server, context),
    }
    return child(manifest, "apps/v1", "Deployment", spec=spec)


def _strategy(spec: dict[str, Any]) -> dict[str, Any]:
    given = spec.get("deploymentStrategy") or {}
    if given.get("type") == "Recreate":
        return {"type": "Recreate"}
    bounds = {"maxUnavailable": "25%", "maxSurge": "25%", **(given.get("rollingUpdate") or {})}
    return {"type": "RollingUpdate", "rollingUpdate": bounds}


def _template(manifest: Manifest, server: ResolvedServer, context: RenderContext) -> dict[str, Any]:
    annotations = {"kubectl.kubernetes.io/default-container": names.CONTAINER_SERVER}
    if context.checksum:
        annotations[names.ANNOTATION_CONFIG_CHECKSUM] = context.checksum
    restarted = (manifest["metadata"].get("annotations") or {}).get(names.ANNOTATION_RESTARTED_AT)
    if restarted:
        annotations[names.ANNOTATION_RESTARTED_AT] = restarted
    return {
        "metadata": {"labels": labels(server.name), "annotations": annotations},
        "spec": _pod(server, context),
    }


def _pod(server: ResolvedServer, context: RenderContext) -> dict[str, Any]:
    prepared = command.preparation(server, context)
    volumes = environment.volumes(server)
    pod: dict[str, Any] = {
        "serviceAccountName": server.spec.get("serviceAccount") or server.name,
        "automountServiceAccountToken": False,
        "securityContext": security.pod_security(server.spec),
        "containers": [_container(server, context, prepared[1] if prepared else None)],
        "volumes": volumes,
    }
    if prepared:
        pod["initContainers"] = [_init_container(server, context, *prepared)]
        pod["volumes"] = [{"name": prepared[1]["name"], "emptyDir": {}}, *volumes]
    passed = {field: server.spec[field] for field in _PASSED_TO_POD if server.spec.get(field) is not None}
    return {**pod, **passed}


def _container(server: ResolvedServer, context: RenderContext, prepared: dict[str, Any] | None) -> dict[str, Any]:
    mounts = environment.volume_mounts(server)
    container = {
        "name": names.CONTAINER_SERVER,
        "image": command.image(server, context),
        **command.container_command(server, context),
        "env": environment.env(server),
        "envFrom": environment.env_from(server.spec),
        "ports": _ports(server),
        **probes.probes(server),
        "resources": security.resources(server.spec),
        "securityContext": security.container_security(server.spec),
        "volumeMounts": [{**prepared, "readOnly": True}, *mounts] if prepared else mounts,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "imagePullPolicy": server.spec.get("imagePullPolicy"),
    }
    return {key: value for key, value in container.items() if value not in (None, [])}


def _init_container(
    server: ResolvedServer, context: RenderContext, words: list[str], mount: dict[str, Any]
) -> dict[str, Any]:
    """The install step; it sees the server's environment, where a private package index may be configured."""
    container = {
        "name": names.CONTAINER_INSTALL,
        "image": context.runner_image,
        "command": words,
        "env": environment.env(server),
        "envFrom": environment.env_from(server.spec),
        "resources": security.resources(server.spec),
        "securityContext": security.container_security(server.spec),
        "volumeMounts": [mount, {"name": "tmp", "mountPath": "/tmp"}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "imagePullPolicy": server.spec.get("imagePullPolicy"),
    }
    return {key: value for key, value in container.items() if value not in (None, [])}


def _ports(server: ResolvedServer) -> list[dict[str, Any]]:
    """The server's own port, and every other container port that `spec.ports` names by number."""
    ports = [{"name": names.PORT_NAME, "containerPort": server.port, "protocol": "TCP"}]
    seen = {(server.port, "TCP")}
    for port in server.spec.get("ports") or []:
        target, protocol = port.get("targetPort", port["port"]), port.get("protocol", "TCP")
        if isinstance(target, int) and (target, protocol) not in seen:
            seen.add((target, protocol))
            ports.append({"name": port["name"], "containerPort": target, "protocol": protocol})
    return ports
