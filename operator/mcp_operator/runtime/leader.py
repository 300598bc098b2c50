"""Leader election on a Lease: of several processes with one name, one works.

Role: take the lease, keep it, give it back. The clocks of two machines are never compared: a lease is expired when this
process has watched it unchanged for its whole duration. Not its job: what the leader does. Called by the manager.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mcp_operator.runtime.client import KubeClient
from mcp_operator.runtime.errors import ApiError, Conflict, NotFound
from mcp_operator.runtime.resources import LEASES

log = logging.getLogger(__name__)


class LeadershipLost(Exception):
    """Another process may lead now: whoever hears this must stop writing at once."""


@dataclass(frozen=True, slots=True)
class LeaseConfig:
    """Where the lease is, and its times: a leader that cannot renew gives up before another may take over."""

    name: str
    namespace: str
    identity: str = ""
    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0


class LeaderElector:
    def __init__(self, client: KubeClient, config: LeaseConfig) -> None:
        self.identity = config.identity or f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        self.leads = False
        self._client = client
        self._config = config
        self._seen: tuple[Any, Any] | None = None
        self._seen_at = 0.0

    async def acquire(self) -> None:
        """Returns when this process leads."""
        waiting_for = None
        while True:
            holder = await self._try()
            if holder == self.identity:
                self.leads = True
                log.info("leading as %s", self.identity)
                return
            if holder and holder != waiting_for:
                log.info("waiting: %s leads", holder)
            waiting_for = holder or waiting_for
            await asyncio.sleep(self._config.retry)

    async def hold(self) -> None:
        """Renews until that fails for too long, which raises `LeadershipLost`."""
        renewed = _now()
        while True:
            await asyncio.sleep(self._config.retry)
            left = self._config.renew_deadline - (_now() - renewed)
            holder = await self._try_within(max(left, 0.1))
            if holder == self.identity:
                renewed = _now()
            elif holder or _now() - renewed >= self._config.renew_deadline:
                self.leads = False
                raise LeadershipLost(
                    f"the lease {self._config.name} could not be renewed; holder: {holder or 'unknown'}"
                )

    async def release(self) -> None:
        """Gives the lease back, so that the next leader need not wait for it to expire."""
        if not self.leads:
            return
        self.leads = False
        try:
            lease = await self._client.get(LEASES, self._config.name, self._config.namespace)
            if lease["spec"].get("holderIdentity") == self.identity:
                lease["spec"].update({"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _timestamp()})
                await self._client.replace(LEASES, lease)
        except ApiError as error:
            log.warning("could not give the lease back: %s; it expires by itself", error)

    async def _try_within(self, seconds: float) -> str | None:
        try:
            return await asyncio.wait_for(self._try(), seconds)
        except TimeoutError:
            return None

    async def _try(self) -> str | None:
        """Takes or renews the lease where that is allowed; the holder's identity, None where it is not known."""
        try:
            lease = await self._client.get(LEASES, self._config.name, self._config.namespace)
        except NotFound:
            return await self._write(None)
        except ApiError as error:
            log.warning("cannot read the lease %s: %s", self._config.name, error)
            return None
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        self._observe(holder, spec.get("renewTime"))
        if holder == self.identity or not holder or self._expired(spec):
            return await self._write(lease)
        return holder

    def _observe(self, holder: str, renewed: Any) -> None:
        if self._seen != (holder, renewed):
            self._seen, self._seen_at = (holder, renewed), _now()

    def _expired(self, spec: dict[str, Any]) -> bool:
        return _now() - self._seen_at > float(spec.get("leaseDurationSeconds") or self._config.duration)

    async def _write(self, lease: dict[str, Any] | None) -> str | None:
        now = _timestamp()
        old = (lease or {}).get("spec") or {}
        again = old.get("holderIdentity") == self.identity
        spec = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(int(self._config.duration), 1),
            "renewTime": now,
            "acquireTime": old.get("acquireTime", now) if again else now,
            "leaseTransitions": int(old.get("leaseTransitions") or 0) + (0 if again or not lease else 1),
        }
        metadata = (lease or {}).get("metadata") or {"name": self._config.name, "namespace": self._config.namespace}
        body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
        try:
            if lease is None:
                await self._client.create(LEASES, body)
            else:
                await self._client.replace(LEASES, body)
        except Conflict:
            return None
        except ApiError as error:
            log.warning("cannot write the lease %s: %s", self._config.name, error)
            return None
        return self.identity


def _now() -> float:
    return asyncio.get_running_loop().time()


def _timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
