"""The files of configMap, secret, downwardAPI and projected volumes, and what a pod refers to. Pure.

Writing them is volumes.py's job. The words of errors are the kubelet's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_cli.local.node.environment import ConfigError, Lookup, data_of
from mcp_cli.local.node.fields import FieldError, pod_field, resource_field

DEFAULT_MODE = 0o644
Reference = tuple[str, str]
"""Kind (ConfigMap or Secret) and name."""
Token = Callable[[str | None, int], str]
"""(audience, seconds) -> a token of the pod's service account."""
PAYLOAD_KINDS = ("configMap", "secret", "downwardAPI", "projected")


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume."""

    data: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class PayloadInput:
    """What the files are made from."""

    pod: Mapping[str, Any]
    lookup: Lookup
    token: Token
    capacity: Mapping[str, str]


def is_payload(volume: Mapping[str, Any]) -> bool:
    """Whether the volume's files come from the API."""
    return any(kind in volume for kind in PAYLOAD_KINDS)


def volume_payload(volume: Mapping[str, Any], given: PayloadInput) -> dict[str, File]:
    """Path -> file for one such volume."""
    if "configMap" in volume:
        return _keys("ConfigMap", volume["configMap"], volume["configMap"].get("name", ""), given)
    if "secret" in volume:
        return _keys("Secret", volume["secret"], volume["secret"].get("secretName", ""), given)
    if "downwardAPI" in volume:
        return _downward(volume["downwardAPI"], given)
    return _projected(volume["projected"], given)


def _keys(
    kind: str, source: Mapping[str, Any], name: str, given: PayloadInput, mode: int | None = None
) -> dict[str, File]:
    """The files of a ConfigMap or Secret: all keys, or the listed items."""
    obj = given.lookup(kind, name)
    if obj is None:
        if source.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{name}" not found')
    values = data_of(kind, obj)
    default = source.get("defaultMode") or mode or DEFAULT_MODE
    if not source.get("items"):
        return {key: File(value, default) for key, value in values.items()}
    files = {}
    for item in source["items"]:
        if item["key"] in values:
            files[item["path"]] = File(values[item["key"]], item.get("mode") or default)
        elif not source.get("optional"):
            raise ConfigError(f"references non-existent {kind.lower()} key: {item['key']}")
    return files


def _downward(source: Mapping[str, Any], given: PayloadInput, mode: int | None = None) -> dict[str, File]:
    default = source.get("defaultMode") or mode or DEFAULT_MODE
    files = {}
    for item in source.get("items") or []:
        try:
            if "fieldRef" in item:
                text = pod_field(given.pod, item["fieldRef"]["fieldPath"])
            else:
                text = resource_field(given.pod, {}, item["resourceFieldRef"], given.capacity)
        except FieldError as error:
            raise ConfigError(str(error)) from error
        files[item["path"]] = File(text.encode(), item.get("mode") or default)
    return files


def _projected(source: Mapping[str, Any], given: PayloadInput) -> dict[str, File]:
    mode = source.get("defaultMode") or DEFAULT_MODE
    files: dict[str, File] = {}
    for part in source.get("sources") or []:
        if "configMap" in part:
            files |= _keys("ConfigMap", part["configMap"], part["configMap"].get("name", ""), given, mode)
        elif "secret" in part:
            files |= _keys("Secret", part["secret"], part["secret"].get("name", ""), given, mode)
        elif "downwardAPI" in part:
            files |= _downward(part["downwardAPI"], given, mode)
        elif "serviceAccountToken" in part:
            wanted = part["serviceAccountToken"]
            token = given.token(wanted.get("audience"), wanted.get("expirationSeconds") or 3600)
            files[wanted["path"]] = File(token.encode(), 0o600)
    return files


def token_requests(pod: Mapping[str, Any]) -> set[tuple[str | None, int]]:
    """Audience and seconds of every service account token that the pod's volumes ask for."""
    return {
        (part["serviceAccountToken"].get("audience"), part["serviceAccountToken"].get("expirationSeconds") or 3600)
        for volume in pod["spec"].get("volumes") or []
        for part in (volume.get("projected") or {}).get("sources") or []
        if "serviceAccountToken" in part
    }


def references(pod: Mapping[str, Any]) -> set[Reference]:
    """Every ConfigMap and Secret that the pod's volumes and environments name."""
    return {*_volume_references(pod), *_env_references(pod)}


def _volume_references(pod: Mapping[str, Any]) -> Iterator[Reference]:
    for volume in pod["spec"].get("volumes") or []:
        for part in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
            if "configMap" in part:
                yield "ConfigMap", part["configMap"].get("name", "")
            if "secret" in part:
                yield "Secret", part["secret"].get("secretName") or part["secret"].get("name", "")


def _env_references(pod: Mapping[str, Any]) -> Iterator[Reference]:
    for container in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]:
        for source in container.get("envFrom") or []:
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if field in source:
                    yield kind, source[field].get("name", "")
        for entry in container.get("env") or []:
            source = entry.get("valueFrom") or {}
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if field in source:
                    yield kind, source[field].get("name", "")
