"""The command line in a pod: its service account is the login, where no kubeconfig is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mcp_cli.logins import PlainLogin
from mcp_cli.target import from_files
from tests.cli.running import Result
from tests.support.cluster import Cluster

# A pod's view of /var/run, in a mount namespace of its own.
POD = """
run=$(readlink -f /var/run) && mount -t tmpfs tmpfs "$run" && mkdir -p "$run/secrets/kubernetes.io" &&
cp -r "$0" "$run/secrets/kubernetes.io/serviceaccount" && exec "$@"
"""

# A user whom nobody knows, as clusters give to pods, and no HOME.
NOBODY = ("unshare", "-U", "--map-user=4242", "env", "-u", "HOME")
READ_ONLY = 'mount -o remount,bind,ro / && exec "$0" "$@"'


def skip_unless(*command: str) -> None:
    """Containers and users other than root may have no namespaces."""
    if subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("no such namespaces can be had here")


@pytest.fixture
def in_pod(cluster: Cluster, on: Callable[..., Result], tmp_path: Path) -> Callable[..., Result]:
    skip_unless("unshare", "-m", "sh", "-c", POD, str(tmp_path))
    login = from_files([str(cluster.kubeconfig)], None).login
    assert isinstance(login, PlainLogin)
    account = tmp_path / "account"
    account.mkdir()
    for name, text in {"token": login.token, "ca.crt": login.authority, "namespace": cluster.namespace}.items():
        (account / name).write_text(text or "")
    address = urlsplit(login.host)
    env = {name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "MCP_NAMESPACE")}
    env |= {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": str(address.hostname)}
    env |= {"KUBERNETES_SERVICE_PORT": str(address.port)}

    def run(*arguments: str, prefix: tuple[str, ...] = ()) -> Result:
        command = ["unshare", "-m", "sh", "-c", POD, str(account), *prefix, sys.executable, "-m", "mcp_cli.main"]
        command += arguments
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
        return Result(done.returncode, done.stdout, done.stderr)

    return run


def test_a_user_without_a_home_is_served(in_pod: Callable[..., Result], cluster: Cluster) -> None:
    skip_unless(*NOBODY)
    deployed = in_pod("deploy", "time", prefix=NOBODY)
    assert (deployed.code, deployed.stdout) == (0, "mcpserver.mcp.allbeone.io/time created\n"), deployed.stderr


@pytest.mark.fast
@pytest.mark.parametrize(
    ("program", "words"),
    [
        (("mcp_operator.main", "run"), "no usable kubeconfig"),
        (("mcp_cli.main", "registry", "list"), "cannot be kept"),
        (("mcp_cli.main", "local", "status"), "not running"),
    ],
)
def test_no_program_needs_a_home(program: tuple[str, ...], words: str, tmp_path: Path) -> None:
    command = ["unshare", "-m", "sh", "-c", READ_ONLY, *NOBODY]
    skip_unless(*command)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("KUBE", "XDG_", "MCP_"))}
    command += [sys.executable, "-m", *program]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, cwd=tmp_path)
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_service_account_is_the_login(in_pod: Callable[..., Result], cluster: Cluster) -> None:
    deployed = in_pod("deploy", "time")
    assert (deployed.code, deployed.stdout) == (0, "mcpserver.mcp.allbeone.io/time created\n"), deployed.stderr
    assert in_pod("get", "-o", "jsonpath={.items[*].metadata.namespace}").stdout == cluster.namespace
    printed = in_pod("deploy", "time", "--dry-run", "-o", "jsonpath={.metadata.namespace}")
    assert printed.stdout == cluster.namespace
    other = in_pod("get", "--context", "elsewhere")
    assert (other.code, other.stderr.splitlines()[0]) == (
        1,
        'error: there is no kubeconfig, so there is no context "elsewhere"',
    )
