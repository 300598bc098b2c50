"""A real kube-apiserver to be asked: etcd and kube-apiserver alone, from the folder that KUBEBUILDER_ASSETS names.

Role: starts, asks over HTTP, stops. Called by the fixture `real_server`.
"""

from __future__ import annotations

import copy
import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from mcp_cli.local.apimachinery.discovery import AGGREGATED_TYPE
from tests.support.controlplane import RealControlPlane
from tests.unit.apimachinery import scenarios
from tests.unit.apimachinery.answers import normalised

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SERVED_TIMEOUT = 120.0


class RealServer(RealControlPlane):
    """The API server without controllers: nobody else writes."""

    def start(self) -> None:
        try:
            self.start_api_server()
        except BaseException:
            self.stop()
            raise

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", accept: str = "application/json"
    ) -> tuple[int, Any]:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": kind,
            "Accept": accept,
            "User-Agent": "tester/1",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data=data, method=method, headers=headers)
        context = ssl.create_default_context(cafile=str(self.directory / "apiserver" / "apiserver.crt"))
        try:
            with urllib.request.urlopen(request, context=context) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else text

    def define(self, crd: dict[str, Any]) -> None:
        """Creates a definition and waits until its kind is served, and discovery, which is later, tells of it."""
        code, answer = self.ask("POST", DEFINITIONS, crd)
        assert code in (201, 409), answer
        spec = crd["spec"]
        path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
        deadline = time.monotonic() + SERVED_TIMEOUT
        while self.ask("GET", path)[0] != 200 or not self._tells_of(spec["names"]["plural"]):
            assert time.monotonic() < deadline, f"{path} is not served"
            time.sleep(0.05)

    def _tells_of(self, plural: str) -> bool:
        _, aggregated = self.ask("GET", "/apis", accept=AGGREGATED_TYPE)
        versions = [version for group in aggregated["items"] for version in group["versions"]]
        return any(entry["resource"] == plural for version in versions for entry in version["resources"])

    def create(self, entry: dict[str, Any]) -> tuple[int, Any]:
        """A dry run, but for the definitions that later questions need."""
        if entry.get("stored"):
            self.define(copy.deepcopy(entry["body"]))
        code, answer = self.ask("POST", f"{entry['path']}?dryRun=All", entry["body"])
        if entry.get("stored") and code == 409:
            return 201, None
        return code, normalised(answer)

    def play(self, scenario: scenarios.Scenario) -> list[dict[str, Any]]:
        base = scenarios.path_of(scenario.kind)
        version, out = None, []
        for step in scenario.steps:
            query = f"?fieldManager={step.manager}" + ("&force=true" if step.force else "")
            place = base if step.method == "POST" else "/".join(part for part in (base, "it", step.subresource) if part)
            code, answer = self.ask(step.method, place + query, step.body, step.kind or "application/json")
            found = (answer.get("metadata") or {}).get("resourceVersion")
            out.append({"code": code, "wrote": bool(found) and found != version, "answer": normalised(answer)})
            version = found or version
        self.ask("PATCH", f"{base}/it", {"metadata": {"finalizers": None}}, scenarios.MERGE)
        self.ask("DELETE", f"{base}/it?gracePeriodSeconds=0&propagationPolicy=Background")
        return out


def assets_of_1_36(value: str) -> Path | None:
    """The folder among those of KUBEBUILDER_ASSETS that holds Kubernetes 1.36."""
    return next((Path(each) for each in value.split(":") if each and Path(each).name == "1.36"), None)
