"""Cluster IPs: which addresses of the cluster's loopback block Services hold. Called by the Service admission step."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp_cli.local.storage import Change

RESERVED = 10
"""The first addresses are kept for the cluster's own Services (`kubernetes` has the first)."""


class ServiceAddresses:
    """The allocated addresses, kept current by the changes of Services."""

    def __init__(self, block: str) -> None:
        self.network = ipaddress.ip_network(block)
        self._owners: dict[str, str] = {}
        self._next = RESERVED

    @property
    def first(self) -> str:
        """The address of the `kubernetes` Service."""
        return str(self.network[1])

    def observe(self, change: Change) -> None:
        """A Service was written: hold its addresses, free those it no longer has."""
        for address in _addresses(change.previous):
            if self._owners.get(address) == change.key:
                del self._owners[address]
        if change.type != "DELETED":
            self.hold(change.key, change.object)

    def hold(self, key: str, service: dict[str, Any]) -> None:
        for address in _addresses(service):
            self._owners[address] = key

    def owner(self, address: str) -> str | None:
        return self._owners.get(address)

    def contains(self, address: str) -> bool:
        try:
            return ipaddress.ip_address(address) in self.network
        except ValueError:
            return False

    def allocate(self) -> str | None:
        """A free address; None when the block is used up."""
        size = self.network.num_addresses - 2
        for step in range(size):
            offset = RESERVED + (self._next - RESERVED + step) % (size - RESERVED)
            address = str(self.network[offset])
            if address not in self._owners:
                self._next = offset + 1
                return address
        return None


def _addresses(service: dict[str, Any] | None) -> list[str]:
    spec = (service or {}).get("spec", {})
    held = [spec.get("clusterIP"), *(spec.get("clusterIPs") or [])]
    return [address for address in dict.fromkeys(held) if address and address != "None"]
