"""Which cluster a command talks to, and in which namespace.

Role: the order of the sources (`--local`, `--kubeconfig`, `$KUBECONFIG`, `~/.kube/config`, the pod's own service
account, the embedded cluster) and clear words for a kubeconfig that cannot be used. A configured cluster is never left
for another one. Not its job: requests. Called by `session`; `kubernetes` does the loading.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp_cli.errors import ClusterProblem

if TYPE_CHECKING:
    from kubernetes.client import Configuration

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster that was chosen: how it is called in messages, its configuration, its namespace.

    `context` is the one in use of the kubeconfig files that `source` names; empty where no file was read.
    """

    source: str
    configuration: Configuration
    namespace: str
    context: str = ""


def choose(*, local: bool, kubeconfig: str | None, context: str | None) -> Target:
    """The first source there is, in the documented order."""
    files = [] if local else config_files(kubeconfig)
    if files:
        return from_files(files, context)
    if not local and in_pod():
        return _from_pod()
    if context and not local:
        raise ClusterProblem(
            f'there is no kubeconfig, so there is no context "{context}"',
            "Give the file with --kubeconfig, or leave --context out.",
        )
    return _embedded(context)


def config_files(kubeconfig: str | None) -> list[str]:
    """The kubeconfig files that count; an empty list where none is configured."""
    if kubeconfig:
        if not Path(kubeconfig).expanduser().is_file():
            raise ClusterProblem(
                f"the kubeconfig {kubeconfig} does not exist", "Check the path given with --kubeconfig."
            )
        return [str(Path(kubeconfig).expanduser())]
    named = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    if named:
        present = [name for name in named if Path(name).is_file()]
        if not present:
            raise ClusterProblem(
                f"KUBECONFIG names {', '.join(named)}, which does not exist",
                "Correct or unset KUBECONFIG; --local uses the embedded cluster whatever it says.",
            )
        return present
    default = Path.home() / ".kube" / "config"
    return [str(default)] if default.is_file() and _names_a_cluster(default) else []


def _names_a_cluster(path: Path) -> bool:
    """A kubeconfig from which everything was removed configures nothing."""
    return bool((_read(str(path)).get("contexts")) or [])


def namespace_without_cluster(*, kubeconfig: str | None, context: str | None) -> str | None:
    """The namespace the kubeconfig's context names, without asking any cluster; None where there is none."""
    files = config_files(kubeconfig)
    if not files:
        return None
    return _context(_merged(files), files, context)[1].get("namespace")


def in_pod() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").is_file()


def from_files(files: list[str], context: str | None) -> Target:
    """The configuration of kubeconfig files, merged as kubectl merges them."""
    name, chosen = _context(_merged(files), files, context)
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_kube_config

    configuration = Configuration()
    shown = os.pathsep.join(files)
    try:
        load_kube_config(shown, context=context, client_configuration=configuration, persist_config=False)
    except (ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        raise ClusterProblem(
            f"the kubeconfig {shown} cannot be used: {error}", "Correct it, or choose another with --kubeconfig."
        ) from error
    _straight_to_loopback(configuration)
    return Target(shown, configuration, chosen.get("namespace") or DEFAULT_NAMESPACE, name)


def _merged(files: list[str]) -> dict[str, Any]:
    """Contexts and the current one; the first file that says something wins."""
    merged: dict[str, Any] = {"contexts": [], "current-context": ""}
    for name in files:
        document = _read(name)
        merged["contexts"] += document.get("contexts") or []
        merged["current-context"] = merged["current-context"] or document.get("current-context") or ""
    return merged


def _read(name: str) -> dict[str, Any]:
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        document = yaml.load(Path(name).read_text(encoding="utf-8"), loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise ClusterProblem(
            f"the kubeconfig {name} is not YAML{line}", "Correct it, or choose another with --kubeconfig."
        ) from error
    if not isinstance(document or {}, dict):
        raise ClusterProblem(
            f"the kubeconfig {name} is not a kubeconfig", "Correct it, or choose another with --kubeconfig."
        )
    return document or {}


def _context(merged: dict[str, Any], files: list[str], wanted: str | None) -> tuple[str, dict[str, Any]]:
    """The context in use and its name; says which there are when the wanted one is not there."""
    contexts = {c.get("name"): c.get("context") or {} for c in merged["contexts"] if isinstance(c, dict)}
    name = wanted or merged["current-context"]
    shown = os.pathsep.join(files)
    known = f"It has: {', '.join(sorted(map(str, contexts)))}." if contexts else "It has no contexts."
    if not name:
        raise ClusterProblem(f"the kubeconfig {shown} has no current context", f"Choose one with --context. {known}")
    if name not in contexts:
        raise ClusterProblem(f'the kubeconfig {shown} has no context "{name}"', known)
    return name, contexts[name]


def _from_pod() -> Target:
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_incluster_config

    configuration = Configuration()
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException as error:
        raise ClusterProblem(
            f"the pod's service account cannot be used: {error}", "Give a kubeconfig with --kubeconfig."
        ) from error
    space = SERVICE_ACCOUNT / "namespace"
    return Target(
        "the pod's service account", configuration, space.read_text().strip() if space.is_file() else DEFAULT_NAMESPACE
    )


def _embedded(context: str | None) -> Target:
    """The embedded cluster, started when it does not run."""
    from mcp_cli.local.client_side import ensure_running

    kubeconfig = ensure_running(lambda words: print(words, file=sys.stderr))
    return from_files([str(kubeconfig)], context)


def _straight_to_loopback(configuration: Configuration) -> None:
    """A proxy of the environment is for the outside; a cluster on this machine is asked directly, as kubectl does."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(configuration.host).hostname or ""
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if loopback:
        configuration.proxy = None


def context_names(files: list[str]) -> list[str]:
    """The contexts of kubeconfig files, for completion."""
    return sorted(str(c.get("name")) for c in _merged(files)["contexts"])
