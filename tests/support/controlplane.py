"""A real Kubernetes control plane from a folder of binaries, the convention of controller-runtime's envtest.

Role: start etcd, kube-apiserver, kube-controller-manager and kube-scheduler on fresh ports in a fresh folder, wait
until they serve, write a kubeconfig, stop them. There is no kubelet. Not its job: sharing one between test processes
(that is `keeper`). Works with Kubernetes 1.20 to 1.36.
"""

from __future__ import annotations

import json
import secrets
import shutil
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.processes import Process, StartError, free_ports

START_TIMEOUT = 180.0
START_ATTEMPTS = 3
TAKEN = "address already in use"


class RealControlPlane:
    """Start with `start()`, point clients at `kubeconfig`, end with `stop()`. Logs stay in `directory`."""

    def __init__(self, assets: Path, directory: Path) -> None:
        self.assets = assets
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self._token = secrets.token_hex(16)
        self._processes: list[Process] = []
        self._url = ""

    def start(self) -> None:
        """All four programs, ready to use: the controllers have made the `default` service account."""
        for left in reversed(range(START_ATTEMPTS)):
            try:
                self.start_api_server()
                self._start_controllers()
                return
            except BaseException as error:
                self.stop()
                # A port that was free when it was chosen may be somebody else's by now.
                if not left or not isinstance(error, StartError) or TAKEN not in str(error):
                    raise
            shutil.rmtree(self.directory / "etcd", ignore_errors=True)

    def stop(self) -> None:
        while self._processes:
            self._processes.pop().stop()

    def _run(self, program: str, *args: str) -> Process:
        binary = self.assets / program
        if not binary.exists():
            raise StartError(f"{binary} is missing: KUBEBUILDER_ASSETS must name a folder that holds {program}")
        process = Process(program, [str(binary), *args], self.directory / f"{program}.log")
        self._processes.append(process)
        return process

    def start_api_server(self) -> None:
        """etcd and kube-apiserver alone: a cluster in which nobody acts yet."""
        client_port, peer_port, port = free_ports(3)
        etcd = f"http://127.0.0.1:{client_port}"
        certs = self.directory / "apiserver"
        key = self._service_account_key()
        tokens = self.directory / "tokens.csv"
        tokens.write_text(f'{self._token},admin,1,"system:masters"\n')
        self._run(
            "etcd",
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
            "--unsafe-no-fsync",
        )
        server = self._run(
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={certs}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
        )
        self._url = f"https://127.0.0.1:{port}"
        server.wait_until(lambda: self._answers(f"{self._url}/readyz"), "ready", START_TIMEOUT)
        self._write_kubeconfig(certs / "apiserver.crt")

    def _start_controllers(self) -> None:
        ports = free_ports(2)
        common = [f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1"]
        # 1.20 also listens on a fixed port without TLS, which a second control plane on the machine could not have.
        common += ["--port=0"] if self._minor() < 24 else []
        manager = self._run(
            "kube-controller-manager",
            *common,
            f"--service-account-private-key-file={self.directory / 'sa.key'}",
            f"--root-ca-file={self.directory / 'apiserver' / 'apiserver.crt'}",
            "--use-service-account-credentials=false",
            f"--secure-port={ports[0]}",
            f"--cert-dir={self.directory / 'manager'}",
        )
        certs = self.directory / "scheduler"
        scheduler = self._run("kube-scheduler", *common, f"--secure-port={ports[1]}", f"--cert-dir={certs}")
        account = f"{self._url}/api/v1/namespaces/default/serviceaccounts/default"
        manager.wait_until(lambda: self._answers(account), "making service accounts", START_TIMEOUT)
        health = f"https://127.0.0.1:{ports[1]}/healthz"
        scheduler.wait_until(lambda: self._answers(health), "scheduling", START_TIMEOUT)

    def _service_account_key(self) -> Path:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        path = self.directory / "sa.key"
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        return path

    def _minor(self) -> int:
        from tests.support.api import PlainApi

        return int(PlainApi(self.kubeconfig).call("GET", "/version")["minor"].rstrip("+"))

    def _answers(self, url: str) -> bool:
        # The certificate is made by the server itself at its start, so this question alone goes unverified.
        context = ssl._create_unverified_context()
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self._token}"})
        try:
            with urllib.request.urlopen(request, context=context, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _write_kubeconfig(self, ca: Path) -> None:
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": self._url, "certificate-authority": str(ca)}}],
            "users": [{"name": "admin", "user": {"token": self._token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "current-context": "test",
        }
        self.kubeconfig.write_text(json.dumps(config, indent=1))
