"""Our kinds as the command line names them, and thin accessors of their objects.

Role: resources of our API, the words for them, and how one is called in messages and by `-o name`. Pure.
Called by commands, printers and completion.
"""

from __future__ import annotations

from typing import Any

from mcp_operator.api import names
from mcp_operator.runtime.resources import Resource

from mcp_cli.output.naming import reference as reference

SERVERS = Resource(names.GROUP, names.VERSION, names.PLURAL_SERVERS, names.KIND_SERVER)
REGISTRIES = Resource(names.GROUP, names.VERSION, names.PLURAL_REGISTRIES, names.KIND_REGISTRY)
BACKUPS = Resource(names.GROUP, names.VERSION, names.PLURAL_BACKUPS, names.KIND_BACKUP)

PLURALS: dict[str, Resource] = {"servers": SERVERS, "registries": REGISTRIES, "backups": BACKUPS}

_WORDS: dict[Resource, tuple[str, ...]] = {
    SERVERS: ("servers", "server", "mcpservers", "mcpserver", "mcps"),
    REGISTRIES: ("registries", "registry", "mcpregistries", "mcpregistry", "mcpreg"),
    BACKUPS: ("backups", "backup", "mcpserverbackups", "mcpserverbackup", "mcpbak"),
}


def kind_of(word: str) -> Resource | None:
    """The resource a word names: plural, singular, Kubernetes' own plural or short name, with or without the group."""
    plain = word.lower().removesuffix(f".{names.GROUP}")
    return next((resource for resource, words in _WORDS.items() if plain in words), None)


_OF_KUBERNETES = frozenset(
    (
        "pod",
        "po",
        "deployment",
        "deploy",
        "replicaset",
        "rs",
        "service",
        "svc",
        "node",
        "namespace",
        "ns",
        "event",
        "crd",
    )
)


def like_kind(word: str) -> str:
    """The plural of the kind that a misspelt word may mean; empty where it is like none."""
    from difflib import get_close_matches

    known = {name: plural for plural, resource in PLURALS.items() for name in _WORDS[resource]}
    near = get_close_matches(word.lower(), list(known), n=1, cutoff=0.8)
    return known[near[0]] if near else ""


def of_kubernetes(word: str) -> bool:
    """Whether a word is a well-known kind of Kubernetes itself."""
    return bool({word.lower(), word.lower().removesuffix("s")} & _OF_KUBERNETES)


def plural_word(resource: Resource) -> str:
    return next((word for word, known in PLURALS.items() if known == resource), resource.plural)


def status_of(obj: dict[str, Any]) -> dict[str, Any]:
    return obj.get("status") or {}


def spec_of(obj: dict[str, Any]) -> dict[str, Any]:
    return obj.get("spec") or {}


def conditions_of(obj: dict[str, Any]) -> list[dict[str, Any]]:
    return status_of(obj).get("conditions") or []


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any] | None:
    return next((c for c in conditions_of(obj) if c.get("type") == kind), None)


def desired_replicas(server: dict[str, Any]) -> int:
    """What the spec asks for; under autoscaling, what the status says is wanted now."""
    spec, status = spec_of(server), status_of(server)
    if ((spec.get("autoscaling") or {}).get("hpa") or {}).get("enabled"):
        return int(status.get("replicas") or 0)
    replicas = spec.get("replicas")
    return 1 if replicas is None else int(replicas)


def seen_by_operator(server: dict[str, Any]) -> bool:
    """Whether the status speaks of the spec as it is now."""
    return int(status_of(server).get("observedGeneration") or 0) >= int(server["metadata"].get("generation") or 0)
