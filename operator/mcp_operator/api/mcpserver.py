"""The schema of MCPServer: what a person may ask for, and what the operator says in return.

Role: the source of the CRD. A field stands here when code serves it, and not before. Defaults that depend on other
fields are `resolve.py`'s; what a schema cannot say is `validation.py`'s.
"""

from __future__ import annotations

from mcp_operator.api.schema import (
    Schema,
    array,
    boolean,
    enum,
    free_form,
    int_or_string,
    integer,
    keyed,
    kubernetes,
    kubernetes_list,
    mapping,
    obj,
    string,
)

RUNTIME_TYPES = ("docker", "python", "node", "remote")
TRANSPORT_TYPES = ("stdio", "sse", "streamable-http", "http")
SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer")
SESSION_AFFINITIES = ("Auto", "None", "ClientIP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
STRATEGY_TYPES = ("RollingUpdate", "Recreate")
PHASES = ("Pending", "Running", "Degraded", "Failed", "Stopped", "Terminating")


def spec() -> Schema:
    """MCPServer.spec."""
    properties = {**_what_runs(), **_how_it_is_served(), **_where_it_runs(), **_configuration(), **_care()}
    return obj("What should run.", properties)


def _words(description: str) -> Schema:
    return array(description, {"type": "string"})


def _port(description: str) -> Schema:
    return integer(description, 1, 65535)


def _what_runs() -> dict[str, Schema]:
    runtime = {
        "type": enum("How the server is packaged.", RUNTIME_TYPES, default="docker"),
        "image": string("Container image, for type docker.", maxLength=1024),
        "package": string(
            "Package of type python (NAME or NAME==VERSION) or node (NAME or NAME@VERSION).", maxLength=512
        ),
        "command": _words("Command of the image, or the executable of the package."),
        "args": _words("Arguments of the server."),
        "env": mapping("Environment variables by name."),
        "port": _port("Port of the server."),
        "url": string("Address of a server that runs elsewhere, for type remote.", maxLength=2048),
        "headers": keyed("Headers of each request to it.", _header(), ["name"]),
    }
    registry = {
        "name": string("Name of the server in the registry.", maxLength=256),
        "registry": string("The registry that holds it.", default="default", maxLength=253),
        "version": string("Version that was asked for; it pins what a registry completed.", maxLength=128),
        "values": mapping("Values of the entry's parameters and arguments, by key, where a registry completes."),
    }
    return {
        "registry": obj("Where the server was found.", registry, ["name"]),
        "runtime": obj("What runs, by packaging.", runtime),
        "image": string("Container image; wins over runtime.image.", maxLength=1024),
        "tag": string("Tag of the image, where the image names none. Default latest.", maxLength=128),
        "command": _words("Command; wins over runtime.command."),
        "args": _words("Arguments; win over runtime.args."),
        "env": kubernetes_list("EnvVar", "Environment variables; win over runtime.env by name.", "name"),
        "port": _port("Port of the server; wins over runtime.port. Default 8080."),
    }


def _header() -> Schema:
    secret = kubernetes("SecretKeySelector", "A key of a Secret, which holds the whole value.")
    return obj(
        "",
        {
            "name": string("Name.", pattern="^[-!#$%&'*+.^_`|~0-9A-Za-z]+$", maxLength=256),
            "value": string("Value.", maxLength=8192),
            "valueFrom": obj("Where the value is.", {"secretKeyRef": secret}, ["secretKeyRef"]),
        },
        ["name"],
    )


def _how_it_is_served() -> dict[str, Schema]:
    transport = {
        "type": enum("What the server speaks: stdio runs behind a bridge; http is streamable-http.", TRANSPORT_TYPES),
        "path": string("Path of the endpoint.", default="/mcp", pattern="^/", maxLength=1024),
    }
    port = obj(
        "",
        {
            "name": string("Name of the port.", pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", maxLength=15),
            "port": _port("Port of the Service."),
            "targetPort": int_or_string("Port of the container, by number or name. Default: port."),
            "protocol": enum("Protocol.", ("TCP", "UDP", "SCTP"), default="TCP"),
            "appProtocol": string("Application protocol, as in a Service.", maxLength=253),
        },
        ["name", "port"],
    )
    return {
        "replicas": integer("How many pods. Default 1; 0 stops the server.", 0),
        "serviceType": enum("Type of the Service.", SERVICE_TYPES, default="ClusterIP"),
        "transport": obj("How the server is spoken to.", transport),
        "ports": keyed("Ports of the Service. Default: the server's port, named mcp.", port, ["name"]),
        "sessionAffinity": enum(
            "Whether a client keeps its pod. Auto: unless the running server gives out no session ids.",
            SESSION_AFFINITIES,
            default="Auto",
        ),
    }


def _where_it_runs() -> dict[str, Schema]:
    return {
        "resources": kubernetes(
            "ResourceRequirements", "Requests 100m and 128Mi, limits 500m and 512Mi where not given."
        ),
        "securityContext": kubernetes(
            "SecurityContext", "Of the container; each field set here replaces the secure default."
        ),
        "podSecurityContext": kubernetes(
            "PodSecurityContext", "Of the pod; each field set here replaces the secure default."
        ),
        "nodeSelector": mapping("Labels that a node must have."),
        "tolerations": kubernetes_list("Toleration", "As in a pod."),
        "affinity": kubernetes("Affinity", "As in a pod."),
        "topologySpreadConstraints": kubernetes_list("TopologySpreadConstraint", "As in a pod."),
        "priorityClassName": string("As in a pod.", maxLength=253),
        "serviceAccount": string(
            "An existing ServiceAccount. Default: one of its own, without API access.", maxLength=253
        ),
        "imagePullSecrets": kubernetes_list("LocalObjectReference", "As in a pod."),
        "imagePullPolicy": enum("As in a container.", PULL_POLICIES),
        "terminationGracePeriodSeconds": {**integer("As in a pod.", 0), "format": "int64"},
    }


def _source(kind: str) -> Schema:
    properties = {
        "name": string(f"Name of the {kind}.", maxLength=253),
        "key": string("One key of it; without it, all keys.", maxLength=253),
        "env": string("Environment variable that gets the value of key.", maxLength=256),
        "mountPath": string("Directory in which the keys appear as files.", pattern="^/", maxLength=1024),
        "prefix": string("Prefix of the variables when all keys become environment.", maxLength=256),
        "optional": boolean("Start the server although it is missing.", default=False),
    }
    return obj("", properties, ["name"])


def _configuration() -> dict[str, Schema]:
    return {
        "envFrom": kubernetes_list("EnvFromSource", "As in a container."),
        "configSources": array(
            "ConfigMaps, as files (mountPath), one variable (key and env) or environment.", _source("ConfigMap")
        ),
        "secretRefs": array(
            "Secrets, as files (mountPath), one variable (key and env) or environment.", _source("Secret")
        ),
        "volumes": kubernetes_list("Volume", "As in a pod.", "name"),
        "volumeMounts": kubernetes_list("VolumeMount", "As in a container.", "mountPath"),
        "config": free_form("Configuration of the server, given to it as a JSON file that MCP_CONFIG_FILE names."),
    }


def _network() -> Schema:
    rules = {
        "ingress": kubernetes_list("NetworkPolicyIngressRule", "Who may reach the server; [] is nobody."),
        "egress": kubernetes_list("NetworkPolicyEgressRule", "What the server may reach; [] is nothing."),
    }
    return obj("Traffic of this server alone; a direction that is not given is not restricted.", rules)


def _care() -> dict[str, Schema]:
    health = {
        "liveness": kubernetes("Probe", "Replaces the liveness probe."),
        "readiness": kubernetes("Probe", "Replaces the readiness probe."),
        "startup": kubernetes("Probe", "Replaces the startup probe."),
    }
    validation = {
        "enabled": boolean("Ask the running server what it is before it counts as ready.", default=True),
        "requiredTools": _words("Tools that it must have."),
        "requiredCapabilities": array(
            "Capabilities that it must declare.",
            {"type": "string", "enum": ["tools", "resources", "prompts", "logging", "completions"]},
        ),
        "timeout": string(
            "How long one question may take; a server behind the bridge that stays silent is given more each time.",
            default="10s",
            pattern=r"^[0-9]+(ms|s|m)$",
        ),
    }
    rolling = {
        "maxUnavailable": int_or_string("As in a Deployment. Default 25%."),
        "maxSurge": int_or_string("As in a Deployment. Default 25%."),
    }
    strategy = {
        "type": enum("How pods are replaced.", STRATEGY_TYPES, default="RollingUpdate"),
        "rollingUpdate": obj("Bounds of a rolling update.", rolling),
    }
    return {
        "health": obj("Probes of the container.", health),
        "validation": obj("What the running server must say to be Ready.", validation),
        "networkPolicy": _network(),
        "deploymentStrategy": obj("How a change reaches the pods.", strategy),
        "suspend": boolean("Stop reconciling and keep everything as it is.", default=False),
    }


def status() -> Schema:
    """MCPServer.status."""
    mcp = {
        "era": enum("modern, legacy or both.", ("modern", "legacy", "dual")),
        "protocolVersions": _words("Protocol versions that it speaks."),
        "sessions": boolean("Whether it gives out session ids in an era that it speaks."),
        "serverInfo": obj(
            "Its name and version.",
            {
                "name": string("Name."),
                "title": string("Title."),
                "version": string("Version."),
            },
        ),
        "capabilities": _words("Capabilities that it declares."),
        "tools": _words("Names of its tools."),
        "toolCount": integer("How many tools it has.", 0),
    }
    return obj(
        "What is.",
        {
            "phase": enum("One word.", PHASES),
            "reason": string("Why, in one word."),
            "message": string("Why, in a sentence."),
            "image": string("Image, or pypi:NAME or npm:NAME; the host of a remote server."),
            "tag": string("Tag or version."),
            "observedGeneration": {**integer("Generation that this status describes.", 0), "format": "int64"},
            "replicas": integer("Pods that there are.", 0),
            "readyReplicas": integer("Pods that are ready.", 0),
            "availableReplicas": integer("Pods that are available.", 0),
            "selector": string("Label selector of the pods."),
            "serviceEndpoint": string("HOST:PORT of the Service, or the URL of a remote server."),
            "lastUpdateTime": string("When this status last changed.", format="date-time"),
            "registry": obj("What the registry says of the server, where it completed the spec.", _found()),
            "resolvedHash": string("Digest of the spec as the registry completed it."),
            "mcp": obj("What the running server said of itself.", mcp),
            "conditions": conditions(),
        },
    )


def _found() -> dict[str, Schema]:
    return {
        "name": string("The MCPRegistry, as NAMESPACE/NAME."),
        "version": string("Version of the entry."),
        "description": string("What the server is."),
        "repository": string("Its source code."),
        "license": string("Its license."),
        "author": string("Who publishes it."),
        "keywords": _words("Categories and tags."),
        "capabilities": _words("What it offers, as far as the entry says."),
        "digest": string("SHA-256 of the entry's document."),
    }


def conditions() -> Schema:
    """A list of `metav1.Condition`."""
    item = obj(
        "",
        {
            "type": string("Type.", maxLength=316),
            "status": enum("Status.", ("True", "False", "Unknown")),
            "observedGeneration": {**integer("Generation that it describes.", 0), "format": "int64"},
            "lastTransitionTime": string("When the status last changed.", format="date-time"),
            "reason": string("Why, in one word.", maxLength=1024),
            "message": string("Why, in a sentence.", maxLength=32768),
        },
        ["type", "status", "lastTransitionTime", "reason", "message"],
    )
    return keyed("Standard conditions.", item, ["type"])
