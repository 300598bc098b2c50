"""The descriptions of `mcp describe`: one function a kind, and the parts they share.

Role: pure text from objects that the command has read. Called by `describe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mcp_cli import pods as podviews
from mcp_cli.durations import age
from mcp_cli.kinds import conditions_of, desired_replicas, spec_of, status_of
from mcp_cli.output.structured import to_yaml
from mcp_cli.output.table import align
from mcp_cli.views.status import is_good, phase_of

INDENT = "  "
Pairs = Iterable[tuple[str, Any]]


def describe_server(server: dict[str, Any], pods: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]]) -> str:
    """Everything worth knowing of a server, with its pods and events."""
    return "\n".join(
        [
            *head(server),
            *_what_runs(server),
            *_state(server),
            *_found(status_of(server).get("registry") or {}),
            *_said(status_of(server).get("mcp") or {}),
            *conditions(server),
            *_pods(pods),
            *event_lines(events),
        ]
    )


def describe_other(obj: dict[str, Any], events: Sequence[dict[str, Any]]) -> str:
    """A registry or a backup: what was asked for, what is, what happened."""
    status = {key: value for key, value in status_of(obj).items() if key != "conditions"}
    parts = [*head(obj)]
    for title, value in (("Spec", spec_of(obj)), ("Status", status)):
        if value:
            parts += [f"{title}:", *(INDENT + line for line in to_yaml(value).splitlines())]
    return "\n".join([*parts, *conditions(obj), *event_lines(events)])


def head(obj: dict[str, Any]) -> list[str]:
    """Name, namespace, labels, annotations, age."""
    metadata = obj["metadata"]
    return [
        *_fields([("Name", metadata["name"]), ("Namespace", metadata.get("namespace"))]),
        *_map("Labels", metadata.get("labels")),
        *_map("Annotations", metadata.get("annotations")),
        *_fields([("Created", f"{metadata.get('creationTimestamp')} ({age(metadata.get('creationTimestamp'))} ago)")]),
    ]


def _what_runs(server: dict[str, Any]) -> list[str]:
    spec = spec_of(server)
    runtime, transport, registry = spec.get("runtime") or {}, spec.get("transport") or {}, spec.get("registry") or {}
    words = [*(spec.get("command") or runtime.get("command") or []), *(spec.get("args") or runtime.get("args") or [])]
    source = " ".join(
        part for part in (registry.get("name"), f"({registry['registry']})" if registry.get("registry") else "") if part
    )
    return _fields(
        [
            ("Registry", source),
            ("Runtime", runtime.get("type")),
            ("Package", runtime.get("package")),
            ("Image", spec.get("image") or runtime.get("image")),
            ("Command", " ".join(map(str, words))),
            ("Transport", " ".join(part for part in (transport.get("type"), transport.get("path")) if part)),
            (
                "Environment",
                ", ".join(sorted({*(one["name"] for one in spec.get("env") or []), *(runtime.get("env") or {})})),
            ),
        ]
    )


def _state(server: dict[str, Any]) -> list[str]:
    status = status_of(server)
    there, ready = status.get("replicas") or 0, status.get("readyReplicas") or 0
    counts = f"{desired_replicas(server)} desired, {there} there, {ready} ready"
    return _fields(
        [
            ("Replicas", counts),
            ("Endpoint", status.get("serviceEndpoint")),
            ("Phase", phase_of(server)),
            ("Reason", status.get("reason")),
            ("Message", status.get("message")),
        ]
    )


def _found(registry: dict[str, Any]) -> list[str]:
    """What the registry says of a server that it completed."""
    if not registry:
        return []
    fields = [
        ("MCPRegistry", registry.get("name")),
        ("Version", registry.get("version")),
        ("Description", registry.get("description")),
        ("Repository", registry.get("repository")),
        ("License", registry.get("license")),
        ("Author", registry.get("author")),
        ("Keywords", ", ".join(registry.get("keywords") or [])),
        ("Capabilities", ", ".join(registry.get("capabilities") or [])),
    ]
    return ["Entry:", *(INDENT + line for line in _fields(fields))]


def _said(mcp: dict[str, Any]) -> list[str]:
    """What the running server said of itself."""
    if not mcp:
        return []
    info = mcp.get("serverInfo") or {}
    tools = mcp.get("tools") or mcp.get("toolNames") or []
    names = [tool["name"] if isinstance(tool, dict) else str(tool) for tool in tools]
    sessions = mcp.get("sessions")
    fields = [
        ("Server", " ".join(str(info[key]) for key in ("name", "version") if info.get(key))),
        ("Protocol", ", ".join(mcp.get("protocolVersions") or [])),
        ("Sessions", None if sessions is None else "yes" if sessions else "no"),
        ("Capabilities", ", ".join(mcp.get("capabilities") or [])),
        ("Tools", f"{mcp.get('toolCount', len(names))}: {', '.join(names)}" if names else mcp.get("toolCount")),
    ]
    return ["MCP:", *(INDENT + line for line in _fields(fields))]


def conditions(obj: dict[str, Any]) -> list[str]:
    """A table: what kubectl describes as a block of YAML."""
    found = conditions_of(obj)
    if not found:
        return ["Conditions:  <none>"]
    rows = [
        [
            "✓" if is_good(c) else "✗",
            c.get("type", ""),
            c.get("status", ""),
            c.get("reason") or "",
            age(c.get("lastTransitionTime")),
            message_beside(obj, c),
        ]
        for c in found
    ]
    return ["Conditions:", *_table(["", "TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"], rows)]


def message_beside(obj: dict[str, Any], one: dict[str, Any]) -> str:
    """The message of a condition, unless it is the one that the status says above already."""
    message = " ".join((one.get("message") or "").split())
    return "" if message == " ".join((status_of(obj).get("message") or "").split()) else message


def _pods(pods: Sequence[dict[str, Any]]) -> list[str]:
    if not pods:
        return ["Pods:  <none>"]
    rows = []
    for pod in pods:
        metadata, status = pod["metadata"], pod.get("status") or {}
        word, message = podviews.state_word(pod), podviews.state_message(pod)
        row = [
            metadata["name"],
            podviews.ready_text(pod),
            word,
            str(podviews.restarts(pod)),
            age(metadata.get("creationTimestamp")),
        ]
        rows.append(
            [*row, status.get("podIP") or "<none>", pod["spec"].get("nodeName") or "<none>", " ".join(message.split())]
        )
    return ["Pods:", *_table(["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "MESSAGE"], rows)]


def event_lines(events: Sequence[dict[str, Any]]) -> list[str]:
    """The events, the latest last, as often as they happened."""
    if not events:
        return ["Events:  <none>"]
    rows = []
    for event in sorted(events, key=_order):
        about = event.get("involvedObject") or {}
        count = int(event.get("count") or (event.get("series") or {}).get("count") or 1)
        seen = age(last_seen(event) or None) + (f" (x{count})" if count > 1 else "")
        who = f"{about.get('kind', '')}/{about.get('name', '')}"
        rows.append(
            [
                seen,
                event.get("type") or "",
                event.get("reason") or "",
                who,
                " ".join((event.get("message") or "").split()),
            ]
        )
    return ["Events:", *_table(["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], rows)]


def _order(event: dict[str, Any]) -> tuple[str, int]:
    """By the second; within one as they were written."""
    version = event["metadata"].get("resourceVersion") or ""
    return last_seen(event)[:19], int(version) if version.isdigit() else 0


def last_seen(event: dict[str, Any]) -> str:
    series = event.get("series") or {}
    return (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


def _fields(pairs: Pairs) -> list[str]:
    """A line each: what a server says with line breaks must not look like a field of its own."""
    return [f"{label + ':':<14}{' '.join(str(value).split())}" for label, value in pairs if value not in (None, "", [])]


def _map(label: str, values: dict[str, str] | None) -> list[str]:
    lines = [
        f"{key}={value}"
        for key, value in sorted((values or {}).items())
        if not key.startswith("kubectl.kubernetes.io/last-applied")
    ]
    return [f"{(label + ':') if number == 0 else '':<14}{line}" for number, line in enumerate(lines)]


def _table(headers: list[str], rows: list[list[str]]) -> list[str]:
    """Indented; a last column in which nothing is said is left out."""
    if rows and not any(row[-1] for row in rows):
        headers, rows = headers[:-1], [row[:-1] for row in rows]
    return [INDENT + line for line in align(headers, rows, [None] * len(headers), colour=False).splitlines()]
