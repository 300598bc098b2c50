"""What is known of each container of a pod: waiting, running or terminated. Pure values.

Written by the container supervisor, read by status.py. The words of reasons are the kubelet's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

EPOCH = datetime.fromtimestamp(0, UTC)


def now() -> datetime:
    """The present, in whole seconds, as the API writes times."""
    return datetime.now(UTC).replace(microsecond=0)


def api_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str | None) -> datetime | None:
    """A time of the API, with or without fractions of a second."""
    if not text:
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not started, or between two runs."""

    reason: str
    message: str | None = None

    def as_api(self) -> dict[str, Any]:
        return {"waiting": _without_none({"reason": self.reason, "message": self.message})}


@dataclass(frozen=True, slots=True)
class Running:
    """Its process lives."""

    started_at: datetime

    def as_api(self) -> dict[str, Any]:
        return {"running": {"startedAt": api_time(self.started_at)}}


@dataclass(frozen=True, slots=True)
class Terminated:
    """Its process ended, or could not be started (exit code 128)."""

    exit_code: int
    reason: str
    started_at: datetime
    finished_at: datetime
    container_id: str
    message: str | None = None

    def as_api(self) -> dict[str, Any]:
        fields = {
            "containerID": self.container_id,
            "exitCode": self.exit_code,
            "finishedAt": api_time(self.finished_at),
            "message": self.message,
            "reason": self.reason,
            "startedAt": api_time(self.started_at),
        }
        return {"terminated": _without_none(fields)}


State = Waiting | Running | Terminated


@dataclass(slots=True)
class ContainerState:
    """One container of one pod, over all its runs."""

    spec: dict[str, Any]
    state: State
    last: Terminated | None = None
    restarts: int = 0
    container_id: str = ""
    started: bool = False
    """The startup probe, where there is one, has passed."""
    ready: bool = False
    done: bool = False
    """It will not be started again."""

    @property
    def name(self) -> str:
        return self.spec["name"]

    @property
    def is_sidecar(self) -> bool:
        """An init container that goes on running beside the others."""
        return self.spec.get("restartPolicy") == "Always"

    @property
    def succeeded(self) -> bool:
        return isinstance(self.state, Terminated) and self.state.exit_code == 0

    def as_api(self, *, init: bool) -> dict[str, Any]:
        """The entry of containerStatuses or initContainerStatuses."""
        running = isinstance(self.state, Running)
        entry: dict[str, Any] = {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": self.spec["image"] if self.container_id else "",
            "restartCount": self.restarts,
            "ready": self.succeeded if init and not self.is_sidecar else self.ready and running,
            "started": running and self.started,
            "state": self.state.as_api(),
            "lastState": self.last.as_api() if self.last else {},
        }
        if self.container_id:
            entry["containerID"] = self.container_id
        return entry


def terminated_from_api(entry: dict[str, Any] | None) -> Terminated | None:
    """The `terminated` part of a container status that an earlier agent wrote."""
    fields = (entry or {}).get("terminated")
    if not fields:
        return None
    return Terminated(
        exit_code=fields.get("exitCode", 0),
        reason=fields.get("reason", "Error"),
        started_at=parse_time(fields.get("startedAt")) or EPOCH,
        finished_at=parse_time(fields.get("finishedAt")) or EPOCH,
        container_id=fields.get("containerID", ""),
        message=fields.get("message"),
    )


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
