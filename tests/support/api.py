"""A few plain HTTP calls to an API server for the fixtures themselves, which should not depend on what they test."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml


class PlainApi:
    """Reads a kubeconfig with a token and a CA; calls with nothing but the standard library."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._url: str = cluster["server"]
        self._token: str = user.get("token") or Path(user["tokenFile"]).read_text().strip()
        self._tls = _tls(cluster, kubeconfig.parent)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, context=self._tls, timeout=60) as answer:
            result: dict[str, Any] = json.loads(answer.read())
            return result

    def delete(self, path: str) -> None:
        """Delete what may be gone already, or on its way."""
        try:
            self.call("DELETE", path)
        except urllib.error.HTTPError as error:
            if error.code not in (404, 409):
                raise


def _tls(cluster: dict[str, Any], base: Path) -> ssl.SSLContext:
    import base64

    data = cluster.get("certificate-authority-data")
    if data:
        return ssl.create_default_context(cadata=base64.b64decode(data).decode())
    return ssl.create_default_context(cafile=str(base / cluster["certificate-authority"]))
