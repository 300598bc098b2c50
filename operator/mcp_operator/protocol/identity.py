"""What a server is, as it said itself, and what its first answer says of its era.

Pure: results in, values or a verdict out. Called by the flows that open a conversation, over HTTP and stdio alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_operator.protocol import names
from mcp_operator.protocol.errors import UNSUPPORTED_VERSION, is_modern
from mcp_operator.protocol.failures import InvalidAnswer, NoCommonVersion
from mcp_operator.protocol.messages import Message
from mcp_operator.protocol.versions import (
    LATEST_MODERN,
    LEGACY,
    LEGACY_VERSIONS,
    MODERN,
    Era,
    choose_legacy,
    choose_modern,
)


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """`version` is the revision spoken; `sessions` says whether it gave a session id, None where the era has none."""

    era: Era
    version: str
    versions: tuple[str, ...]
    server_info: Mapping[str, Any] = field(default_factory=dict)
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    instructions: str | None = None
    sessions: bool | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer to server/discover means. Modern with `again`: ask once more, with that version."""

    era: Era
    version: str | None = None
    identity: ServerIdentity | None = None
    again: bool = False


_LEGACY = Verdict(LEGACY)


def judge_discover(answer: Message | None) -> Verdict:
    """A discover result, or an error that only modern servers know, means modern; anything else means legacy."""
    if answer is None:
        return _LEGACY
    result = answer.get("result")
    if isinstance(result, dict) and isinstance(result.get("supportedVersions"), list):
        return _judge_result(result)
    error = answer.get("error")
    if not isinstance(error, dict) or not is_modern(error.get("code")):
        return _LEGACY
    if error["code"] != UNSUPPORTED_VERSION:
        minimal = ServerIdentity(MODERN, LATEST_MODERN, (LATEST_MODERN,))
        return Verdict(MODERN, LATEST_MODERN, minimal)
    data = error.get("data")
    supported = data.get("supported") if isinstance(data, dict) else None
    return _judge_versions(_strings(supported) or (LATEST_MODERN,), again=True)


def _judge_result(result: Mapping[str, Any]) -> Verdict:
    versions = _strings(result["supportedVersions"])
    verdict = _judge_versions(versions)
    if verdict.era == LEGACY or verdict.version is None:
        return verdict
    meta = result.get("_meta")
    info = meta.get(names.META_SERVER_INFO) if isinstance(meta, dict) else None
    identity = ServerIdentity(
        era=MODERN,
        version=verdict.version,
        versions=versions,
        server_info=_object(info if info is not None else result.get("serverInfo")),
        capabilities=_object(result.get("capabilities")),
        instructions=_text(result.get("instructions")),
    )
    return Verdict(MODERN, verdict.version, identity)


def _judge_versions(versions: tuple[str, ...], *, again: bool = False) -> Verdict:
    version = choose_modern(versions)
    if version is not None:
        return Verdict(MODERN, version, again=again)
    if choose_legacy(versions) is not None:
        return _LEGACY
    raise NoCommonVersion(f"the server speaks only revisions that this client does not know: {', '.join(versions)}")


def identity_of_initialize(result: Mapping[str, Any], session: str | None) -> ServerIdentity:
    """Who a legacy server says it is. Raises NoCommonVersion when it chose a revision that we do not speak."""
    version = result.get("protocolVersion")
    if not isinstance(version, str):
        raise InvalidAnswer("the server answered initialize without a protocolVersion")
    if version not in LEGACY_VERSIONS:
        raise NoCommonVersion(f"the server chose revision {version!r}, which this client does not speak")
    return ServerIdentity(
        era=LEGACY,
        version=version,
        versions=(version,),
        server_info=_object(result.get("serverInfo")),
        capabilities=_object(result.get("capabilities")),
        instructions=_text(result.get("instructions")),
        sessions=session is not None,
    )


def _strings(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
